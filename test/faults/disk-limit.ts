/** Fills the disk under a store that is open, and makes room again: SQLite's own limit of pages, set on the adapter's own connection. */
import { realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface DiskLimit {
  /** no page can be added any more */
  fill(): void;
  free(): void;
  /** stops watching for connections */
  end(): void;
}

const UNLIMITED_PAGES = 4_294_967_294;

/** @param folder whose databases are limited; to be called before they are opened */
export function limitDisk(folder: string): DiskLimit {
  const original = DatabaseSync.prototype.exec;
  const open = new Set<DatabaseSync>();
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
    if (this.location()?.startsWith(realpathSync(folder))) open.add(this);
    original.call(this, sql);
  };
  const limit = (pages: number): void => {
    for (const db of open) if (db.isOpen) db.prepare(`PRAGMA max_page_count = ${pages}`).get();
  };
  return {
    fill: () => limit(1), // it never goes below what the file has
    free: () => limit(UNLIMITED_PAGES),
    end: () => {
      DatabaseSync.prototype.exec = original;
    },
  };
}
