/** Numbered SQL files that take a database to the newest schema, each applied once. */
import { readdirSync, readFileSync } from 'node:fs';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/** One numbered step. */
export interface Migration {
  /** from 1, without gaps */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** Reads `NNNN-name.sql` of a folder, in order. */
export function readMigrations(folder: URL): Migration[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}-.+\.sql$/.test(name));
  return names.sort().map((name) => ({
    number: Number(name.slice(0, 4)),
    name,
    sql: readFileSync(new URL(name, folder), 'utf8'),
  }));
}

/** @returns what to throw at a database of a later schema */
export function newerDatabase(last: number, newest: number): AdapterError {
  return new AdapterError(
    'permanent',
    issueOf({
      severity: 'fatal',
      code: 'not-supported',
      rule: 'store-newer',
      diagnostics:
        `The database was written by a newer version of Hedgerow (schema ${last}, this one knows ${newest}). ` +
        'Start the newer version, or restore the backup made before it was installed.',
    }),
  );
}
