/** A temporary database that rows of views are put into and tables are derived in; nothing of it stays. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { ViewColumn } from '../view/compile.ts';
import type { OpenSink, ViewSink } from '../view/sink.ts';
import { addDayFunctions } from './days.ts';
import { basesOf, type TableSet } from './load.ts';
import { readBy } from './only-reads.ts';
import type { DerivedTable, TableColumn } from './table-file.ts';

/** What tables are reckoned by. */
export interface TableSettings {
  /** by name: `today`, `frequent_contacts` */
  readonly values: Readonly<Record<string, string>>;
  /** people who live in a place, or are of a group: kind, code, how many */
  readonly population: readonly (readonly [kind: string, code: string, people: number])[];
  /** points that count as a change, by score, in place of the shipped ones */
  readonly changes: Readonly<Record<string, number>>;
}

const PREFIX = '.workbench-';
const FILE = 'tables.sqlite';

/** What a killed run left has people's rows in it; the system has dropped its lock. */
function removeLeftOver(folder: string): void {
  for (const name of readdirSync(folder)) {
    const own = join(folder, name);
    if (name.startsWith(PREFIX) && !isInUse(join(own, FILE))) rmSync(own, { recursive: true, force: true });
  }
}

function isInUse(file: string): boolean {
  if (!existsSync(file)) return true; // it is being made
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return false;
  } catch (error) {
    return (error as { errcode?: number }).errcode === BUSY;
  } finally {
    db.close();
  }
}

const BUSY = 5; // SQLITE_BUSY

type Cell = string | number | boolean | null;
/** Column that rows of a person are known by. */
const PERSON = 'patient_key';

export class Workbench {
  readonly #db: DatabaseSync;
  readonly #folder: string;
  readonly #tables: TableSet;
  readonly #filled = new Set<string>();
  #made: string[] = [];

  /** @param folder in which a folder of its own is made, for the caller's own user alone */
  static open(folder: string, tables: TableSet, settings: TableSettings): Workbench {
    removeLeftOver(folder);
    const own = mkdtempSync(join(folder, PREFIX));
    try {
      return new Workbench(own, tables, settings);
    } catch (error) {
      rmSync(own, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(folder: string, tables: TableSet, settings: TableSettings) {
    this.#folder = folder;
    this.#tables = tables;
    const file = join(folder, FILE);
    this.#db = new DatabaseSync(file);
    chmodSync(file, 0o600);
    // it need not outlive this process: nothing is written twice, and nothing is waited for
    this.#db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536');
    // what a sort has no room for is of people, too: it lies where the rest does, not in the folder of all
    this.#db.exec(`PRAGMA temp_store_directory = '${dirname(folder).replaceAll("'", "''")}'`);
    this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    addDayFunctions(this.#db);
    this.#fillSettings(settings);
  }

  /** @returns what takes the rows of a base table */
  sinkOf(name: string): OpenSink {
    return async (columns) => {
      this.#create(name, columns);
      const sink = new TableSink(this.#db, this.#insertInto(name, columns.length));
      this.#filled.add(name);
      return sink;
    };
  }

  /**
   * Derives tables, with all that they are made of, anew.
   * @throws AdapterError rule `table-sql` where one cannot be
   */
  derive(names: readonly string[]): void {
    for (const name of this.#made.toReversed()) this.#db.exec(`DROP TABLE "${name}"`);
    this.#made = [];
    for (const name of basesOf(this.#tables, names)) if (!this.#filled.has(name)) this.#empty(name);
    const wanted = new Set(names);
    const needed = [...this.#tables.derived.values()].toReversed().filter((table) => {
      const isNeeded = wanted.has(table.name);
      if (isNeeded) for (const other of table.depends) wanted.add(other);
      return isNeeded;
    });
    for (const table of needed.toReversed()) this.#make(table);
  }

  /** @returns a derived table's rows, in an order that says nothing of the store's */
  *rows(name: string): Generator<readonly Cell[]> {
    const { columns, kind } = this.#tables.derived.get(name)!;
    const order = kind === 'row' ? ` ORDER BY ${orderOf(columns)}` : '';
    const select = this.#db.prepare(
      `SELECT ${columns.map((one) => `"${one.name}"`).join(', ')} FROM "${name}"${order}`,
    );
    select.setReturnArrays(true);
    for (const row of select.iterate() as unknown as Iterable<readonly Cell[]>)
      yield columns.map(({ type }, at) => cellOf(row[at] ?? null, type));
  }

  /** Takes people out of all base tables: what is derived afterwards knows nothing of them. */
  leaveOut(people: Iterable<string>): void {
    this.#db.exec('CREATE TEMP TABLE IF NOT EXISTS "left_out" (person TEXT PRIMARY KEY)');
    const insert = this.#db.prepare('INSERT OR IGNORE INTO "left_out" VALUES (?)');
    for (const person of people) insert.run(person);
    for (const name of this.#filled) {
      const { view } = this.#tables.base.get(name)!;
      if (view.columns.some((one) => one.name === PERSON))
        this.#db.exec(`DELETE FROM "${name}" WHERE "${PERSON}" IN (SELECT person FROM "left_out")`);
    }
  }

  close(): void {
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #create(
    name: string,
    columns: readonly { readonly name: string; readonly type?: string | undefined }[],
  ): void {
    const written = columns.map((one) => `"${one.name}"${affinityOf(one.type)}`);
    this.#db.exec(`CREATE TABLE "${name}" (${written.join(', ')})`);
  }

  #empty(name: string): void {
    this.#create(name, this.#tables.base.get(name)!.view.columns);
    this.#filled.add(name);
  }

  #insertInto(name: string, width: number): StatementSync {
    return this.#db.prepare(`INSERT INTO "${name}" VALUES (${Array(width).fill('?').join(', ')})`);
  }

  #fillSettings({ values, population, changes }: TableSettings): void {
    this.#fill('setting', ['name', 'value'], Object.entries(values));
    this.#fill('population', ['kind', 'code', 'people'], population);
    for (const { name, columns, rows } of this.#tables.reference.values()) {
      const [score, change] = [columns.indexOf('score_code'), columns.indexOf('change')];
      const isThreshold = name === 'threshold' && score >= 0 && change >= 0;
      const own = (row: readonly string[]): readonly string[] => {
        const points = isThreshold ? changes[row[score]!] : undefined;
        return points === undefined ? row : row.with(change, String(points));
      };
      // an empty cell is nothing
      this.#fill(
        name,
        columns,
        rows.map((row) => own(row).map((cell) => (cell === '' ? null : cell))),
      );
    }
  }

  #fill(
    name: string,
    columns: readonly string[],
    rows: readonly (readonly (string | number | null)[])[],
  ): void {
    this.#create(
      name,
      columns.map((column) => ({ name: column })),
    );
    const insert = this.#insertInto(name, columns.length);
    for (const row of rows) insert.run(...row);
  }

  /** One statement is prepared and run, and a SELECT within it can write nothing and open nothing. */
  #make({ name, sql, columns, depends }: DerivedTable): void {
    const statement = `CREATE TABLE "${name}" AS SELECT * FROM (\n${sql}\n)`;
    let read: ReadonlySet<string>;
    try {
      read = readBy(this.#db, name, () => runAlone(this.#db, statement));
    } catch (error) {
      throw badSql(name, (error as Error).message);
    }
    this.#made.push(name);
    this.#refuseUndeclared(name, depends, read);
    const found = this.#db.prepare(`SELECT name FROM pragma_table_info(?)`).all(name) as { name: string }[];
    const [given, said] = [
      found.map((one) => one.name).join(', '),
      columns.map((one) => one.name).join(', '),
    ];
    if (given !== said) throw badSql(name, `it gives the columns ${given}, and its header says ${said}`);
  }

  /** A table that is not named may be there in one run and not in the next. */
  #refuseUndeclared(name: string, depends: readonly string[], read: ReadonlySet<string>): void {
    const { base, derived } = this.#tables;
    const isMissed = (one: string): boolean =>
      (base.has(one) || derived.has(one)) && one !== name && !depends.includes(one);
    const missed = [...read].filter(isMissed);
    if (missed.length > 0)
      throw badSql(name, `it reads ${missed.join(', ')}, which "-- depends:" does not name`);
  }
}

/** Of several statements only the first would be run. */
function runAlone(db: DatabaseSync, text: string): void {
  const statement = db.prepare(text);
  if (statement.sourceSQL !== text) throw new Error('it holds more than one statement');
  statement.run();
}

/** Takes rows of a view in one transaction. */
class TableSink implements ViewSink {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;

  constructor(db: DatabaseSync, insert: StatementSync) {
    this.#db = db;
    this.#insert = insert;
    if (!db.isTransaction) db.exec('BEGIN');
  }

  row(values: readonly unknown[]): void {
    this.#insert.run(...values.map(storedAs));
  }

  drain(): undefined {
    return undefined;
  }

  async finish(): Promise<void> {
    if (this.#db.isTransaction) this.#db.exec('COMMIT');
  }

  /** The whole workbench is thrown away then. */
  async abort(): Promise<void> {
    await this.finish();
  }
}

const WHOLE: readonly (string | undefined)[] = ['integer', 'positiveInt', 'unsignedInt', 'boolean'];

/** Numbers come as floating-point ones: without this, 3 as text would be `3.0`. */
function affinityOf(type: string | undefined): string {
  return WHOLE.includes(type) ? ' INTEGER' : '';
}

function storedAs(value: unknown): string | number | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' || typeof value === 'string') return value;
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** @returns the value as its column says it; an affinity of SQLite makes no difference */
function cellOf(value: Cell, type: TableColumn['type']): Cell {
  if (value === null) return null;
  if (type === 'boolean') return value === 1 || value === true;
  if (type === 'integer' || type === 'decimal') return Number(value);
  return String(value);
}

/** Keys first: they are pseudonyms, and fall in no order. */
function orderOf(columns: readonly TableColumn[]): string {
  const places = [...columns.keys()];
  const isKey = (at: number): boolean => columns[at]!.role === 'key';
  return [...places.filter(isKey), ...places.filter((at) => !isKey(at))].map((at) => at + 1).join(', ');
}

function badSql(name: string, why: string): AdapterError {
  const diagnostics = `${name}.sql cannot be run: ${why}.`;
  return new AdapterError(
    'permanent',
    issueOf({ rule: 'table-sql', code: 'processing', expression: `${name}.sql`, diagnostics }),
  );
}

/** @returns the columns as sinks of rows take them */
export function sinkColumns(columns: readonly TableColumn[]): ViewColumn[] {
  return columns.map(({ name, type, description }) => ({
    ...{ name, type: FHIR_TYPES[type], isCollection: false, description, tags: new Map() },
  }));
}

const FHIR_TYPES: Readonly<Record<TableColumn['type'], string>> = {
  text: 'string',
  integer: 'integer',
  decimal: 'decimal',
  boolean: 'boolean',
  date: 'string', // may be a year or a month alone
  dateTime: 'string',
};
