/** Turns a header row into the columns of a kind, or says which are missing and which nobody knows. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Checked, issueOf, refuse } from '../fhir/outcome.ts';
import type { Cell } from './convert.ts';
import type { Column, KindReader } from './kind-reader.ts';
import { nameInWords } from './place.ts';

/** A header row that fits its kind. */
export interface Columns {
  /** in the file's order; undefined where the schema names none */
  readonly columns: readonly (Column | undefined)[];
  /** one warning for all columns that the schema does not name */
  readonly warnings: readonly OperationOutcomeIssue[];
}

/** How a header row fits one kind. */
interface Fit {
  readonly reader: KindReader;
  readonly columns: readonly (Column | undefined)[];
  readonly missing: readonly string[];
  readonly twice: readonly string[];
  readonly extra: readonly string[];
  readonly found: number;
}

/** @returns the kind's columns; or a refusal `read-columns` that names the missing and the unknown ones */
export function matchColumns(reader: KindReader, header: readonly Cell[]): Checked<Columns> {
  const fit = fitOf(reader, header);
  if (fit.missing.length > 0 || fit.twice.length > 0)
    return refuse({ rule: 'read-columns', code: 'structure', diagnostics: misfit(fit) });
  return { ok: true, value: { columns: fit.columns, warnings: extraWarnings(fit) } };
}

/** @returns the kind whose required columns are all there, the one with most columns of several; undefined when none fits */
export function kindByHeader(readers: Iterable<KindReader>, header: readonly Cell[]): KindReader | undefined {
  const fits = [...readers]
    .map((reader) => fitOf(reader, header))
    .filter((fit) => fit.missing.length === 0 && fit.found > 0);
  return fits.sort(byLikeness)[0]?.reader;
}

/** @returns the kind that a header row comes nearest to; undefined when it names no column of any */
export function nearestKind(readers: Iterable<KindReader>, header: readonly Cell[]): KindReader | undefined {
  const fits = [...readers].map((reader) => fitOf(reader, header)).filter((fit) => fit.found > 0);
  return fits.sort(byLikeness)[0]?.reader;
}

/** Fewest unknown columns among those that are there, then most columns found. */
function byLikeness(a: Fit, b: Fit): number {
  return a.extra.length - b.extra.length || b.found - a.found;
}

function fitOf(reader: KindReader, header: readonly Cell[]): Fit {
  const known = new Map([...reader.plan.properties].map(([name, plan]) => [fold(name), { name, plan }]));
  const seen = new Set<string>();
  const twice: string[] = [];
  const extra: string[] = [];
  const columns = header.map((cell) => {
    const title = typeof cell === 'string' || typeof cell === 'number' ? String(cell) : '';
    const column = known.get(fold(title));
    if (!column && title.trim() !== '') extra.push(title.trim());
    if (column && seen.has(column.name)) twice.push(column.name);
    if (column) seen.add(column.name);
    return column;
  });
  const needed = new Set([
    ...reader.plan.required,
    ...reader.manifest.key.filter((key) => known.has(fold(key))),
  ]);
  const missing = [...needed].filter((name) => !seen.has(name));
  return { reader, columns, missing, twice, extra, found: seen.size };
}

/** Column names are compared without regard to case and white space. */
function fold(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

function misfit(fit: Fit): string {
  const like = `the columns are not those of '${fit.reader.kind}'`;
  // A row in which nothing is known may be the first person's: it is not repeated.
  if (fit.found === 0)
    return `${like}: the first row names none of ${quoted(fit.missing)}; put the column names there`;
  const parts = [
    fit.missing.length > 0 ? `missing ${quoted(fit.missing)}` : '',
    fit.twice.length > 0 ? `twice there ${quoted(fit.twice)}` : '',
    fit.extra.length > 0 ? `not known ${extraNames(fit)}` : '',
  ];
  return `${like}: ${parts.filter((part) => part !== '').join('; ')}`;
}

function extraWarnings(fit: Fit): OperationOutcomeIssue[] {
  if (fit.extra.length === 0) return [];
  const diagnostics = `columns that the schema does not name were not read: ${extraNames(fit)}; add them to ${fit.reader.manifest.schema}, or leave them out`;
  return [issueOf({ severity: 'warning', code: 'informational', rule: 'read-unknown-column', diagnostics })];
}

function extraNames(fit: Fit): string {
  return fit.extra.map(nameInWords).join(', ');
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
