/** A long file goes into the store in constant memory: the rows of a load test, in a process of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { contactRows, csvChunks } from '../../tooling/demo/load.ts';
import { columnsOf } from '../../tooling/demo-set.ts';
import { run } from '../faults/process.ts';
import type { Mark } from './ingest-file.ts';

const ROWS = 200_000;
const TENTHS = 10;
const MEGABYTE = 2 ** 20;
const MOST_GROWTH = 50 * MEGABYTE;

test(`a CSV of ${ROWS.toLocaleString('en-GB')} rows is committed whole, and memory stays where it was after the first tenth`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'constant-memory-'));
  try {
    const file = join(folder, 'contacts.csv');
    await writeFile(file, csvChunks(columnsOf('contact'), contactRows(ROWS)));
    const store = join(folder, 'hedgerow.sqlite');
    const every = String(ROWS / TENTHS);
    const child = run([
      'test/end-to-end/ingest-file.ts',
      ...['--source', 'spreadsheet', '--store', store, '--every', every, file],
    ]);
    expect(await child.ended(), child.stderr()).toBe(0);
    const marks = child
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Mark);
    report(marks);
    expect(marks.slice(0, TENTHS).map((mark) => mark.read)).toEqual(
      Array.from({ length: TENTHS }, (_, at) => ((at + 1) * ROWS) / TENTHS),
    );
    expect(marks.at(-1)).toMatchObject({ read: ROWS, committed: ROWS, refused: 0, done: true });
    expect(count(store, 'source_record')).toBe(ROWS);
    expect(count(store, `resource WHERE type = 'Encounter'`)).toBe(ROWS);
    const growth = Math.max(...marks.map((mark) => mark.rss)) - marks[0]!.rss;
    expect(growth).toBeLessThanOrEqual(MOST_GROWTH);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 900_000);

function count(file: string, from: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  const { n } = database.prepare(`SELECT count(*) AS n FROM ${from}`).get() as { n: number };
  database.close();
  return n;
}

function report(marks: readonly Mark[]): void {
  for (const { read, rss, elapsedMs } of marks) {
    const rate = Math.round((read / elapsedMs) * 1000);
    process.stdout.write(`  ${read} rows  ${Math.round(rss / MEGABYTE)} MB  ${rate} rows/s\n`);
  }
}
