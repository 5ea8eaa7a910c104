/** Turns the FHIR type of a column into the type of a database column, and its values into what that takes. */
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
  VARCHAR: 'VARCHAR',
  CHAR: 'VARCHAR',
  'CHARACTER VARYING': 'VARCHAR',
  TEXT: 'VARCHAR',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMP',
  'TIMESTAMP WITHOUT TIME ZONE': 'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMPTZ',
};

/**
 * Dates are text, since FHIR's may be partial, unless `ansi/type` says otherwise; collections and elements are JSON.
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

/** @returns the value as text for a column of text or JSON, as it is for others */
export function sqlValue(value: unknown, type: SqlType): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'JSON') return JSON.stringify(value);
  return typeof value === 'object' ? JSON.stringify(value) : type === 'VARCHAR' ? String(value) : value;
}

/** @returns a name as SQL quotes it */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The database's own words would show the value, so none of them are kept. */
export function misfit(): AdapterError {
  const diagnostics =
    'A value does not fit the type of its column: FHIR dates may be partial, and numbers large; change the tag ansi/type, or leave it out.';
  return new AdapterError('permanent', issueOf({ rule: 'view-misfit', code: 'value', diagnostics }));
}
