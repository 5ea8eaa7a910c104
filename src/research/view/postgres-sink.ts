/** Turns rows into a table of PostgreSQL, in one transaction: readers see the table as it was, or all of the new one. */
import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { ViewColumn } from './compile.ts';
import { fitOf, MISFIT, type OnMisfit, refuseMisfit } from './fit.ts';
import type { OpenSink, ViewSink } from './sink.ts';
import { quoted, type SqlType, sqlType } from './sql-type.ts';

/** Rows that travel together. */
const PAGE = 2_000;
const IN_POSTGRES: Readonly<Partial<Record<SqlType, string>>> = {
  DOUBLE: 'double precision',
  VARCHAR: 'text',
  JSON: 'jsonb',
};

/** A table to fill: what is in it is replaced where it is there. */
export interface PostgresTarget {
  readonly client: ClientBase;
  /**
   * `own` (default): the sink begins and ends one, and none may be open. `callers`: one is open, and what becomes of it, and so
   * of the table, is the caller's to say
   */
  readonly transaction?: 'own' | 'callers';
  readonly table: string;
  /** default: the first of the search path */
  readonly schema?: string;
}

/** A table of the same columns keeps its views, indexes and grants; one of others is replaced, unless a view hangs on it. */
export function postgresSink(target: PostgresTarget): OpenSink {
  return async (columns, onMisfit = refuseMisfit) => {
    const sink = new PostgresSink(target, columns, onMisfit);
    await sink.open();
    return sink;
  };
}

class PostgresSink implements ViewSink {
  readonly #client: ClientBase;
  readonly #target: PostgresTarget;
  readonly #columns: readonly ViewColumn[];
  readonly #types: readonly SqlType[];
  readonly #fits: readonly ((value: unknown) => unknown)[];
  readonly #onMisfit: OnMisfit;
  readonly #part: string;
  #page: unknown[][];

  constructor(target: PostgresTarget, columns: readonly ViewColumn[], onMisfit: OnMisfit) {
    this.#client = target.client;
    this.#target = target;
    this.#columns = columns;
    this.#types = columns.map(sqlType);
    this.#fits = this.#types.map(fitOf);
    this.#onMisfit = onMisfit;
    this.#part = this.#named(`part_${randomUUID()}`);
    this.#page = columns.map(() => []);
  }

  #named(table: string): string {
    const { schema } = this.#target;
    return schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`;
  }

  get #isOwn(): boolean {
    return this.#target.transaction !== 'callers';
  }

  #type(i: number): string {
    return IN_POSTGRES[this.#types[i]!] ?? this.#types[i]!;
  }

  async open(): Promise<void> {
    const columns = this.#columns.map(({ name }, i) => `${quoted(name)} ${this.#type(i)}`).join(', ');
    if (this.#isOwn) await this.#client.query('BEGIN');
    try {
      await this.#client.query(`CREATE TABLE ${this.#part} (${columns})`);
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  row(values: readonly unknown[]): void {
    for (let i = 0; i < this.#fits.length; i++) this.#page[i]!.push(this.#fitted(values[i], i));
  }

  /** NUL stands in no text of PostgreSQL. */
  #fitted(value: unknown, at: number): unknown {
    if (value === null || value === undefined) return null;
    const fit = this.#fits[at]!(value);
    const hasNul = typeof fit === 'string' && (this.#types[at] === 'JSON' ? ESCAPED_NUL : NUL).test(fit);
    if (fit !== MISFIT && !hasNul) return fit;
    this.#onMisfit(this.#columns[at]!);
    return null;
  }

  drain(): Promise<void> | undefined {
    return this.#page[0]!.length < PAGE ? undefined : this.#flush();
  }

  async #flush(): Promise<void> {
    const page = this.#page;
    if (page[0]!.length === 0) return;
    this.#page = this.#types.map(() => []);
    const arrays = this.#types.map((_, i) => `$${i + 1}::${this.#type(i)}[]`).join(', ');
    try {
      await this.#client.query(`INSERT INTO ${this.#part} SELECT * FROM unnest(${arrays})`, page);
    } catch (error) {
      refuseValues(error);
    }
  }

  async finish(): Promise<void> {
    await this.#flush();
    const table = this.#named(this.#target.table);
    // of two runs that end at once the second waits here, and finds the table of the first
    await this.#client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`view ${table}`]);
    if (await this.#hasSameColumns(table)) {
      await this.#client.query(`TRUNCATE ${table}`);
      await this.#client.query(`INSERT INTO ${table} SELECT * FROM ${this.#part}`);
      await this.#client.query(`DROP TABLE ${this.#part}`);
    } else {
      await this.#client.query(`DROP TABLE IF EXISTS ${table}`).catch((error) => this.#refuseDrop(error));
      await this.#client.query(`ALTER TABLE ${this.#part} RENAME TO ${quoted(this.#target.table)}`);
    }
    if (this.#isOwn) await this.#client.query('COMMIT');
  }

  /** @returns whether the table is there, with these columns in this order */
  async #hasSameColumns(table: string): Promise<boolean> {
    const { rows } = await this.#client.query<{ same: boolean }>(
      `SELECT to_regclass($1) IS NOT NULL AND (SELECT relkind FROM pg_class WHERE oid = to_regclass($1)) = 'r' AND NOT EXISTS (
        SELECT FROM (SELECT row_number() OVER (ORDER BY attnum) AS at, attname, atttypid FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped) old
        FULL JOIN (SELECT row_number() OVER (ORDER BY attnum) AS at, attname, atttypid FROM pg_attribute WHERE attrelid = to_regclass($2) AND attnum > 0) fresh
        ON old.at = fresh.at AND old.attname = fresh.attname AND old.atttypid = fresh.atttypid
        WHERE old.at IS NULL OR fresh.at IS NULL) AS same`,
      [table, this.#part],
    );
    return rows[0]?.same === true;
  }

  #refuseDrop(error: unknown): never {
    if ((error as { code?: unknown }).code !== '2BP01') throw error;
    const diagnostics = `The table ${this.#target.table} has other columns than the view now has, and views of the database hang on it: drop those first, or fill a table of another name.`;
    throw new AdapterError(
      'permanent',
      issueOf({ rule: 'view-dependents', code: 'conflict', diagnostics }),
      error,
    );
  }

  async abort(): Promise<void> {
    if (this.#isOwn) await this.#client.query('ROLLBACK').catch(() => {});
  }
}

const NUL = /\0/;
const ESCAPED_NUL = /\\u0000/;

/** What PostgreSQL says of a value (class 22) shows it. */
function refuseValues(error: unknown): never {
  const { code } = error as { code?: unknown };
  if (!String(code).startsWith('22')) throw error;
  const diagnostics = `PostgreSQL does not take a value of the view (code ${code}): the table is as it was. Change the tag ansi/type of the column, or leave it out.`;
  throw new AdapterError('permanent', issueOf({ rule: 'view-misfit', code: 'value', diagnostics }));
}
