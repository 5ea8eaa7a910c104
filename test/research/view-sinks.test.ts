/** Rows come back from every sink as they went in, and a run that fails leaves nothing behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { parquetSink } from '../../src/research/view/parquet-sink.ts';
import { postgresSink } from '../../src/research/view/postgres-sink.ts';
import { ndjsonResources, runView, runViewOverFile } from '../../src/research/view/run.ts';
import type { OpenSink } from '../../src/research/view/sink.ts';
import { csvSink, ndjsonSink } from '../../src/research/view/text-sinks.ts';
import { compiled, RESOURCES, ROWS } from './samples.ts';

let folder: string;
const file = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'views-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function connected(): Promise<Client> {
  const client = new Client({ connectionString: await (await fetch(inject('postgresAt'))).text() });
  await client.connect();
  return client;
}

async function duckRows(sql: string): Promise<unknown[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** As JSON of DuckDB: collections are text. */
const IN_DUCKDB = ROWS.map((row) => ({ ...row, given: JSON.stringify(row.given) }));

const FILES: [string, (path: string) => OpenSink][] = [
  ['CSV', csvSink],
  ['NDJSON', ndjsonSink],
  ['Parquet', parquetSink],
];

test('writes CSV that another reader takes apart into the same rows', async () => {
  await runView(compiled(), RESOURCES, csvSink(file('a.csv')));
  const [head] = readFileSync(file('a.csv'), 'utf8').split('\r\n');
  expect(head).toBe('id,born,active,births,given,phone,rank');
  const sql = `SELECT * FROM read_csv('${file('a.csv')}', header = true, quote = '"', escape = '"', allow_quoted_nulls = false,
    columns = {id: 'VARCHAR', born: 'DATE', active: 'BOOLEAN', births: 'INTEGER', given: 'VARCHAR', phone: 'VARCHAR', "rank": 'INTEGER'})`;
  expect(await duckRows(sql)).toEqual(IN_DUCKDB);
});

test('writes NDJSON with every column in order', async () => {
  const ran = await runView(compiled(), RESOURCES, ndjsonSink(file('a.ndjson')));
  expect(ran).toEqual({ resources: 3, rows: 3, leftOut: 0, misfits: 0 });
  const lines = readFileSync(file('a.ndjson'), 'utf8').trimEnd().split('\n');
  expect(lines).toEqual(ROWS.map((row) => JSON.stringify(row)));
});

test('writes Parquet with typed columns', async () => {
  const many = Array.from({ length: 3000 }, (_, i) => ({ ...RESOURCES[0], id: `p${i}` }));
  await runView(compiled(), [...RESOURCES, ...many], parquetSink(file('a.parquet')));
  const from = `FROM read_parquet('${file('a.parquet')}')`;
  expect(await duckRows(`SELECT * ${from} WHERE length(id) = 1`)).toEqual(IN_DUCKDB);
  expect(await duckRows(`SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS ids ${from}`)).toEqual(
    [{ n: 6003, ids: 3002 }],
  );
  const types = (await duckRows(`DESCRIBE SELECT * ${from}`)).map(
    (row) => (row as { column_type: string }).column_type,
  );
  expect(types).toEqual(['VARCHAR', 'DATE', 'BOOLEAN', 'INTEGER', 'VARCHAR', 'VARCHAR', 'INTEGER']);
  expect(readdirSync(folder)).toEqual(['a.parquet']);
});

test('fills a table of PostgreSQL, which is replaced whole or stays as it was', async () => {
  const client = await connected();
  try {
    const sink = postgresSink({ client, table: 'view_patients' });
    await runView(compiled(), RESOURCES, sink);
    const read = async () =>
      (
        await client.query(
          `SELECT id, to_char(born, 'YYYY-MM-DD') AS born, active, births, given, phone, rank FROM view_patients`,
        )
      ).rows;
    expect(await read()).toEqual(ROWS);
    await runView(compiled(), [RESOURCES[2]], sink);
    expect(await read()).toEqual([ROWS[2]]);
    const failing = runView(
      compiled(),
      [RESOURCES[0], new AdapterError('permanent', { severity: 'error', code: 'invalid' })],
      sink,
    );
    await expect(failing).rejects.toThrow();
    expect(await read()).toEqual([ROWS[2]]);
  } finally {
    await client.query('DROP TABLE IF EXISTS view_patients');
    await client.end();
  }
});

test.each(FILES)('leaves no %s file, and no part of one, when a run ends in a fault', async (_, sink) => {
  writeFileSync(file('in.ndjson'), `${JSON.stringify(RESOURCES[0])}\n{"resourceType":"Pati\n`);
  const run = runView(compiled(), ndjsonResources(file('in.ndjson')), sink(file('out')));
  await expect(run).rejects.toThrow('Line 2 is no JSON');
  expect(readdirSync(folder)).toEqual(['in.ndjson']);
});

test('leaves out bad lines of a packed file where that is asked for, and tells each with its number', async () => {
  const lines = [JSON.stringify(RESOURCES[0]), '', '[1]', '{"a":', JSON.stringify(RESOURCES[2])];
  writeFileSync(file('in.ndjson.gz'), gzipSync(lines.join('\n')));
  const told: (string | undefined)[] = [];
  const report = (issue: { diagnostics?: string | undefined }): unknown =>
    told.push(issue.diagnostics?.slice(0, 6));
  const resources = ndjsonResources(file('in.ndjson.gz'));
  const ran = await runView(compiled(), resources, ndjsonSink(file('out')), { onFault: 'leave-out', report });
  expect(ran).toEqual({ resources: 4, rows: 3, leftOut: 2, misfits: 0 });
  expect(told).toEqual(['Line 3', 'Line 4']);
});

test('ends a run on a packed file that is cut off', async () => {
  const packed = gzipSync(`${JSON.stringify(RESOURCES[0])}\n`.repeat(100));
  writeFileSync(file('in.ndjson.gz'), packed.subarray(0, packed.length - 12));
  const run = runView(compiled(), ndjsonResources(file('in.ndjson.gz')), csvSink(file('out')));
  await expect(run).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(['in.ndjson.gz']);
});

const BORN_IN_1931 = { resourceType: 'Patient', id: 'c', birthDate: '1931' };

test('says that a partial date fits no column of dates, in which column, and does not show it', async () => {
  const run = runView(compiled(), [RESOURCES[0], BORN_IN_1931], parquetSink(file('out')));
  await expect(run).rejects.toThrow(/^Column born: a value does not fit its type, DATE(?!.*1931)/);
  expect(readdirSync(folder)).toEqual([]);
});

test('leaves a value that does not fit out where that is asked for, counts it, and tells of its column once', async () => {
  const told: string[] = [];
  const report = (issue: { diagnostics?: string | undefined }): unknown => told.push(issue.diagnostics!);
  const resources = [BORN_IN_1931, { ...BORN_IN_1931, id: 'd', birthDate: '2021-02-30' }, RESOURCES[0]];
  const ran = await runView(compiled(), resources, parquetSink(file('out')), {
    onFault: 'leave-out',
    report,
  });
  expect([ran.misfits, ran.leftOut, told.length]).toEqual([2, 0, 1]);
  const sql = `SELECT id, born FROM read_parquet('${file('out')}') WHERE id IN ('c', 'd')`;
  expect(await duckRows(sql)).toEqual([
    { id: 'c', born: null },
    { id: 'd', born: null },
  ]);
});

const typed = (path: string, type: string) =>
  compiled({
    resource: 'Observation',
    select: [{ column: [{ name: 'v', path, tag: [{ name: 'ansi/type', value: type }] }] }],
  });
const observed = (value: object) => ({ resourceType: 'Observation', ...value });

test.each([
  ['TIMESTAMP', { effectiveDateTime: '2020-06-01T10:00:00+01:00' }, '2020-06-01 09:00:00'],
  ['DATE', { effectiveDateTime: '2020-06-01T23:30:00-05:00' }, '2020-06-01'],
  ['TIMESTAMP', { effectiveDateTime: '2020-06-01' }, undefined],
  ['DATE', { effectiveDateTime: '2020-02-30' }, undefined],
  ['BOOLEAN', { effectiveDateTime: '2020-02-03' }, undefined],
  ['INTEGER', { effectiveDateTime: '2020-02-03' }, undefined],
])('takes into a column of %s what %j is there, or nothing', async (type, value, found) => {
  const view = typed('effective.ofType(dateTime)', type);
  const run = runView(view, [observed(value)], parquetSink(file('t.parquet')));
  if (found === undefined) return await expect(run).rejects.toThrow('does not fit');
  await run;
  expect(await duckRows(`SELECT v FROM read_parquet('${file('t.parquet')}')`)).toEqual([{ v: found }]);
});

test('keeps any text whole in Parquet, CSV and PostgreSQL alike', async () => {
  const client = await connected();
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 20 }),
        async (drawn) => {
          const texts = [...drawn, 'a\nb', 'c\r\n"d"', '', "'", ',', '\\N', 'null', '"'].filter(
            (text) => !text.includes('\0'),
          );
          const resources = texts.map((text, i) => ({
            resourceType: 'Patient',
            id: `${i}`,
            name: [{ text }],
          }));
          const view = compiled({
            resource: 'Patient',
            select: [{ column: [{ name: 'n', path: 'name.text' }] }],
          });
          await runView(view, resources, parquetSink(file('s.parquet')));
          await runView(view, resources, csvSink(file('s.csv'), { spreadsheetSafe: false }));
          await runView(view, resources, postgresSink({ client, table: 'view_texts' }));
          const wanted = texts.map((n) => ({ n }));
          expect(await duckRows(`SELECT n FROM read_parquet('${file('s.parquet')}')`)).toEqual(wanted);
          const csv = `read_csv('${file('s.csv')}', header = true, auto_detect = false, parallel = false, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, columns = {n: 'VARCHAR'})`;
          expect(await duckRows(`SELECT n FROM ${csv}`)).toEqual(wanted);
          expect((await client.query('SELECT n FROM view_texts')).rows).toEqual(wanted);
        },
      ),
      { numRuns: 20 },
    );
  } finally {
    await client.query('DROP TABLE IF EXISTS view_texts');
    await client.end();
  }
});

test('writes one long text into Parquet', async () => {
  const text = `"${'x'.repeat(3_000_000)}`;
  const view = compiled({ resource: 'Patient', select: [{ column: [{ name: 'n', path: 'name.text' }] }] });
  await runView(view, [{ resourceType: 'Patient', name: [{ text }] }], parquetSink(file('l.parquet')));
  expect(await duckRows(`SELECT length(n)::INTEGER AS n FROM read_parquet('${file('l.parquet')}')`)).toEqual([
    { n: 3_000_001 },
  ]);
});

test('keeps spreadsheets from running text of a CSV file, and leaves numbers as they are', async () => {
  const cells = ['=1+1', '+44 20', '-cmd', '@x', '\tx', "'=2", '-5', '+1.5', 'a=b', "'x", '2020-01-01'];
  const columns = [
    { name: 'n', path: 'name.text' },
    { name: 'i', path: '1 - 3' },
  ];
  const resources = cells.map((text) => ({ resourceType: 'Patient', name: [{ text }] }));
  await runView(
    compiled({ resource: 'Patient', select: [{ column: columns }] }),
    resources,
    csvSink(file('f.csv')),
  );
  const lines = readFileSync(file('f.csv'), 'utf8').trimEnd().split('\r\n').slice(1);
  expect(lines).toEqual(
    ["'=1+1", "'+44 20", "'-cmd", "'@x", "'\tx", "''=2", '-5', '+1.5', 'a=b', "'x", '2020-01-01'].map(
      (text) => `${text},-2`,
    ),
  );
});

test.each(FILES)('ends a run into %s when its signal says so, and leaves nothing', async (_, sink) => {
  const stop = new AbortController();
  function* endless(): Generator<unknown> {
    for (let i = 0; ; i++) {
      if (i === 5_000) stop.abort(new Error('enough'));
      yield RESOURCES[0];
    }
  }
  const run = runView(compiled(), endless(), sink(file('out')), { signal: stop.signal });
  await expect(run).rejects.toThrow('enough');
  expect(readdirSync(folder)).toEqual([]);
});

test('says in plain words that Parquet needs DuckDB where that is not installed, and leaves nothing', async () => {
  const missing = () => Promise.reject(new Error("Cannot find package '@duckdb/node-api'"));
  const run = runView(compiled(), RESOURCES, parquetSink(file('out.parquet'), missing));
  await expect(run).rejects.toThrow(
    /not installed here: add the package @duckdb\/node-api, or write CSV or NDJSON/,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('makes the same file with threads and without, and tells the same faults with the same lines', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) =>
    i % 7_000 === 6_999
      ? '{"resourceType":'
      : JSON.stringify({ ...RESOURCES[0], id: `p${i}`, name: [{ given: ['é'.repeat(i % 50)] }] }),
  );
  writeFileSync(file('in.ndjson'), `\ufeff${lines.join('\n')}`);
  for (const [, sink] of FILES) {
    const found: unknown[] = [];
    for (const threads of [0, 3]) {
      const told: unknown[] = [];
      const ran = await runViewOverFile(compiled(), file('in.ndjson'), sink(file('out')), {
        ...{ threads, onFault: 'leave-out' },
        report: (issue) => told.push(issue),
      });
      expect(told).toHaveLength(2);
      found.push({
        ran,
        told,
        size: readFileSync(file('out')).length,
        text: readFileSync(file('out')).toString('latin1'),
      });
    }
    expect(found[1]).toEqual(found[0]);
  }
  const run = runViewOverFile(compiled(), file('in.ndjson'), csvSink(file('no')), { threads: 2 });
  await expect(run).rejects.toThrow('Line 7000 is no JSON');
  expect(readdirSync(folder).sort()).toEqual(['in.ndjson', 'out']);
});
