/** Turns SQL into steps that any engine can run: the logic of the store is written once, as generators that yield what they ask. */

/** What a parameter can be. */
export type SqlValue = string | number | null;

export type Dialect = 'sqlite' | 'postgres';

/** One statement with its values, or many rows for one table. */
export type Request =
  | {
      readonly kind: 'statement';
      readonly statement: Statement;
      readonly values: readonly SqlValue[];
      readonly wants: 'rows' | 'changes';
    }
  | { readonly kind: 'insert'; readonly into: Rows; readonly rows: readonly (readonly SqlValue[])[] };

export interface Answer {
  readonly rows: readonly unknown[];
  /** rows that were written */
  readonly changes: number;
}

/** Work of the store: yields requests, is given their answers, and returns its result. */
export type Step<T> = Generator<Request, T, Answer>;

/** Every statement: the query-plan test reads how each finds its rows. */
export const STATEMENTS: Statement[] = [];

/** One SQL statement, in the words of each engine. */
export class Statement {
  readonly texts: Readonly<Record<Dialect, string>>;
  /** asked again and again: worth preparing */
  readonly isKept: boolean;

  constructor(texts: Readonly<Record<Dialect, string>>, isKept: boolean) {
    this.texts = texts;
    this.isKept = isKept;
  }

  /** @returns all rows */
  *all(...values: SqlValue[]): Step<readonly unknown[]> {
    return (yield { kind: 'statement', statement: this, values, wants: 'rows' }).rows;
  }

  /** @returns the first row, where there is one */
  *get(...values: SqlValue[]): Step<unknown> {
    return (yield { kind: 'statement', statement: this, values, wants: 'rows' }).rows[0];
  }

  /** @returns how many rows were written */
  *run(...values: SqlValue[]): Step<number> {
    return (yield { kind: 'statement', statement: this, values, wants: 'changes' }).changes;
  }
}

/**
 * @param text one statement; values stand as `?` or `?1`. One text serves both engines where they agree;
 *   `json_each(?)` is read as PostgreSQL's `jsonb_array_elements`
 */
export function statement(text: string | Readonly<Record<Dialect, string>>): Statement {
  const both = typeof text === 'string' ? { sqlite: text, postgres: text } : text;
  const made = new Statement({ sqlite: both.sqlite, postgres: inPostgres(both.postgres) }, true);
  STATEMENTS.push(made);
  return made;
}

/** A statement that is made for one question, and not kept. */
export function oneTime(texts: Readonly<Record<Dialect, string>>): Statement {
  return new Statement({ sqlite: texts.sqlite, postgres: inPostgres(texts.postgres) }, false);
}

/** @returns the text with numbered values, as PostgreSQL wants them */
export function inPostgres(text: string): string {
  let count = 0;
  return text
    .replaceAll('json_each(?)', 'jsonb_array_elements(?::jsonb)')
    .replaceAll(/\?(\d*)/g, (_all, number: string) => `$${number || String(++count)}`);
}

/** PostgreSQL's name of a column's type. */
type ColumnType = 'bigint' | 'text';

/** A table that many rows are written into at once. */
export class Rows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly texts: Readonly<Record<Dialect, string>>;

  constructor(table: string, columns: Readonly<Record<string, ColumnType>>, conflict: string) {
    this.table = table;
    this.columns = Object.keys(columns);
    const into = `INSERT INTO ${table} (${this.columns.join(', ')})`;
    const marks = this.columns.map(() => '?').join(', ');
    const arrays = Object.values(columns).map((type, at) => `$${at + 1}::${type}[]`);
    this.texts = {
      sqlite: `${into} VALUES (${marks}) ${conflict}`,
      postgres: `${into} SELECT * FROM unnest(${arrays.join(', ')}) ${conflict}`,
    };
  }

  /** Writes them in order; no two of them may have the same key where a conflict updates. */
  *insert(rows: readonly (readonly SqlValue[])[]): Step<void> {
    if (rows.length > 0) yield { kind: 'insert', into: this, rows };
  }
}

/** @param conflict `ON CONFLICT …`, where rows may be there already */
export function rowsOf(table: string, columns: Readonly<Record<string, ColumnType>>, conflict = ''): Rows {
  return new Rows(table, columns, conflict);
}
