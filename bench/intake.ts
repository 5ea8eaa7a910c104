/** Measures the way in over HTTP: one record a request, 64 at once, each answered when it is on disk, against a bare loop that inserts the same rows in batches. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_ONCE, killAdapters, referralBodies, sendAll, startAdapter } from './adapter.ts';
import { openBare, type Rows, rowsOf } from './bare.ts';
import { compareBatches, type Result, withLeast } from './measure.ts';
import { ENGINES, type Engine, newPlace } from './places.ts';

const NAME = 'intake.http/bare';
const GOAL = 0.4;

interface Sizes {
  /** records before the first round: a process that has just started runs at half its speed */
  readonly warm: number;
  readonly perRound: number;
  readonly rounds: number;
}

/** @returns `intake.http/bare` of each engine and the least, in records a second */
export async function benchIntake(smoke: boolean): Promise<readonly Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-intake-'));
  const sizes = smoke ? { warm: 0, perRound: 64, rounds: 1 } : { warm: 2000, perRound: 1000, rounds: 3 };
  const { warm, perRound, rounds } = sizes;
  const bodies = referralBodies(warm + perRound * rounds);
  try {
    const rows = await rowsAfter(join(folder, 'first'), bodies);
    const results: Result[] = [];
    for (const engine of ENGINES)
      results.push(await compared(engine, join(folder, engine), bodies, rows, sizes));
    return withLeast(NAME, results, GOAL);
  } finally {
    killAdapters();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the rows that an adapter writes for these records */
async function rowsAfter(folder: string, bodies: readonly string[]): Promise<Rows> {
  const place = await newPlace('sqlite', folder);
  const adapter = await startAdapter(place);
  await sendAll([adapter.url], bodies);
  await adapter.stop();
  return rowsOf(place.at);
}

/** One adapter and one bare loop, each with its own tables, which grow alike from round to round. */
async function compared(
  engine: Engine,
  folder: string,
  bodies: readonly string[],
  rows: Rows,
  { warm, perRound, rounds }: Sizes,
): Promise<Result> {
  const adapter = await startAdapter(await newPlace(engine, join(folder, 'ours')));
  const bare = await openBare(await newPlace(engine, join(folder, 'bare')), rows, bodies.length);
  await sendAll([adapter.url], bodies.slice(0, warm));
  await bare.insert(warm);
  let sent = warm;
  const result = await compareBatches(
    `${NAME} ${engine}`,
    () => {
      sent += perRound;
      return sendAll([adapter.url], bodies.slice(sent - perRound, sent));
    },
    async () => {
      await bare.insert(perRound);
      return perRound;
    },
    rounds,
    'records/s',
  );
  await adapter.stop();
  await bare.close();
  return { ...result, goal: GOAL, note: `${AT_ONCE} requests at once, one referral each` };
}
