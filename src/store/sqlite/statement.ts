/** Turns SQL text into a statement that is prepared once per database, so that it can stand beside the function that runs it. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Every statement's text: the query-plan test reads how each finds its rows. */
export const STATEMENT_TEXTS: string[] = [];

/** @param text one SQL statement @returns its prepared form for a database */
export function statement(text: string): (db: DatabaseSync) => StatementSync {
  STATEMENT_TEXTS.push(text);
  const prepared = new WeakMap<DatabaseSync, StatementSync>();
  return (db) => {
    let ready = prepared.get(db);
    if (!ready) {
      ready = db.prepare(text);
      prepared.set(db, ready);
    }
    return ready;
  };
}
