/** Turns what a target said of one delivery into how its outbox entry ends: nothing is dropped, only retried, parked or waiting. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import { retryDelayMs } from '../outbox/schedule.ts';
import type { Settlement } from '../store/store.ts';
import type { Refused } from './answers.ts';
import type { Delivered, Delivery } from './target.ts';

export interface Patience {
  /** tries before a delivery that keeps failing is parked; default 40, a day or so; what surely was not applied is tried for ever */
  readonly maxAttempts?: number;
  /** between tries while the record is open elsewhere; default 5 min */
  readonly lockedDelayMs?: number;
  /** tries before a locked record is parked; default 12, an hour */
  readonly lockedAttempts?: number;
}

const MAX_ATTEMPTS = 40;
const LOCKED_DELAY_MS = 300_000;
const LOCKED_ATTEMPTS = 12;

export interface SettlementContext extends Patience {
  readonly nowMs: number;
  readonly random: () => number;
}

/** @param delivered any answer but `waits`, which only the group can time */
export function settlementOf(
  delivery: Delivery,
  delivered: Delivered,
  context: SettlementContext,
): Settlement {
  const { seq } = delivery.entry;
  if (delivered.ok)
    return delivery.entry.action === 'delete'
      ? { kind: 'removed', seq }
      : { kind: 'delivered', seq, link: delivered.link };
  const { retry, outcome } = delivered;
  if (retry === 'recordLocked') return locked(delivery, delivered, context);
  if (retry === 'transient' || retry === 'ambiguous') return again(delivery, delivered, context);
  return { kind: 'park', seq, outcome };
}

function again(delivery: Delivery, refused: Refused, context: SettlementContext): Settlement {
  const { seq } = delivery.entry;
  const attempt = delivery.entry.attempt + 1;
  if (isUnsure(delivery, refused) && attempt >= (context.maxAttempts ?? MAX_ATTEMPTS))
    return { kind: 'park', seq, outcome: gaveUp(attempt, refused.outcome) };
  const dueMs = context.nowMs + retryDelayMs(attempt, context.random, refused.retryAfterMs);
  return { kind: 'retry', seq, dueMs, ambiguous: isUnsure(delivery, refused), outcome: refused.outcome };
}

/** Once in doubt, in doubt until looked up: that this try sent nothing says nothing of the one before. */
function isUnsure(delivery: Delivery, refused: Refused): boolean {
  return delivery.entry.ambiguous || refused.retry === 'ambiguous';
}

function locked(delivery: Delivery, refused: Refused, context: SettlementContext): Settlement {
  const { seq } = delivery.entry;
  const attempt = delivery.entry.attempt + 1;
  if (attempt >= (context.lockedAttempts ?? LOCKED_ATTEMPTS))
    return { kind: 'park', seq, outcome: stillLocked(attempt, refused.outcome) };
  const waitMs = refused.retryAfterMs ?? context.lockedDelayMs ?? LOCKED_DELAY_MS;
  return {
    kind: 'retry',
    seq,
    dueMs: context.nowMs + waitMs,
    ambiguous: isUnsure(delivery, refused),
    outcome: refused.outcome,
  };
}

function gaveUp(attempts: number, last: OperationOutcome): OperationOutcome {
  const diagnostics = `Given up after ${attempts} tries; the last failure follows. When the target answers again, replay.`;
  return outcomeOf(issueOf({ code: 'timeout', rule: 'delivery-gave-up', diagnostics }), ...last.issue);
}

function stillLocked(attempts: number, last: OperationOutcome): OperationOutcome {
  const diagnostics = `The record was open elsewhere at each of ${attempts} tries. Have it closed at the target, then replay.`;
  return outcomeOf(
    issueOf({ code: 'lock-error', rule: 'delivery-still-locked', diagnostics }),
    ...last.issue,
  );
}
