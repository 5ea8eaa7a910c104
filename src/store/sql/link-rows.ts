/** SQL of where targets hold our resources, and of deliveries that stand still. */
import type { BlockedResource, ResourceKey, TargetLink } from '../store.ts';
import type { EntryRow } from './outbox-rows.ts';
import { type Step, statement } from './statement.ts';

const UPSERT = statement(`
  INSERT INTO target_link (type, id, target, remote_id, remote_version, version, digest, delivered_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (type, id, target) DO UPDATE SET
    remote_id = excluded.remote_id, remote_version = excluded.remote_version,
    version = excluded.version, digest = excluded.digest, delivered_ms = excluded.delivered_ms`);
export function* upsertLink(link: TargetLink): Step<void> {
  yield* UPSERT.run(
    link.type,
    link.id,
    link.target,
    link.remoteId,
    link.remoteVersion ?? null,
    link.version,
    link.digest,
    link.deliveredMs,
  );
}

const DELETE = statement('DELETE FROM target_link WHERE type = ? AND id = ? AND target = ?');
export function* deleteLink(type: string, id: string, target: string): Step<void> {
  yield* DELETE.run(type, id, target);
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
  ORDER BY seq`;
const SELECT_STUCK = statement({ sqlite: stuckSql('INDEXED BY outbox_stuck'), postgres: stuckSql('') });
/** Walks all parked and held entries, and no others; a part of the filter that is null holds for all. */
export function* selectStuck(filter: {
  target?: string;
  type?: string;
  id?: string;
  personId?: string;
  state?: 'parked' | 'held';
}): Step<EntryRow[]> {
  const { target, type, id, personId, state } = filter;
  return (yield* SELECT_STUCK.all(
    target ?? null,
    type ?? null,
    id ?? null,
    personId ?? null,
    state ?? null,
  )) as unknown as EntryRow[];
}

const SELECT_HELD_OF_PERSON = statement(`
  SELECT * FROM outbox WHERE delivery_key = ? AND state = 'held' ORDER BY seq`);
export function* selectHeldOfPerson(personId: string): Step<EntryRow[]> {
  return (yield* SELECT_HELD_OF_PERSON.all(personId)) as unknown as EntryRow[];
}

function pairsOf(keys: readonly ResourceKey[]): string {
  return JSON.stringify([...new Set(keys)].map((key) => key.split('/')));
}

const SELECT_TARGETS = statement('SELECT target FROM target_link WHERE type = ? AND id = ?');
/** @returns targets that hold a resource */
export function* selectLinkTargets(type: string, id: string): Step<string[]> {
  return ((yield* SELECT_TARGETS.all(type, id)) as { target: string }[]).map((row) => row.target);
}
