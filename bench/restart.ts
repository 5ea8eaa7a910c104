/** Measures a restart with a full outbox: how long until an adapter listens when a million deliveries wait. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAdapters, startAdapter } from './adapter.ts';
import { median, type Result, rounded, withLeast } from './measure.ts';
import { fillOutbox, TARGET } from './outbox-rows.ts';
import { ENGINES, type Engine, newPlace, type Place } from './places.ts';

const NAME = 'restart.million';
/** Longest time until it listens. */
const MOST_MS = 3_000;

/** @returns `restart.million` of each engine and the least: time that it may take over time that it takes */
export async function benchRestart(smoke: boolean): Promise<readonly Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-restart-'));
  try {
    const results: Result[] = [];
    for (const engine of ENGINES) results.push(await restarted(engine, join(folder, engine), smoke));
    return withLeast(NAME, results, 1);
  } finally {
    killAdapters();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts with a full outbox and with one that is nearly empty, in turn: what differs is what the deliveries cost. */
async function restarted(engine: Engine, folder: string, smoke: boolean): Promise<Result> {
  const [many, few] = [smoke ? 1_000 : 1_000_000, 10];
  const places = [
    await newPlace(engine, join(folder, 'full')),
    await newPlace(engine, join(folder, 'empty')),
  ];
  for (const [at, place] of places.entries()) await fillOutbox(place, [many, few][at]!);
  const took = places.map((): number[] => []);
  for (let time = 0; time < (smoke ? 1 : 5); time++)
    for (const [at, place] of places.entries()) took[at]!.push(await timedStart(place));
  const [ours, without] = took.map((all) => rounded(median(all), 0)) as [number, number];
  return {
    name: `${NAME} ${engine}`,
    ratio: rounded(MOST_MS / ours, 2),
    ours,
    other: MOST_MS,
    unit: 'ms',
    goal: 1,
    note: `${many} deliveries wait; until it listens, from when it was called; ${without} ms when ${few} wait`,
  };
}

async function timedStart(place: Place): Promise<number> {
  const adapter = await startAdapter(place, [{ name: TARGET, url: NOWHERE, ids: 'client' }]);
  await adapter.kill(); // as by a power cut: the next one finds its claims
  return adapter.listeningMs;
}

/** Nobody listens there: what is due stays due. */
const NOWHERE = 'http://127.0.0.1:9/fhir';
