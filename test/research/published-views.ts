/** Runs the published cases of SQL on FHIR v2, as tests and for the report that its registry reads. */
import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type Definitions, loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { compileView } from '../../src/research/view/compile.ts';

export const PUBLISHED_VIEWS = new URL('../../../shared/conformance/sql-on-fhir-v2/', import.meta.url);

export interface PublishedView {
  readonly title: string;
  readonly view: unknown;
  readonly expect?: readonly Readonly<Record<string, unknown>>[];
  readonly expectCount?: number;
  readonly expectError?: boolean;
  readonly expectColumns?: readonly string[];
}

export interface PublishedFile {
  readonly file: string;
  readonly resources: readonly unknown[];
  readonly tests: readonly PublishedView[];
}

export function readPublished(folder: URL = PUBLISHED_VIEWS): PublishedFile[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'tests.schema.json');
  return files.sort().map((file) => ({ file, ...JSON.parse(readFileSync(new URL(file, folder), 'utf8')) }));
}

let known: Definitions | undefined;
const definitions = (): Definitions => (known ??= loadBaseDefinitions());

/** @returns why a case does not pass, undefined when it does */
export function failureOf(published: PublishedView, resources: readonly unknown[]): string | undefined {
  const found = runCase(published.view, resources);
  if (published.expectError)
    return 'refused' in found ? undefined : `accepted, and gave ${JSON.stringify(found.rows)}`;
  if ('refused' in found) return `refused: ${found.refused}`;
  const { columns, rows } = found;
  if (published.expectColumns && !isDeepStrictEqual(columns, published.expectColumns))
    return `gave the columns ${columns.join(', ')}`;
  if (published.expectCount !== undefined && rows.length !== published.expectCount)
    return `gave ${rows.length} rows, wanted ${published.expectCount}`;
  if (published.expect === undefined) return undefined;
  const same = isDeepStrictEqual(sorted(rows), sorted(published.expect));
  return same ? undefined : `gave ${JSON.stringify(rows)}, wanted ${JSON.stringify(published.expect)}`;
}

type Found = { refused: string } | { columns: string[]; rows: Record<string, unknown>[] };

function runCase(view: unknown, resources: readonly unknown[]): Found {
  const compiled = compileView(view, definitions());
  if (!compiled.ok) return { refused: compiled.outcome.issue.map((issue) => issue.diagnostics).join('; ') };
  const columns = compiled.value.columns.map((column) => column.name);
  const rows: Record<string, unknown>[] = [];
  try {
    for (const resource of resources)
      compiled.value.rows(resource, (row) =>
        rows.push(Object.fromEntries(columns.map((name, i) => [name, row[i]]))),
      );
  } catch (error) {
    if (error instanceof AdapterError) return { refused: error.message };
    throw error;
  }
  return { columns, rows };
}

/** The order of rows is not said; that of members is not either. */
function sorted(rows: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown>[] {
  const inOrder = rows.map((row) =>
    Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  return inOrder.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
