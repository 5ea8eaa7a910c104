/** Turns why a record was not committed into the error that BaRS answers with. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type AdapterError, ruleOf } from '../../fhir/outcome.ts';
import type { BarsFault, BarsIssue } from '../../nhs/bars/errors.ts';

/** What stands here says otherwise: nothing is wrong with the message in itself. */
const CONFLICTS: ReadonlySet<string> = new Set([
  'referral-transition',
  'referral-actor',
  'referral-agreement',
  'referral-reopened',
  'referral-hand-over',
  'store-conflict',
]);

const ISSUES: Readonly<Partial<Record<NonNullable<OperationOutcomeIssue['code']>, BarsIssue>>> = {
  required: 'required',
  structure: 'structure',
  value: 'value',
  'code-invalid': 'value',
  invariant: 'invariant',
  'business-rule': 'invariant',
  'not-supported': 'not-supported',
};

/** Says of the first error where it is and what to change: our own words, which hold no patient value. */
export function faultOf({ issue }: OperationOutcome): BarsFault {
  const first = issue.find(({ severity }) => severity === 'error' || severity === 'fatal') ?? issue[0];
  const rule = (first && ruleOf(first)) ?? '';
  const diagnostics = first?.diagnostics ?? 'It could not be taken in.';
  const expression = first?.expression?.[0];
  if (CONFLICTS.has(rule)) return { code: 'REC_CONFLICT', issue: 'conflict', diagnostics, expression };
  return {
    code: 'REC_BAD_REQUEST',
    issue: (first && ISSUES[first.code ?? 'invalid']) ?? 'invalid',
    diagnostics,
    expression,
  };
}

/** A body that is no JSON, or more of it than is read. */
export function faultOfText({ issue: [first] }: OperationOutcome): BarsFault {
  const diagnostics = `The body is unfit: ${first?.diagnostics ?? 'it cannot be read'}.`;
  const isTooMuch = first?.code === 'too-long' || first?.code === 'too-costly';
  return isTooMuch
    ? { code: 'REC_UNPROCESSABLE_ENTITY', issue: 'too-costly', diagnostics, expression: 'Bundle' }
    : { code: 'REC_BAD_REQUEST', issue: 'structure', diagnostics, expression: 'Bundle' };
}

/** The store could not write: what was sent is kept or not, and is safe to send again either way. */
export function faultOfStore(error: AdapterError): BarsFault {
  const isFull = error.outcome.issue.some(({ code }) => code === 'no-store');
  if (isFull)
    return {
      code: 'REC_SERVER_ERROR',
      issue: 'no-store',
      diagnostics: 'Nothing can be stored now: send the message again later, under the same ids.',
    };
  return error.retry === 'permanent'
    ? { code: 'REC_SERVER_ERROR', issue: 'exception', diagnostics: 'The message could not be worked.' }
    : {
        code: 'REC_UNAVAILABLE',
        issue: 'transient',
        diagnostics: 'The store cannot be reached: send the message again later, under the same ids.',
      };
}
