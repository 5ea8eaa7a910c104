/** Turns rows into a Parquet file, by DuckDB: rows go into its file beside the target, and from there into Parquet. */
import { rename, rm } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBInstance, DuckDBType } from '@duckdb/node-api';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { ViewColumn } from './compile.ts';
import { type OpenSink, partOf, type ViewSink } from './sink.ts';
import { misfit, quoted, type SqlType, sqlType, sqlValue } from './sql-type.ts';

type DuckDb = typeof import('@duckdb/node-api');
/** Rows of one vector of DuckDB. */
const BATCH = 2048;
/** What the appender is given; DuckDB turns dates out of text. */
const APPENDED: Readonly<Partial<Record<SqlType, 'BOOLEAN' | 'DOUBLE'>>> = {
  BOOLEAN: 'BOOLEAN',
  INTEGER: 'DOUBLE',
  BIGINT: 'DOUBLE',
  DOUBLE: 'DOUBLE',
};

/** @throws AdapterError permanent, rule `view-no-duckdb`, where DuckDB is not installed */
export function parquetSink(path: string): OpenSink {
  return async (columns) => {
    const types = columns.map(sqlType);
    const duckdb = await loadDuckDb();
    const part = partOf(path);
    const instance = await duckdb.DuckDBInstance.create(`${part}.duckdb`);
    const connection = await instance.connect();
    const sink = new ParquetSink(duckdb, instance, connection, columns, types, path, part);
    await sink.open();
    return sink;
  };
}

async function loadDuckDb(): Promise<DuckDb> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    const diagnostics =
      'Parquet is written by DuckDB, which is not installed here: add the package @duckdb/node-api, or write CSV or NDJSON.';
    throw new AdapterError(
      'permanent',
      issueOf({ rule: 'view-no-duckdb', code: 'not-supported', diagnostics }),
      cause,
    );
  }
}

class ParquetSink implements ViewSink {
  readonly #duckdb: DuckDb;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #columns: readonly ViewColumn[];
  readonly #types: readonly SqlType[];
  readonly #path: string;
  readonly #part: string;
  #batch: unknown[][];
  #appender: Awaited<ReturnType<DuckDBConnection['createAppender']>> | undefined;

  constructor(
    duckdb: DuckDb,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    columns: readonly ViewColumn[],
    types: readonly SqlType[],
    path: string,
    part: string,
  ) {
    this.#duckdb = duckdb;
    this.#instance = instance;
    this.#connection = connection;
    this.#columns = columns;
    this.#types = types;
    this.#path = path;
    this.#part = part;
    this.#batch = columns.map(() => []);
  }

  async open(): Promise<void> {
    const columns = this.#types.map((type, i) => `c${i} ${APPENDED[type] ?? 'VARCHAR'}`);
    await this.#connection.run(`CREATE TABLE part (${columns.join(', ')})`);
    this.#appender = await this.#connection.createAppender('part');
  }

  row(values: readonly unknown[]): void {
    for (let i = 0; i < this.#types.length; i++)
      this.#batch[i]!.push(this.#appended(values[i], this.#types[i]!));
    if (this.#batch[0]!.length === BATCH) this.#flush();
  }

  #appended(value: unknown, type: SqlType): unknown {
    const kind = APPENDED[type];
    const fit = sqlValue(value, type);
    if (fit === null) return null;
    if (kind === undefined) return String(fit);
    return kind === 'DOUBLE' ? Number(fit) : fit === true || fit === 'true';
  }

  #flush(): void {
    if (this.#batch[0]!.length === 0) return;
    const { BOOLEAN, DOUBLE, VARCHAR, DuckDBDataChunk } = this.#duckdb;
    const types = this.#types.map(
      (type): DuckDBType => ({ BOOLEAN, DOUBLE, VARCHAR })[APPENDED[type] ?? 'VARCHAR'],
    );
    const chunk = DuckDBDataChunk.create(types);
    chunk.setColumns(this.#batch as never);
    this.#appender!.appendDataChunk(chunk);
    this.#batch = this.#types.map(() => []);
  }

  drain(): undefined {}

  async finish(): Promise<void> {
    this.#flush();
    this.#appender!.closeSync();
    const columns = this.#columns.map(
      ({ name }, i) =>
        `CAST(c${i} AS ${this.#types[i] === 'JSON' ? 'VARCHAR' : this.#types[i]}) AS ${quoted(name)}`,
    );
    const into = `'${this.#part.replaceAll("'", "''")}'`;
    try {
      await this.#connection.run(`COPY (SELECT ${columns.join(', ')} FROM part) TO ${into} (FORMAT parquet)`);
    } catch (error) {
      throw /^Conversion Error/.test((error as Error).message) ? misfit() : error;
    }
    await rename(this.#part, this.#path);
    await this.#close();
  }

  async abort(): Promise<void> {
    await this.#close();
    await rm(this.#part, { force: true });
  }

  async #close(): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
    for (const end of ['.duckdb', '.duckdb.wal']) await rm(this.#part + end, { force: true });
  }
}
