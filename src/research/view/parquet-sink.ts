/** Turns rows into a Parquet file, by DuckDB: rows go into a text file beside the target, and from there into Parquet. */
import { chmod, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { ViewColumn } from './compile.ts';
import { type OnMisfit, refuseMisfit } from './fit.ts';
import { READ_TYPED, type RowForm, rowText, type Shape, type WriteRow } from './row-text.ts';
import { isFull, type MadeRows, type OpenSink, partOf, refuseFull, TextFile, type ViewSink } from './sink.ts';
import { quoted, type SqlType, sqlType } from './sql-type.ts';

type DuckDb = typeof import('@duckdb/node-api');

/** Memory of DuckDB, in megabytes; what is longer goes to the disk, beside the target. */
const MEMORY_MB = 256;
/** Characters of one group of rows, and rows: DuckDB holds a group for each of its threads. */
const GROUP = 8_000_000;
const LEAST_ROWS = 2_048;
const MOST_ROWS = 122_880;
/** DuckDB reads no longer lines unless it is told to. */
const USUAL_LINE = 1_000_000;
/** Bytes of a character in UTF-8, and of a quotation mark that is doubled, at most. */
const WIDEST = 3;

const TYPED: RowForm = { kind: 'typed' };

/**
 * Rows go by text, and not by DuckDB's appender: that takes each text over in a call of its own, and is slower by half.
 * @throws AdapterError permanent, rule `view-no-duckdb`, where DuckDB is not installed
 */
export function parquetSink(path: string, load: () => Promise<DuckDb> = loadDuckDb): OpenSink {
  return async (columns, onMisfit = refuseMisfit) => {
    const types = columns.map(sqlType);
    const duckdb = await withDuckDb(load);
    const part = partOf(path);
    const file = await TextFile.open(`${part}.csv`);
    return new ParquetSink(duckdb, { columns, types, path, part, onMisfit }, file);
  };
}

function loadDuckDb(): Promise<DuckDb> {
  return import('@duckdb/node-api');
}

async function withDuckDb(load: () => Promise<DuckDb>): Promise<DuckDb> {
  try {
    return await load();
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

interface Target {
  readonly columns: readonly ViewColumn[];
  readonly types: readonly SqlType[];
  readonly path: string;
  readonly part: string;
  readonly onMisfit: OnMisfit;
}

class ParquetSink implements ViewSink {
  readonly #duckdb: DuckDb;
  readonly #target: Target;
  readonly #file: TextFile;
  readonly #shape: Shape = { hasBreaks: false, longest: 0 };
  readonly #write: WriteRow;
  readonly made: MadeRows;

  constructor(duckdb: DuckDb, target: Target, file: TextFile) {
    this.#duckdb = duckdb;
    this.#target = target;
    this.#file = file;
    this.#write = rowText(TYPED, target.columns, target.onMisfit, this.#shape);
    this.made = { form: TYPED, add: (bytes, shape) => this.#add(bytes, shape) };
  }

  row(values: readonly unknown[]): void {
    this.#file.add(this.#write(values));
  }

  async #add(bytes: Uint8Array, { hasBreaks, longest }: Shape): Promise<void> {
    this.#shape.hasBreaks ||= hasBreaks;
    this.#shape.longest = Math.max(this.#shape.longest, longest);
    await this.#file.write(bytes);
  }

  drain(): Promise<void> | undefined {
    return this.#file.drain();
  }

  async finish(): Promise<void> {
    await this.#file.close();
    const { path, part } = this.#target;
    const instance = await this.#duckdb.DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      await connection.run(`SET memory_limit = '${MEMORY_MB}MB'`);
      await connection.run(
        `SET temp_directory = ${literal(`${dirname(part)}/.${part.split('/').at(-1)}.tmp`)}`,
      );
      await connection.run(
        `COPY (${this.#select()}) TO ${literal(part)} (FORMAT parquet, ROW_GROUP_SIZE ${this.#groupRows()})`,
      );
    } catch (error) {
      refuseWrite(error);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
    await chmod(part, 0o600);
    await rename(part, path);
    await this.#file.remove();
  }

  /** Of long rows fewer, so that memory holds them. */
  #groupRows(): number {
    const rows = Math.floor(GROUP / Math.max(this.#shape.longest, 1) / LEAST_ROWS) * LEAST_ROWS;
    return Math.min(Math.max(rows, LEAST_ROWS), MOST_ROWS);
  }

  #select(): string {
    const { columns, types } = this.#target;
    const wanted = columns.map(({ name }, i) => {
      const type = types[i] === 'JSON' ? 'VARCHAR' : types[i]!;
      const isRead = type === 'VARCHAR' || READ_TYPED.has(type);
      return `${isRead ? `c${i}` : `CAST(c${i} AS ${type})`} AS ${quoted(name)}`;
    });
    const staged = types.map((type, i) => `c${i}: '${READ_TYPED.has(type) ? type : 'VARCHAR'}'`);
    const options = [
      ...['auto_detect = false', 'header = false', "delim = ','", `quote = '"'`, `escape = '"'`],
      ...["nullstr = ''", 'allow_quoted_nulls = false', `columns = {${staged.join(', ')}}`],
      // where a line ends can be told from any place in the file, but where a text has line ends of its own
      `parallel = ${!this.#shape.hasBreaks}`,
      ...this.#bounds(),
    ];
    return `SELECT ${wanted.join(', ')} FROM read_csv(${literal(this.#file.path)}, ${options.join(', ')})`;
  }

  #bounds(): string[] {
    if (this.#shape.longest <= USUAL_LINE / WIDEST) return [];
    const bytes = this.#shape.longest * WIDEST + USUAL_LINE;
    return [`max_line_size = ${bytes}`, `buffer_size = ${bytes * 4}`];
  }

  async abort(): Promise<void> {
    await this.#file.remove();
    await rm(this.#target.part, { force: true });
  }
}

/** DuckDB's own words show values, so of them none but the kind of error is kept. */
function refuseWrite(error: unknown): never {
  const text = error instanceof Error ? error.message : '';
  if (isFull(text)) refuseFull(error);
  const kind = /^[A-Z][A-Za-z ]*Error/.exec(text)?.[0] ?? 'error';
  const diagnostics = `DuckDB could not write the Parquet file (${kind}): nothing of it was kept. Write CSV or NDJSON, and report this.`;
  throw new AdapterError('permanent', issueOf({ rule: 'view-parquet', code: 'exception', diagnostics }));
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
