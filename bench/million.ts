/** Takes a million made-up contact rows to durable commit, writing the rows as it goes, and prints speed and memory by tenth. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundHeap } from '../src/cli/heap.ts';
import { loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import { createPipeline } from '../src/pipeline.ts';
import { readCsv } from '../src/source/read-csv.ts';
import { openSqliteStore } from '../src/store/sqlite/store.ts';
import { contactRows, csvChunks } from '../tooling/demo/load.ts';
import { columnsOf } from '../tooling/demo-set.ts';

const ROWS = 1_000_000;
const TENTHS = 10;
const MEGABYTE = 2 ** 20;
/** How far memory may grow after the first tenth, in megabytes. */
const MOST_GROWTH = 50;

boundHeap(); // as `main.ts` does
const rows = Number(process.argv[2] ?? ROWS);
if (!Number.isInteger(rows) || rows < TENTHS) throw new RangeError('node bench/million.ts [number of rows]');
process.exitCode = await takeIn(rows);

/** @returns exit code: 1 when a row was refused, or memory grew */
async function takeIn(rows: number): Promise<number> {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const parts = config.ok ? await loadParts(config.value, ROOT) : config;
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome.issue));
  const folder = mkdtempSync(join(tmpdir(), 'bench-million-'));
  try {
    const file = join(folder, 'hedgerow.sqlite');
    const store = await openSqliteStore({ file, definitions: parts.value.definitions });
    const pipeline = createPipeline({
      ...parts.value,
      store,
      clock: Date.now,
      ownerOrg: () => 'local',
      route: () => [],
    });
    const reader = parts.value.sources.get('spreadsheet')!.kinds.get('contact')!;
    const table = csvChunks(columnsOf('contact'), contactRows(rows));
    const records = readCsv(reader, bytesOf(table), { nowMs: Date.now() });
    const resident = byTenth(rows);
    const summary = await pipeline.ingest('spreadsheet', 'contact', records, { onProgress: resident.mark });
    await store.close();
    const { committed, refused } = summary.receipt;
    const growth = Math.max(...resident.megabytes) - resident.megabytes[0]!;
    console.log(
      `${committed} committed, ${refused} refused; ${Math.round(statSync(file).size / committed)} bytes a row on disk; memory grew by ${growth} MB after the first tenth`,
    );
    return committed === rows && growth <= MOST_GROWTH ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints a line when a tenth of the rows is done: rows, rows a second in that tenth, resident megabytes. */
function byTenth(rows: number): { mark: (done: { read: number }) => void; megabytes: number[] } {
  const megabytes: number[] = [];
  let [since, before] = [performance.now(), 0];
  const mark = ({ read }: { read: number }): void => {
    if (read < ((megabytes.length + 1) * rows) / TENTHS) return;
    const now = performance.now();
    megabytes.push(Math.round(process.memoryUsage.rss() / MEGABYTE));
    console.log(
      `${read} rows  ${Math.round(((read - before) * 1000) / (now - since))} rows/s  ${megabytes.at(-1)} MB`,
    );
    [since, before] = [now, read];
  };
  return { mark, megabytes };
}

async function* bytesOf(texts: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
