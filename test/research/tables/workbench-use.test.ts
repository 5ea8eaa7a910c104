/** The workbench: rows in, tables out, nothing left behind, and SQL that can read and do nothing else. */
import { cpSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { AdapterError } from '../../../src/fhir/outcome.ts';
import { loadTables } from '../../../src/research/tables/load.ts';
import { type TableSettings, Workbench } from '../../../src/research/tables/workbench.ts';
import { runView } from '../../../src/research/view/run.ts';
import { definitions } from '../samples.ts';
import { emptyFolder, folderOf, patientView, tableText } from './folder.ts';

const SETTINGS: TableSettings = {
  values: { today: '2026-04-01' },
  population: [['neighbourhood', 'N1', 9400]],
  changes: {},
};
const PEOPLE = [
  { resourceType: 'Patient', id: 'b', gender: 'female' },
  { resourceType: 'Patient', id: 'a', gender: 'male' },
  { resourceType: 'Patient', id: 'c' },
];

interface Opened {
  readonly bench: Workbench;
  readonly folder: string;
}

async function opened(files: Readonly<Record<string, string>>, settings = SETTINGS): Promise<Opened> {
  const all = folderOf({ 'patient.view.json': patientView(), ...files });
  const tables = await loadTables([all], definitions);
  if (!tables.ok) throw new Error(JSON.stringify(tables.outcome));
  const folder = emptyFolder();
  const bench = Workbench.open(folder, tables.value, settings);
  let isOpen = true;
  const close = bench.close.bind(bench);
  bench.close = () => {
    if (isOpen) close();
    isOpen = false;
  };
  onTestFinished(() => bench.close());
  const { view } = tables.value.base.get('patient')!;
  await runView(view, PEOPLE, bench.sinkOf('patient'));
  return { bench, folder };
}

/** A table of one column, `n`. */
const one = (sql: string, depends = 'patient', type = 'integer'): string =>
  tableText({ sql, depends, columns: [`n | ${type} | measure | A value`] });

async function columnOf(sql: string, type = 'integer', settings = SETTINGS, lists = {}): Promise<unknown> {
  const { bench } = await opened({ 'out.sql': one(sql, 'patient', type), ...lists }, settings);
  bench.derive(['out']);
  return [...bench.rows('out')].map(([value]) => value);
}

const workbenches = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith('.workbench-'));

test('what a killed run left is removed by the next; what another run works with is not', async () => {
  const { bench, folder } = await opened({});
  const [own] = workbenches(folder);
  const left = join(folder, '.workbench-killed');
  cpSync(join(folder, own!), left, { recursive: true });
  const tables = await loadTables([folderOf({ 'patient.view.json': patientView() })], definitions);
  if (!tables.ok) throw new Error(JSON.stringify(tables.outcome));
  const other = Workbench.open(folder, tables.value, SETTINGS);
  onTestFinished(() => other.close());
  expect([existsSync(left), workbenches(folder).length]).toEqual([false, 2]);
  bench.close();
  expect(workbenches(folder)).toHaveLength(1);
});

test('derives a table from tables that are derived themselves', async () => {
  const { bench } = await opened({
    'known.sql': tableText({
      sql: 'SELECT patient_key, gender FROM patient WHERE gender IS NOT NULL',
      depends: 'patient',
      columns: ['patient_key | text | key | Who', 'gender | text | dimension | Gender'],
    }),
    'counted.sql': one('SELECT count(*) AS n FROM known', 'known'),
  });
  bench.derive(['counted']);
  expect([...bench.rows('counted')]).toEqual([[2]]);
  expect([...bench.rows('known')]).toEqual([
    ['a', 'male'],
    ['b', 'female'],
  ]);
});

test('keeps the order in which a table of counts says its rows, such as the steps of a funnel', async () => {
  const { bench } = await opened({
    'steps.sql': tableText({
      sql: "SELECT stage, people FROM (SELECT 'referred' AS stage, 3 AS people UNION ALL SELECT 'accepted', 2 UNION ALL SELECT 'first contact', 1) AS steps ORDER BY people DESC",
      columns: ['stage | text | dimension(nested) | How far', 'people | integer | count | Who'],
      kind: 'aggregate',
    }),
  });
  bench.derive(['steps']);
  expect([...bench.rows('steps')].map(([stage]) => stage)).toEqual(['referred', 'accepted', 'first contact']);
});

test('says the rows of people in the order of their keys, not in that of the store', async () => {
  const { bench } = await opened({
    'all_people.sql': tableText({
      sql: 'SELECT gender, patient_key FROM patient',
      depends: 'patient',
      columns: ['gender | text | dimension | Gender', 'patient_key | text | key | Who'],
    }),
  });
  bench.derive(['all_people']);
  expect([...bench.rows('all_people')].map(([, key]) => key)).toEqual(['a', 'b', 'c']);
});

test('a view that no row was put in is empty, not missing', async () => {
  const files = {
    'other.view.json': patientView('other'),
    'out.sql': one('SELECT count(*) AS n FROM other', 'other'),
  };
  const { bench } = await opened(files);
  bench.derive(['out']);
  expect([...bench.rows('out')]).toEqual([[0]]);
});

test('knows nothing of people who are left out, in tables that are derived again', async () => {
  const { bench } = await opened({ 'out.sql': one('SELECT count(*) AS n FROM patient') });
  bench.derive(['out']);
  expect([...bench.rows('out')]).toEqual([[3]]);
  bench.leaveOut(['a', 'c', 'a', 'nobody']);
  bench.derive(['out']);
  expect([...bench.rows('out')]).toEqual([[1]]);
});

test('brings settings, the population and lists to the tables', async () => {
  const lists = {
    'reference/threshold.csv': 'score_code,change,better\nphq-9-total,6,lower\ngad-7-total,4,lower\nnone,,\n',
  };
  const settings = { ...SETTINGS, changes: { 'phq-9-total': 5 } };
  const got = (sql: string, type: string): Promise<unknown> => columnOf(sql, type, settings, lists);
  expect(await got("SELECT value AS n FROM setting WHERE name = 'today'", 'date')).toEqual(['2026-04-01']);
  expect(await got("SELECT people AS n FROM population WHERE code = 'N1'", 'integer')).toEqual([9400]);
  const changes = 'SELECT CAST(change AS DOUBLE PRECISION) AS n FROM threshold ORDER BY 1';
  expect(await got(changes, 'decimal')).toEqual([null, 4, 5]);
});

test.each([
  ["SELECT days_between('2026-02-27', '2026-03-01') AS n", 'integer', 2],
  ["SELECT whole_months_between('2026-01-31', '2026-03-30') AS n", 'integer', 1],
  ["SELECT month_of('2026-03-04T09:00:00Z') AS n", 'text', '2026-03'],
  ["SELECT year_of('2026') AS n", 'integer', 2026],
  ["SELECT days_between('2026', '2026-03-01') AS n", 'integer', null],
  ['SELECT 1 = 1 AS n', 'boolean', true],
  ['SELECT 1 = 2 AS n', 'boolean', false],
])('%s', async (sql, type, value) => {
  expect(await columnOf(sql, type)).toEqual([value]);
});

test('is a file of this user alone while it is open, and nothing at all afterwards', async () => {
  const { bench, folder } = await opened({ 'out.sql': one('SELECT count(*) AS n FROM patient') });
  const [own] = readdirSync(folder);
  const modes = [join(folder, own!), join(folder, own!, 'tables.sqlite')].map(
    (path) => statSync(path).mode & 0o077,
  );
  expect(modes).toEqual([0, 0]);
  bench.derive(['out']);
  bench.close();
  expect(readdirSync(folder)).toEqual([]);
});

async function refusal(sql: string, depends = 'patient'): Promise<string> {
  const { bench } = await opened({ 'out.sql': one(sql, depends) });
  try {
    bench.derive(['out']);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    const [issue] = error.outcome.issue;
    expect(issue).toMatchObject({ details: { coding: [{ code: 'table-sql' }] }, expression: ['out.sql'] });
    return issue!.diagnostics!;
  }
  return `it ran: ${JSON.stringify([...bench.rows('out')])}`;
}

test('says why SQL cannot be run, and which table it is of', async () => {
  expect(await refusal('SELECT nothing_such AS n FROM patient')).toBe(
    'out.sql cannot be run: no such column: nothing_such.',
  );
  expect(await refusal('SELECT 1 AS m')).toBe(
    'out.sql cannot be run: it gives the columns m, and its header says n.',
  );
});

test('refuses to read a table that the header does not name, which may not be there the next time', async () => {
  expect(await refusal('SELECT count(gender) AS n FROM patient', 'setting')).toBe(
    'out.sql cannot be run: it reads patient, which "-- depends:" does not name.',
  );
});

test('a name that the statement gives itself may be that of a table', async () => {
  const sql = 'WITH patient AS (SELECT 7 AS n) SELECT n FROM patient';
  const { bench } = await opened({ 'out.sql': one(sql, '') });
  bench.derive(['out']);
  expect([...bench.rows('out')]).toEqual([[7]]);
});

test.each([
  ['a second statement', 'SELECT 1 AS n; DELETE FROM patient'],
  ['a second statement behind a bracket', 'SELECT 1 AS n); DELETE FROM patient; SELECT (1'],
  ['another database', "WITH a AS (SELECT 1 AS n) SELECT n FROM a; ATTACH '/etc/passwd' AS b"],
  ['what the database tells of its files', 'SELECT length(file) AS n FROM pragma_database_list'],
  ['code of a library', "SELECT load_extension('/tmp/a.so') AS n"],
  ['a file', "SELECT readfile('/etc/passwd') AS n"],
])('does nothing but read its tables: %s', async (_, sql) => {
  const { bench } = await opened({
    'out.sql': one(sql),
    'left.sql': one('SELECT count(*) AS n FROM patient'),
  });
  try {
    bench.derive(['out']);
    // only the first of several statements was run
    expect([...bench.rows('out')]).toEqual([[1]]);
  } catch (error) {
    expect((error as AdapterError).outcome.issue[0]!.details!.coding![0]!.code).toBe('table-sql');
  }
  bench.derive(['left']);
  expect([...bench.rows('left')]).toEqual([[3]]);
});

test('does not tell who was left out', async () => {
  const { bench } = await opened({ 'out.sql': one('SELECT person AS n FROM left_out', '', 'text') });
  bench.leaveOut(['a']);
  expect(() => bench.derive(['out'])).toThrow('is prohibited');
});

test('reads no file that lies beside it', async () => {
  const { bench, folder } = await opened({ 'out.sql': one("SELECT n FROM 'secret.csv'") });
  writeFileSync(join(folder, 'secret.csv'), 'n\n1\n');
  expect(() => bench.derive(['out'])).toThrow('no such table');
  expect(existsSync(join(folder, 'secret.csv'))).toBe(true);
});

test('gives any text back as it was', async () => {
  const { bench } = await opened({ 'out.sql': one('SELECT value AS n FROM setting', '', 'text') });
  bench.close();
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      async (text) => {
        const got = await columnOf('SELECT value AS n FROM setting', 'text', {
          ...SETTINGS,
          values: { text },
        });
        expect(got).toEqual([text]);
      },
    ),
    { numRuns: 20 },
  );
});
