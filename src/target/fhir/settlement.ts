/** Turns what a target said of one delivery into how its outbox entry ends: nothing is dropped, only retried, parked or waiting. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { retryDelayMs } from '../../outbox/schedule.ts';
import type { Settlement } from '../../store/store.ts';
import { LOCKED_REPORT } from '../../store/work-items.ts';
import type { Refused } from '../answers.ts';
import type { Delivered, Delivery } from '../target.ts';
import type { Loaded } from './group-plan.ts';

export interface Patience {
  /** tries before a delivery that stays in doubt is parked; default: never, an alert tells of it instead */
  readonly maxAttempts?: number;
  /** first wait while the record is open elsewhere, doubled up to an hour; default 1 min */
  readonly lockedDelayMs?: number;
  /** times that a record was found open elsewhere before somebody is asked to close it; default 6, some half an hour */
  readonly lockedReportAfter?: number;
}

const LOCKED_DELAY_MS = 60_000;
const LONGEST_LOCKED_DELAY_MS = 3_600_000;
const LOCKED_REPORT_AFTER = 6;

export interface SettlementContext extends Patience {
  readonly nowMs: number;
  readonly random: () => number;
  /** counts one more time that an entry found its record open. @returns times so far, from 1 */
  readonly countLocked: (seq: number) => number;
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
      : { kind: 'delivered', seq, link: delivered.link, report: delivered.report, filing: delivered.filing };
  const { retry, outcome } = delivered;
  if (retry === 'recordLocked') return locked(delivery, delivered, context);
  if (retry === 'transient' || retry === 'ambiguous') return again(delivery, delivered, context);
  return { kind: 'park', seq, outcome, ambiguous: isUnsure(delivery, delivered) };
}

/** `targets[].receipts` of the configuration. */
export interface Receipts {
  /** http: the answer to the request says that it is filed. task: a Task that comes back does */
  readonly by: 'http' | 'task';
  readonly types: readonly string[];
}

/** @returns the settlement with what is kept of it: that less than all was sent, and what the answer says of its filing */
export function withFiling(
  settlement: Settlement,
  { entry, isStripped = false }: Pick<Loaded, 'entry' | 'isStripped'>,
  receipts: Receipts | undefined,
): Settlement {
  const isAsked = receipts?.types.includes(entry.type) ?? false;
  if (settlement.kind === 'delivered') {
    const filing = !isAsked ? settlement.filing : receipts!.by === 'http' ? 'filed' : 'sent';
    return { ...settlement, link: { ...settlement.link, stripped: isStripped }, filing };
  }
  const isRefused = settlement.kind === 'park' && settlement.outcome.issue[0]?.code === 'processing';
  return isAsked && isRefused ? { ...settlement, filing: 'rejected' } : settlement;
}

function again(delivery: Delivery, refused: Refused, context: SettlementContext): Settlement {
  const { seq } = delivery.entry;
  const attempt = delivery.entry.attempt + 1;
  if (isUnsure(delivery, refused) && attempt >= (context.maxAttempts ?? Number.POSITIVE_INFINITY))
    return { kind: 'park', seq, outcome: gaveUp(attempt, refused.outcome), ambiguous: true };
  const dueMs = context.nowMs + retryDelayMs(attempt, context.random, refused.retryAfterMs);
  return { kind: 'retry', seq, dueMs, ambiguous: isUnsure(delivery, refused), outcome: refused.outcome };
}

/** Once in doubt, in doubt until looked up: that this try sent nothing says nothing of the one before. */
function isUnsure(delivery: Delivery, refused: Refused): boolean {
  return delivery.entry.ambiguous || refused.retry === 'ambiguous' || refused.inDoubt === true;
}

/** Somebody works on the record, or has to: neither an attempt of ours nor a failure of the target. It is tried for as long as it takes. */
function locked(delivery: Delivery, refused: Refused, context: SettlementContext): Settlement {
  const { seq } = delivery.entry;
  const times = context.countLocked(seq);
  const firstMs = context.lockedDelayMs ?? LOCKED_DELAY_MS;
  const longestMs = Math.min(LONGEST_LOCKED_DELAY_MS, firstMs * 2 ** Math.min(times - 1, 20));
  // Half of it at random: what found the record open at once does not come back at once.
  const waitMs = refused.retryAfterMs ?? Math.floor(longestMs * (0.5 + context.random() / 2));
  return {
    kind: 'retry',
    seq,
    dueMs: context.nowMs + waitMs,
    ambiguous: isUnsure(delivery, refused),
    outcome: refused.outcome,
    locked: true,
    report:
      times >= (context.lockedReportAfter ?? LOCKED_REPORT_AFTER)
        ? stillLocked(delivery, refused)
        : undefined,
  };
}

function gaveUp(attempts: number, last: OperationOutcome): OperationOutcome {
  const diagnostics = `Given up after ${attempts} tries; the last failure follows. When the target answers again, replay.`;
  return outcomeOf(issueOf({ code: 'timeout', rule: 'delivery-gave-up', diagnostics }), ...last.issue);
}

function stillLocked({ entry }: Delivery, { outcome }: Refused): OperationOutcomeIssue {
  const [issue] = outcome.issue;
  if (issue && issue.code !== 'lock-error') {
    const { code, diagnostics = '' } = issue;
    return issueOf({ severity: 'warning', code, rule: LOCKED_REPORT, diagnostics, expression: entry.type });
  }
  return issueOf({
    severity: 'warning',
    code: 'lock-error',
    rule: LOCKED_REPORT,
    diagnostics: `${entry.type}/${entry.id} is open elsewhere at target ${entry.target}, each time that it was tried. Have it closed there; it goes on being tried.`,
    expression: entry.type,
  });
}
