/** Turns rows into a table of PostgreSQL, in one transaction: readers see the table as it was, or all of the new one. */
import type { ClientBase } from 'pg';
import type { ViewColumn } from './compile.ts';
import type { OpenSink, ViewSink } from './sink.ts';
import { misfit, quoted, type SqlType, sqlType, sqlValue } from './sql-type.ts';

/** Rows that travel together. */
const PAGE = 2_000;
const IN_POSTGRES: Readonly<Partial<Record<SqlType, string>>> = {
  DOUBLE: 'double precision',
  VARCHAR: 'text',
  JSON: 'jsonb',
};

/** A table to fill: it is replaced where it is there. */
export interface PostgresTarget {
  /** with no transaction open; the sink leaves none open either */
  readonly client: ClientBase;
  readonly table: string;
  /** default: the first of the search path */
  readonly schema?: string;
}

export function postgresSink(target: PostgresTarget): OpenSink {
  return async (columns) => {
    const sink = new PostgresSink(target, columns);
    await sink.open();
    return sink;
  };
}

class PostgresSink implements ViewSink {
  readonly #client: ClientBase;
  readonly #target: PostgresTarget;
  readonly #columns: readonly ViewColumn[];
  readonly #types: readonly SqlType[];
  readonly #part: string;
  #page: unknown[][];

  constructor(target: PostgresTarget, columns: readonly ViewColumn[]) {
    this.#client = target.client;
    this.#target = target;
    this.#columns = columns;
    this.#types = columns.map(sqlType);
    this.#part = this.#named(`${target.table.slice(0, 58)}_part`);
    this.#page = columns.map(() => []);
  }

  #named(table: string): string {
    const { schema } = this.#target;
    return schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`;
  }

  #type(i: number): string {
    return IN_POSTGRES[this.#types[i]!] ?? this.#types[i]!;
  }

  async open(): Promise<void> {
    const columns = this.#columns.map(({ name }, i) => `${quoted(name)} ${this.#type(i)}`).join(', ');
    await this.#client.query('BEGIN');
    try {
      await this.#client.query(`CREATE TABLE ${this.#part} (${columns})`);
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  row(values: readonly unknown[]): void {
    for (let i = 0; i < this.#types.length; i++) this.#page[i]!.push(sqlValue(values[i], this.#types[i]!));
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
      throw String((error as { code?: unknown }).code).startsWith('22') ? misfit() : error;
    }
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#client.query(`DROP TABLE IF EXISTS ${this.#named(this.#target.table)}`);
    await this.#client.query(`ALTER TABLE ${this.#part} RENAME TO ${quoted(this.#target.table)}`);
    await this.#client.query('COMMIT');
  }

  async abort(): Promise<void> {
    await this.#client.query('ROLLBACK').catch(() => {});
  }
}
