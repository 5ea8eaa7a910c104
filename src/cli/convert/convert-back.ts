/** Turns a FHIR Bundle back into the records of a source on standard output, and tells what they lose. */
import { readFileSync } from 'node:fs';
import type { Bundle, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { parseLocalId } from '../../fhir/ids.ts';
import { fullResources, type LocalBundle, localBundle, resourcesById } from '../../fhir/local-bundle.ts';
import { type Checked, hasErrors, issueOf, outcomeOf, refuse } from '../../fhir/outcome.ts';
import type { MapSet } from '../../mapping/map-set.ts';
import type { Lineage } from '../../mapping/runtime-lineage.ts';
import { parseJson } from '../../source/json.ts';
import type { LoadedSource } from '../../source/load.ts';
import { readFileRecords } from '../../source/read-file.ts';
import type { Streams } from '../streams.ts';
import { inBundle, lineageLines, quoted } from './explain.ts';

export interface BackOptions {
  readonly source: LoadedSource;
  readonly maps: MapSet;
  /** kind of the record; needed where no file of records tells it */
  readonly kind?: string | undefined;
  /** file of the source's records as they were read: their maps tell the keys that ids were made of */
  readonly records?: string | undefined;
  readonly explain?: boolean | undefined;
}

/** The resources of one record, with local ids. */
interface Given extends LocalBundle {
  readonly kind: string;
  /** what stands before its issues: the line of the record as it was read */
  readonly place: string;
}

interface Converted {
  readonly record: unknown;
  readonly lineage: readonly Lineage[];
  readonly given: Given;
}

/** @returns 0 all converted, 2 some records were refused, 1 nothing could be converted */
export async function convertBack(
  file: string,
  options: BackOptions,
  streams: Streams,
  nowMs: number,
): Promise<number> {
  const issues: OperationOutcomeIssue[] = [];
  const bundle = readBundle(file);
  if (!bundle.ok) issues.push(...bundle.outcome.issue);
  const given = bundle.ok ? await givenOf(bundle.value, options, nowMs, issues) : [];
  const converted = given.flatMap((one) => {
    const found: OperationOutcomeIssue[] = [];
    const result = through(options, one, found);
    issues.push(...found.map((issue) => ({ ...issue, diagnostics: `${one.place}${issue.diagnostics}` })));
    return result ? [result] : [];
  });
  for (const one of converted) streams.stdout.write(shown(one, converted.length, options.explain));
  for (const kind of new Set(converted.map((one) => one.given.kind)))
    issues.push(...lossesOf(options.maps, kind));
  if (issues.length > 0) streams.stderr.write(`${JSON.stringify(outcomeOf(...issues), undefined, 2)}\n`);
  if (converted.length === 0) return 1;
  return hasErrors(issues) ? 2 : 0;
}

function readBundle(file: string): Checked<Bundle> {
  const parsed = parseJson(readFileSync(file, 'utf8').replace(/^\ufeff/, ''));
  if (!parsed.ok) return parsed;
  const value = parsed.value as Partial<Bundle> | null;
  const isBundle = value?.resourceType === 'Bundle' && Array.isArray(value.entry ?? []);
  if (isBundle && (value.entry ?? []).every((entry) => typeof entry === 'object' && entry !== null))
    return { ok: true, value: value as Bundle };
  return refuse({
    rule: 'back-bundle',
    code: 'structure',
    diagnostics: 'the file holds no FHIR Bundle; give one, as convert prints it or a FHIR server returns it',
  });
}

async function givenOf(
  bundle: Bundle,
  { source, maps, kind, records }: BackOptions,
  nowMs: number,
  issues: OperationOutcomeIssue[],
): Promise<Given[]> {
  if (records === undefined) return wholeBundle(bundle, kind, issues);
  const resources = resourcesById(bundle);
  const all: Given[] = [];
  for await (const read of readFileRecords(source, records, {
    nowMs,
    ...(kind === undefined ? {} : { kind }),
  })) {
    const made = read.ok ? maps.kinds.get(read.kind)?.run(read.payload, []) : undefined;
    const place = read.line === undefined ? '' : `${read.file ?? 'records'}:${read.line}: `;
    if (!read.ok)
      for (const issue of read.outcome.issue)
        issues.push({ ...issue, diagnostics: `${place}${issue.diagnostics}` });
    if (!read.ok || !made) continue;
    const local = localBundle(source.manifest.name, resources, made);
    const own = fullResources(made);
    const first = own.find(({ key }) => key === read.key) ?? own[0];
    const isThere = local.bundle.entry!.some(
      ({ resource }) => !first || resource?.id === `${first.type}:${first.role}:${first.key}`,
    );
    if (isThere) all.push({ ...local, kind: read.kind, place });
  }
  issues.push(...leftOut(resources, all));
  return all;
}

/** A Bundle that needs no records to tell its keys: its ids are local. */
function wholeBundle(bundle: Bundle, kind: string | undefined, issues: OperationOutcomeIssue[]): Given[] {
  const resources = (bundle.entry ?? []).flatMap(({ resource }) => (resource ? [resource] : []));
  const hashed = resources.find(({ id = '' }) => !parseLocalId(id));
  if (!hashed && kind !== undefined)
    return [{ bundle, kind, place: '', taken: new Set(), missing: [], unknown: [] }];
  const diagnostics = hashed
    ? `the ids of the Bundle, such as that of its ${hashed.resourceType}, are hashes of the source's keys, which nothing undoes; name with --records a file of the source's records as they were read: they tell the keys`
    : 'nothing tells what kind of record the Bundle holds; name it with --kind';
  issues.push(issueOf({ rule: hashed ? 'back-unknown-id' : 'back-kind', code: 'not-found', diagnostics }));
  return [];
}

function leftOut(resources: ReadonlyMap<string, Resource>, given: readonly Given[]): OperationOutcomeIssue[] {
  const taken = new Set(given.flatMap((one) => [...one.taken]));
  const rest = [...resources].flatMap(([id, { resourceType }]) => (taken.has(id) ? [] : [resourceType]));
  return rest.length === 0
    ? []
    : [noted('back-left-out', `what no record of the file made was left out: ${counted(rest)}`)];
}

/** @returns `2 Observation, 1 Provenance` */
function counted(types: readonly string[]): string {
  const all = [...Map.groupBy(types, (type) => type)].map(([type, { length }]) => `${length} ${type}`);
  return all.sort().join(', ');
}

function noted(rule: string, diagnostics: string): OperationOutcomeIssue {
  return issueOf({ rule, severity: 'information', code: 'informational', diagnostics });
}

/** @returns the record; undefined, with an issue, where it cannot be had or would name things by wrong keys */
function through(
  { maps, explain }: BackOptions,
  given: Given,
  issues: OperationOutcomeIssue[],
): Converted | undefined {
  const { back, explainBack } = maps.kinds.get(given.kind)!;
  if (!back || !explainBack) {
    const diagnostics = `${maps.source} has no way back for ${given.kind}; name a map as "back" of the kind in source.json`;
    issues.push(issueOf({ rule: 'back-kind', code: 'not-supported', diagnostics }));
    return undefined;
  }
  for (const reference of given.unknown) {
    const diagnostics = `nothing tells the source's key of ${withoutQuery(reference)}: no record of the file names it; add the record that does, or correct the reference`;
    issues.push(issueOf({ rule: 'back-unknown-id', code: 'not-found', diagnostics }));
  }
  if (given.unknown.length > 0) return undefined;
  if (given.missing.length > 0)
    issues.push(
      noted(
        'back-missing',
        `the Bundle lacks resources that the record made, and what they say: ${counted(given.missing)}`,
      ),
    );
  const { value: record, lineage } = explain
    ? explainBack(given.bundle, issues)
    : { value: back(given.bundle, issues), lineage: [] };
  return record === undefined ? undefined : { record, lineage, given };
}

/** `Patient/5f0a…`: a conditional reference may hold what a person is known by. */
function withoutQuery(reference: string): string {
  return /^[\w:/.-]{1,200}$/.test(reference) ? reference : 'a reference that is no `Type/id`';
}

function shown({ record, lineage, given }: Converted, count: number, explain = false): string {
  if (!explain) return `${JSON.stringify(record, undefined, count === 1 ? 2 : undefined)}\n`;
  const lines = lineageLines(lineage, { element: quoted, source: inBundle(given.bundle) });
  return `${[`${given.place}${given.kind}`, ...lines].join('\n')}\n`;
}

function lossesOf({ source, losses }: MapSet, kind: string): OperationOutcomeIssue[] {
  return (losses[kind]?.record ?? []).map(({ fields, loss, when, why }) => {
    const where = when === undefined ? '' : ` where ${when}`;
    const diagnostics = `${source}/loss.json: of a ${kind}, ${fields.join(', ')} may come back ${loss}${where}: ${why}`;
    return noted('back-loss', diagnostics);
  });
}
