/** Looks up what the store knows of resources of an EHR: which of ours they are, what they were made from, and whether a change is our own writing. */
import { changesBetween } from '../../fhir/element-diff.ts';
import type {
  Identified,
  ResourceKey,
  SourceRow,
  Store,
  StoredVersion,
  TargetLink,
} from '../../store/store.ts';
import type { Change } from './entry.ts';
import { idOfRemote, ourIdIn, type Translation, translated } from './translate.ts';

export interface KnownOptions {
  /** name of the target */
  readonly name: string;
  readonly baseUrl: string;
  readonly store: Pick<Store, 'read' | 'readMany' | 'readVersion' | 'remoteLinks' | 'sourceRecord'>;
  /** a version of ours in every form in which the target may hold it */
  readonly asSent: (version: StoredVersion) => Promise<readonly Identified[]>;
  /** whether the target's copy holds what it was sent */
  readonly saysTheSame: (sent: Identified, copy: Identified) => boolean;
}

/** What is known of one change. */
export interface Known {
  /** id here */
  readonly id: string;
  readonly link: TargetLink | undefined;
  readonly current: StoredVersion | undefined;
  /** the version that was received last */
  readonly kept: SourceRow | undefined;
}

/** Versions of ours that are held against a copy at most: so many may be on their way. */
const MOST_VERSIONS = 20;

/** @returns what is known of each, by the EHR's `Type/id` */
export async function knownOf(
  { name, store }: KnownOptions,
  changes: readonly Change[],
): Promise<Map<ResourceKey, Known>> {
  const keys = changes.map(({ type, remoteId }): ResourceKey => `${type}/${remoteId}`);
  const links = new Map(
    (await store.remoteLinks(name, keys)).map((link) => [`${link.type}/${link.remoteId}`, link] as const),
  );
  const known = new Map<ResourceKey, Known>();
  for (const change of changes) {
    const key = `${change.type}/${change.remoteId}` as const;
    const link = links.get(key);
    const id = link?.id ?? (await idHere(name, store, change));
    const [current, kept] = await Promise.all([
      store.read(change.type, id),
      store.sourceRecord(name, change.type, change.remoteId),
    ]);
    known.set(key, { id, link, current, kept });
  }
  return known;
}

/** Ours, by our id under which it was written there, or by the identifier that says it; else it was born there. */
async function idHere(name: string, store: KnownOptions['store'], change: Change): Promise<string> {
  const { type, remoteId, resource } = change;
  const said = resource && ourIdIn(resource);
  for (const id of [remoteId, said]) if (id !== undefined && (await store.read(type, id))) return id;
  return idOfRemote(name, type, remoteId);
}

/** Our own writing, or what was received already, or an older version of it: nothing to do. */
export function isSettled({ link, kept, current }: Known, { version, updatedMs }: Change): boolean {
  if (current?.state === 'erased' || current?.state === 'deleted') return true;
  if (version !== undefined && link?.remoteVersion === version) return true;
  const before = (kept?.payload as Identified | undefined)?.meta;
  if (before === undefined) return false;
  if (version !== undefined && before.versionId === version) return true;
  const beforeMs = Date.parse(before.lastUpdated ?? '');
  return updatedMs !== undefined && updatedMs < beforeMs;
}

/** @returns whether the copy is what we wrote, though its delivery is not settled yet */
export async function isOurs(options: KnownOptions, known: Known, theirs: Identified): Promise<boolean> {
  for await (const forms of sentForms(options, known))
    if (forms.some((form) => options.saysTheSame(form, theirs))) return true;
  return false;
}

/** What of ours the EHR may hold: newest first, back to the version that it is known to hold, each in every form. */
async function* sentForms(
  { store, asSent }: KnownOptions,
  { link, current }: Known,
): AsyncGenerator<readonly Identified[]> {
  if (!current) return;
  const oldest = Math.max(link?.version ?? 1, current.version - MOST_VERSIONS, 1);
  for (let number = current.version; number >= oldest; number--) {
    const isNewest = number === current.version;
    const version = isNewest ? current : await store.readVersion(current.type, current.id, number);
    if (version) yield await asSent(version);
  }
}

/**
 * Several versions of ours may have arrived without an answer, and any of them may be what was changed there: it is the one
 * that the copy differs from least. Of those alike the oldest is taken: a change made here since then is never undone.
 * @param theirs the copy, in ids of ours
 * @returns what the EHR's copy was made from, as it may hold it
 */
export async function baseOf(
  options: KnownOptions,
  known: Known,
  theirs: Identified,
  translation: Translation,
): Promise<Identified | undefined> {
  const { link, kept } = known;
  const received = kept?.payload as Identified | undefined;
  const isThere = received && link?.remoteVersion === received.meta?.versionId;
  let nearest = isThere ? translated(received, translation) : undefined;
  let differences = nearest ? changesBetween(nearest, theirs).length : Number.POSITIVE_INFINITY;
  const versions = await Array.fromAsync(sentForms(options, known));
  for (const form of versions.reverse().flat()) {
    const found = changesBetween(form, theirs).length;
    if (found < differences) [nearest, differences] = [form, found];
  }
  return nearest;
}
