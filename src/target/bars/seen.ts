/** Names what came of seeing to a referral at its service. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Refused } from '../answers.ts';
import type { Wanted } from './course.ts';
import type { Sent } from './sending.ts';

/** How the service stands to a referral after it was seen to, with what somebody must look at. */
export type Seen =
  | { readonly ok: true; readonly state: Wanted; readonly reports: readonly OperationOutcomeIssue[] }
  | Refused;

export const NOTHING: Extract<Seen, { ok: true }> = { ok: true, state: 'nothing', reports: [] };

/** @returns whether a refusal is of what was said, so that it will not come about by waiting */
export function isOver({ retry }: Refused): boolean {
  return retry === 'permanent' || retry === 'conflict';
}

/** @param state in which the service holds the referral where the message arrived */
export function seenAs(state: Wanted, sent: Sent, reports: readonly OperationOutcomeIssue[] = []): Seen {
  return sent.ok ? { ok: true, state, reports } : sent;
}
