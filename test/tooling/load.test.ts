/** The rows of load tests: read without a fault, the same on every run, as many as asked for, never all in memory. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseNhsNumber } from '../../src/fhir/identifiers.ts';
import { loadSource } from '../../src/source/load.ts';
import { readCsv } from '../../src/source/read-csv.ts';
import { contactRows, csvChunks, referralRows } from '../../tooling/demo/load.ts';
import { columnsOf } from '../../tooling/demo-set.ts';

const loaded = loadSource(join(import.meta.dirname, '../../mappings/spreadsheet'));
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
const { kinds } = loaded.value;

async function* bytesOf(chunks: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function keysRead(kind: 'referral' | 'contact', chunks: Iterable<string>): Promise<string[]> {
  const keys: string[] = [];
  for await (const record of readCsv(kinds.get(kind)!, bytesOf(chunks), { nowMs: 0 }))
    keys.push(record.ok ? record.key : `refused at line ${record.line}`);
  return keys;
}

test('3,000 contact rows are read without a fault, each under its own key', async () => {
  const keys = await keysRead('contact', csvChunks(columnsOf('contact'), contactRows(3_000)));
  expect(keys).toEqual(Array.from({ length: 3_000 }, (_, i) => `LC${i + 1}`));
});

test('1,000 referral rows are read without a fault, each under its own key', async () => {
  const keys = await keysRead('referral', csvChunks(columnsOf('referral'), referralRows(1_000)));
  expect(keys).toEqual(Array.from({ length: 1_000 }, (_, i) => `LR${i + 1}`));
});

test('the same seed makes the same rows, another seed others', () => {
  expect([...contactRows(50)]).toEqual([...contactRows(50)]);
  expect([...contactRows(50, 1)]).not.toEqual([...contactRows(50, 2)]);
  expect([...referralRows(50, 1)]).not.toEqual([...referralRows(50, 2)]);
});

test('a contact lies on or after the acceptance of the referral it names', () => {
  const accepted = new Map(
    [...referralRows(100)].map((row) => [row['Referral ID'], isoOf(row['Accepted on'])]),
  );
  const early = [...contactRows(900)].filter((row) => isoOf(row.Start) < accepted.get(row['Referral ID'])!);
  expect(early).toEqual([]);
});

function isoOf(cell: string | number | undefined): string {
  return String(cell).replace(/^(\d\d)\/(\d\d)\/(\d{4}).*/, '$3-$2-$1');
}

test('NHS numbers of load rows are valid, of the 999 range, and of one person each', () => {
  const numbers = [...referralRows(2_000)].flatMap((row) =>
    row['NHS No'] === undefined ? [] : String(row['NHS No']),
  );
  expect(numbers.filter((number) => !number.startsWith('999') || parseNhsNumber(number) !== number)).toEqual(
    [],
  );
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('csv comes in chunks of whole lines', () => {
  const chunks = [...csvChunks(columnsOf('contact'), contactRows(1_200))];
  expect(chunks.length).toBeGreaterThan(2);
  for (const chunk of chunks) expect(chunk.endsWith('\n')).toBe(true);
  expect(chunks.join('').split('\n')).toHaveLength(1_202);
});
