/** SQL that brings the times of waiting deliveries back to a clock that was ahead and is right again. */
import { type Step, statement } from './statement.ts';

const HASTEN = statement(
  'UPDATE outbox_key SET due_ms = ? WHERE target = ? AND lease_until_ms IS NULL AND due_ms > ?',
);
/** @returns how many keys of the target were due later than `beyondMs`, and are due now */
export function* hastenKeys(target: string, nowMs: number, beyondMs: number): Step<number> {
  return yield* HASTEN.run(nowMs, target, beyondMs);
}

const SHORTEN = statement(
  'UPDATE outbox_key SET lease_until_ms = ? WHERE lease_until_ms IS NOT NULL AND lease_until_ms > ?',
);
/** No lease lasts longer than until then. @returns how many were cut */
export function* shortenLeases(untilMs: number): Step<number> {
  return yield* SHORTEN.run(untilMs, untilMs);
}
