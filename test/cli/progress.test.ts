/** Progress: one bar over what is really expected, and nothing left running behind it. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createProgress, recordsExpected } from '../../src/cli/progress.ts';

/** What a terminal 100 columns wide would have been sent. */
function terminal(): { out: NodeJS.WriteStream; sent: () => string } {
  const stream = new PassThrough();
  let sent = '';
  stream.on('data', (chunk: Buffer) => {
    sent += chunk.toString();
  });
  const size = {
    isTTY: true,
    columns: 100,
    rows: 30,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  };
  return { out: Object.assign(stream, size) as unknown as NodeJS.WriteStream, sent: () => sent };
}
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('the bar shows what was read of what is expected, and its end leaves no timer that keeps the process alive', () => {
  const { out, sent } = terminal();
  const before = timers();
  const progress = createProgress(out, Date.now);
  progress.expect(100);
  progress.expect(150);
  expect(timers()).toBeGreaterThan(before);
  progress.show('contacts.csv', 100, 2);
  progress.end();
  expect(timers()).toBe(before);
  expect(sent()).toContain('100 of about 250 records  contacts.csv  2 rejected');
});

test('where nobody looks, a line comes every few seconds and not for every batch', () => {
  const { out, sent } = terminal();
  let nowMs = 0;
  const progress = createProgress(Object.assign(out, { isTTY: false }) as NodeJS.WriteStream, () => nowMs);
  progress.show('a.csv', 1, 0);
  nowMs = 6_000;
  progress.show('a.csv', 2, 0);
  progress.show('a.csv', 3, 0);
  progress.end();
  expect(sent()).toBe('  2 records read, 0 rejected (a.csv)\n');
});

test('lines tell how many records to expect, where a line is a record', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'progress-'));
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  expect(await recordsExpected(written('a.csv', 'head\n1\n2\n'))).toBe(2);
  expect(await recordsExpected(written('a.ndjson', '{}\n{}\n{}\n'))).toBe(3);
  expect(await recordsExpected(written('a.xlsx', 'PK\n\n\n'))).toBe(0);
  expect(await recordsExpected(written('b.csv', ''))).toBe(0);
});
