/** SQL of waiting deliveries: entries in order of seq, of which each delivery key has a row (`key-rows.ts`). */
import type { OutboxEntry, ResourceKey } from '../store.ts';
import { takeNumbers } from './counter-rows.ts';
import { rowsOf, type SqlValue, type Step, statement } from './statement.ts';

export interface EntryRow {
  readonly seq: number;
  readonly target: string;
  readonly delivery_key: string;
  readonly owner_org: string;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly action: 'put' | 'delete';
  readonly state: 'waiting' | 'claimed' | 'parked' | 'held';
  readonly attempt: number;
  readonly ambiguous: 0 | 1;
  /** JSON text of the last failure */
  readonly outcome: string | null;
  /** when it was parked or held */
  readonly stopped_ms: number | null;
}

export function outboxEntry(row: EntryRow): OutboxEntry {
  return {
    seq: row.seq,
    target: row.target,
    deliveryKey: row.delivery_key,
    type: row.type,
    id: row.id,
    version: row.version,
    action: row.action,
    attempt: row.attempt,
    ambiguous: row.ambiguous === 1,
  };
}

/** A delivery to be made. */
export interface NewEntry {
  readonly target: string;
  readonly ownerOrg: string;
  /** person's id, or `Type/id` of a resource that belongs to nobody */
  readonly deliveryKey: string;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly action: 'put' | 'delete';
  /** the target may hold it already: it is asked before anything is sent */
  readonly lookFirst?: boolean;
}

const ENTRIES = rowsOf('outbox', {
  seq: 'bigint',
  target: 'text',
  delivery_key: 'text',
  owner_org: 'text',
  type: 'text',
  id: 'text',
  version: 'bigint',
  action: 'text',
  state: 'text',
  attempt: 'bigint',
  ambiguous: 'bigint',
  queued_ms: 'moment',
});
const KEYS = rowsOf(
  'outbox_key',
  { target: 'text', delivery_key: 'text', first_seq: 'bigint', due_ms: 'moment' },
  `ON CONFLICT (target, delivery_key) DO UPDATE SET due_ms = excluded.due_ms
  WHERE outbox_key.due_ms > excluded.due_ms AND outbox_key.lease_until_ms IS NULL AND NOT EXISTS (
    SELECT 1 FROM outbox o WHERE o.target = excluded.target AND o.delivery_key = excluded.delivery_key
      AND o.state = 'waiting' AND o.attempt > 0)`,
);
/**
 * Puts deliveries in line, each behind what its person or resource already waits for, and makes their keys due now: what
 * was missing may have come. Only a key that waits out a retry keeps its due time.
 */
export function* enqueue(entries: readonly NewEntry[], nowMs: number): Step<void> {
  if (entries.length === 0) return;
  const first = yield* takeNumbers('outbox', entries.length);
  const keys = new Map<string, SqlValue[]>();
  const rows = entries.map(({ target, deliveryKey, ownerOrg, type, id, version, action, lookFirst }, at) => {
    const place = `${target}\n${deliveryKey}`;
    if (!keys.has(place)) keys.set(place, [target, deliveryKey, first + at, nowMs]);
    return [
      first + at,
      target,
      deliveryKey,
      ownerOrg,
      type,
      id,
      version,
      action,
      'waiting',
      0,
      lookFirst ? 1 : 0,
      nowMs,
    ];
  });
  yield* ENTRIES.insert(rows);
  yield* KEYS.insert([...keys.values()]);
}

const HAS_WAITING = statement(`
  SELECT 1 AS found FROM outbox
  WHERE delivery_key = ? AND target = ? AND type = ? AND id = ? AND version = ? AND action = ?`);
/** @returns whether the same delivery is in line already, stands still, or is on its way */
export function* hasWaiting({ deliveryKey, target, type, id, version, action }: NewEntry): Step<boolean> {
  return (yield* HAS_WAITING.get(deliveryKey, target, type, id, version, action)) !== undefined;
}

const CLAIM = statement(`
  UPDATE outbox SET state = 'claimed' WHERE seq IN (
    SELECT seq FROM outbox WHERE target = ? AND delivery_key = ? AND state = 'waiting' ORDER BY seq LIMIT ?)
  RETURNING *`);
/** Claims the first waiting entries of a key. @returns them, in order of seq */
export function* claimEntries(target: string, key: string, count: number): Step<EntryRow[]> {
  const rows = (yield* CLAIM.all(target, key, count)) as unknown as EntryRow[];
  return rows.sort((a, b) => a.seq - b.seq); // RETURNING promises no order
}

const CLAIM_ALSO = statement(`
  UPDATE outbox SET state = 'claimed' WHERE seq IN (
    SELECT o.seq FROM outbox o JOIN outbox_key k ON k.target = o.target AND k.delivery_key = o.delivery_key
    WHERE o.target = ? AND o.delivery_key = ? AND o.state = 'waiting' AND k.lease_until_ms IS NOT NULL
      AND o.type || '/' || o.id IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted))
  RETURNING *`);
/** Claims waiting entries of a leased key by their resources. @returns them, in order of seq */
export function* claimEntriesOf(
  target: string,
  key: string,
  resources: readonly ResourceKey[],
): Step<EntryRow[]> {
  const rows = (yield* CLAIM_ALSO.all(
    target,
    key,
    JSON.stringify(resources.map((key) => [key])),
  )) as unknown as EntryRow[];
  return rows.sort((a, b) => a.seq - b.seq);
}

const SELECT_ENTRIES = statement(`
  SELECT o.* FROM json_each(?) wanted JOIN outbox o ON o.seq = CAST(wanted.value AS BIGINT) WHERE o.target = ?`);
/** @returns those that are still there, by seq */
export function* selectEntries(seqs: readonly number[], target: string): Step<Map<number, EntryRow>> {
  const rows = (yield* SELECT_ENTRIES.all(JSON.stringify(seqs), target)) as unknown as EntryRow[];
  return new Map(rows.map((row) => [row.seq, row]));
}

const DELETE_ENTRIES = statement(
  'DELETE FROM outbox WHERE seq IN (SELECT CAST(wanted.value AS BIGINT) FROM json_each(?) wanted)',
);
export function* deleteEntries(seqs: readonly number[]): Step<void> {
  if (seqs.length > 0) yield* DELETE_ENTRIES.run(JSON.stringify(seqs));
}

const RETRY = statement(`
  UPDATE outbox SET state = 'waiting', attempt = attempt + ?, ambiguous = CASE WHEN ? = 1 THEN 1 ELSE ambiguous END, outcome = ? WHERE seq = ?`);
/**
 * An ambiguous entry stays so: a later refusal does not say that the earlier try was not applied.
 * @param attempts that this try counts for: 0 while the record is locked
 */
export function* retryEntry(seq: number, ambiguous: boolean, outcome: string, attempts: 0 | 1): Step<void> {
  yield* RETRY.run(attempts, ambiguous ? 1 : 0, outcome, seq);
}

const RELEASE = statement(`UPDATE outbox SET state = 'waiting' WHERE seq = ?`);
export function* releaseEntry(seq: number): Step<void> {
  yield* RELEASE.run(seq);
}

const RESTART = statement(
  `UPDATE outbox SET state = 'waiting', attempt = 0, outcome = NULL, stopped_ms = NULL WHERE seq = ?`,
);
/** Begins anew, but an ambiguous entry is still looked up first. */
export function* restartEntry(seq: number): Step<void> {
  yield* RESTART.run(seq);
}

const COUNT_WAITING = statement(`
  SELECT count(*) AS waiting FROM (
    SELECT 1 FROM outbox WHERE target = ? AND delivery_key = ? AND state = 'waiting' LIMIT ?) counted`);
/** @returns how many entries of a key wait, counted up to `limit` */
export function* countWaiting(target: string, key: string, limit: number): Step<number> {
  return ((yield* COUNT_WAITING.get(target, key, limit)) as { waiting: number }).waiting;
}

const STOP = statement(`
  UPDATE outbox SET state = ?, ambiguous = CASE WHEN ? = 1 THEN 1 ELSE ambiguous END, outcome = ?, stopped_ms = ? WHERE seq = ?`);
/** An ambiguous entry stays so: once replayed it is looked up first. */
export function* stopEntry(
  seq: number,
  state: 'parked' | 'held',
  { ambiguous, outcome, nowMs }: { ambiguous: boolean; outcome: string; nowMs: number },
): Step<void> {
  yield* STOP.run(state, ambiguous ? 1 : 0, outcome, nowMs, seq);
}

const RECOVER = statement(`
  UPDATE outbox SET state = 'waiting', ambiguous = 1 WHERE target = ? AND delivery_key = ? AND state = 'claimed'`);
/** @returns how many entries were on their way */
export function* recoverEntries(target: string, key: string): Step<number> {
  return yield* RECOVER.run(target, key);
}

const SENT_TARGETS = statement(`
  SELECT DISTINCT target FROM outbox
  WHERE delivery_key = ? AND type = ? AND id = ? AND action = 'put'
    AND (state = 'claimed' OR ambiguous = 1)`);
/** @returns targets that may hold a resource although none has said so: a put is on its way, or its answer was lost */
export function* selectSentTargets(key: string, type: string, id: string): Step<string[]> {
  return ((yield* SENT_TARGETS.all(key, type, id)) as { target: string }[]).map((row) => row.target);
}

const DELETE_PUTS = statement(`
  DELETE FROM outbox WHERE delivery_key = ? AND type = ? AND id = ? AND action = 'put' AND state <> 'claimed'
  RETURNING target`);
/** Takes a resource's puts out of line, but for those on their way. @returns targets they were for */
export function* deletePuts(key: string, type: string, id: string): Step<string[]> {
  return [
    ...new Set(((yield* DELETE_PUTS.all(key, type, id)) as { target: string }[]).map((row) => row.target)),
  ];
}
