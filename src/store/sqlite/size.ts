/** Turns a database file into its rows by table and its bytes: what a record costs is a budget, and the bench prints it. */
import { DatabaseSync } from 'node:sqlite';

export interface StoreSize {
  readonly bytes: number;
  /** rows by table; empty tables are left out */
  readonly rows: Readonly<Record<string, number>>;
}

/** Reads a store's file, which may be open elsewhere; counts every row, so not for every day. */
export function measureStore(file: string): StoreSize {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all();
    const counted = (tables as { name: string }[]).map(({ name }): [string, number] => {
      const { rows } = db.prepare(`SELECT count(*) AS rows FROM "${name}"`).get() as { rows: number };
      return [name, rows];
    });
    const { bytes } = db
      .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
      .get() as { bytes: number };
    return { bytes, rows: Object.fromEntries(counted.filter(([, rows]) => rows > 0)) };
  } finally {
    db.close();
  }
}
