/** CSV as small charities have it, and as it goes wrong. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRows } from '../../src/source/csv-rows.ts';
import { READ_LIMITS } from '../../src/source/limits.ts';
import { readCsv } from '../../src/source/read-csv.ts';
import type { ReadRecord } from '../../src/source/record.ts';
import { allOf, chunksOf, kindOf, NOW_MS, read, refused, said } from './charity.ts';

function people(text: string | Uint8Array, size?: number): Promise<ReadRecord[]> {
  return allOf(readCsv(kindOf('person'), chunksOf(text, size), { nowMs: NOW_MS, file: 'people.csv' }));
}

const HEADER =
  'Person ID,Surname,NHS No,Date of Birth,Status,Needs,Children,Distance,Interpreter,Notes,Last updated';

test('a row becomes a record of its schema: ISO dates, codes, lists, numbers, blanks absent', async () => {
  const [record] = await people(
    `${HEADER}\nP1, Öztürk ,999 000 0018,07/03/1950, On  HOLD,Debt; Loneliness ;;,2,1.5,No,  ,01/07/2025 09:30\n`,
  );
  expect(read(record)).toEqual({
    ok: true,
    source: 'charity',
    kind: 'person',
    key: 'P1',
    payload: {
      'Person ID': 'P1',
      Surname: 'Öztürk',
      'NHS No': '999 000 0018',
      'Date of Birth': '1950-03-07',
      Status: 'on hold',
      Needs: ['debt', 'loneliness'],
      Children: 2,
      Distance: 1.5,
      Interpreter: false,
      'Last updated': '2025-07-01T09:30:00+01:00',
    },
    sourceTimeMs: Date.UTC(2025, 6, 1, 8, 30),
    timeOf: 'source',
    file: 'people.csv',
    line: 2,
    warnings: [],
  });
});

test('a record that names no time of its own has the time of reading', async () => {
  const [record] = await people('Person ID,Surname\nP1,Ash\n');
  expect(read(record)).toMatchObject({ sourceTimeMs: NOW_MS, timeOf: 'reading' });
});

const AWKWARD = [
  '\ufeffPerson ID,Surname,Notes',
  'P1,"Ash, the elder","first line',
  'second ""line"""',
  '',
  'P2,Elm,5" pipe',
  ',,',
  'P3,"Oak","',
  '',
  '"',
  'P4,Yew,',
].join('\r\n');

test.each([1, 2, 3, 7, 65_536])(
  'quoted commas and newlines, CRLF and a mark: each record has its first line, in chunks of %i',
  async (size) => {
    const records = await people(AWKWARD, size);
    expect(records.map((record) => [record.key, record.line])).toEqual([
      ['P1', 2],
      ['P2', 5],
      ['P3', 7],
      ['P4', 10],
    ]);
    expect(read(records[0]).payload).toMatchObject({
      Surname: 'Ash, the elder',
      Notes: 'first line\nsecond "line"',
    });
    expect(read(records[1]).payload).toMatchObject({ Notes: '5" pipe' });
    expect(read(records[2]).payload).not.toHaveProperty('Notes');
  },
);

test('any table of any text comes back cell by cell and line by line', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r\n', ';', ' ') });
  const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom('\n', '\r\n'),
      async (rows, size, end) => {
        const lines = [
          'a,b,c',
          ...rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(',')),
        ];
        const text = lines.join(end);
        const texts = async function* (): AsyncGenerator<string> {
          for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
        };
        const read = (await allOf(csvRows(texts(), READ_LIMITS))).flat().slice(1);
        expect(read.map((row) => row.ok && row.cells)).toEqual(rows);
        expect(read.map((row) => row.line)).toEqual(
          lines.slice(1).map(
            (_, i) =>
              lines
                .slice(0, i + 1)
                .join(end)
                .split('\n').length + 1,
          ),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test.each([';', '\t'])('a file may be cut by %j', async (sign) => {
  const rows = [
    ['Person ID', 'Surname', 'Notes'],
    ['P1', 'Ash', '"a,b;c\td"'],
  ];
  const records = await people(rows.map((row) => row.join(sign)).join('\n'));
  expect(read(records[0]).payload).toEqual({ 'Person ID': 'P1', Surname: 'Ash', Notes: 'a,b;c\td' });
});

test('column names are found whatever their case and spaces; one that nobody knows is told once', async () => {
  const records = await people(
    'person id, SURNAME ,Date  of birth,Shoe size,\nP1,Ash,01/01/1950,7,\nP2,Elm,,8,\n',
  );
  expect(said(records[0])).toEqual([
    "read-unknown-column: columns that the schema does not name were not read: 'Shoe size'; add them to person.schema.json, or leave them out",
  ]);
  expect(read(records[0]).payload).toEqual({
    'Person ID': 'P1',
    Surname: 'Ash',
    'Date of Birth': '1950-01-01',
  });
  expect(said(records[1])).toEqual([]);
});

test('a file without its columns is refused once, and no row of it is read', async () => {
  const records = await people('Person ID,Family name\nP1,Ash\nP2,Elm\n');
  expect(records).toHaveLength(1);
  expect(refused(records[0]).line).toBe(1);
  expect(said(records[0])).toEqual([
    "read-columns: the columns are not those of 'person': missing 'Surname'; not known 'Family name'",
  ]);
});

test('a file without a header row is refused without repeating its first person', async () => {
  const [record] = await people('P1,Featherstonehaugh,9990000018,01/01/1950\nP2,Elm,,\n');
  expect(JSON.stringify(record)).not.toMatch(/Featherstonehaugh|9990000018|1950/);
  expect(said(record)[0]).toContain("the first row names none of 'Person ID', 'Surname'");
});

test('a column twice there is refused', async () => {
  expect(said((await people('Person ID,Surname,surname\nP1,A,B\n'))[0])[0]).toContain(
    "twice there 'Surname'",
  );
});

test('an empty file is refused', async () => {
  for (const text of ['', '\ufeff', '\r\n\r\n'])
    expect(said((await people(text))[0])[0]).toContain('read-empty');
});

test('each fault of a row is told by column, with what to write and without what was written', async () => {
  const [record] = await people(
    `${HEADER}\nP1,${'x'.repeat(101)},12,31/02/2025,dunno,,-1,far,perhaps,,30/03/2025 01:30\n`,
  );
  expect(said(record)).toEqual([
    "read-date: column 'Date of Birth': no calendar has this day; write the date as dd/MM/yyyy",
    "read-type: column 'Distance': write a number, such as 12.5",
    "read-type: column 'Interpreter': write yes or no",
    "read-time-gap: column 'Last updated': the clocks in Europe/London were put forward over this time; correct the hour",
    "read-length: column 'Surname': must NOT have more than 100 characters",
    "read-pattern: column 'NHS No': write it in the form that is asked for (Ten digits)",
    "read-enum: column 'Status': write one of: on hold, open, closed",
    "read-range: column 'Children': must be >= 0",
  ]);
  expect(refused(record)).toMatchObject({ key: 'P1', line: 2, file: 'people.csv' });
  expect(refused(record).outcome.issue.map((issue) => issue.expression)).toEqual([
    ['`Date of Birth`'],
    ['Distance'],
    ['Interpreter'],
    ['`Last updated`'],
    ['Surname'],
    ['`NHS No`'],
    ['Status'],
    ['Children'],
  ]);
  expect(refused(record).payload).toMatchObject({ 'Date of Birth': '31/02/2025', Distance: 'far' });
});

test.each(['1/2/1950', '1950-02-01', '01/02/50', '01/02/1950 10:00', '01-02-1950', 'O1/02/1950'])(
  '%s is no dd/MM/yyyy',
  async (date) => {
    const [record] = await people(`Person ID,Surname,Date of Birth\nP1,Ash,${date}\n`);
    expect(said(record)).toEqual(["read-date: column 'Date of Birth': write the date as dd/MM/yyyy"]);
  },
);

test('the hour that was there twice is read as the earlier, with a warning', async () => {
  const [record] = await people('Person ID,Surname,Last updated\nP1,Ash,26/10/2025 01:30\n');
  expect(read(record).payload['Last updated']).toBe('2025-10-26T01:30:00+01:00');
  expect(said(record)[0]).toContain('read-time-twice');
});

test('a row without its key is refused, and said once', async () => {
  const [record] = await people('Person ID,Surname\n,Ash\n');
  expect(refused(record).key).toBeUndefined();
  expect(said(record)).toEqual(["read-required: column 'Person ID': missing: fill it in"]);
});

test('several key columns are joined, and no two keys meet', async () => {
  const csv = 'Person ID,Start\nP|1,01/07/2025 10:00\nP,01/07/2025 10:00\n';
  const records = await allOf(readCsv(kindOf('visit'), chunksOf(csv), { nowMs: NOW_MS }));
  expect(records.map((record) => record.key)).toEqual([
    'P\\|1|2025-07-01T10:00:00+01:00',
    'P|2025-07-01T10:00:00+01:00',
  ]);
});

test('bad rows do not stop good ones: too few cells, too many, stray and open quotes', async () => {
  const records = await people(
    [
      'Person ID,Surname,Notes',
      'P1,Ash',
      'P2,Elm,a,b',
      'P3,"Oak"x,',
      'P4,Yew,fine',
      'P5,Fir,"never closed',
      'P6,Box,fine',
      'P7,Bay,fine,,',
    ].join('\n'),
  );
  expect(records.map((record) => [record.line, record.ok ? record.key : said(record)[0]])).toEqual([
    [2, 'read-cells: the row has 2 cells, the header row 3: is a line break within a cell without quotes?'],
    [3, 'read-cells: the row has 4 cells, the header row 3: is a comma within a cell without quotes?'],
    [
      4,
      'read-csv-quote: text follows the closing double quote of a cell: write quotes within a cell twice ("")',
    ],
    [5, 'P4'],
    [6, 'read-csv-quote: a cell begins with a double quote that is never closed: close it'],
    [7, 'P6'],
    [8, 'P7'],
  ]);
});

test('a quote that is never closed costs one line, also in a file longer than one record may be', async () => {
  const rows = Array.from({ length: 60_000 }, (_, i) => `P${i},Ash,something or other`);
  const records = await people(['Person ID,Surname,Notes', 'Q1,Elm,"open', ...rows].join('\n'));
  expect(said(records[0])[0]).toContain('read-too-long');
  expect(records).toHaveLength(60_001);
  expect(records.at(-1)).toMatchObject({ ok: true, key: 'P59999', line: 60_002 });
});

test('a file of nothing but quotes is refused line by line', async () => {
  const limits = { ...READ_LIMITS, csvRecordBytes: 1000 };
  const text = `Person ID,Surname\n${`P1,"${'""'.repeat(600)}\n`.repeat(300)}`;
  const records = await allOf(readCsv(kindOf('person'), chunksOf(text), { nowMs: NOW_MS, limits }));
  expect(records.every((record) => said(record)[0]!.startsWith('read-too-long'))).toBe(true);
  expect(records.map((record) => record.line)).toEqual(Array.from({ length: 300 }, (_, i) => i + 2));
});

test('a line longer than a record may be is refused once, in any chunks', async () => {
  const limits = { ...READ_LIMITS, csvRecordBytes: 1000 };
  const text = `Person ID,Surname\nP1,${'x'.repeat(5000)},y\nP2,Elm\n`;
  for (const size of [7, 600, 1001, 65_536]) {
    const records = await allOf(readCsv(kindOf('person'), chunksOf(text, size), { nowMs: NOW_MS, limits }));
    expect(records.map((record) => [record.line, record.ok])).toEqual([
      [2, false],
      [3, true],
    ]);
  }
});

test('a NUL is refused with its column, and so is text in UTF-16 without a mark', async () => {
  expect(said((await people('Person ID,Surname\nP1,A\0sh\n'))[0])).toEqual([
    "read-nul: column 'Surname': remove the NUL character",
  ]);
  const [record] = await people(Buffer.from('Person ID,Surname\nP1,Ash\n', 'utf16le'));
  expect(refused(record).line).toBe(1);
});

test('a wrong byte within the file is refused where it stands', async () => {
  const bytes = Buffer.concat([Buffer.from('Person ID,Surname\nP1,Zo'), Buffer.from([0xeb, 0x0a])]);
  const records = await people(bytes);
  expect(said(records.at(-1))[0]).toContain('read-encoding: byte 24, line 2');
});

test('a formula in a cell of CSV is text', async () => {
  const [record] = await people('Person ID,Surname,Notes\nP1,Ash,"=HYPERLINK(""http://example.org"")"\n');
  expect(read(record).payload.Notes).toBe('=HYPERLINK("http://example.org")');
});

test('more columns than a table may have are refused', async () => {
  const [record] = await people(`Person ID,Surname${',x'.repeat(600)}\nP1,Ash\n`);
  expect(refused(record).outcome.issue[0]).toMatchObject({ code: 'too-costly' });
});

test('200,000 rows, which are 170 MB of records, are read with a heap of 48 MB', () => {
  const script = join(import.meta.dirname, 'read-many.ts');
  const printed = execFileSync(process.execPath, ['--max-old-space-size=48', script, '200000'], {
    encoding: 'utf8',
  });
  expect(printed.trim()).toBe('200000');
});
