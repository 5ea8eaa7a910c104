/** Turns writes into one record, committed whole or not at all; what others changed in the meantime is looked at anew. */
import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import { digestOf } from '../../fhir/digest.ts';
import { ruleOf } from '../../fhir/outcome.ts';
import type { CommitRecord, CommitResult, Expectation, Identified, ResourceKey } from '../../store/store.ts';
import { applyPatch } from '../patch.ts';
import {
  type AskedWrite,
  type Attempt,
  placed,
  refuseWith,
  type WriteParts,
  type Writer,
  type Written,
} from './asked.ts';
import { type Content, refersTo } from './references.ts';
import { linksOf, type Resolved, resolveLinks } from './resolve.ts';
import { relinked } from './rewrite.ts';
import { seenByWriter, type Target, targetOf } from './target.ts';

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
 * @returns what became of each, in order; or the refusal of all
 */
export async function perform(
  parts: WriteParts,
  writer: Writer,
  asked: readonly AskedWrite[],
): Promise<Attempt<readonly Written[]>> {
  let taken: string | undefined;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const plan = await planOf(parts, writer, asked);
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
): Promise<Attempt<Plan>> {
  const targets: Target[] = [];
  const gone = new Set<string>();
  for (const one of asked) {
    const target = await targetOf(parts, writer, one, gone);
    if (!target.ok) return target;
    if (target.value.does === 'delete') gone.add(target.value.key);
    targets.push(target.value);
  }
  const twice = overlapIn(targets);
  if (twice) return refuseWith(400, OVERLAP, twice.asked.place);
  const resolved = await resolveLinks(parts, writer, targets);
  if (!resolved.ok) return resolved;
  const contents: Content[] = [];
  for (const target of targets) {
    const content = contentOf(parts, writer, target, resolved.value);
    if (!content.ok) return content;
    if (content.value) contents.push({ target, resource: content.value });
  }
  const deletes = targets.flatMap(({ does, key }) => (does === 'delete' ? [key] : []));
  const refers = await refersTo(seenByWriter(parts, writer), contents, new Set(deletes));
  if (!refers.ok) return refers;
  if (contents.length === 0 && deletes.length === 0)
    return { ok: true, value: { targets, record: undefined } };
  const expects = [...targets.flatMap((one) => one.expects), ...resolved.value.expects];
  const client = {
    viewer: writer.access.viewer,
    expects,
    deletes,
    refersTo: refers.value,
    places: placesOf(contents),
  };
  return { ok: true, value: { targets, record: recordOf(parts, writer, contents, client) } };
}

/** @returns a target that another is about too; what is only found may be so often */
function overlapIn(targets: readonly Target[]): Target | undefined {
  const seen = new Set<string>();
  return targets.find(({ does, key, asked }) => {
    if (does === 'find' || does === 'nothing') return false;
    const names: string[] = [key];
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
    body = patched.value;
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
  { key, does, current }: Target,
  result: Extract<CommitResult, { readonly state: 'committed' }> | undefined,
): Written {
  const warnings = result?.warnings ?? [];
  if (does === 'find') return { status: 200, version: current, interaction: 'create', warnings: [] };
  if (does === 'nothing') return { status: 204, version: current, interaction: 'delete', warnings: [] };
  const version = result?.stands?.get(key);
  if (does === 'delete') return { status: 204, version, interaction: 'delete', warnings };
  return { status: does === 'create' ? 201 : 200, version, interaction: does, warnings };
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

const NOT_YOURS = {
  code: 'forbidden',
  rule: 'api-not-yours',
  diagnostics:
    'This client cannot write under this id: create the resource with POST, and the server gives it one.',
} as const;
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
