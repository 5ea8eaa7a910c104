/** Turns a write as asked into the one resource that it is about, and what must stay so until it is committed. */
import { randomUUID } from 'node:crypto';
import type { Fault } from '../../fhir/outcome.ts';
import type { Expectation, ResourceKey, SeenStore, StoredVersion, Viewer } from '../../store/store.ts';
import {
  type AskedWrite,
  type Attempt,
  placed,
  type Refusal,
  refuseWith,
  type WriteParts,
  type Writer,
} from './asked.ts';

/** The resource that a write is about. */
export interface Target {
  readonly asked: AskedWrite;
  readonly key: ResourceKey;
  /** `find`: it is there already, and nothing is written; `nothing`: it is not there, and need not be */
  readonly does: 'create' | 'update' | 'patch' | 'delete' | 'find' | 'nothing';
  /** as the client sees it */
  readonly current: StoredVersion | undefined;
  readonly expects: readonly Expectation[];
  /** what a conditional delete deletes beside `current` */
  readonly others?: readonly StoredVersion[];
}

/** Who writes need not be let read: what their organisation sees is what they may write to, and refer to. */
export function seenByWriter({ store }: WriteParts, { access }: Writer): SeenStore {
  const viewer: Viewer = { ...access.viewer, types: undefined };
  return store.seenBy(viewer);
}

const RIGHTS = { POST: 'create', PUT: 'update', PATCH: 'update', DELETE: 'delete' } as const;

/**
 * @param gone keys of what the same transaction deletes before: no condition finds it
 * @returns the target; or a refusal: 400, 403, 404, 410, 412
 */
export async function targetOf(
  parts: WriteParts,
  writer: Writer,
  asked: AskedWrite,
  gone: ReadonlySet<string> = new Set(),
): Promise<Attempt<Target>> {
  const right = RIGHTS[asked.method];
  if (!writer.access.may(asked.type, right)) return notAllowed(asked, right);
  const wrong = bodyFault(asked);
  if (wrong) return wrong;
  if (asked.criteria) return await conditional(parts, writer, asked, asked.criteria, gone);
  if (asked.method === 'POST') return { ok: true, value: fresh(asked, []) };
  return await direct(parts, writer, asked, asked.id!, []);
}

function notAllowed({ type, place }: AskedWrite, right: string): Refusal {
  const diagnostics = `The scopes of this client do not let it ${right} a resource of type ${type}.`;
  return refuseWith(403, { code: 'forbidden', rule: 'api-right', diagnostics }, place);
}

function bodyFault({ method, type, id, body, place, criteria }: AskedWrite): Refusal | undefined {
  if (id !== undefined && !/^[A-Za-z0-9\-.]{1,64}$/.test(id)) {
    const diagnostics = 'An id is 1 to 64 letters, digits, hyphens and dots: write one that is.';
    return refuseWith(400, { code: 'value', rule: 'api-id', diagnostics }, place);
  }
  if (method !== 'POST' && method !== 'PUT') return undefined;
  if (body?.resourceType !== type) {
    const diagnostics = `The address is that of ${type}, and the resource is of another type: correct one of the two.`;
    return refuseWith(400, { code: 'invalid', rule: 'api-type', diagnostics, expression: type }, place);
  }
  if (method === 'POST' || criteria || body.id === id) return undefined;
  const what = body.id === undefined ? 'is missing' : 'is not the id in the address';
  const diagnostics = `${type}.id ${what}: an update names the resource that it is of.`;
  return refuseWith(400, { code: 'value', rule: 'api-id', diagnostics, expression: `${type}.id` }, place);
}

/** @returns a resource that is new, under an id of ours */
function fresh(asked: AskedWrite, expects: readonly Expectation[], id: string = randomUUID()): Target {
  const key: ResourceKey = `${asked.type}/${id}`;
  return {
    asked,
    key,
    does: 'create',
    current: undefined,
    expects: [...expects, { kind: 'version', resource: key, version: 'none' }],
  };
}

async function conditional(
  parts: WriteParts,
  writer: Writer,
  asked: AskedWrite,
  criteria: NonNullable<AskedWrite['criteria']>,
  gone: ReadonlySet<string>,
): Promise<Attempt<Target>> {
  const { type, method, body, place } = asked;
  if (!writer.access.may(type, 'search')) return notAllowed(asked, 'search');
  const clauses = parts.conditions(type, criteria, writer.base);
  if (!clauses.ok) return placed({ ok: false, status: 400, outcome: clauses.outcome }, place);
  if (clauses.value.length === 0) return refuseWith(412, NO_CRITERIA, place);
  const most = method === 'DELETE' ? parts.conditionalDeletes : 1;
  const page = await parts.store
    .seenBy(writer.access.viewer)
    .search({ type, clauses: clauses.value, count: most + 1 + gone.size });
  const versions = page.versions.filter(({ id }) => !gone.has(`${type}/${id}`));
  if (versions.length > most) return refuseWith(412, most > 1 ? tooMany(most) : SEVERAL, place);
  const expects: Expectation[] = [
    { kind: 'matches', type, clauses: clauses.value, ids: versions.map(({ id }) => id) },
  ];
  const [found, ...others] = versions;
  if (found && others.length > 0)
    return await several(parts, writer, asked, { found: [found, ...others], expects });
  if (method === 'POST')
    return {
      ok: true,
      value: found
        ? { asked, key: `${type}/${found.id}`, does: 'find', current: found, expects }
        : fresh(asked, expects),
    };
  if (found && method === 'PUT' && body?.id !== undefined && body.id !== found.id)
    return refuseWith(400, OTHER_ID, place);
  if (found) return await direct(parts, writer, asked, found.id, expects);
  if (asked.ifMatch !== undefined) return refuseWith(412, NOT_THAT_VERSION, place);
  if (method === 'DELETE') return { ok: true, value: nothing(asked, `${type}/`) };
  if (method === 'PATCH') return refuseWith(404, NOT_FOUND, place);
  if (body?.id !== undefined) return await direct(parts, writer, asked, body.id, expects);
  return { ok: true, value: fresh(asked, expects) };
}

/** Each is deleted as one that is named is. */
async function several(
  parts: WriteParts,
  writer: Writer,
  asked: AskedWrite,
  { found, expects }: { readonly found: readonly StoredVersion[]; readonly expects: readonly Expectation[] },
): Promise<Attempt<Target>> {
  if (asked.ifMatch !== undefined) return refuseWith(412, SEVERAL, asked.place);
  const targets: Target[] = [];
  for (const { id } of found) {
    const target = await direct(parts, writer, asked, id, []);
    if (!target.ok) return target;
    if (target.value.does === 'delete') targets.push(target.value);
  }
  const [first, ...others] = targets;
  if (!first) return { ok: true, value: nothing(asked, `${asked.type}/`) };
  return {
    ok: true,
    value: {
      ...first,
      expects: [...expects, ...targets.flatMap((one) => one.expects)],
      others: others.map(({ current }) => current!),
    },
  };
}

async function direct(
  parts: WriteParts,
  writer: Writer,
  asked: AskedWrite,
  id: string,
  expects: readonly Expectation[],
): Promise<Attempt<Target>> {
  const { type, method, place } = asked;
  const key: ResourceKey = `${type}/${id}`;
  const current = await seenByWriter(parts, writer).read(type, id);
  if (current?.state !== 'current') {
    if (asked.ifMatch !== undefined) return refuseWith(412, NOT_THAT_VERSION, place);
    if (method === 'DELETE') return { ok: true, value: { ...nothing(asked, key), current } };
    if (current?.state === 'erased' || (current && method === 'PATCH')) return refuseWith(410, GONE, place);
    if (method === 'PATCH') return refuseWith(404, NOT_FOUND, place);
    if (!current && FORESEEN.test(id) && isHidden(writer)) return refuseWith(403, NOT_YOURS, place);
    return { ok: true, value: { ...fresh(asked, expects, id), current } };
  }
  if (isOfOthers(writer, current)) return refuseWith(403, NOT_OWN, place);
  if (asked.isNew) return refuseWith(412, IS_THERE, place);
  const wanted = asked.ifMatch === undefined ? 'some' : versionIn(asked.ifMatch);
  if (typeof wanted === 'number' && wanted !== current.version)
    return refuseWith(412, NOT_THAT_VERSION, place);
  // a patch is of what was read
  const version = method === 'PATCH' ? current.version : wanted;
  const does = ({ PUT: 'update', PATCH: 'patch', DELETE: 'delete', POST: 'update' } as const)[method];
  return {
    ok: true,
    value: { asked, key, does, current, expects: [...expects, { kind: 'version', resource: key, version }] },
  };
}

/** Made of a source's keys, so whoever guesses a key knows it: the record may be here, and hidden, or come one day. */
const FORESEEN = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** @returns whether something may be here that the client does not see */
function isHidden({ access }: Writer): boolean {
  const { organisations, purpose, seesRestricted, breaksGlass } = access.viewer;
  const isUnsealed = breaksGlass || (seesRestricted === true && purpose === undefined);
  return organisations !== undefined || !isUnsealed;
}

/** A directory is read by all; it is written by whose it is. */
function isOfOthers({ access }: Writer, { personId, ownerOrg }: StoredVersion): boolean {
  const { organisations } = access.viewer;
  return personId === undefined && organisations !== undefined && !organisations.includes(ownerOrg);
}

function nothing(asked: AskedWrite, key: ResourceKey): Target {
  return { asked, key, does: 'nothing', current: undefined, expects: [] };
}

/** @returns the version of an ETag of ours; NaN, which no version is, for another @source FHIR R4, 3.1.0.5 */
function versionIn(ifMatch: string): number | 'some' {
  if (ifMatch.trim() === '*') return 'some';
  const tag = /^(?:W\/)?"([1-9]\d{0,9})"$/.exec(ifMatch.trim());
  return tag ? Number(tag[1]) : Number.NaN;
}

/** Of what is there and hidden, and of what might be, alike. */
export const NOT_YOURS = {
  code: 'forbidden',
  rule: 'api-not-yours',
  diagnostics:
    'This client cannot write under this id: create the resource with POST, and the server gives it one.',
} as const;
const NO_CRITERIA = {
  code: 'multiple-matches',
  rule: 'api-no-criteria',
  diagnostics: 'The conditions name no resource: write a search parameter that says which one is meant.',
} as const;
const SEVERAL = {
  code: 'multiple-matches',
  rule: 'api-several',
  diagnostics: 'The conditions find more than one resource: write ones that one resource alone meets.',
} as const;
function tooMany(most: number): Fault {
  return {
    code: 'multiple-matches',
    rule: 'api-several',
    diagnostics: `The conditions find more than ${most} resources, which is the most that is deleted at once: write ones that fewer meet.`,
  };
}
const OTHER_ID = {
  code: 'invalid',
  rule: 'api-id',
  diagnostics:
    'The conditions find a resource of another id than the one in the body: leave the id out, or correct it.',
} as const;
const NOT_FOUND = {
  code: 'not-found',
  rule: 'api-not-found',
  diagnostics: 'There is no such resource, or no such version of it.',
} as const;
const NOT_OWN = {
  code: 'forbidden',
  rule: 'api-not-own',
  diagnostics: 'This resource belongs to another organisation: this client may read it, and not write it.',
} as const;
const GONE = {
  code: 'deleted',
  rule: 'api-gone',
  diagnostics: 'This resource is there no more.',
} as const;
const IS_THERE = {
  code: 'conflict',
  rule: 'api-is-there',
  diagnostics:
    'There is a resource under this id, and If-None-Match: * writes only where there is none: take another id, or leave the header out to update it.',
} as const;
export const NOT_THAT_VERSION = {
  code: 'conflict',
  rule: 'api-version',
  diagnostics:
    'The resource is not in the version that If-Match names: read it again, and send what it is to be.',
} as const;
