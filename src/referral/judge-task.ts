/** Turns two versions of a referral's Task, and who tells of the second, into what is wrong with the step between them. */
import type { OperationOutcomeIssue, Task } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';
import {
  type Effects,
  REFERRAL_ACTORS,
  type ReferralActor,
  type ReferralEvent,
  type ReferralState,
  stateOf,
  TRANSITIONS,
  transitionOf,
} from './states.ts';
import { endingOf, eventOf, isReferralTask } from './task-event.ts';
import { wayBetween } from './way.ts';

/** Who tells of a referral, and how. */
export interface Voice {
  /** parties that it may speak for: a case-management system says what every party did */
  readonly speaksFor: readonly ReferralActor[];
  /**
   * `report`: tells of what has happened; a first record may stand in any state, and a missing reason is a warning.
   * `request`: asks for it to happen now; every step is one of the table, and lacks nothing
   */
  readonly manner: 'report' | 'request';
  /** records say how the referral stands and not each step: what lies between is filled in, where the table knows a way */
  readonly backload: boolean;
}

/** A source that says of every referral how it stands, and speaks for all parties. */
export const CASE_SYSTEM: Voice = { speaksFor: REFERRAL_ACTORS, manner: 'report', backload: true };

/** A client that writes what is to happen now, step by step. */
export const API_CLIENT: Voice = { speaksFor: REFERRAL_ACTORS, manner: 'request', backload: false };

export interface Judged {
  readonly issues: readonly OperationOutcomeIssue[];
  /** what happened; undefined when nothing did, or it cannot be told */
  readonly event?: ReferralEvent | undefined;
  /** states that the referral went through in between */
  readonly between: readonly Effects['state'][];
}

/** States in which the service holds the person. */
export const HELD: ReadonlySet<string | undefined> = new Set(['accepted', 'in-progress', 'on-hold']);
/** States that nothing follows but entered-in-error. */
export const ENDED: ReadonlySet<string | undefined> = new Set([
  'rejected',
  'cancelled',
  'failed',
  'completed',
]);

/**
 * Reads a Task as it is meant where the referral is known: a source that names no day of acceptance writes every end that
 * a person's life gives it as `cancelled`, but one that was accepted `failed`.
 * @returns the Task, or one that differs in its status
 */
export function readTask(incoming: Task, known: Task | undefined): Task {
  const ending = endingOf(incoming);
  if (incoming.status !== 'cancelled' || ending === undefined || ending === 'cancelled') return incoming;
  return HELD.has(known?.status) || known?.status === 'failed' ? { ...incoming, status: 'failed' } : incoming;
}

/**
 * Judges a step of a referral by the table.
 * @param before undefined where the Task is new
 * @returns no issue for a Task that carries no referral, or a step of the table. Errors: `referral-status` (no state of
 *   referrals), `referral-transition` (it cannot follow), `referral-actor` (another must say it), `referral-reason` (no
 *   Task.statusReason; a warning of what is reported)
 */
export function judgeTask(before: Task | undefined, after: Task, voice: Voice): Judged {
  if (!isReferralTask(after)) return { issues: [], between: [] };
  const from = (before && stateOf(before)) ?? 'none';
  const to = stateOf(after);
  if (to === undefined || to === 'none') return { issues: [noState(after.status)], between: [] };
  const event = eventOf(before, after, from, to);
  const reasons = reasonIssues(event, from, after, voice);
  const isReport = voice.manner === 'report';
  if (event === undefined || (isReport && (from === 'none' || from === to)))
    return { issues: reasons, event, between: [] };
  const way = wayBetween(from, event, to, voice.speaksFor);
  if (way && (way.length === 0 || voice.backload)) return { issues: reasons, event, between: way };
  return { issues: [refusal(from, event, to, voice)], event, between: [] };
}

function noState(status: string): OperationOutcomeIssue {
  const states = [...new Set(TRANSITIONS.map(({ effects }) => effects.state))].join(', ');
  return issueOf({
    code: 'business-rule',
    rule: 'referral-status',
    diagnostics: `Task.status ${status} is no state of a referral: send one of ${states}.`,
    expression: 'Task.status',
  });
}

function reasonIssues(
  event: ReferralEvent | undefined,
  from: ReferralState,
  after: Task,
  { manner }: Voice,
): readonly OperationOutcomeIssue[] {
  if (after.statusReason || !needsReason(event, from, after)) return [];
  return [
    issueOf({
      severity: manner === 'report' ? 'warning' : 'error',
      code: 'required',
      rule: 'referral-reason',
      diagnostics: `Task.statusReason is missing: a referral that is ${after.status} says why; supply the reason.`,
      expression: 'Task.statusReason',
    }),
  ];
}

/** A record that stands where it stood before is asked for its reason again, so that its warning stays as long as it is so. */
function needsReason(event: ReferralEvent | undefined, from: ReferralState, { status }: Task): boolean {
  const row = event && transitionOf(from, event);
  if (row) return row.effects.reasonRequired;
  return TRANSITIONS.some(({ effects }) => effects.state === status && effects.reasonRequired);
}

function refusal(
  from: ReferralState,
  event: ReferralEvent,
  to: ReferralState,
  voice: Voice,
): OperationOutcomeIssue {
  const row = transitionOf(from, event);
  if (row?.effects.state === to) {
    const speaks = voice.speaksFor.map((one) => `the ${wordOf(one)}`).join(' and ');
    return issueOf({
      code: 'forbidden',
      rule: 'referral-actor',
      diagnostics: `Task.status cannot go from ${from} to ${to} (${event}) at the word of ${speaks}: only ${listed(row.by)} may say so. ${optionsFrom(from, voice.speaksFor)}`,
      expression: 'Task.status',
    });
  }
  return issueOf({
    code: 'business-rule',
    rule: 'referral-transition',
    diagnostics: `Task.status cannot go from ${from} to ${to} (${event}). ${optionsFrom(from, REFERRAL_ACTORS)} ${adviceOn(from, event, to)}`,
    expression: 'Task.status',
  });
}

/** What may happen in a state, and who may say so. */
function optionsFrom(from: ReferralState, actors: readonly ReferralActor[]): string {
  const options = TRANSITIONS.filter((one) => one.from.includes(from)).flatMap(({ event, by, effects }) => {
    const who = by.filter((one) => actors.includes(one));
    return who.length === 0 ? [] : `${event} by ${listed(who)} (${effects.state})`;
  });
  return options.length === 0
    ? `Nothing may follow ${from}.`
    : `From ${from} there may follow: ${options.join('; ')}.`;
}

function adviceOn(from: ReferralState, event: ReferralEvent, to: ReferralState): string {
  if (ENDED.has(from))
    return 'An ended referral is not opened again: send a new referral under a key of its own, or entered-in-error if this one should never have been.';
  if (from === 'entered-in-error')
    return 'What was entered in error stays so: send a new referral under a key of its own.';
  const steps = wayBetween(from, event, to, REFERRAL_ACTORS);
  return steps && steps.length > 0
    ? `Send the steps between first (${steps.join(', ')}), or declare backload in source.json if records say only how a referral stands.`
    : 'Send one of these, or correct the status in the source.';
}

function listed(actors: readonly ReferralActor[]): string {
  return actors.map((one) => `the ${wordOf(one)}`).join(' or ');
}

function wordOf(actor: ReferralActor): string {
  return actor.replace('-', ' ');
}
