/** A long run needs no more memory than a short one, whatever it writes; and where there is no room it leaves nothing. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { MEASURED } from './held-memory.ts';

const RESOURCES = 300_000;
/** All rows of the second half would take twice as much. */
const MOST_GROWTH_MB = 25;
/** Blocks of 512 bytes. */
const FILE_BLOCKS = 2_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'view-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function shell(command: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], { cwd: process.cwd() }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const runs = (options: string, ...words: (string | number)[]): string =>
  `exec '${process.execPath}' ${options} test/research/run-view.ts ${words.map((word) => `'${word}'`).join(' ')}`;

test.each(['csv', 'ndjson', 'parquet', 'postgres'])(
  '%s of many resources stays in the memory of the first half',
  async (kind) => {
    const target =
      kind === 'postgres' ? await (await fetch(inject('postgresAt'))).text() : join(folder, 'out');
    const { code, stdout, stderr } = await shell(runs(MEASURED.join(' '), kind, target, RESOURCES));
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trim().split('\n');
    expect(lines.at(-1)).toBe(`${RESOURCES * 2} rows`);
    // the last is DuckDB's, which has bounds of its own
    const held = lines.slice(1, 10).map(Number);
    expect(Math.max(...held.slice(4)) - Math.max(...held.slice(0, 4))).toBeLessThanOrEqual(MOST_GROWTH_MB);
  },
  300_000,
);

test.each(['csv', 'ndjson', 'parquet'])(
  '%s that finds no more room says so in plain words, and leaves nothing',
  async (kind) => {
    const command = runs('', kind, join(folder, 'out'), 100_000);
    const { code, stderr } = await shell(`ulimit -f ${FILE_BLOCKS}; ${command}`);
    expect([code, stderr.trim()]).toEqual([
      1,
      expect.stringMatching(/^There is no room to write the table: nothing of it was kept/),
    ]);
    expect(readdirSync(folder)).toEqual([]);
  },
  120_000,
);
