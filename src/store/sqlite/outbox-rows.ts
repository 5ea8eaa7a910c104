/** SQL of waiting deliveries: entries in order of seq, and one row a delivery key that says when it is due. */
import type { DatabaseSync } from 'node:sqlite';
import type { OutboxEntry, ResourceKey } from '../store.ts';
import { statement } from './statement.ts';

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
}

const INSERT = statement(`
  INSERT INTO outbox (target, delivery_key, owner_org, type, id, version, action, state)
  VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting')`);
/** @returns seq of the new entry */
export function insertEntry(db: DatabaseSync, entry: NewEntry): number {
  const { target, deliveryKey, ownerOrg, type, id, version, action } = entry;
  return Number(INSERT(db).run(target, deliveryKey, ownerOrg, type, id, version, action).lastInsertRowid);
}

const INSERT_KEY = statement(`
  INSERT INTO outbox_key (target, delivery_key, first_seq, due_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT (target, delivery_key) DO UPDATE SET due_ms = excluded.due_ms
  WHERE outbox_key.due_ms > excluded.due_ms AND lease_until_ms IS NULL AND NOT EXISTS (
    SELECT 1 FROM outbox WHERE target = excluded.target AND delivery_key = excluded.delivery_key
      AND state = 'waiting' AND attempt > 0)`);
/** Makes a key due now: what was missing may have come. Only a key that waits out a retry keeps its due time. */
export function insertKey(
  db: DatabaseSync,
  target: string,
  key: string,
  firstSeq: number,
  dueMs: number,
): void {
  INSERT_KEY(db).run(target, key, firstSeq, dueMs);
}

const NEXT_KEY = statement(`
  SELECT delivery_key FROM outbox_key
  WHERE target = ? AND lease_until_ms IS NULL AND due_ms <= ? ORDER BY due_ms, first_seq LIMIT 1`);
/** @returns the key that has been due longest; of those due at once, the one whose first entry is the oldest */
export function selectNextKey(db: DatabaseSync, target: string, nowMs: number): string | undefined {
  return (NEXT_KEY(db).get(target, nowMs) as { delivery_key: string } | undefined)?.delivery_key;
}

const LEASE = statement('UPDATE outbox_key SET lease_until_ms = ? WHERE target = ? AND delivery_key = ?');
export function leaseKey(db: DatabaseSync, target: string, key: string, untilMs: number): void {
  LEASE(db).run(untilMs, target, key);
}

const CLAIM = statement(`
  UPDATE outbox SET state = 'claimed' WHERE seq IN (
    SELECT seq FROM outbox WHERE target = ? AND delivery_key = ? AND state = 'waiting' ORDER BY seq LIMIT ?)
  RETURNING *`);
/** Claims the first waiting entries of a key. @returns them, in order of seq */
export function claimEntries(db: DatabaseSync, target: string, key: string, count: number): EntryRow[] {
  const rows = CLAIM(db).all(target, key, count) as unknown as EntryRow[];
  return rows.sort((a, b) => a.seq - b.seq); // RETURNING promises no order
}

const CLAIM_ALSO = statement(`
  UPDATE outbox SET state = 'claimed' WHERE seq IN (
    SELECT o.seq FROM outbox o JOIN outbox_key k ON k.target = o.target AND k.delivery_key = o.delivery_key
    WHERE o.target = ? AND o.delivery_key = ? AND o.state = 'waiting' AND k.lease_until_ms IS NOT NULL
      AND o.type || '/' || o.id IN (SELECT value FROM json_each(?)))
  RETURNING *`);
/** Claims waiting entries of a leased key by their resources. @returns them, in order of seq */
export function claimEntriesOf(
  db: DatabaseSync,
  target: string,
  key: string,
  resources: readonly ResourceKey[],
): EntryRow[] {
  const rows = CLAIM_ALSO(db).all(target, key, JSON.stringify(resources)) as unknown as EntryRow[];
  return rows.sort((a, b) => a.seq - b.seq);
}

const NEXT_DUE = statement(
  'SELECT min(due_ms) AS due_ms FROM outbox_key WHERE target = ? AND lease_until_ms IS NULL',
);
export function selectNextDue(db: DatabaseSync, target: string): number | undefined {
  return (NEXT_DUE(db).get(target) as { due_ms: number | null }).due_ms ?? undefined;
}

const SELECT_ENTRY = statement('SELECT * FROM outbox WHERE seq = ? AND target = ?');
export function selectEntry(db: DatabaseSync, seq: number, target: string): EntryRow | undefined {
  return SELECT_ENTRY(db).get(seq, target) as EntryRow | undefined;
}

const DELETE_ENTRY = statement('DELETE FROM outbox WHERE seq = ?');
export function deleteEntry(db: DatabaseSync, seq: number): void {
  DELETE_ENTRY(db).run(seq);
}

const RETRY = statement(`
  UPDATE outbox SET state = 'waiting', attempt = attempt + 1, ambiguous = max(ambiguous, ?), outcome = ? WHERE seq = ?`);
/** An ambiguous entry stays so: a later refusal does not say that the earlier try was not applied. */
export function retryEntry(db: DatabaseSync, seq: number, ambiguous: boolean, outcome: string): void {
  RETRY(db).run(ambiguous ? 1 : 0, outcome, seq);
}

const RELEASE = statement(`UPDATE outbox SET state = 'waiting' WHERE seq = ?`);
export function releaseEntry(db: DatabaseSync, seq: number): void {
  RELEASE(db).run(seq);
}

const RESTART = statement(`UPDATE outbox SET state = 'waiting', attempt = 0, outcome = NULL WHERE seq = ?`);
/** Begins anew, but an ambiguous entry is still looked up first. */
export function restartEntry(db: DatabaseSync, seq: number): void {
  RESTART(db).run(seq);
}

const COUNT_WAITING = statement(`
  SELECT count(*) AS waiting FROM (
    SELECT 1 FROM outbox WHERE target = ? AND delivery_key = ? AND state = 'waiting' LIMIT ?)`);
/** @returns how many entries of a key wait, counted up to `limit` */
export function countWaiting(db: DatabaseSync, target: string, key: string, limit: number): number {
  return (COUNT_WAITING(db).get(target, key, limit) as { waiting: number }).waiting;
}

const STOP = statement('UPDATE outbox SET state = ?, outcome = ? WHERE seq = ?');
export function stopEntry(db: DatabaseSync, seq: number, state: 'parked' | 'held', outcome: string): void {
  STOP(db).run(state, outcome, seq);
}

const KEY_STATE = statement(`
  SELECT
    (SELECT min(seq) FROM outbox WHERE target = ?1 AND delivery_key = ?2 AND state = 'waiting') AS first_waiting,
    EXISTS (SELECT 1 FROM outbox WHERE target = ?1 AND delivery_key = ?2 AND state = 'claimed') AS claimed`);
/** @returns seq of the key's first waiting entry, and whether any of its entries is on its way */
export function selectKeyState(
  db: DatabaseSync,
  target: string,
  key: string,
): { first_waiting: number | null; claimed: 0 | 1 } {
  return KEY_STATE(db).get(target, key) as unknown as { first_waiting: number | null; claimed: 0 | 1 };
}

const SELECT_KEY = statement(
  'SELECT due_ms, lease_until_ms FROM outbox_key WHERE target = ? AND delivery_key = ?',
);
export function selectKey(
  db: DatabaseSync,
  target: string,
  key: string,
): { due_ms: number; lease_until_ms: number | null } | undefined {
  return SELECT_KEY(db).get(target, key) as { due_ms: number; lease_until_ms: number | null } | undefined;
}

const PUT_KEY = statement(`
  INSERT INTO outbox_key (target, delivery_key, first_seq, due_ms, lease_until_ms) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (target, delivery_key) DO UPDATE SET
    first_seq = excluded.first_seq, due_ms = excluded.due_ms, lease_until_ms = excluded.lease_until_ms`);
export function putKey(
  db: DatabaseSync,
  row: {
    target: string;
    key: string;
    firstSeq: number;
    dueMs: number;
    leaseUntilMs: number | null;
  },
): void {
  PUT_KEY(db).run(row.target, row.key, row.firstSeq, row.dueMs, row.leaseUntilMs);
}

const DELETE_KEY = statement('DELETE FROM outbox_key WHERE target = ? AND delivery_key = ?');
export function deleteKey(db: DatabaseSync, target: string, key: string): void {
  DELETE_KEY(db).run(target, key);
}

const EXPIRED_KEYS = statement(`
  SELECT target, delivery_key FROM outbox_key WHERE lease_until_ms IS NOT NULL AND lease_until_ms <= ?`);
export function selectExpiredKeys(
  db: DatabaseSync,
  untilMs: number,
): { target: string; delivery_key: string }[] {
  return EXPIRED_KEYS(db).all(untilMs) as unknown as { target: string; delivery_key: string }[];
}

const RECOVER = statement(`
  UPDATE outbox SET state = 'waiting', ambiguous = 1 WHERE target = ? AND delivery_key = ? AND state = 'claimed'`);
/** @returns how many entries were on their way */
export function recoverEntries(db: DatabaseSync, target: string, key: string): number {
  return Number(RECOVER(db).run(target, key).changes);
}

const SENT_TARGETS = statement(`
  SELECT DISTINCT target FROM outbox
  WHERE delivery_key = ? AND type = ? AND id = ? AND action = 'put'
    AND (state = 'claimed' OR ambiguous = 1)`);
/** @returns targets that may hold a resource although none has said so: a put is on its way, or its answer was lost */
export function selectSentTargets(db: DatabaseSync, key: string, type: string, id: string): string[] {
  return (SENT_TARGETS(db).all(key, type, id) as { target: string }[]).map((row) => row.target);
}

const DELETE_PUTS = statement(`
  DELETE FROM outbox WHERE delivery_key = ? AND type = ? AND id = ? AND action = 'put' AND state <> 'claimed'
  RETURNING target`);
/** Takes a resource's puts out of line, but for those on their way. @returns targets they were for */
export function deletePuts(db: DatabaseSync, key: string, type: string, id: string): string[] {
  return [...new Set((DELETE_PUTS(db).all(key, type, id) as { target: string }[]).map((row) => row.target))];
}
