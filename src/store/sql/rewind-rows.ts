/** SQL that brings the times of waiting deliveries back to a clock that was ahead and is right again. */
import { type Step, statement } from './statement.ts';

const HASTEN = statement(
  'UPDATE outbox_key SET due_ms = moment(?) WHERE target = ? AND lease_until_ms IS NULL AND due_ms > moment(?) + ?',
);
const HASTEN_LEASED = statement(
  'UPDATE outbox_key SET due_ms = moment(?) WHERE lease_until_ms > 0 AND target = ? AND due_ms > moment(?) + ?',
);
/**
 * A leased key keeps when it was due: what is left in it would wait for that.
 * @returns how many keys of the target were due more than `aheadMs` from now, and are due now
 */
export function* hastenKeys(target: string, nowMs: number, aheadMs: number): Step<number> {
  const values = [nowMs, target, nowMs, aheadMs] as const;
  return (yield* HASTEN.run(...values)) + (yield* HASTEN_LEASED.run(...values));
}

const SHORTEN = statement(
  `UPDATE outbox_key SET lease_until_ms = moment(?) + ?
   WHERE lease_until_ms IS NOT NULL AND lease_until_ms > moment(?) + ?`,
);
/** No lease lasts longer than one that begins now. @returns how many were cut */
export function* shortenLeases(nowMs: number, leaseMs: number): Step<number> {
  return yield* SHORTEN.run(nowMs, leaseMs, nowMs, leaseMs);
}
