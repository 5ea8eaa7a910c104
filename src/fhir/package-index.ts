/** Turns the JSON files of a FHIR package into its index: what each defines, under which canonical URL and version. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { z } from 'zod';
import { issueOf } from './outcome.ts';
import type { PackedFile } from './package-archive.ts';
import { isR4 } from './package-manifest.ts';

/** Version of the form of `.index.json` that is written and read. */
const INDEX_VERSION = 2;

const entrySchema = z.looseObject({
  filename: z.string().regex(/^[^/\\:]+\.json$/),
  resourceType: z.string(),
  id: z.string().optional(),
  url: z.string().optional(),
  version: z.string().optional(),
  kind: z.string().optional(),
  type: z.string().optional(),
  derivation: z.string().optional(),
  supplements: z.string().optional(),
  content: z.string().optional(),
});
const indexSchema = z.looseObject({ 'index-version': z.number(), files: z.array(entrySchema) });

/** One file of `package/.index.json`. @source hl7.org/fhir/packages.html, .index.json */
export type IndexEntry = z.infer<typeof entrySchema>;

/** What a file turned out to be: a definition, or something else, with the reason where that is worth saying. */
export type Described =
  | { readonly entry: IndexEntry; readonly resource: Readonly<Record<string, unknown>> }
  | { readonly entry?: undefined; readonly issue?: OperationOutcomeIssue };

const COPIED = ['id', 'url', 'version', 'kind', 'type', 'derivation', 'supplements', 'content'] as const;

/** @returns the index entry of a definition: a resource with a canonical URL; faults that an author must mend are errors */
export function describeFile({ name, bytes }: PackedFile): Described {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    const place = /line (\d+) column (\d+)/.exec((error as Error).message);
    const where = place ? ` at line ${place[1]}, column ${place[2]}` : '';
    return wrong('error', 'package-json', `${name} is not JSON${where}: mend the file, or take it out.`);
  }
  if (typeof value !== 'object' || value === null) return {};
  const resource = value as Record<string, unknown>;
  if (typeof resource.resourceType !== 'string' || resource.url === undefined) return {};
  return (
    wrongUrl(name, resource) ?? otherFhir(name, resource) ?? { entry: entryOf(name, resource), resource }
  );
}

/** @returns text of `.index.json`, sorted by file name */
export function indexText(entries: readonly IndexEntry[]): string {
  const files = entries.toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
  return `${JSON.stringify({ 'index-version': INDEX_VERSION, files }, undefined, 2)}\n`;
}

/** @returns the entries of an `.index.json`, or undefined when it is not of the known form */
export function readIndex(text: string): readonly IndexEntry[] | undefined {
  try {
    return indexSchema.safeParse(JSON.parse(text)).data?.files;
  } catch {
    return undefined;
  }
}

function entryOf(filename: string, resource: Readonly<Record<string, unknown>>): IndexEntry {
  const copied = COPIED.flatMap((key) => (typeof resource[key] === 'string' ? [[key, resource[key]]] : []));
  return { filename, resourceType: resource.resourceType as string, ...Object.fromEntries(copied) };
}

function wrongUrl(name: string, { url, version }: Readonly<Record<string, unknown>>): Described | undefined {
  if (typeof url !== 'string' || !/^[^\s|]+$/.test(url))
    return wrong('error', 'package-url', `${name}: url must be text without spaces and "|": mend the file.`);
  if (version !== undefined && (typeof version !== 'string' || !/^[^\s|]+$/.test(version)))
    return wrong(
      'error',
      'package-url',
      `${name}: version must be text without spaces and "|": mend the file.`,
    );
  return undefined;
}

/** Definitions of another FHIR, and the base types themselves, would break what is built in. */
function otherFhir(name: string, resource: Readonly<Record<string, unknown>>): Described | undefined {
  const { resourceType, fhirVersion, derivation, kind, url } = resource;
  if (resourceType !== 'StructureDefinition') return undefined;
  if (typeof fhirVersion === 'string' && !isR4(fhirVersion)) {
    const what = `${name} is for another FHIR version than 4.0.x (fhirVersion), and is left out.`;
    return wrong('warning', 'package-fhir-version', what);
  }
  const isBase = String(url).startsWith('http://hl7.org/fhir/StructureDefinition/') && kind !== 'logical';
  if (derivation !== 'specialization' || !isBase) return undefined;
  return wrong(
    'warning',
    'package-built-in',
    `${name} defines a base type, which is built in: it is left out.`,
  );
}

function wrong(severity: 'error' | 'warning', rule: string, diagnostics: string): Described {
  return { issue: issueOf({ severity, code: 'structure', rule, diagnostics }) };
}
