/** Finds the services that a directory has no more, and marks them as not in operation: nothing is deleted here. */
import type { HealthcareService } from '@medplum/fhirtypes';
import { ruleOf } from '../../fhir/outcome.ts';
import type { Store, StoredRecord } from '../../store/store.ts';
import { type KindReader, readObject, startReading } from '../kind-reader.ts';
import type { ReadRecord } from '../record.ts';
import { type DirectoryClient, type DirectoryTrouble, trouble } from './client.ts';
import { short } from './progress.ts';
import { activityKey } from './review.ts';
import { keepStamp, MOST_FAILURES } from './services.ts';

export interface GoneOptions {
  readonly name: string;
  readonly client: Pick<DirectoryClient, 'get'>;
  readonly reader: KindReader;
  readonly detail: 'each' | 'list';
  readonly store: Pick<Store, 'mapUse' | 'storedRecords' | 'answers' | 'sourceRecord' | 'read'>;
  /** takes records to durable commit, and tells of them */
  readonly takeIn: (records: readonly ReadRecord[]) => Promise<unknown>;
  /** short digests of the ids that the sweep has seen */
  readonly seen: ReadonlySet<string>;
  /** short digests of the ids that the sweep before had not seen either */
  readonly missing: ReadonlySet<string>;
  /** keys that could not be asked about before, in the order to ask: behind the others */
  readonly unanswered: readonly string[];
  readonly mostGone: number;
  readonly clock: () => number;
}

/** What became of those that a sweep has not seen. */
export interface Gone {
  readonly closed: number;
  /** short digests of ids that are closed only if the next sweep misses them too */
  readonly missing: readonly string[];
  /** keys that could not be asked about: the next look asks again, in this order */
  readonly unanswered: readonly string[];
  /** why the first of those could not */
  readonly trouble: DirectoryTrouble | undefined;
}

type Payload = Readonly<Record<string, unknown>>;
interface Missing {
  readonly key: string;
  readonly payload: Payload;
}

const PAGE = 100;
/** A directory of so few may well lose most of them, though never all. */
const FEW = 5;
const CLOSED: ReadonlySet<unknown> = new Set(['inactive', 'defunct']);

/**
 * A list that changes while it is read page by page may leave out what is there. So each service that was not seen is asked
 * for by its id, and is gone only where the directory says so; where a list is all there is, two sweeps must have missed it.
 * @returns what was marked; or why not all was: a directory that has lost most of itself has more likely a fault
 */
export async function closeGone(options: GoneOptions, signal: AbortSignal): Promise<Gone | DirectoryTrouble> {
  const unseen: Missing[] = [];
  let open = 0;
  for await (const record of recordsOf(options)) {
    const payload = await openPayload(options, record);
    if (!payload) continue;
    open += 1;
    if (!options.seen.has(short(record.key))) unseen.push({ key: record.key, payload });
  }
  const isFew = unseen.length <= FEW && unseen.length < open;
  if (!isFew && unseen.length > open * options.mostGone)
    return trouble(
      'directory-mostly-gone',
      `${options.name} has lost ${unseen.length} of its ${open} services at once: none was marked as closed. Look whether it is well, or raise mostGone.`,
    );
  return options.detail === 'each'
    ? await closeAsked(options, inTurn(unseen, options.unanswered), signal)
    : await closeUnlisted(options, unseen);
}

/** Those that could not be asked about before come last: they hold up no other at each look anew. */
function inTurn(unseen: readonly Missing[], unanswered: readonly string[]): readonly Missing[] {
  const places = new Map(unanswered.map((key, at) => [key, at]));
  return unseen.toSorted((a, b) => (places.get(a.key) ?? -1) - (places.get(b.key) ?? -1));
}

/** @returns the payload of a service that the directory brought, and that is in operation as far as is known here */
async function openPayload(
  { store, reader, name }: GoneOptions,
  { key, payload, file }: StoredRecord,
): Promise<Payload | undefined> {
  // Came in a file, and the directory was never read of it.
  if (file !== undefined && (await store.answers.get(`directory ${name}`, key)) === undefined)
    return undefined;
  if (payload) return CLOSED.has((payload as Payload).status) ? undefined : (payload as Payload);
  // Retention has taken what was read; what was made of it still tells.
  const [type, id] = activityKey(reader.source, key).split('/') as ['HealthcareService', string];
  const service = (await store.read(type, id))?.resource as HealthcareService | undefined;
  return service === undefined || service.active === false ? undefined : { id: key, name: service.name };
}

/** Asks again, between two sweeps, for those that could not be asked about. @returns what was marked */
export async function closeAgain(options: GoneOptions, signal: AbortSignal): Promise<Gone> {
  const { store, reader, unanswered, seen } = options;
  const unseen: Missing[] = [];
  for (const key of unanswered) {
    if (seen.has(short(key))) continue;
    const { source, kind } = reader;
    const [record] = await store.storedRecords({ by: 'key', source, kind, key }, 1);
    const payload = record && (await openPayload(options, record));
    if (payload) unseen.push({ key, payload });
  }
  return await closeAsked(options, unseen, signal);
}

/** One that cannot be asked about holds up no other, unless the directory is not to be asked on. */
async function closeAsked(
  options: GoneOptions,
  unseen: readonly Missing[],
  signal: AbortSignal,
): Promise<Gone> {
  const failed: string[] = [];
  let why: DirectoryTrouble | undefined;
  let closed = 0;
  let unreachable = 0;
  for (const [at, one] of unseen.entries()) {
    const done = await closeOne(options, one, signal);
    if (typeof done === 'number') {
      closed += done;
      unreachable = 0;
      continue;
    }
    why ??= done;
    failed.push(one.key);
    unreachable = ruleOf(done.outcome.issue[0]!) === 'directory-unreachable' ? unreachable + 1 : 0;
    if (done.waitMs === undefined && unreachable < MOST_FAILURES && !signal.aborted) continue;
    const unasked = unseen.slice(at + 1).map(({ key }) => key);
    return { closed, missing: [], unanswered: [...unasked, ...failed], trouble: why };
  }
  return { closed, missing: [], unanswered: failed, trouble: why };
}

/** @returns how many it has marked as closed, or why it could not be asked about */
async function closeOne(
  options: GoneOptions,
  { key, payload }: Missing,
  signal: AbortSignal,
): Promise<number | DirectoryTrouble> {
  const { name, client, reader, clock } = options;
  if (signal.aborted) return trouble('directory-stopped', `${name} is read on later.`);
  const answer = await client.get(`services/${encodeURIComponent(key)}`, undefined, signal);
  if ('outcome' in answer) return answer;
  if (answer.state === 'gone') {
    await takeIn(options, [closedOf(options, key, payload)]);
    return 1;
  }
  const body = answer.state === 'read' ? (answer.body as Payload | null) : undefined;
  if (`${body?.id}` !== key)
    return trouble('directory-other-service', `${name} was asked for a service and gave another, or none.`);
  // It lists it no more, or left it out: what it says of it now holds.
  const reading = startReading(reader, { nowMs: clock() });
  await takeIn(options, [readObject(reading, structuredClone(body as Record<string, unknown>), undefined)]);
  return 0;
}

async function closeUnlisted(options: GoneOptions, unseen: readonly Missing[]): Promise<Gone> {
  const gone = unseen.filter(({ key }) => options.missing.has(short(key)));
  for (let at = 0; at < gone.length; at += PAGE)
    await takeIn(
      options,
      gone.slice(at, at + PAGE).map(({ key, payload }) => closedOf(options, key, payload)),
    );
  const missing = unseen.map(({ key }) => short(key)).filter((id) => !options.missing.has(id));
  return { closed: gone.length, missing, unanswered: [], trouble: undefined };
}

async function takeIn(options: GoneOptions, records: readonly ReadRecord[]): Promise<void> {
  // First: what is known again by its stamp would stay closed when it is there again.
  for (const { key } of records) if (key !== undefined) await keepStamp(options, key, {});
  await options.takeIn(records);
}

/** Without its time of change: when the directory has it again, it is read anew, whatever time it gives. */
function closedOf({ reader, clock }: GoneOptions, key: string, payload: Payload): ReadRecord {
  const { last_modified: _, ...kept } = payload;
  return {
    ok: true,
    source: reader.source,
    kind: reader.kind,
    key,
    payload: { ...kept, status: 'inactive' },
    sourceTimeMs: clock(),
    timeOf: 'reading',
    warnings: [],
  };
}

/** Every record that stands, in pages. */
export async function* recordsOf({
  store,
  reader: { source, kind },
}: Pick<GoneOptions, 'reader'> & {
  readonly store: Pick<Store, 'mapUse' | 'storedRecords'>;
}): AsyncGenerator<StoredRecord> {
  const versions = (await store.mapUse()).filter((one) => one.source === source && one.kind === kind);
  for (const { mapDigest } of versions) {
    let after: StoredRecord | undefined;
    do {
      const page = await store.storedRecords({ by: 'map', source, kind, mapDigest }, PAGE, after);
      yield* page;
      after = page.length < PAGE ? undefined : page.at(-1);
    } while (after);
  }
}
