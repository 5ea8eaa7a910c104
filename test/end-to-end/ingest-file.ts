/** Takes one file through the real pipeline into a real store, with delivery off, and prints what it holds in memory as it goes. */
import { parseArgs } from 'node:util';
import { boundHeap } from '../../src/cli/heap.ts';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { createPipeline } from '../../src/pipeline.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';

/** One line of its output: after so many records, and last with `done`. */
export interface Mark {
  readonly read: number;
  readonly committed: number;
  readonly refused: number;
  /** resident set size, in bytes */
  readonly rss: number;
  readonly elapsedMs: number;
  readonly done: boolean;
}

boundHeap(); // as `main.ts` does: nothing else is done about garbage, so what is measured is what a user sees

const { values, positionals } = parseArgs({
  options: { source: { type: 'string' }, store: { type: 'string' }, every: { type: 'string' } },
  allowPositionals: true,
});
const config = loadConfig({ cwd: ROOT, root: ROOT });
const parts = config.ok ? loadParts(config.value, ROOT) : config;
if (!parts.ok) throw new Error(JSON.stringify(parts.outcome.issue));
const store = await openSqliteStore({ file: values.store!, definitions: parts.value.definitions });
const pipeline = createPipeline({
  ...parts.value,
  store,
  clock: Date.now,
  ownerOrg: () => 'local',
  route: () => [],
});
const every = Number(values.every);
const started = performance.now();
let next = every;

function print(counts: Pick<Mark, 'read' | 'committed' | 'refused'>, done: boolean): void {
  const { read, committed, refused } = counts;
  const elapsedMs = Math.round(performance.now() - started);
  const mark: Mark = { read, committed, refused, rss: process.memoryUsage.rss(), elapsedMs, done };
  process.stdout.write(`${JSON.stringify(mark)}\n`);
}

const source = parts.value.sources.get(values.source!)!;
const summary = await pipeline.ingest(
  values.source!,
  'file',
  readFileRecords(source, positionals[0]!, { nowMs: Date.now() }),
  {
    onProgress: (counts) => {
      if (counts.read < next) return;
      next += every;
      print(counts, false);
    },
  },
);
const { committed, refused } = summary.receipt;
print({ read: summary.read, committed, refused }, true);
await store.close();
