/** Lets the SQL of a derived table read tables and do nothing else, and tells which tables it read. */
import { constants, type DatabaseSync } from 'node:sqlite';

const { SQLITE_OK, SQLITE_DENY, SQLITE_READ, SQLITE_SELECT, SQLITE_RECURSIVE } = constants;
const { SQLITE_FUNCTION, SQLITE_CREATE_TABLE, SQLITE_INSERT, SQLITE_UPDATE } = constants;

/** Where SQLite itself notes that a table was made. */
const SCHEMA = 'sqlite_master';

/**
 * @param name of the table that is made
 * @param make prepares and runs its one statement
 * @returns names of the tables of which a column was read
 * @throws the error of SQLite, `not authorized` among them where anything but reading was asked for
 */
export function readBy(db: DatabaseSync, name: string, make: () => void): ReadonlySet<string> {
  const read = new Set<string>();
  // Node before 24.10 has none: what a SELECT could do more there is call a function
  db.setAuthorizer?.((action, subject, detail, database) => {
    if (action === SQLITE_SELECT || action === SQLITE_RECURSIVE) return SQLITE_OK;
    if (action === SQLITE_FUNCTION) return detail === 'load_extension' ? SQLITE_DENY : SQLITE_OK;
    if (action === SQLITE_CREATE_TABLE) return subject === name ? SQLITE_OK : SQLITE_DENY;
    if (action === SQLITE_INSERT || action === SQLITE_UPDATE)
      return subject === SCHEMA || subject === name ? SQLITE_OK : SQLITE_DENY;
    // what is left out must not be told by way of what is counted
    if (action !== SQLITE_READ || database === 'temp') return SQLITE_DENY;
    // a name within the statement itself belongs to no database
    if (database === 'main' && subject !== null) read.add(subject);
    return SQLITE_OK;
  });
  try {
    make();
    return read;
  } finally {
    db.setAuthorizer?.(null);
  }
}
