/** Tables of folders: which there are, in which order they are made, and what is said of those that cannot be. */
import { expect, test } from 'vitest';
import { basesOf, loadTables, type TableSet } from '../../../src/research/tables/load.ts';
import { definitions } from '../samples.ts';
import { folderOf, patientView, tableText } from './folder.ts';

const KEY = 'patient_key | text | key | Whose row it is';
const select = (from: string, depends = from): string =>
  tableText({ sql: `SELECT patient_key FROM ${from}`, columns: [KEY], depends });

async function loaded(...folders: string[]): Promise<TableSet> {
  const tables = await loadTables(folders, definitions);
  if (!tables.ok) throw new Error(JSON.stringify(tables.outcome));
  return tables.value;
}

async function refusals(files: Readonly<Record<string, string>>): Promise<string[]> {
  const tables = await loadTables([folderOf(files)], definitions);
  if (tables.ok) return [];
  return tables.outcome.issue.map(
    ({ details, diagnostics }) => `${details?.coding?.[0]?.code}: ${diagnostics}`,
  );
}

test('puts each derived table behind those that it is made of, whatever their names', async () => {
  const tables = await loaded(
    folderOf({
      'patient.view.json': patientView(),
      'a.sql': select('b'),
      'b.sql': select('c'),
      'c.sql': select('patient'),
    }),
  );
  expect([...tables.derived.keys()]).toEqual(['c', 'b', 'a']);
  expect([...basesOf(tables, ['a'])]).toEqual(['patient']);
});

test('reads what a column says of itself for the suppression of small numbers', async () => {
  const columns = [
    'stage | text | dimension(nested) | How far',
    'people | integer | count | Who came so far',
    'left_over | integer | count(within people) | Who went',
    'all_people | integer | denominator | Everybody',
    'rate | decimal | measure(people/all_people*1000) | Per 1,000 | of everybody',
    'median | decimal | measure(people) | Half of them',
  ];
  const sql = "SELECT 'x' AS stage, 1 AS people, 1 AS left_over, 1 AS all_people, 1 AS rate, 1 AS median";
  const tables = await loaded(folderOf({ 'funnel.sql': tableText({ sql, columns, kind: 'aggregate' }) }));
  const of = tables.derived.get('funnel')!;
  expect(of.kind).toBe('aggregate');
  expect(
    of.columns.map(({ name, role, sums, within, ratio }) => ({ name, role, sums, within, ratio })),
  ).toMatchObject([
    { name: 'stage', role: 'dimension', sums: 'nested' },
    { name: 'people', role: 'count', within: undefined },
    { name: 'left_over', role: 'count', within: 'people' },
    { name: 'all_people', role: 'denominator' },
    { name: 'rate', role: 'measure', ratio: { of: 'people', to: 'all_people', per: 1000 } },
    { name: 'median', role: 'measure', ratio: undefined },
  ]);
  expect(of.columns[4]!.description).toBe('Per 1,000 | of everybody');
});

test('lets a table of one’s own stand in the place of a shipped one, and adds others', async () => {
  const shipped = folderOf({ 'patient.view.json': patientView(), 'people.sql': select('patient') });
  const own = folderOf({
    'people.sql': tableText({
      sql: "SELECT patient_key FROM patient WHERE gender = 'female'",
      columns: [KEY],
      depends: 'patient',
    }),
    'more.sql': select('people'),
    'reference/colour.csv': '\uFEFFcode,meaning\nr,"red, or so"\n',
  });
  const tables = await loaded(shipped, own);
  expect([...tables.derived.keys()]).toEqual(['people', 'more']);
  expect(tables.derived.get('people')!.sql).toContain('female');
  expect(tables.reference.get('colour')).toEqual({
    name: 'colour',
    columns: ['code', 'meaning'],
    rows: [['r', 'red, or so']],
  });
});

test('a folder that is not there holds nothing', async () => {
  const tables = await loaded('/no/such/folder');
  expect([tables.base.size, tables.derived.size, tables.reference.size]).toEqual([0, 0, 0]);
});

test('names the tables that depend on each other in a circle', async () => {
  expect(await refusals({ 'a.sql': select('b'), 'b.sql': select('c'), 'c.sql': select('a') })).toEqual([
    'table-circle: a.sql: it depends on itself, by a, b, c.',
  ]);
});

test('names a table that is missing', async () => {
  expect(await refusals({ 'a.sql': select('b') })).toEqual([
    'table-missing: a.sql: it depends on b, which is not there.',
  ]);
});

test.each([
  [
    'a view and a derived table',
    { 'patient.view.json': patientView(), 'patient.sql': select('setting') },
    'patient',
  ],
  ['a view and a list', { 'patient.view.json': patientView(), 'reference/patient.csv': 'a\n1\n' }, 'patient'],
  [
    'two that differ in capitals',
    { 'Patient.view.json': patientView('Patient'), 'patient.sql': select('setting') },
    'patient',
  ],
  ['one with the name of the settings', { 'setting.sql': select('population') }, 'setting'],
])('refuses one name for more than one table: %s', async (_, files, name) => {
  expect(await refusals(files)).toEqual([
    `table-name: ${name}: more than one table has this name: rename the file.`,
  ]);
});

test('refuses a view whose name is not that of its file', async () => {
  expect(await refusals({ 'people.view.json': patientView() })).toEqual([
    'table-name: people.view.json: the view must have the name people, as its file has.',
  ]);
});

test('says of which file a view is wrong, and where in it', async () => {
  const wrong = patientView().replace('"path":"gender"', '"path":"gendre"');
  const [issue, ...others] = await refusals({ 'patient.view.json': wrong });
  expect(issue).toMatch(/patient\.view\.json: ViewDefinition\.select\[0\]\.column\[1\]\.path/);
  expect(others).toEqual([]);
});

test.each([
  ['no header', 'SELECT 1 AS a', /"-- kind:" is row or aggregate/],
  ['no columns', tableText({ sql: 'SELECT 1 AS a', columns: [] }), /there is no "-- column:/],
  ['no SELECT', tableText({ sql: 'DELETE FROM patient', columns: [KEY] }), /is one SELECT/],
  ['nothing behind the header', tableText({ sql: '', columns: [KEY] }), /is one SELECT/],
  [
    'a type that there is not',
    tableText({ sql: 'SELECT 1', columns: ['a | number | count | N'] }),
    /line 5 has no type/,
  ],
  [
    'a role that there is not',
    tableText({ sql: 'SELECT 1', columns: ['a | integer | sum | N'] }),
    /line 5 has no role/,
  ],
  [
    'a column without a meaning',
    tableText({ sql: 'SELECT 1', columns: ['a | integer | count |'] }),
    /line 5 has no description/,
  ],
  [
    'a way of adding up that there is not',
    tableText({ sql: 'SELECT 1', columns: ['a | text | dimension(sum) | N'] }),
    /line 5 has something in brackets/,
  ],
  [
    'a part of a column that is not there',
    tableText({ sql: 'SELECT 1', columns: ['a | integer | count(within b) | N'] }),
    /column a names a column that is not there/,
  ],
])('says what is wrong with the text of a table: %s', async (_, text, said) => {
  const issues = await refusals({ 'a.sql': text });
  expect(issues.join('\n')).toMatch(said);
  expect(issues.every((one) => one.startsWith('table-file: a.sql: '))).toBe(true);
});

test.each([
  ['Code,Meaning\n1,2\n', /first line names the columns/],
  ['', /first line names the columns/],
  ['code,meaning\n1,2\n3\n', /row 2 has not as many values as there are columns/],
])('says what is wrong with a list: %j', async (text, said) => {
  expect((await refusals({ 'reference/colour.csv': text })).join('\n')).toMatch(said);
});

test('tells all that is wrong at once', async () => {
  const issues = await refusals({
    'a.sql': select('b'),
    'c.sql': 'SELECT 1',
    'd.view.json': '{',
    'reference/e.csv': 'E\n',
  });
  for (const file of ['a.sql', 'c.sql', 'd.view.json', 'e.csv'])
    expect(issues.join('\n')).toContain(`: ${file}: `);
});
