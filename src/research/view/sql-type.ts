/** Turns the FHIR type of a column into the type of a database column. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { ViewColumn } from './compile.ts';

export type SqlType =
  | 'BOOLEAN'
  | 'INTEGER'
  | 'BIGINT'
  | 'DOUBLE'
  | 'VARCHAR'
  | 'DATE'
  | 'TIMESTAMP'
  | 'TIMESTAMPTZ'
  | 'JSON';

const OF_FHIR: Readonly<Record<string, SqlType>> = {
  boolean: 'BOOLEAN',
  integer: 'INTEGER',
  positiveInt: 'INTEGER',
  unsignedInt: 'INTEGER',
  integer64: 'BIGINT',
  decimal: 'DOUBLE',
  instant: 'TIMESTAMPTZ',
};

/** Names of the `ansi/type` tag. */
const OF_ANSI: Readonly<Record<string, SqlType>> = {
  BOOLEAN: 'BOOLEAN',
  INTEGER: 'INTEGER',
  INT: 'INTEGER',
  SMALLINT: 'INTEGER',
  BIGINT: 'BIGINT',
  DOUBLE: 'DOUBLE',
  'DOUBLE PRECISION': 'DOUBLE',
  FLOAT: 'DOUBLE',
  REAL: 'DOUBLE',
  DECIMAL: 'DOUBLE',
  NUMERIC: 'DOUBLE',
  DEC: 'DOUBLE',
  VARCHAR: 'VARCHAR',
  CHAR: 'VARCHAR',
  CHARACTER: 'VARCHAR',
  'CHARACTER VARYING': 'VARCHAR',
  TEXT: 'VARCHAR',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMP',
  'TIMESTAMP WITHOUT TIME ZONE': 'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMPTZ',
};

/**
 * Dates are text, since FHIR's may be partial, unless `ansi/type` says otherwise; collections and elements are JSON.
 * Decimals are numbers, not text as the specification would have them: tables are made to be counted with.
 * @throws AdapterError permanent, rule `view-ansi-type`, for a name that is not known
 */
export function sqlType(column: ViewColumn): SqlType {
  if (column.isCollection) return 'JSON';
  const hint = column.tags.get('ansi/type');
  if (hint !== undefined) {
    const name = hint
      .toUpperCase()
      .replace(/\s*\([^)]*\)/, '')
      .replace(/\s+/g, ' ')
      .trim();
    if (Object.hasOwn(OF_ANSI, name)) return OF_ANSI[name]!;
    const known = Object.keys(OF_ANSI).join(', ');
    const diagnostics = `Column ${column.name}: the tag ansi/type names no type that is known here; use one of ${known}.`;
    throw new AdapterError(
      'permanent',
      issueOf({ rule: 'view-ansi-type', code: 'not-supported', diagnostics }),
    );
  }
  const { type } = column;
  if (type === undefined) return 'VARCHAR';
  return OF_FHIR[type] ?? (/^[A-Z]/.test(type) ? 'JSON' : 'VARCHAR');
}

/** @returns a name as SQL quotes it */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
