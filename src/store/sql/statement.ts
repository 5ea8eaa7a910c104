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
 *   `json_each(?)` is read as PostgreSQL's `jsonb_array_elements`, and `moment(?)`, given the caller's time, is now:
 *   the caller's where one process has the store, the server's where many share it
 */
export function statement(text: string | Readonly<Record<Dialect, string>>): Statement {
  const both = typeof text === 'string' ? { sqlite: text, postgres: text } : text;
  const made = new Statement({ sqlite: inSqlite(both.sqlite), postgres: inPostgres(both.postgres) }, true);
  STATEMENTS.push(made);
  return made;
}

/** A statement that is made for one question, and not kept. */
export function oneTime(texts: Readonly<Record<Dialect, string>>): Statement {
  return new Statement({ sqlite: inSqlite(texts.sqlite), postgres: inPostgres(texts.postgres) }, false);
}

/** Statements of searches, by their text: as many as are worth keeping on a server. */
const MADE = new Map<string, Statement>();
const MOST_MADE = 500;

/** A statement that is made for a question, and kept for others that are worded alike. */
export function madeOnce(texts: Readonly<Record<Dialect, string>>): Statement {
  const known = MADE.get(texts.sqlite);
  if (known) return known;
  const isKept = MADE.size < MOST_MADE;
  const made = new Statement(
    { sqlite: inSqlite(texts.sqlite), postgres: inPostgres(texts.postgres) },
    isKept,
  );
  if (isKept) MADE.set(texts.sqlite, made);
  return made;
}

const MOMENT = /\bmoment\(([^()]*)\)/g;
/** Epoch ms by the server's clock; where a connection was told to, the caller's, so that tests can hold time. */
const SERVER_MOMENT = `(CASE current_setting('hedgerow.time', true) WHEN 'caller' THEN ($1)::bigint
  ELSE (extract(epoch FROM statement_timestamp()) * 1000)::bigint END)`;

function inSqlite(text: string): string {
  return text.replaceAll(MOMENT, '($1)');
}

/** @returns the text with numbered values, as PostgreSQL wants them */
export function inPostgres(text: string): string {
  let count = 0;
  return text
    .replaceAll('json_each(?)', 'jsonb_array_elements(?::jsonb)')
    .replaceAll(MOMENT, SERVER_MOMENT)
    .replaceAll(/\?(\d*)/g, (_all, number: string) => `$${number || String(++count)}`);
}

/** PostgreSQL's name of a column's type; a moment is the caller's time, and is written as now (`statement`). */
type ColumnType = 'bigint' | 'double precision' | 'text' | 'moment';

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
    const types = Object.entries(columns);
    const arrays = types.map(([, type], at) => `$${at + 1}::${type === 'moment' ? 'bigint' : type}[]`);
    const chosen = types.map(([name, type]) =>
      type === 'moment' ? `moment(given.${name})` : `given.${name}`,
    );
    const given = `unnest(${arrays.join(', ')}) AS given (${this.columns.join(', ')})`;
    this.texts = {
      sqlite: `${into} VALUES (${marks}) ${conflict}`,
      postgres: inPostgres(`${into} SELECT ${chosen.join(', ')} FROM ${given} ${conflict}`),
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
