/** Measures what a second adapter on the same PostgreSQL adds to the way in: records over HTTP to two, against the same to one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAdapters, type Running, referralBodies, sendAll, startAdapter } from './adapter.ts';
import { compareBatches, type Result } from './measure.ts';
import { newPlace } from './places.ts';

/** @returns `replicas.2/1`, in records a second; reported, not promised: the adapters, the database and the sender share the machine's cores */
export async function benchReplicas(smoke: boolean): Promise<readonly Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-replicas-'));
  const [warm, perRound, rounds] = smoke ? [0, 64, 1] : [1500, 1000, 3];
  try {
    const two = await startReplicas(folder, 2);
    const one = await startReplicas(folder, 1);
    let at = 0;
    const send = (to: readonly Running[], count: number): Promise<number> => {
      at += count;
      return sendAll(
        to.map(({ url }) => url),
        referralBodies(count, at),
      );
    };
    await send(two, 2 * warm);
    await send(one, warm);
    const result = await compareBatches(
      'replicas.2/1',
      () => send(two, perRound),
      () => send(one, perRound),
      rounds,
      'records/s',
    );
    for (const replica of [...two, ...one]) await replica.stop();
    const cores = availableParallelism();
    return [{ ...result, note: `adapters on one PostgreSQL; with it and the sender on ${cores} cores` }];
  } finally {
    killAdapters();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** On a database of their own. */
async function startReplicas(folder: string, count: number): Promise<Running[]> {
  const { environment } = await newPlace('postgres', folder);
  const replicas: Running[] = [];
  for (let at = 0; at < count; at++)
    replicas.push(await startAdapter({ folder: join(folder, `${count}-${at}`), environment }));
  return replicas;
}
