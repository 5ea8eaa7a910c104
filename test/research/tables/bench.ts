/** The shipped tables over rows or resources, on the workbench and on DuckDB with the same SQL. */
import { readFileSync } from 'node:fs';
import { DuckDBConnection } from '@duckdb/node-api';
import { onTestFinished } from 'vitest';
import { loadTables, type TableSet } from '../../../src/research/tables/load.ts';
import { type TableSettings, Workbench } from '../../../src/research/tables/workbench.ts';
import { definitions } from '../samples.ts';
import { emptyFolder } from './folder.ts';

export type Row = Readonly<Record<string, unknown>>;
/** Rows of base tables by their names; columns that are not named are null. */
export type Rows = Readonly<Record<string, readonly Row[]>>;

export const SETTINGS: TableSettings = {
  values: { today: '2026-10-01', frequent_contacts: '4', frequent_months: '12', before_after_months: '6' },
  population: [
    ['neighbourhood', 'N1', 1000],
    ['neighbourhood', 'N9', 500],
    ['gender', 'female', 2000],
  ],
  changes: {},
};

let shipped: Promise<TableSet> | undefined;

/** @returns all tables that the adapter brings */
export function shippedTables(): Promise<TableSet> {
  shipped ??= loadTables(['views'], definitions).then((tables) => {
    if (!tables.ok) throw new Error(JSON.stringify(tables.outcome));
    return tables.value;
  });
  return shipped;
}

/** @returns rows of the base tables that these resources give */
export async function rowsOf(resources: Iterable<unknown>): Promise<Rows> {
  const { base } = await shippedTables();
  const all = [...resources];
  return Object.fromEntries(
    [...base.values()].map(({ name, view }) => {
      const rows: Row[] = [];
      for (const one of all)
        view.rows(one, (row) =>
          rows.push(Object.fromEntries(view.columns.map((of, at) => [of.name, row[at]]))),
        );
      return [name, rows];
    }),
  );
}

/** @returns rows of derived tables, by the names of their columns */
export async function derived(
  names: readonly string[],
  given: Rows,
  settings = SETTINGS,
): Promise<Record<string, Row[]>> {
  const tables = await shippedTables();
  const bench = Workbench.open(emptyFolder(), tables, settings);
  onTestFinished(() => bench.close());
  for (const [name, rows] of Object.entries(given)) {
    const { view } = tables.base.get(name)!;
    refuseUnknown(name, rows, new Set(view.columns.map((one) => one.name)));
    const sink = await bench.sinkOf(name)(view.columns);
    for (const row of rows) sink.row(view.columns.map((one) => row[one.name] ?? null));
    await sink.finish();
  }
  bench.derive(names);
  return Object.fromEntries(
    names.map((name) => {
      const { columns } = tables.derived.get(name)!;
      const named = (row: readonly unknown[]): Row =>
        Object.fromEntries(columns.map((one, at) => [one.name, row[at]]));
      return [name, [...bench.rows(name)].map(named)];
    }),
  );
}

/** @returns rows of one derived table */
export async function table(name: string, given: Rows, settings = SETTINGS): Promise<Row[]> {
  return (await derived([name], given, settings))[name]!;
}

/** A test that gives a column that is not there would test nothing. */
function refuseUnknown(name: string, rows: readonly Row[], columns: ReadonlySet<string>): void {
  const wrong = rows.flatMap((row) => Object.keys(row)).filter((one) => !columns.has(one));
  if (wrong.length > 0) throw new Error(`${name} has no ${wrong.join(', ')}`);
}

/** What an engine calls its types; whatever is not named is text. */
export type Types = Readonly<Record<'boolean' | 'integer' | 'decimal' | 'text', string>>;
const DUCK_TYPES: Types = { boolean: 'BOOLEAN', integer: 'INTEGER', decimal: 'DOUBLE', text: 'VARCHAR' };

/** @returns rows of all derived tables as DuckDB makes them of the same SQL */
export async function inDuckDb(given: Rows): Promise<Record<string, Row[]>> {
  const db = await DuckDBConnection.create();
  onTestFinished(() => db.closeSync());
  await db.run(readFileSync('views/dialects/duckdb.sql', 'utf8'));
  for await (const statement of filling(given, DUCK_TYPES)) await db.run(statement);
  const made: Record<string, Row[]> = {};
  for (const { name, sql } of (await shippedTables()).derived.values()) {
    await db.run(`CREATE TABLE "${name}" AS ${sql}`);
    made[name] = (await db.runAndReadAll(`SELECT * FROM "${name}"`)).getRowObjectsJson() as Row[];
  }
  return made;
}

/** @returns the statements that make and fill all base tables, settings and lists */
export async function* filling(given: Rows, types: Types, settings = SETTINGS): AsyncGenerator<string> {
  const tables = await shippedTables();
  for (const { name, view } of tables.base.values()) {
    const columns = view.columns.map(
      (one) => [one.name, types[one.type as keyof Types] ?? types.text] as const,
    );
    yield* statements(name, columns, given[name] ?? []);
  }
  const text = (names: readonly string[]): [string, string][] => names.map((one) => [one, types.text]);
  const values = Object.entries(settings.values).map(([name, value]) => ({ name, value }));
  yield* statements('setting', text(['name', 'value']), values);
  const people = settings.population.map(([kind, code, count]) => ({ kind, code, people: count }));
  yield* statements('population', [...text(['kind', 'code']), ['people', types.integer]], people);
  for (const { name, columns, rows } of tables.reference.values()) {
    const named = rows.map((row) =>
      Object.fromEntries(columns.map((one, at) => [one, row[at] === '' ? null : row[at]])),
    );
    yield* statements(name, text(columns), named);
  }
}

function* statements(
  name: string,
  columns: readonly (readonly [name: string, type: string])[],
  rows: readonly Row[],
): Generator<string> {
  yield `CREATE TABLE "${name}" (${columns.map(([one, type]) => `"${one}" ${type}`).join(', ')})`;
  const value = (row: Row, column: string): string => {
    const cell = row[column] ?? null;
    return typeof cell === 'string' ? `'${cell.replaceAll("'", "''")}'` : String(cell);
  };
  for (let at = 0; at < rows.length; at += 500) {
    const some = rows
      .slice(at, at + 500)
      .map((row) => `(${columns.map(([one]) => value(row, one)).join(', ')})`);
    yield `INSERT INTO "${name}" VALUES ${some.join(', ')}`;
  }
}

/** @returns rows in an order of their own; numbers to six places, since engines add up in different orders */
export function comparable(
  rows: readonly Row[],
  columns: readonly { name: string; type: string }[],
): string[] {
  const cell = (value: unknown, type: string): unknown => {
    if (value === null || value === undefined) return null;
    return type === 'integer' || type === 'decimal' ? Math.round(Number(value) * 1e6) / 1e6 : value;
  };
  return rows.map((row) => JSON.stringify(columns.map(({ name, type }) => cell(row[name], type)))).sort();
}
