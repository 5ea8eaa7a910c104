/** Finds in what was committed what is news to a subscription, and what of an event its client may see now. */
import type { ResourceKey, StoredVersion } from '../../store/resources.ts';
import type { SearchIndex } from '../../store/search-index.ts';
import type { Store } from '../../store/store.ts';
import type { CommittedVersion, NewEvent, SubscriptionEvent } from '../../store/subscriptions.ts';
import type { Viewer } from '../../store/viewer.ts';
import type { Interest } from './criteria.ts';
import { matches } from './match.ts';
import type { SeenEvent } from './notification.ts';

/** What news are looked for with. */
export interface Looking {
  readonly store: Pick<Store, 'readVersion' | 'read' | 'seenBy'>;
  readonly index: SearchIndex;
  /** all of them must see it: what the client may see now, and could when it subscribed */
  readonly viewers: readonly Viewer[];
}

/** @returns events, in the order of the versions; what its client may not see is none */
export async function newsIn(
  looking: Looking,
  interest: Interest,
  versions: readonly CommittedVersion[],
): Promise<readonly NewEvent[]> {
  const news: NewEvent[] = [];
  for (const one of versions) {
    const event = interest.types.some((type) => type === one.type)
      ? await newsOf(looking, interest, one)
      : undefined;
    if (event) news.push(event);
  }
  return news;
}

async function newsOf(
  looking: Looking,
  interest: Interest,
  { type, id, version }: CommittedVersion,
): Promise<NewEvent | undefined> {
  const after = await looking.store.readVersion(type, id, version);
  if (!after?.resource) return undefined; // deleted, or erased since
  const found = interest.topic ? await ofTopic(looking, interest, after) : { about: after };
  if (!found?.about.resource) return undefined;
  const { about, context } = found;
  const rows = looking.index(about.resource!);
  const { any } = interest;
  if (
    any.length > 0 &&
    !any.some(({ clauses }) => matches({ type: about.type, id: about.id, rows }, clauses))
  )
    return undefined;
  if (!(await isSeen(looking, about))) return undefined;
  return { type: about.type, id: about.id, version: about.version, context, atMs: after.lastUpdatedMs };
}

async function ofTopic(
  { store }: Looking,
  { topic }: Interest,
  after: StoredVersion,
): Promise<{ readonly about: StoredVersion; readonly context?: ResourceKey } | undefined> {
  const { type, id, version } = after;
  const before = version > 1 ? await store.readVersion(type, id, version - 1) : undefined;
  const isNew = version === 1 || before?.state === 'deleted';
  const event = topic!.eventOf({ after: after.resource!, before: before?.resource, isNew });
  if (!event) return undefined;
  const { focus, context } = event;
  if (focus === `${type}/${id}`) return { about: after };
  const [focusType, focusId] = focus.split('/') as [string, string];
  const about = await store.read(focusType, focusId);
  return about && { about, ...(context ? { context } : {}) };
}

/** @returns whether every viewer may see the resource as it is now */
async function isSeen(
  { store, viewers }: Looking,
  { type, id }: { readonly type: string; readonly id: string },
): Promise<boolean> {
  for (const viewer of viewers) if (!(await store.seenBy(viewer).read(type, id))) return false;
  return true;
}

/** @returns the events with the versions that they are of, as far as they may be seen now */
export async function seenNow(
  looking: Looking,
  events: readonly SubscriptionEvent[],
): Promise<readonly SeenEvent[]> {
  return await Promise.all(events.map((event) => seenEvent(looking, event)));
}

async function seenEvent(looking: Looking, event: SubscriptionEvent): Promise<SeenEvent> {
  const { context, ...plain } = event;
  if (!(await isSeen(looking, event))) return { ...plain, context: undefined, seen: undefined };
  const [type, id] = (context ?? '').split('/');
  const isContextSeen = type !== undefined && id !== undefined && (await isSeen(looking, { type, id }));
  let version: StoredVersion | undefined;
  for (const viewer of looking.viewers) {
    version = await looking.store.seenBy(viewer).readVersion(event.type, event.id, event.version);
    if (!version) break;
  }
  return { ...plain, context: isContextSeen ? context : undefined, seen: { resource: version?.resource } };
}
