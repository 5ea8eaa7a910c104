/** Measures the way to disk: records to durable commit, against a bare loop that inserts the same rows into the same kind of file. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import { createPipeline, type Stage } from '../src/pipeline.ts';
import type { SourceRecord } from '../src/source/record.ts';
import { openSqliteStore } from '../src/store/sqlite/store.ts';
import { compareBatches, type Result, rounded } from './measure.ts';
import { multiplied, sampleRecords, streamed } from './samples.ts';

const BATCH = 100;

/** @returns `ingest.durable/bare`, with the share of each stage, rows and bytes a record in its note */
export async function benchIngest(smoke: boolean): Promise<readonly Result[]> {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const loaded = config.ok ? loadParts(config.value, ROOT) : config;
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue));
  const parts = loaded.value;
  const records = multiplied(
    await sampleRecords(parts.sources.get('spreadsheet')!, 'referral', 100),
    smoke ? 50 : 1000,
  );
  const folder = mkdtempSync(join(tmpdir(), 'bench-ingest-'));
  const shares = new Map<Stage, number>();
  let files = 0;
  const ingest = async (): Promise<number> => {
    const store = await openSqliteStore({
      file: join(folder, `ours-${files++}.sqlite`),
      definitions: parts.definitions,
    });
    const onStage = (stage: Stage, ms: number): void => void shares.set(stage, (shares.get(stage) ?? 0) + ms);
    const pipeline = createPipeline({
      ...parts,
      store,
      clock: Date.now,
      ownerOrg: () => 'local',
      route: () => ['ehr'],
      onStage,
    });
    const summary = await pipeline.ingest('spreadsheet', 'referral', streamed<SourceRecord>(records));
    await store.close();
    return summary.receipt.committed;
  };
  const committed = await ingest(); // warms up, and leaves the file whose rows the bare loop writes
  const rows = rowsOf(join(folder, 'ours-0.sqlite'));
  const bare = async (): Promise<number> => {
    insertAll(join(folder, `bare-${files++}.sqlite`), rows, records.length);
    return records.length;
  };
  shares.clear();
  try {
    const result = await compareBatches('ingest.durable/bare', ingest, bare, smoke ? 1 : 5, 'records/s');
    const total = [...shares.values()].reduce((sum, ms) => sum + ms, 0);
    const parted = [...shares]
      .map(([stage, ms]) => `${stage} ${rounded((100 * ms) / total, 0)} %`)
      .join(', ');
    const count = [...rows.values()].reduce((sum, table) => sum + table.values.length, 0);
    const bytes = statSync(join(folder, 'ours-0.sqlite')).size;
    return [
      {
        ...result,
        note: `${parted}; ${rounded(count / committed, 1)} rows and ${Math.round(bytes / committed)} bytes a record`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface TableRows {
  readonly insert: string;
  readonly values: readonly (readonly (null | number | bigint | string | Uint8Array)[])[];
}

/** What tells in which order rows came, of the tables that are kept in the order of their keys. */
const ARRIVAL: Readonly<Record<string, string>> = {
  search_token: 'ORDER BY rid',
  search_ref: 'ORDER BY rid',
  search_date: 'ORDER BY rid',
  contribution: 'ORDER BY record_id',
  record_patient: 'ORDER BY record_id',
  saying: 'ORDER BY latest_record_id',
  outbox_key: 'ORDER BY first_seq',
};

/** Every table's rows in the order in which they came, and the schema they stand in. */
export function rowsOf(file: string): Map<string, TableRows> {
  const database = new DatabaseSync(file, { readOnly: true });
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all() as { name: string }[];
  const rows = new Map<string, TableRows>();
  for (const { name } of tables) {
    const values = database.prepare(`SELECT * FROM "${name}" ${ARRIVAL[name] ?? ''}`).all() as Record<
      string,
      null | number | string | Uint8Array
    >[];
    if (values.length === 0) continue;
    const columns = Object.keys(values[0]!);
    rows.set(name, {
      insert: `INSERT INTO "${name}" (${columns.map((column) => `"${column}"`).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      values: values.map((row) => Object.values(row)),
    });
  }
  rows.set('', {
    insert: (
      database
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
        .all() as { sql: string }[]
    )
      .map((one) => one.sql)
      .join(';\n'),
    values: [],
  });
  database.close();
  return rows;
}

/** The same rows, the same indexes, the same pragmas, in as many transactions; nothing but inserts. */
export function insertAll(file: string, rows: ReadonlyMap<string, TableRows>, records: number): void {
  const database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8000',
  );
  database.exec(rows.get('')!.insert);
  const transactions = Math.ceil(records / BATCH);
  const tables = [...rows]
    .filter(([name]) => name !== '')
    .map(([, table]) => ({ statement: database.prepare(table.insert), values: table.values }));
  for (let at = 0; at < transactions; at++) {
    database.exec('BEGIN IMMEDIATE');
    for (const { statement, values } of tables) {
      const from = Math.floor((values.length * at) / transactions);
      const to = Math.floor((values.length * (at + 1)) / transactions);
      for (let row = from; row < to; row++) statement.run(...values[row]!);
    }
    database.exec('COMMIT');
  }
  database.close();
}
