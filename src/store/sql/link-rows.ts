/** SQL of where targets hold our resources, and of deliveries that stand still. */
import type { BlockedResource, ResourceKey, TargetLink } from '../store.ts';
import type { EntryRow, NewEntry } from './outbox-rows.ts';
import { rowsOf, type Step, statement } from './statement.ts';

const LINKS = rowsOf(
  'target_link',
  {
    type: 'text',
    id: 'text',
    target: 'text',
    remote_id: 'text',
    remote_version: 'text',
    version: 'bigint',
    digest: 'text',
    delivered_ms: 'bigint',
    stripped: 'bigint',
  },
  `ON CONFLICT (type, id, target) DO UPDATE SET
    remote_id = excluded.remote_id, remote_version = excluded.remote_version,
    version = excluded.version, digest = excluded.digest, delivered_ms = excluded.delivered_ms,
    stripped = excluded.stripped
    WHERE target_link.version <= excluded.version`,
);
/** A delivery that is settled after a later version was received from there changes nothing. @param links one a resource and target */
export function* upsertLinks(links: readonly TargetLink[]): Step<void> {
  yield* LINKS.insert(
    links.map((link) => [
      link.type,
      link.id,
      link.target,
      link.remoteId,
      link.remoteVersion ?? null,
      link.version,
      link.digest,
      link.deliveredMs,
      link.stripped ? 1 : 0,
    ]),
  );
}

const DELETE = statement('DELETE FROM target_link WHERE type = ? AND id = ? AND target = ?');
export function* deleteLink(type: string, id: string, target: string): Step<void> {
  yield* DELETE.run(type, id, target);
}

const SET_REMOTE = statement(`
  UPDATE target_link SET remote_id = coalesce(?, remote_id), remote_version = ? WHERE type = ? AND id = ? AND target = ?`);
/** Takes a version that was seen at the target for the one that may be written over. */
export function* setRemoteVersion(
  { type, id, target }: { readonly type: string; readonly id: string; readonly target: string },
  remoteId: string | undefined,
  remoteVersion: string | undefined,
): Step<void> {
  yield* SET_REMOTE.run(remoteId ?? null, remoteVersion ?? null, type, id, target);
}

const SELECT_AT = statement(`
  SELECT l.target, l.type, l.id, l.remote_id AS "remoteId", l.remote_version AS "remoteVersion", l.version, l.digest,
    l.delivered_ms AS "deliveredMs"
  FROM json_each(?) wanted
  JOIN target_link l ON l.type = wanted.value ->> 0 AND l.id = wanted.value ->> 1
  WHERE l.target = ?`);
export function* selectLinks(target: string, keys: readonly ResourceKey[]): Step<TargetLink[]> {
  const rows = (yield* SELECT_AT.all(pairsOf(keys), target)) as unknown as TargetLink[];
  return rows.map((row) => ({ ...row, remoteVersion: row.remoteVersion ?? undefined }));
}

const SELECT_BLOCKED = statement(`
  SELECT o.type || '/' || o.id AS key, max(o.state) AS state
  FROM json_each(?) wanted
  JOIN outbox o ON o.target = ? AND o.type = wanted.value ->> 0 AND o.id = wanted.value ->> 1
  WHERE o.state IN ('parked', 'held') GROUP BY o.type, o.id`);
/** 'parked' is the greater of the two words, so it wins where a resource has entries of both. */
export function* selectBlocked(target: string, keys: readonly ResourceKey[]): Step<BlockedResource[]> {
  return (yield* SELECT_BLOCKED.all(pairsOf(keys), target)) as unknown as BlockedResource[];
}

const stuckSql = (hint: string): string => `
  SELECT * FROM outbox ${hint} WHERE state IN ('parked', 'held')
    AND (CAST(?1 AS TEXT) IS NULL OR target = ?1) AND (CAST(?2 AS TEXT) IS NULL OR type = ?2) AND (CAST(?3 AS TEXT) IS NULL OR id = ?3)
    AND (CAST(?4 AS TEXT) IS NULL OR delivery_key = ?4) AND (CAST(?5 AS TEXT) IS NULL OR state = ?5)
    AND coalesce(stopped_ms, 0) >= ?6 AND coalesce(stopped_ms, 0) < ?7
  ORDER BY seq`;
const SELECT_STUCK = statement({ sqlite: stuckSql('INDEXED BY outbox_stuck'), postgres: stuckSql('') });
/** Walks all parked and held entries, and no others; a part of the filter that is null holds for all. */
export function* selectStuck(filter: {
  target?: string;
  type?: string;
  id?: string;
  personId?: string;
  state?: 'parked' | 'held';
  /** stopped at this time or later */
  fromMs?: number;
  /** stopped before this time */
  untilMs?: number;
}): Step<EntryRow[]> {
  const { target, type, id, personId, state, fromMs, untilMs } = filter;
  return (yield* SELECT_STUCK.all(
    target ?? null,
    type ?? null,
    id ?? null,
    personId ?? null,
    state ?? null,
    fromMs ?? 0,
    untilMs ?? Number.MAX_SAFE_INTEGER,
  )) as unknown as EntryRow[];
}

const SELECT_HELD_OF_PERSON = statement(`
  SELECT * FROM outbox WHERE delivery_key = ? AND state = 'held' ORDER BY seq`);
export function* selectHeldOfPerson(personId: string): Step<EntryRow[]> {
  return (yield* SELECT_HELD_OF_PERSON.all(personId)) as unknown as EntryRow[];
}

const SELECT_REMOTE = statement(`
  SELECT l.target, l.type, l.id, l.remote_id AS "remoteId", l.remote_version AS "remoteVersion", l.version, l.digest,
    l.delivered_ms AS "deliveredMs"
  FROM json_each(?) wanted
  JOIN target_link l ON l.target = ? AND l.type = wanted.value ->> 0 AND l.remote_id = wanted.value ->> 1
  WHERE l.remote_id <> l.id`);
/** @param keys `Type/id` at the target @returns what of ours it holds under these */
export function* selectRemoteLinks(target: string, keys: readonly ResourceKey[]): Step<TargetLink[]> {
  const other = (yield* SELECT_REMOTE.all(pairsOf(keys), target)) as unknown as TargetLink[];
  const same = (yield* selectLinks(target, keys)).filter((link) => link.remoteId === link.id);
  return [...other.map((row) => ({ ...row, remoteVersion: row.remoteVersion ?? undefined })), ...same];
}

function pairsOf(keys: readonly ResourceKey[]): string {
  return JSON.stringify([...new Set(keys)].map((key) => key.split('/')));
}

const DELETE_WAITING = statement(`
  DELETE FROM outbox WHERE delivery_key = ? AND target = ? AND state = 'waiting' AND type = ? AND id = ? AND action = 'put'`);
/** Takes out of line what need not be sent any more. @returns whether there was any */
export function* deleteWaiting({ deliveryKey, target, type, id }: NewEntry): Step<boolean> {
  return (yield* DELETE_WAITING.run(deliveryKey, target, type, id)) > 0;
}

const SELECT_TARGETS = statement('SELECT target FROM target_link WHERE type = ? AND id = ?');
/** @returns targets that hold a resource */
export function* selectLinkTargets(type: string, id: string): Step<string[]> {
  return ((yield* SELECT_TARGETS.all(type, id)) as { target: string }[]).map((row) => row.target);
}

const SELECT_STRIPPED = statement(`
  SELECT r.type || '/' || r.id AS key FROM resource r
  JOIN target_link l ON l.type = r.type AND l.id = r.id AND l.target = ?
  WHERE r.person_id = ? AND r.state = 'current' AND l.stripped = 1 ORDER BY r.rid`);
/** @returns what of a person a target holds in part only */
export function* selectStripped(target: string, personId: string): Step<ResourceKey[]> {
  return ((yield* SELECT_STRIPPED.all(target, personId)) as { key: ResourceKey }[]).map((row) => row.key);
}
