/** Turns writes into one record, committed whole or not at all; what others changed in the meantime is looked at anew. */
import { randomUUID } from 'node:crypto';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { digestOf } from '../../fhir/digest.ts';
import { ruleOf } from '../../fhir/outcome.ts';
import { respelled } from '../../fhir/spelling.ts';
import type { CommitRecord, CommitResult, Expectation, Identified, ResourceKey } from '../../store/store.ts';
import { applyPatch } from '../patch.ts';
import { textOf } from '../search/bundle-text.ts';
import {
  type AskedWrite,
  type Attempt,
  placed,
  refuseWith,
  type WriteParts,
  type Writer,
  type Written,
} from './asked.ts';
import { HEADER } from './provenance.ts';
import { type Content, refersTo } from './references.ts';
import { linksOf, type Resolved, resolveLinks } from './resolve.ts';
import { relinked } from './rewrite.ts';
import { NOT_YOURS, seenByWriter, type Target, targetOf } from './target.ts';

/** Writers that are faster, one after the other: so often is looked again. */
const MOST_TRIES = 30;
/** Stands for the map of what needs none. */
const NO_MAP = 'fhir';

/** What is to be committed. */
interface Plan {
  readonly targets: readonly Target[];
  /** undefined where nothing is to be written */
  readonly record: CommitRecord | undefined;
}

/**
 * Does all writes in one transaction of the store.
 * @param asked about different resources each
 * @param provenance what the client says of how the versions come to be, without targets
 * @returns what became of each, in order; or the refusal of all
 */
export async function perform(
  parts: WriteParts,
  writer: Writer,
  asked: readonly AskedWrite[],
  provenance?: Identified,
): Promise<Attempt<readonly Written[]>> {
  let taken: string | undefined;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const plan = await planOf(parts, writer, asked, provenance);
    if (!plan.ok) return plan;
    const { targets, record } = plan.value;
    if (!record) return { ok: true, value: targets.map((target) => writtenOf(target, undefined)) };
    const result = await parts.pipeline.write(record);
    if (result.state === 'committed')
      return { ok: true, value: targets.map((target) => writtenOf(target, result)) };
    if (result.state === 'unchanged') throw new TypeError('A write of a client is never the same as another'); // a bug
    if (result.unmet === undefined) return refusedBy(result, targets);
    const failed = record.client!.expects[result.unmet]!;
    // it is not there for this client, and there it is: it is somebody else's
    if (taken !== undefined && taken === nameOfNew(failed))
      return refuseWith(403, NOT_YOURS, placeIn(targets, failed));
    taken = nameOfNew(failed);
  }
  return refuseWith(409, BUSY);
}

function nameOfNew(expected: Expectation): string | undefined {
  return expected.kind === 'version' && expected.version === 'none' ? expected.resource : undefined;
}

function placeIn(targets: readonly Target[], expected: Expectation): string {
  return targets.find(({ expects }) => expects.includes(expected))?.asked.place ?? '';
}

async function planOf(
  parts: WriteParts,
  writer: Writer,
  asked: readonly AskedWrite[],
  given: Identified | undefined,
): Promise<Attempt<Plan>> {
  const found = await targetsOf(parts, writer, asked);
  if (!found.ok) return found;
  const targets = found.value;
  const resolved = await resolveLinks(parts, writer, targets);
  if (!resolved.ok) return resolved;
  const contents: Content[] = [];
  for (const target of targets) {
    const content = contentOf(parts, writer, target, resolved.value);
    if (!content.ok) return content;
    if (content.value) contents.push({ target, resource: content.value });
  }
  const deletes = targets.flatMap(deletedBy);
  const provenance =
    given &&
    (relinked(given, parts.definitions, linksOf(resolved.value, writer.base, undefined)) as Identified);
  const told = provenance ? [...contents, contentOfHeader(provenance)] : contents;
  const refers = await refersTo(seenByWriter(parts, writer), told, new Set(deletes));
  if (!refers.ok) return refers;
  if (contents.length === 0 && deletes.length === 0)
    return { ok: true, value: { targets, record: undefined } };
  const expects = [...targets.flatMap((one) => one.expects), ...resolved.value.expects];
  const client = {
    viewer: writer.access.viewer,
    expects,
    deletes,
    refersTo: refers.value,
    places: placesOf(told),
    methods: methodsOf(told),
    provenance,
  };
  return { ok: true, value: { targets, record: recordOf(parts, writer, contents, client) } };
}

/** @returns what each is about; or the refusal of one, or of two that are about the same */
async function targetsOf(
  parts: WriteParts,
  writer: Writer,
  asked: readonly AskedWrite[],
): Promise<Attempt<readonly Target[]>> {
  const targets: Target[] = [];
  const gone = new Set<string>();
  for (const one of asked) {
    const target = await targetOf(parts, writer, one, gone);
    if (!target.ok) return target;
    for (const key of deletedBy(target.value)) gone.add(key);
    targets.push(target.value);
  }
  const twice = overlapIn(targets);
  return twice ? refuseWith(400, OVERLAP, twice.asked.place) : { ok: true, value: targets };
}

/** It is created beside what it tells of. */
function contentOfHeader(resource: Identified): Content {
  const asked: AskedWrite = {
    ...({ method: 'POST', type: 'Provenance', place: HEADER, body: resource } as const),
    ...{ id: undefined, criteria: undefined, ifMatch: undefined, patch: undefined, fullUrl: undefined },
  };
  const key: ResourceKey = `Provenance/${resource.id}`;
  return { resource, target: { asked, key, does: 'create', current: undefined, expects: [] } };
}

/** @returns what goes by the target */
function deletedBy({ does, key, others = [] }: Target): readonly ResourceKey[] {
  return does === 'delete' ? [key, ...others.map(({ type, id }): ResourceKey => `${type}/${id}`)] : [];
}

/** @returns a target that another is about too; what is only found may be so often */
function overlapIn(targets: readonly Target[]): Target | undefined {
  const seen = new Set<string>();
  return targets.find((target) => {
    const { does, key, asked } = target;
    if (does === 'find' || does === 'nothing') return false;
    const names: string[] = does === 'delete' ? [...deletedBy(target)] : [key];
    if (does === 'create' && asked.criteria) names.push(JSON.stringify([asked.type, asked.criteria]));
    const isTwice = names.some((name) => seen.has(name));
    for (const name of names) seen.add(name);
    return isTwice;
  });
}

/** @returns what the target is to be; undefined where it is not written */
function contentOf(
  { definitions }: WriteParts,
  { base }: Writer,
  { asked, key, does, current }: Target,
  resolved: Resolved,
): Attempt<Identified | undefined> {
  if (does === 'find' || does === 'nothing' || does === 'delete') return { ok: true, value: undefined };
  const id = key.slice(key.indexOf('/') + 1);
  let body: Resource = { ...asked.body!, id } as Identified;
  if (does === 'patch') {
    const patched = applyPatch(asked.patch!.body, asked.patch!.mediaType, current!.resource!, definitions);
    if (!patched.ok) return placed(patched, asked.place);
    body = respelled(patched.value, textOf(current!), asked.patch!.body);
  }
  return {
    ok: true,
    value: relinked(body, definitions, linksOf(resolved, base, asked.fullUrl)) as Identified,
  };
}

function placesOf(contents: readonly Content[]): ReadonlyMap<ResourceKey, string> {
  return new Map(
    contents.flatMap(({ target }) =>
      target.asked.place === '' ? [] : [[target.key, target.asked.place] as const],
    ),
  );
}

function methodsOf(contents: readonly Content[]): NonNullable<CommitRecord['client']>['methods'] {
  return new Map(
    contents.flatMap(({ target: { key, asked } }) =>
      asked.method === 'DELETE' ? [] : [[key, asked.method] as const],
    ),
  );
}

/** A write is a record of the client's own; no two are the same. */
function recordOf(
  { clock }: WriteParts,
  { access }: Writer,
  contents: readonly Content[],
  client: NonNullable<CommitRecord['client']>,
): CommitRecord {
  const named = [...contents.map(({ target }) => target.key), ...client.deletes];
  const [type = '', id = ''] = named[0]!.split('/');
  const [kind, key] = named.length === 1 ? [type, id] : ['transaction', randomUUID()];
  return {
    ...{ source: `api:${access.client}`, kind, key, client },
    digest: digestOf([randomUUID()]),
    mapDigest: NO_MAP,
    payload: {}, // what was sent is what is stored
    ownerOrg: access.organisation,
    sourceTimeMs: clock(),
    timeOf: 'reading',
    receiptId: '',
    resources: contents.map(({ resource }) => ({ resource, partial: false })),
    warnings: [],
  };
}

function writtenOf(
  { asked, key, does, current, others = [] }: Target,
  result: Extract<CommitResult, { readonly state: 'committed' }> | undefined,
): Written {
  const warnings = (result?.warnings ?? []).filter((one) => isOf(one, asked.place));
  if (does === 'find') return { status: 200, version: current, interaction: 'create', warnings: [] };
  if (does === 'nothing') return { status: 204, version: current, interaction: 'delete', warnings: [] };
  const version = result?.stands?.get(key);
  if (does === 'delete') {
    const stands = others.flatMap(({ type, id }) => result?.stands?.get(`${type}/${id}`) ?? []);
    return { status: 204, version, interaction: 'delete', warnings, others: stands };
  }
  return { status: does === 'create' ? 201 : 200, version, interaction: does, warnings };
}

/** @returns whether the entry is the one that is warned of; what names no entry is told to each */
function isOf({ expression: [at = ''] = [] }: OperationOutcomeIssue, place: string): boolean {
  return !at.startsWith('Bundle.entry[') || place === '' || at === place || at.startsWith(`${place}.`);
}

/** A reference that no longer leads anywhere, a broken rule, a step that a referral cannot take. */
function refusedBy(
  { outcome }: Extract<CommitResult, { readonly state: 'refused' }>,
  targets: readonly Target[],
): Attempt<never> {
  const issue = outcome.issue.map((one) => {
    const [type] = (one.expression?.[0] ?? '').split(/[.[]/, 1);
    const own = targets.filter(({ asked, does }) => asked.type === type && does !== 'find');
    if (type === 'Bundle' || own.length !== 1 || ruleOf(one) === undefined) return one;
    return placed({ ok: false, status: 422, outcome: { ...outcome, issue: [one] } }, own[0]!.asked.place)
      .outcome.issue[0]!;
  });
  const isInUse = outcome.issue.some((one) => ruleOf(one) === 'store-referred-to');
  return { ok: false, status: isInUse ? 409 : 422, outcome: { ...outcome, issue } };
}

const OVERLAP = {
  code: 'invalid',
  rule: 'api-overlap',
  diagnostics: 'Another entry of the transaction is about the same resource: send one entry for each.',
} as const;
const BUSY = {
  code: 'conflict',
  rule: 'api-busy',
  diagnostics: 'Others changed this again and again in the meantime: send it again.',
} as const;
