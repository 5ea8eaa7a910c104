/** Workbooks: cells of every kind, and files that are out to harm. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { READ_LIMITS, type ReadLimits } from '../../src/source/limits.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import type { ReadRecord } from '../../src/source/record.ts';
import { allOf, charity, NOW_MS, read, refused, said } from './charity.ts';
import { type Book, bookParts, type Part, textRow, zipOf } from './zip-builder.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xlsx-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Reading {
  readonly kind?: string;
  readonly limits?: ReadLimits;
}

function readBytes(bytes: Buffer, options: Reading = {}): Promise<ReadRecord[]> {
  const path = join(folder, 'book.xlsx');
  writeFileSync(path, bytes);
  return allOf(readFileRecords(charity, path, { nowMs: NOW_MS, ...options }));
}

const readBook = (book: Book, options?: Reading): Promise<ReadRecord[]> =>
  readBytes(zipOf(bookParts(book)), options);

/** A People sheet with one person and one more cell under a column. */
function person(column: string, cell: string, book: Omit<Book, 'sheets'> = {}): Promise<ReadRecord[]> {
  const row = textRow(2, ['P1', 'Ash']).replace('</row>', `${cell}</row>`);
  return readBook({ ...book, sheets: { People: textRow(1, ['Person ID', 'Surname', column]) + row } });
}

test('a workbook as exceljs writes it is read, letters and all, sheet by sheet', async () => {
  const book = new ExcelJS.Workbook();
  const people = book.addWorksheet('People');
  people.addRow([
    'Person ID',
    'Surname',
    'NHS No',
    'Date of Birth',
    'Status',
    'Needs',
    'Children',
    'Interpreter',
    'Notes',
    'Last updated',
  ]);
  people.addRow([
    'P1',
    { richText: [{ text: 'Özt' }, { font: { bold: true }, text: 'ürk' }] },
    9990000018,
    new Date(Date.UTC(1950, 2, 7)),
    'On hold',
    'Debt; Housing',
    2,
    true,
    { text: 'the site', hyperlink: 'https://example.org' },
    new Date(Date.UTC(2025, 6, 1, 9, 30)),
  ]);
  people.addRow([]);
  people.addRow([
    'P2',
    { formula: 'UPPER("ash")', result: 'ASH' },
    '999 000 0026',
    '01/02/1960',
    'open',
    null,
    { formula: '1+1', result: 2 },
    'no',
  ]);
  people.getColumn(4).numFmt = 'dd/mm/yyyy';
  people.getColumn(10).numFmt = 'dd/mm/yyyy hh:mm';
  const visits = book.addWorksheet('Visits');
  visits.addRow(['Person ID', 'Start', 'Minutes']);
  visits.addRow(['P1', '01/07/2025 10:00', 45]);
  const records = await readBytes(Buffer.from(await book.xlsx.writeBuffer()));
  expect(records.map((record) => [record.kind, record.file, record.line, record.key])).toEqual([
    ['person', 'book.xlsx#People', 2, 'P1'],
    ['person', 'book.xlsx#People', 4, 'P2'],
    ['visit', 'book.xlsx#Visits', 2, 'P1|2025-07-01T10:00:00+01:00'],
  ]);
  expect(read(records[0]).payload).toEqual({
    'Person ID': 'P1',
    Surname: 'Öztürk',
    'NHS No': '9990000018',
    'Date of Birth': '1950-03-07',
    Status: 'on hold',
    Needs: ['debt', 'housing'],
    Children: 2,
    Interpreter: true,
    Notes: 'the site',
    'Last updated': '2025-07-01T09:30:00+01:00',
  });
  expect(read(records[1]).payload).toEqual({
    'Person ID': 'P2',
    Surname: 'ASH',
    'NHS No': '999 000 0026',
    'Date of Birth': '1960-02-01',
    Status: 'open',
    Children: 2,
    Interpreter: false,
  });
});

test('letters that cross the pieces a sheet is read in stay whole, over 20,000 rows', async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) =>
    textRow(i + 2, [`P${i}`, `Zoë Ünïqüe ${'x'.repeat(i % 7)} 🌳`]),
  );
  const records = await readBook({
    sheets: { People: textRow(1, ['Person ID', 'Surname']) + rows.join('') },
  });
  expect(records).toHaveLength(20_000);
  for (const [i, record] of records.entries())
    if (read(record).payload.Surname !== `Zoë Ünïqüe ${'x'.repeat(i % 7)} 🌳`)
      throw new Error(`row ${i + 2}`);
});

test.each([
  [
    'a number in general format',
    'Date of Birth',
    '<c r="C2"><v>18329</v></c>',
    'the cell holds a number: give it a date format',
  ],
  ['an error', 'Notes', '<c r="C2" t="e"><v>#REF!</v></c>', 'the cell shows #REF!: correct its formula'],
  ["a formula's error", 'Children', '<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', 'the cell shows #DIV/0!'],
  [
    'an error with a text of its own',
    'Notes',
    '<c r="C2" t="e"><v>Featherstonehaugh</v></c>',
    'the cell shows an error: correct',
  ],
  ['a formula never calculated', 'Children', '<c r="C2"><f>A1</f></c>', 'the formula has no value yet'],
  ['a shared text that is not there', 'Notes', '<c r="C2" t="s"><v>99</v></c>', 'the cell is damaged'],
  [
    '29 February 1900',
    'Date of Birth',
    '<c r="C2" s="1"><v>60</v></c>',
    'no calendar has the day in this cell',
  ],
  ['a time without a day', 'Date of Birth', '<c r="C2" s="1"><v>0.5</v></c>', 'a time without a day'],
  [
    'a day beyond year 9999',
    'Date of Birth',
    '<c r="C2" s="1"><v>9e9</v></c>',
    'no calendar has the day in this cell',
  ],
  [
    'a value beyond the last column',
    'Notes',
    '<c r="E2"><v>5</v></c>',
    'values to the right of the last column',
  ],
  [
    '31/02/2025 as text',
    'Date of Birth',
    '<c r="C2" t="str"><v>31/02/2025</v></c>',
    'no calendar has this day',
  ],
])('%s is refused', async (_, column, cell, words) => {
  const [record] = await person(column, cell);
  expect(refused(record)).toMatchObject({ file: 'book.xlsx#People', line: 2 });
  expect(said(record)[0]).toContain(words);
  expect(JSON.stringify(record!.ok ? {} : record!.outcome)).not.toContain('Featherstonehaugh');
});

test.each([
  ['a day of 1950', 'Date of Birth', '<c r="C2" s="1"><v>18329</v></c>', '1950-03-07', {}],
  ['the first of 1900', 'Date of Birth', '<c r="C2" s="1"><v>1</v></c>', '1900-01-01', {}],
  ['1 March 1900', 'Date of Birth', '<c r="C2" s="1"><v>61</v></c>', '1900-03-01', {}],
  [
    'a day counted from 1904',
    'Date of Birth',
    '<c r="C2" s="1"><v>16867</v></c>',
    '1950-03-07',
    { is1904: true },
  ],
  [
    'a day in a custom format',
    'Date of Birth',
    '<c r="C2" s="1"><v>18329</v></c>',
    '1950-03-07',
    { formats: ['[$-809]dd&quot; of &quot;mmmm\\ yyyy'] },
  ],
  [
    'a number in a red format',
    'Distance',
    '<c r="C2" s="1"><v>1.25</v></c>',
    1.25,
    { formats: ['[Red]0.00&quot; days&quot;'] },
  ],
  [
    'a moment that lost a microsecond',
    'Last updated',
    '<c r="C2" s="2"><v>45839.39583333</v></c>',
    '2025-07-01T09:30:00+01:00',
    {},
  ],
  [
    'a moment in a column of text',
    'Notes',
    '<c r="C2" s="2"><v>45839.5</v></c>',
    '2025-07-01T12:00:00+01:00',
    {},
  ],
  ['an ISO date cell', 'Notes', '<c r="C2" t="d"><v>2025-07-01</v></c>', '2025-07-01', {}],
  ['a number for text', 'Notes', '<c r="C2"><v>7700900123</v></c>', '7700900123', {}],
  ['a number with a binary tail', 'Notes', '<c r="C2"><v>0.30000000000000004</v></c>', '0.3', {}],
  ['TRUE for text', 'Notes', '<c r="C2" t="b"><v>1</v></c>', 'yes', {}],
  ['a formula, taken as its value', 'Children', '<c r="C2"><f>SUM(A1:A9)</f><v>3</v></c>', 3, {}],
  [
    'a formula of DDE, never run',
    'Notes',
    '<c r="C2" t="str"><f>cmd|\'/c calc\'!A0</f><v>text</v></c>',
    'text',
    {},
  ],
  [
    'runs of text in the cell',
    'Notes',
    '<c r="C2" t="inlineStr"><is><r><t>one </t></r><r><t>two</t></r></is></c>',
    'one two',
    {},
  ],
  [
    'shared runs, without their reading',
    'Notes',
    '<c r="C2" t="s"><v>0</v></c>',
    'one two',
    { shared: '<si><r><t>one </t></r><r><t>two</t></r><rPh sb="0" eb="1"><t>wan</t></rPh></si>' },
  ],
  [
    'escaped signs',
    'Notes',
    '<c r="C2" t="s"><v>0</v></c>',
    'a\nb_x000D_',
    { shared: '<si><t>a_x000D__x000A_b_x005F_x000D_</t></si>' },
  ],
  [
    'entities, undone once',
    'Notes',
    '<c r="C2" t="inlineStr"><is><t>&amp;lt;b&gt;</t></is></c>',
    '&lt;b>',
    {},
  ],
  ['a cell without its place', 'Notes', '<c t="inlineStr"><is><t>third</t></is></c>', 'third', {}],
])('%s is read', async (_, column, cell, value, book) => {
  const formats = ['dd/mm/yyyy', 'dd/mm/yyyy hh:mm'];
  const [record] = await person(column, cell, { formats, ...book });
  expect(read(record).payload[column]).toEqual(value);
});

test('a day with a time of day is read as the day, with a warning', async () => {
  const [record] = await person('Date of Birth', '<c r="C2" s="1"><v>18329.5</v></c>', {
    formats: ['dd/mm/yyyy'],
  });
  expect(read(record).payload['Date of Birth']).toBe('1950-03-07');
  expect(said(record)[0]).toContain('read-time-dropped');
});

test('a date cell in the hour that never was is refused', async () => {
  const [record] = await person('Last updated', `<c r="C2" s="1"><v>${45746 + 1.5 / 24}</v></c>`, {
    formats: ['dd/mm/yyyy hh:mm'],
  });
  expect(said(record)[0]).toContain('read-time-gap');
});

test('sheets are chosen by name, then by columns; others are told of by number', async () => {
  const sheets = {
    'Featherstonehaugh 1950': textRow(3, ['Person ID', 'Surname']) + textRow(4, ['P1', 'Ash']),
    Lists: textRow(1, ['open', 'closed']),
    Empty: '',
  };
  const records = await readBook({ sheets });
  expect(records).toMatchObject([{ kind: 'person', file: 'book.xlsx#sheet 1', line: 4, key: 'P1' }]);
  expect(said(records[0])).toEqual([
    'read-unknown-sheet: not read, since neither name nor columns are of a kind that is read here: sheet 2',
  ]);
});

test('a kind that is asked for reads its sheets alone, and the first sheet is held against it where none has its name', async () => {
  const people = textRow(1, ['Person ID', 'Surname']) + textRow(2, ['P1', 'Ash']);
  const visits = textRow(1, ['Person ID', 'Start']) + textRow(2, ['P1', '01/07/2025 10:00']);
  const records = await readBook({ sheets: { People: people, Visits: visits } }, { kind: 'visit' });
  expect(records.map((record) => record.kind)).toEqual(['visit']);
  const [record] = await readBook({ sheets: { Sheet1: visits } }, { kind: 'person' });
  expect(said(record)).toEqual([
    "read-columns: the columns are not those of 'person': missing 'Surname'; not known 'Start'",
  ]);
});

test('what was not read is told by the first record there is, also when the first sheet gave none', async () => {
  const sheets = {
    Lists: textRow(1, ['open', 'closed']),
    Visits: textRow(1, ['Person ID', 'Begin']),
    People: textRow(1, ['Person ID', 'Surname']) + textRow(2, ['P1', 'Ash']),
  };
  const records = await readBook({ sheets });
  expect(records.map((record) => said(record)[0]!.split(':')[0])).toEqual([
    'read-columns',
    'read-unknown-sheet',
  ]);
});

test('a workbook of no kind is refused once', async () => {
  const records = await readBook({ sheets: { Sheet1: textRow(1, ['colour', 'shape']) } });
  expect(records).toHaveLength(1);
  expect(refused(records[0])).toMatchObject({ file: 'book.xlsx', key: undefined });
  expect(said((await readBook({ sheets: {} }))[0])[0]).toContain('read-kind');
});

const PEOPLE: Book = { sheets: { People: textRow(1, ['Person ID', 'Surname']) + textRow(2, ['P1', 'Ash']) } };

async function fault(bytes: Buffer, limits?: ReadLimits): Promise<string> {
  const records = await readBytes(bytes, limits ? { limits } : {});
  expect(records).toHaveLength(1);
  const [issue] = refused(records[0]).outcome.issue;
  return `${issue!.details!.coding![0]!.code} ${issue!.code}`;
}

test('an honest bomb of 1 GB is refused before anything is inflated', async () => {
  const zeros = {
    name: 'xl/worksheets/sheet9.xml',
    content: Buffer.alloc(1_000_000),
    declared: 1_000_000_000,
  };
  expect(await fault(zipOf([...bookParts(PEOPLE), zeros]))).toBe('read-zip-bomb too-costly');
});

test('a bomb within the ratio but beyond the whole is refused', async () => {
  const limits = { ...READ_LIMITS, xlsxInflatedBytes: 100_000 };
  const noise = Buffer.from(Array.from({ length: 120_000 }, (_, i) => (i * 7919) % 251));
  expect(await fault(zipOf([...bookParts(PEOPLE), { name: 'x', content: noise }]), limits)).toBe(
    'read-zip-bomb too-costly',
  );
});

test.each(['part1.xml', 'sharedStrings.xml', 'styles.xml', 'workbook.xml'])(
  'a bomb that lies about the size of %s is stopped at the first byte too many',
  async (name) => {
    const lie = (part: Part): Part =>
      part.name.endsWith(name)
        ? {
            ...part,
            content: `${part.content}${' '.repeat(150_000_000)}`,
            declared: String(part.content).length,
          }
        : part;
    const bytes = zipOf(bookParts(PEOPLE).map(lie));
    const before = process.memoryUsage().arrayBuffers;
    expect(await fault(bytes)).toBe('read-zip-bomb too-costly');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  },
);

test.each([
  [
    'more parts than a workbook has',
    () => zipOf(Array.from({ length: 1001 }, (_, i) => ({ name: `${i}`, content: '' }))),
    'read-zip-bomb too-costly',
  ],
  ['two parts of one name', () => zipOf([...bookParts(PEOPLE), ...bookParts(PEOPLE)]), 'read-zip structure'],
  [
    'a part under a password',
    () => zipOf(bookParts(PEOPLE).map((part) => ({ ...part, flags: 1 }))),
    'read-zip structure',
  ],
  [
    'another way of packing',
    () => zipOf(bookParts(PEOPLE).map((part) => ({ ...part, method: 12 }))),
    'read-zip structure',
  ],
  [
    'a wrong checksum',
    () => zipOf(bookParts(PEOPLE).map((part) => ({ ...part, crc: 1 }))),
    'read-zip structure',
  ],
  ['a file that is cut off', () => zipOf(bookParts(PEOPLE)).subarray(0, -30), 'read-zip structure'],
  ['a directory that points elsewhere', () => shifted(zipOf(bookParts(PEOPLE))), 'read-zip structure'],
  [
    'a zip of something else',
    () => zipOf([{ name: 'hello.txt', content: 'hello' }]),
    'read-format not-supported',
  ],
  ['a file that is no zip', () => Buffer.from('Person ID,Surname\nP1,Ash\n'), 'read-format not-supported'],
  [
    'an Excel file under a password',
    () => Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    'read-format not-supported',
  ],
  [
    'XML with a DOCTYPE',
    () => zipOf(broken('<!DOCTYPE a [<!ENTITY b "c">]><workbook/>')),
    'read-xml structure',
  ],
  ['XML that breaks off', () => zipOf(broken('<workbook><sheets>')), 'read-xml structure'],
  [
    'a part that is not UTF-8',
    () => zipOf(broken(Buffer.from('<workbook a="\xeb"/>', 'latin1'))),
    'read-xml structure',
  ],
])('%s is refused', async (_, bytes, words) => {
  expect(await fault(bytes())).toBe(words);
});

function broken(content: string | Buffer): Part[] {
  return bookParts(PEOPLE).map((part) => (part.name === 'xl/workbook.xml' ? { ...part, content } : part));
}

/** Moves each local header's offset in the directory by one. */
function shifted(bytes: Buffer): Buffer {
  for (
    let at = bytes.indexOf('PK\x01\x02', 0, 'latin1');
    at >= 0;
    at = bytes.indexOf('PK\x01\x02', at + 1, 'latin1')
  )
    bytes.writeUInt32LE(bytes.readUInt32LE(at + 42) + 1, at + 42);
  return bytes;
}

test('a workbook larger than may be is not opened', async () => {
  expect(await fault(zipOf(bookParts(PEOPLE)), { ...READ_LIMITS, xlsxBytes: 100 })).toBe(
    'read-too-long too-long',
  );
});

test('texts that all cells share are bounded, and so is one row', async () => {
  const limits = { ...READ_LIMITS, xlsxSharedText: 1000, recordBytes: 1000 };
  const shared = `<si><t>${'x'.repeat(1001)}</t></si>`;
  expect(await fault(zipOf(bookParts({ ...PEOPLE, shared })), limits)).toBe('read-too-long too-long');
  const long = PEOPLE.sheets.People!.replace('Ash', 'x'.repeat(1001));
  expect(await fault(zipOf(bookParts({ sheets: { People: long } })), limits)).toBe('read-too-long too-long');
});

test('a cell at the far end, a row of a billion and merged worlds cost nothing', async () => {
  const rows = `${PEOPLE.sheets.People}<row r="1000000000"><c r="A1000000000" t="inlineStr"><is><t>P2</t></is></c><c r="B1000000000" t="inlineStr"><is><t>Elm</t></is></c><c r="XFD1000000000" s="1"/></row>`;
  const parts = bookParts({
    sheets: {
      People: `${rows}</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells><dataValidations><dataValidation sqref="A1:XFD1048576"/></dataValidations><sheetData>`,
    },
  });
  const records = await readBytes(zipOf(parts));
  expect(records.map((record) => record.line)).toEqual([2, 1_000_000_000]);
});

test('a row that is too wide or too long is refused alone', async () => {
  const rows = [
    PEOPLE.sheets.People,
    '<row r="3"><c r="XFD3"><v>1</v></c></row>',
    textRow(4, [
      'P2',
      Array.from({ length: 400_000 }, (_, i) => ((i * 7919) % 46_651).toString(36)).join(''),
    ]),
    textRow(5, ['P3', 'Elm']),
  ];
  const records = await readBook({ sheets: { People: rows.join('') } });
  expect(records.map((record) => [record.line, record.ok ? 'read' : record.outcome.issue[0]!.code])).toEqual([
    [2, 'read'],
    [3, 'too-costly'],
    [4, 'too-long'],
    [5, 'read'],
  ]);
});

test('rows before the place where a sheet breaks off are read', async () => {
  const records = await readBook({ sheets: { People: `${PEOPLE.sheets.People}<row r="3"></c>` } });
  expect(records.map((record) => (record.ok ? record.key : said(record)[0]!.split(':')[0]))).toEqual([
    'P1',
    'read-xml',
  ]);
});
