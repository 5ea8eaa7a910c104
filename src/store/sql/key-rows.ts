/** SQL of delivery keys: one row each while entries of it wait or are on their way, with when it is due and how long it is leased. */
import { type Step, statement } from './statement.ts';

const MOMENT = statement({ sqlite: '', postgres: 'SELECT moment(?) AS now_ms' });
/** @returns the time that due times and leases are kept in: the caller's, or the server's where processes share it */
export function* momentOf(nowMs: number): Step<number> {
  return ((yield* MOMENT.get(nowMs)) as { now_ms: number } | undefined)?.now_ms ?? nowMs;
}

/** The innermost question finds the key, by the order of an index. */
function leaseNext(locking: string): string {
  return `
  UPDATE outbox_key SET lease_until_ms = moment(?1) + ?2
  WHERE target = ?3 AND delivery_key = (
    SELECT delivery_key FROM outbox_key WHERE target = ?3 AND lease_until_ms IS NULL AND due_ms <= moment(?1)
    ORDER BY due_ms, first_seq LIMIT 1 ${locking})
  RETURNING delivery_key`;
}
const LEASE_NEXT = statement({ sqlite: leaseNext(''), postgres: leaseNext('FOR UPDATE SKIP LOCKED') });
/**
 * Leases the key that has been due longest; of those due at once, the one whose first entry is the oldest.
 * @returns it; undefined when none is due
 */
export function* leaseNextKey(target: string, nowMs: number, leaseMs: number): Step<string | undefined> {
  return ((yield* LEASE_NEXT.get(nowMs, leaseMs, target)) as { delivery_key: string } | undefined)
    ?.delivery_key;
}

const LOCK = statement({
  sqlite: '', // its writes go one after the other
  postgres: 'SELECT 1 FROM outbox_key WHERE target = ? AND delivery_key = ? FOR UPDATE',
});
/** Makes whoever else changes a key wait until this transaction ends. */
export function* lockKey(target: string, key: string): Step<void> {
  yield* LOCK.run(target, key);
}

const NEXT_DUE = statement(
  'SELECT min(due_ms) - moment(?) AS wait_ms FROM outbox_key WHERE target = ? AND lease_until_ms IS NULL',
);
/** @returns milliseconds until a key of the target is due, negative where one is; undefined when none waits */
export function* selectNextWait(target: string, nowMs: number): Step<number | undefined> {
  return ((yield* NEXT_DUE.get(nowMs, target)) as { wait_ms: number | null }).wait_ms ?? undefined;
}

const KEY_STATE = statement(`
  SELECT
    (SELECT min(seq) FROM outbox WHERE target = ?1 AND delivery_key = ?2 AND state = 'waiting') AS first_waiting,
    CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE target = ?1 AND delivery_key = ?2 AND state = 'claimed')
      THEN 1 ELSE 0 END AS claimed`);
/** @returns seq of the key's first waiting entry, and whether any of its entries is on its way */
export function* selectKeyState(
  target: string,
  key: string,
): Step<{ first_waiting: number | null; claimed: 0 | 1 }> {
  return (yield* KEY_STATE.get(target, key)) as unknown as { first_waiting: number | null; claimed: 0 | 1 };
}

export interface KeyRow {
  readonly due_ms: number;
  readonly lease_until_ms: number | null;
  /** the time that these are kept in (`momentOf`) */
  readonly now_ms: number;
}

const SELECT_KEY = statement(
  'SELECT due_ms, lease_until_ms, moment(?) AS now_ms FROM outbox_key WHERE target = ? AND delivery_key = ?',
);
export function* selectKey(target: string, key: string, nowMs: number): Step<KeyRow | undefined> {
  return (yield* SELECT_KEY.get(nowMs, target, key)) as KeyRow | undefined;
}

const PUT_KEY = statement(`
  INSERT INTO outbox_key (target, delivery_key, first_seq, due_ms, lease_until_ms) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (target, delivery_key) DO UPDATE SET
    first_seq = excluded.first_seq, due_ms = excluded.due_ms, lease_until_ms = excluded.lease_until_ms`);
/** @param row times as they are kept (`momentOf`) */
export function* putKey(row: {
  target: string;
  key: string;
  firstSeq: number;
  dueMs: number;
  leaseUntilMs: number | null;
}): Step<void> {
  yield* PUT_KEY.run(row.target, row.key, row.firstSeq, row.dueMs, row.leaseUntilMs);
}

const DELETE_KEY = statement('DELETE FROM outbox_key WHERE target = ? AND delivery_key = ?');
export function* deleteKey(target: string, key: string): Step<void> {
  yield* DELETE_KEY.run(target, key);
}

const EXPIRED_KEYS = statement(`
  SELECT target, delivery_key, moment(?) AS now_ms FROM outbox_key
  WHERE lease_until_ms IS NOT NULL AND lease_until_ms <= moment(?)`);
const LEASED_KEYS = statement(
  'SELECT target, delivery_key, moment(?) AS now_ms FROM outbox_key WHERE lease_until_ms > 0',
);
/** @param everything also what is leased still @returns keys whose lease ran out */
export function* selectExpiredKeys(
  nowMs: number,
  everything: boolean,
): Step<{ target: string; delivery_key: string; now_ms: number }[]> {
  const rows = everything ? yield* LEASED_KEYS.all(nowMs) : yield* EXPIRED_KEYS.all(nowMs, nowMs);
  return rows as unknown as { target: string; delivery_key: string; now_ms: number }[];
}
