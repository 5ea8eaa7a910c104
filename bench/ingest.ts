/** Measures the way to disk: records to durable commit on either engine, against a bare loop that inserts the same rows into the same tables. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadedParts, loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import type { Stage } from '../src/intake/parts.ts';
import { createPipeline } from '../src/pipeline.ts';
import type { SourceRecord } from '../src/source/record.ts';
import type { Store } from '../src/store/store.ts';
import { type Bare, openBare, type Rows, rowsOf } from './bare.ts';
import { compareBatches, type Result, rounded, withLeast } from './measure.ts';
import { ENGINES, type Engine, newPlace, type Place } from './places.ts';
import { multiplied, sampleRecords, streamed } from './samples.ts';

const NAME = 'ingest.durable/bare';
const GOAL = 0.5;

/** @returns `ingest.durable/bare` of each engine, with the share of each stage, rows and bytes a record in its note; and the least */
export async function benchIngest(smoke: boolean): Promise<readonly Result[]> {
  const parts = partsOf();
  const count = smoke ? 50 : 1000;
  const records = multiplied(await sampleRecords(parts.sources.get('spreadsheet')!, 'referral', 100), count);
  const folder = mkdtempSync(join(tmpdir(), 'bench-ingest-'));
  let places = 0;
  const place = (engine: Engine): Promise<Place> => newPlace(engine, join(folder, String(places++)));
  try {
    const first = await place('sqlite');
    const committed = await ingest(parts, await first.open(parts.definitions), records); // leaves the file whose rows the bare loop writes
    const rows = rowsOf(first.at);
    const size = { rows: rowCount(rows) / committed, bytes: statSync(first.at).size / committed };
    const results: Result[] = [];
    for (const engine of ENGINES)
      results.push(await compared(engine, { parts, records, rows, size, place, rounds: smoke ? 1 : 5 }));
    return withLeast(NAME, results, GOAL);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Comparison {
  readonly parts: LoadedParts;
  readonly records: readonly SourceRecord[];
  readonly rows: Rows;
  /** of one record */
  readonly size: { readonly rows: number; readonly bytes: number };
  readonly place: (engine: Engine) => Promise<Place>;
  readonly rounds: number;
}

async function compared(
  engine: Engine,
  { parts, records, rows, size, place, rounds }: Comparison,
): Promise<Result> {
  const shares = new Map<Stage, number>();
  const onStage = (stage: Stage, ms: number): void => void shares.set(stage, (shares.get(stage) ?? 0) + ms);
  const stores: Store[] = [];
  const loops: Bare[] = [];
  for (let at = 0; at < rounds; at++) {
    stores.push(await (await place(engine)).open(parts.definitions));
    loops.push(await openBare(await place(engine), rows, records.length));
  }
  const result = await compareBatches(
    `${NAME} ${engine}`,
    () => ingest(parts, stores.pop()!, records, onStage),
    async () => {
      const bare = loops.pop()!;
      await bare.insert(records.length);
      await bare.close();
      return records.length;
    },
    rounds,
    'records/s',
  );
  const total = [...shares.values()].reduce((sum, ms) => sum + ms, 0);
  const parted = [...shares].map(([stage, ms]) => `${stage} ${rounded((100 * ms) / total, 0)} %`).join(', ');
  const each = `${rounded(size.rows, 1)} rows and ${Math.round(size.bytes)} bytes a record on SQLite`;
  return { ...result, goal: GOAL, note: `${parted}; ${each}` };
}

/** @returns how many records were committed */
async function ingest(
  parts: LoadedParts,
  store: Store,
  records: readonly SourceRecord[],
  onStage: (stage: Stage, ms: number) => void = () => {},
): Promise<number> {
  const ownerOrg = (): string => 'local';
  const pipeline = createPipeline({
    ...parts,
    store,
    clock: Date.now,
    ownerOrg,
    route: () => ['ehr'],
    onStage,
  });
  const summary = await pipeline.ingest('spreadsheet', 'referral', streamed<SourceRecord>(records));
  await store.close();
  return summary.receipt.committed;
}

function rowCount({ tables }: Rows): number {
  return [...tables.values()].reduce((sum, table) => sum + table.values.length, 0);
}

/** @returns the shipped sources and maps, ready to run */
export function partsOf(): LoadedParts {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const loaded = config.ok ? loadParts(config.value, ROOT) : config;
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue));
  return loaded.value;
}
