/** Turns changes of an EHR into records of ours and commits them: each reconciled with what is here, none that is our own writing. */
import { randomUUID } from 'node:crypto';
import type { Provenance } from '@medplum/fhirtypes';
import { STORED_TYPES } from '../../fhir/definitions.ts';
import { digestOf } from '../../fhir/digest.ts';
import { isInError } from '../../fhir/in-error.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type {
  CommitRecord,
  CommitResult,
  Identified,
  ReceiptStart,
  RefusedRecord,
  ResourceKey,
  Store,
} from '../../store/store.ts';
import { authorIn } from './author.ts';
import type { EhrClient } from './client.ts';
import { type Change, changeIn } from './entry.ts';
import { baseOf, isOurs, isSettled, type Known, type KnownOptions, knownOf } from './known.ts';
import { remoteReferences, translated } from './translate.ts';

export interface ReceiveOptions extends KnownOptions {
  readonly client: EhrClient;
  readonly store: KnownOptions['store'] & Pick<Store, 'blocked' | 'replayDeliveries'>;
  readonly take: (
    records: readonly (CommitRecord | RefusedRecord)[],
    receipt: ReceiptStart,
  ) => Promise<readonly CommitResult[]>;
  /** what was refused, by the EHR's `Type/id`: the same against the same is not tried again */
  readonly tried: Map<ResourceKey, string>;
  /** owner of what was born there */
  readonly ownerOrg: string;
  readonly clock: () => number;
}

/** What became of changes. */
export interface Received {
  readonly committed: number;
  readonly refused: number;
  /** deliveries that were stopped by a change there, and go again now */
  readonly replayed: number;
}

/** Stands for the map of what needs none. */
const NO_MAP = 'fhir';
const STORED: ReadonlySet<string> = new Set(STORED_TYPES);
/** Longer than an answer is on its way, and than clocks of replicas differ. */
const STALE_MS = 60_000;
/** A resource that is referred to may refer to others in turn; so far they are fetched. */
const MOST_FETCHED = 200;

/** Why nothing could be had; the same is asked again later. */
export interface Trouble {
  readonly waitMs: number | undefined;
  readonly outcome: Extract<Awaited<ReturnType<EhrClient['get']>>, { ok: false }>['outcome'];
}

/**
 * Takes changes in. The newest of each resource counts; what was taken in before is passed over.
 * @returns what became of them, or why the EHR could not say what belongs to them: nothing was committed then
 */
export async function receiveChanges(
  options: ReceiveOptions,
  changes: readonly Change[],
  provenance: ReadonlyMap<ResourceKey, Provenance>,
  signal: AbortSignal,
): Promise<Received | Trouble> {
  const fresh = await freshOf(options, newestOfEach(changes));
  if (fresh.size === 0) return { committed: 0, refused: 0, replayed: 0 };
  const gathered = await gather(options, fresh, provenance, signal);
  if ('outcome' in gathered) return gathered;
  const receipt = {
    id: randomUUID(),
    source: options.name,
    kind: 'change',
    receivedMs: options.clock(),
    file: undefined,
  };
  const records: (CommitRecord | RefusedRecord)[] = [];
  for (const [key, one] of gathered.all) {
    const record = await recordOf(options, one, gathered.keys, provenance.get(key), receipt.id);
    if (record) records.push(record);
  }
  if (records.length === 0) return { committed: 0, refused: 0, replayed: 0 };
  const results = await options.take(records, receipt);
  for (const [at, { kind, key }] of records.entries()) {
    const one = gathered.all.get(`${kind}/${key}` as ResourceKey);
    if (one && results[at]!.state === 'refused')
      options.tried.set(`${kind}/${key}` as ResourceKey, trialOf(one.change, one.known));
  }
  return {
    committed: results.filter((one) => one.state === 'committed').length,
    refused: results.filter((one) => one.state === 'refused').length,
    replayed: await replayBlocked(options, records, results),
  };
}

interface Fresh {
  readonly change: Change;
  readonly known: Known;
}

type ByKey = Map<ResourceKey, Fresh>;

function newestOfEach(changes: readonly Change[]): Change[] {
  const newest = new Map<string, Change>();
  for (const change of changes) {
    const key = `${change.type}/${change.remoteId}`;
    const before = newest.get(key);
    if (!before || (change.updatedMs ?? 0) >= (before.updatedMs ?? 0)) newest.set(key, change);
  }
  return [...newest.values()];
}

async function freshOf(options: ReceiveOptions, changes: readonly Change[]): Promise<ByKey> {
  const known = await knownOf(options, changes);
  const fresh: ByKey = new Map();
  for (const change of changes) {
    const key = `${change.type}/${change.remoteId}` as const;
    const one = known.get(key)!;
    if (!isSettled(one, change) && options.tried.get(key) !== trialOf(change, one))
      fresh.set(key, { change: asNow(change, one, options.clock()), known: one });
  }
  return fresh;
}

/**
 * What was read, or told, before our own delivery got there shows the copy from before it: taken in, it would undo ours.
 * @returns the change, to be read again where that may be so
 */
function asNow(change: Change, { link }: Known, nowMs: number): Change {
  if (!change.resource || !link) return change;
  const mayBeStale = link.deliveredMs >= Math.min(nowMs - STALE_MS, change.updatedMs ?? 0);
  return mayBeStale ? { ...change, resource: undefined, isNamed: true } : change;
}

function trialOf({ version, updatedMs }: Change, { current }: Known): string {
  return JSON.stringify([version, updatedMs, current?.version]);
}

interface Gathered {
  readonly all: ByKey;
  /** the EHR's `Type/id` → ours */
  readonly keys: ReadonlyMap<ResourceKey, ResourceKey>;
}

/** Reads what is only named, and what is referred to and not here yet: a referral comes with its person and its referrer. */
async function gather(
  options: ReceiveOptions,
  fresh: ByKey,
  provenance: ReadonlyMap<ResourceKey, Provenance>,
  signal: AbortSignal,
): Promise<Gathered | Trouble> {
  const all: ByKey = new Map();
  const keys = new Map<ResourceKey, ResourceKey>();
  let next = fresh;
  let fetched = 0;
  while (next.size > 0) {
    const wanted: Change[] = [];
    for (const [key, one] of next) {
      // what was deleted once may be there again: only how it is now counts
      const read = one.change.resource ? one : await readNamed(options, one, signal);
      if (read && 'outcome' in read) return read;
      if (!read) continue; // gone, or nothing that can be kept here: its address stands for it
      keys.set(key, `${read.change.type}/${read.known.id}`);
      if (isSettled(read.known, read.change)) continue; // our own writing: only its name was not known
      all.set(key, read);
      for (const reference of namedBy(read, provenance.get(key), options.baseUrl))
        if (!next.has(reference) && !all.has(reference) && !keys.has(reference))
          wanted.push(changeNamed(reference));
    }
    next = new Map();
    for (const [key, known] of await knownOf(options, wanted)) {
      if (known.current) keys.set(key, `${known.current.type}/${known.id}`);
      else if (fetched < MOST_FETCHED) {
        fetched += 1;
        next.set(key, { change: wanted.find((one) => `${one.type}/${one.remoteId}` === key)!, known });
      }
    }
  }
  return { all, keys };
}

/** @returns what it refers to at the EHR, of the types that are kept */
function namedBy({ change, known }: Fresh, said: Provenance | undefined, baseUrl: string): ResourceKey[] {
  const found = new Set<ResourceKey>();
  // with those of the version before: it is what this one was made from
  for (const version of [change.resource, known.kept?.payload, said?.agent])
    remoteReferences(version, baseUrl, found);
  return [...found].filter((reference) => STORED.has(reference.split('/')[0]!));
}

function changeNamed(reference: ResourceKey): Change {
  const [type, remoteId] = reference.split('/') as [string, string];
  return { type, remoteId, version: undefined, updatedMs: undefined, resource: undefined, isNamed: true };
}

async function readNamed(
  options: ReceiveOptions,
  { change, known }: Fresh,
  signal: AbortSignal,
): Promise<Fresh | Trouble | undefined> {
  const asked = await options.client.get(`${change.type}/${change.remoteId}`, signal);
  if (!asked.ok) return { waitMs: asked.waitMs, outcome: asked.outcome };
  if (asked.status === 404 || asked.status === 410)
    return known.current && known.link ? { change: { ...change, isNamed: false }, known } : undefined;
  const read = changeIn(asked.body);
  if (!read || read === 'broken' || read.type !== change.type || read.remoteId !== change.remoteId)
    return undefined;
  // its content may say that it is ours, which its address did not
  const again = known.current
    ? known
    : ((await knownOf(options, [read])).get(`${read.type}/${read.remoteId}`) ?? known);
  const isGoneHere = again.current !== undefined && again.current.state !== 'current';
  return isGoneHere ? undefined : { change: read, known: again };
}

/** @returns undefined for our own writing */
async function recordOf(
  options: ReceiveOptions,
  { change, known }: Fresh,
  keys: ReadonlyMap<ResourceKey, ResourceKey>,
  provenance: Provenance | undefined,
  receiptId: string,
): Promise<CommitRecord | RefusedRecord | undefined> {
  const { name, baseUrl, clock } = options;
  const { id, link, current } = known;
  const { type, remoteId, resource } = change;
  const ownerOrg = current?.ownerOrg ?? options.ownerOrg;
  const common = { source: name, kind: type, key: remoteId, ownerOrg, receiptId };
  if (!resource) return current && deletedThere({ ...common, payload: {} }, known, name);
  const translation = { baseUrl, id, keys };
  const theirs = translated(resource, translation);
  if (await isOurs(options, known, theirs)) return undefined;
  const said = provenance && translated(provenance as Identified, { ...translation, id: provenance.id! });
  return {
    ...common,
    payload: resource,
    digest: digestOf(resource),
    mapDigest: NO_MAP,
    sourceTimeMs: change.updatedMs ?? clock(),
    timeOf: 'reading', // what is read is what the EHR holds now, whatever its clock says
    resources: [{ resource: theirs, partial: false }],
    warnings: [],
    received: {
      target: name,
      remoteId,
      remoteVersion: change.version,
      base: await baseOf(options, known, theirs, translation),
      heldDigest: link?.digest || undefined,
      author: authorIn(theirs, said as Provenance | undefined),
    },
  };
}

/** An EHR's deletion deletes nothing here: somebody has to say which of the two is meant. */
function deletedThere(
  common: Pick<RefusedRecord, 'source' | 'kind' | 'key' | 'ownerOrg' | 'receiptId' | 'payload'>,
  { current, link }: Known,
  target: string,
): RefusedRecord | undefined {
  const ours = current?.resource;
  if (!current || !ours || isInError(ours)) return undefined; // both sides say that it should never have been
  const about = { base: undefined, ours, theirs: undefined, proposed: ours, conflicts: [] };
  const place = { target, remoteId: common.key, remoteVersion: link?.remoteVersion, held: undefined };
  return {
    ...common,
    outcome: outcomeOf(
      issueOf({
        code: 'conflict',
        rule: 'store-deleted-there',
        diagnostics: `${current.type}/${current.id} was deleted at ${target}.`,
      }),
    ),
    conflict: { resource: `${current.type}/${current.id}`, ...about, ...place },
  };
}

/** What could not be delivered because of the change goes again, over the version that is known now. */
async function replayBlocked(
  { name, store, clock }: ReceiveOptions,
  records: readonly (CommitRecord | RefusedRecord)[],
  results: readonly CommitResult[],
): Promise<number> {
  const taken = records.flatMap((record, at) =>
    results[at]!.state !== 'refused' && 'resources' in record
      ? record.resources.map(({ resource }) => resource)
      : [],
  );
  const keys = taken.map((one): ResourceKey => `${one.resourceType}/${one.id}`);
  let replayed = 0;
  for (const { key, state } of await store.blocked(name, keys))
    if (state === 'parked')
      replayed += await store.replayDeliveries({ target: name, resource: key, state }, clock());
  return replayed;
}
