/** Rows come back from every sink as they went in, and a run that fails leaves nothing behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { parquetSink } from '../../src/research/view/parquet-sink.ts';
import { postgresSink } from '../../src/research/view/postgres-sink.ts';
import { ndjsonResources, runView } from '../../src/research/view/run.ts';
import type { OpenSink } from '../../src/research/view/sink.ts';
import { csvSink, ndjsonSink } from '../../src/research/view/text-sinks.ts';
import { compiled, RESOURCES, ROWS } from './samples.ts';

let folder: string;
const file = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'views-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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
  expect(ran).toEqual({ resources: 3, rows: 3, leftOut: 0 });
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
  const client = new Client({ connectionString: await (await fetch(inject('postgresAt'))).text() });
  await client.connect();
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
  expect(ran).toEqual({ resources: 4, rows: 3, leftOut: 2 });
  expect(told).toEqual(['Line 3', 'Line 4']);
});

test('ends a run on a packed file that is cut off', async () => {
  const packed = gzipSync(`${JSON.stringify(RESOURCES[0])}\n`.repeat(100));
  writeFileSync(file('in.ndjson.gz'), packed.subarray(0, packed.length - 12));
  const run = runView(compiled(), ndjsonResources(file('in.ndjson.gz')), csvSink(file('out')));
  await expect(run).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(['in.ndjson.gz']);
});

test('says that a partial date fits no column of dates, and does not show it', async () => {
  const run = runView(compiled(), [{ resourceType: 'Patient', birthDate: '1931' }], parquetSink(file('out')));
  await expect(run).rejects.toThrow(/^A value does not fit(?!.*1931)/);
  expect(readdirSync(folder)).toEqual([]);
});
