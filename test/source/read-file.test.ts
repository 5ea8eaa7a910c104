/** Files: which format and kind they are, and what a wrong one is told. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FileOptions, readFileRecords } from '../../src/source/read-file.ts';
import type { ReadRecord } from '../../src/source/record.ts';
import { allOf, charity, NOW_MS, read, refused, said } from './charity.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function readAs(
  name: string,
  content: string | Buffer,
  options: Partial<FileOptions> = {},
): Promise<ReadRecord[]> {
  writeFileSync(join(folder, name), content);
  return allOf(readFileRecords(charity, join(folder, name), { nowMs: NOW_MS, ...options }));
}

const PEOPLE = 'Person ID,Surname\nP1,Ash\n';
const VISITS = 'Person ID,Start\nP1,01/07/2025 10:00\n';

test('the start of its name tells the kind, letter case aside', async () => {
  expect(await readAs('PEOPLE in June.csv', PEOPLE)).toMatchObject([
    { kind: 'person', file: 'PEOPLE in June.csv', line: 2 },
  ]);
  expect(await readAs('visits.csv', VISITS)).toMatchObject([{ kind: 'visit' }]);
  expect(await readAs('event-1.json', '{"event": {"id": "1"}}')).toMatchObject([{ kind: 'event', line: 1 }]);
  expect(await readAs('event-1.ndjson', '{"event": {"id": "1"}}')).toMatchObject([
    { kind: 'event', line: 1 },
  ]);
});

test('else the header row does', async () => {
  expect(await readAs('export.csv', VISITS)).toMatchObject([{ kind: 'visit' }]);
  expect(await readAs('export.tsv', PEOPLE.replaceAll(',', '\t'))).toMatchObject([{ kind: 'person' }]);
});

test('a header row of no kind is refused with the nearest, its missing and its unknown columns', async () => {
  expect(said((await readAs('export.csv', 'Person ID,Start date,Minutes\n1,2,3\n'))[0])).toEqual([
    "read-columns: the columns are not those of 'visit': missing 'Start'; not known 'Start date'",
  ]);
});

test('a table that names no column of any kind is told the names that files have', async () => {
  const [record] = await readAs('export.csv', 'Featherstonehaugh,9990000018\nElm,9990000026\n');
  expect(said(record)[0]).toContain('read-kind: nothing tells what kind of record the file holds');
  expect(JSON.stringify(record)).not.toMatch(/Featherstonehaugh|999000/);
});

test('a kind that is asked for wins over the name, and must exist', async () => {
  const [record] = await readAs('visits.csv', PEOPLE, { kind: 'person' });
  expect(read(record).kind).toBe('person');
  expect(said((await readAs('visits.csv', PEOPLE, { kind: 'persons' }))[0])).toEqual([
    "read-kind: source 'charity' has no such kind; it has: person, visit, event",
  ]);
});

test('JSON whose name tells nothing is refused with the names that would', async () => {
  expect(said((await readAs('export.json', '{}'))[0])[0]).toContain(
    'begin its name with People or person, Visits or visit, event',
  );
});

test.each([
  ['people.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'save it as .xlsx without a password'],
  ['people.csv', Buffer.from('504b030414', 'hex'), 'call it .xlsx'],
  ['people.xlsx', PEOPLE, 'save it again as .xlsx'],
  ['people.pdf', '%PDF', 'known are .csv, .xlsx, .json and .ndjson'],
])('%s under a wrong name is told', async (name, content, words) => {
  const records = await readAs(name, content);
  expect(records).toHaveLength(1);
  expect(refused(records[0])).toMatchObject({ key: undefined, file: name });
  expect(said(records[0])[0]).toContain(words);
});

test('a file in the wrong encoding is refused whole, and not from its first accent on', async () => {
  const rows = Array.from({ length: 10_000 }, (_, i) => `P${i},Ash`).join('\n');
  const records = await readAs(
    'people.csv',
    Buffer.concat([Buffer.from(`Person ID,Surname\n${rows}\nP,Zo`), Buffer.from([0xeb])]),
  );
  expect(records).toHaveLength(1);
  expect(said(records[0])[0]).toContain('line 10002');
});

test('a JSON file of 50 MB is not loaded', async () => {
  const records = await readAs('event.json', Buffer.alloc(50_000_000, 0x20));
  expect(said(records[0])[0]).toContain('read-too-long');
});

test('a signal ends the reading', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => `P${i},Ash`).join('\n');
  writeFileSync(join(folder, 'people.csv'), `Person ID,Surname\n${rows}\n`);
  const controller = new AbortController();
  let count = 0;
  const options = { nowMs: NOW_MS, signal: controller.signal };
  for await (const _ of readFileRecords(charity, join(folder, 'people.csv'), options))
    if (++count === 10) controller.abort();
  expect(count).toBe(10);
});

test('a file that is not there is thrown, since no record is at fault', async () => {
  await expect(allOf(readFileRecords(charity, join(folder, 'none.csv'), { nowMs: NOW_MS }))).rejects.toThrow(
    'ENOENT',
  );
});
