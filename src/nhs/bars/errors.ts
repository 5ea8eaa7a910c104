/** Turns a fault into the error that BaRS answers with, and any answer into what a sender does next. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { RetryClass } from '../../fhir/outcome.ts';
import { ERROR_CODES, isErrorSystem, OPERATION_OUTCOME_PROFILE } from './codes.ts';

/** Errors that a receiver answers with, and the status of each. */
const RECEIVER_STATUS = {
  REC_BAD_REQUEST: 400,
  REC_UNAUTHORIZED: 401,
  REC_FORBIDDEN: 403,
  REC_NOT_FOUND: 404,
  REC_METHOD_NOT_ALLOWED: 405,
  REC_NOT_ACCEPTABLE: 406,
  REC_TIMEOUT: 408,
  REC_CONFLICT: 409,
  REC_UNPROCESSABLE_ENTITY: 422,
  REC_TOO_MANY_REQUESTS: 429,
  REC_SERVER_ERROR: 500,
  REC_NOT_IMPLEMENTED: 501,
  REC_UNAVAILABLE: 503,
} as const;

export type ReceiverCode = keyof typeof RECEIVER_STATUS;

/** FHIR issue types that BaRS errors carry. */
export type BarsIssue =
  | 'required'
  | 'invalid'
  | 'structure'
  | 'value'
  | 'invariant'
  | 'not-supported'
  | 'security'
  | 'unknown'
  | 'expired'
  | 'login'
  | 'forbidden'
  | 'not-found'
  | 'multiple-matches'
  | 'processing'
  | 'timeout'
  | 'duplicate'
  | 'conflict'
  | 'too-costly'
  | 'throttled'
  | 'exception'
  | 'no-store'
  | 'transient';

/** What a receiver of ours refuses with. */
export interface BarsFault {
  readonly code: ReceiverCode;
  readonly issue: BarsIssue;
  /** where and what to change; never a patient value */
  readonly diagnostics: string;
  /** FHIRPath of the element at fault */
  readonly expression?: string | undefined;
}

export function isFault(value: unknown): value is BarsFault {
  return typeof value === 'object' && value !== null && 'diagnostics' in value && 'issue' in value;
}

/** @returns the refusal of a message at fault @param expression FHIRPath of what is wrong in it */
export function badRequest(issue: BarsIssue, diagnostics: string, expression: string): BarsFault {
  return { code: 'REC_BAD_REQUEST', issue, diagnostics, expression };
}

/** @returns status and body of the answer @param id UUID of the outcome */
export function errorAnswer(
  { code, issue, diagnostics, expression }: BarsFault,
  id: string,
): { readonly status: number; readonly body: OperationOutcome } {
  const body: OperationOutcome = {
    resourceType: 'OperationOutcome',
    id,
    meta: { profile: [OPERATION_OUTCOME_PROFILE] },
    issue: [
      {
        severity: 'error',
        code: issue,
        details: { coding: [{ system: ERROR_CODES, code }] },
        diagnostics,
        ...(expression === undefined ? {} : { expression: [expression] }),
      },
    ],
  };
  return { status: RECEIVER_STATUS[code], body };
}

/** At whose end an error is. */
export type Culprit = 'sender' | 'proxy' | 'receiver';

/** What an answer means to whoever sent the request. */
export type BarsMeaning =
  /** it was taken; `already`: by an earlier sending of the same message (409 duplicate) */
  | { readonly taken: true; readonly already: boolean }
  | {
      readonly taken: false;
      readonly culprit: Culprit;
      /** `conflict`: what is held there says otherwise */
      readonly retry: RetryClass | 'conflict';
      /** the token is to be renewed before it is tried again */
      readonly renewsToken: boolean;
      /** it is about the target or our standing there, and so of every message: none is parked for it */
      readonly isOfTarget: boolean;
      /** as the catalogue has it, without the prefix of the culprit; undefined when no error of BaRS was read */
      readonly code: string | undefined;
      readonly issue: string | undefined;
    };

export interface BarsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

/**
 * Reads any answer. An error that no OperationOutcome stands behind, or one of a receiver without both ids, says nothing
 * of the message: it is sent again. So is a success that neither names the ids nor says anything of FHIR.
 * @source BaRS, Error handling and Transactional integrity
 */
export function meaningOf(reply: BarsReply): BarsMeaning {
  const { status } = reply;
  const told = toldBy(reply.body);
  const hasIds = 'x-request-id' in reply.headers && 'x-correlation-id' in reply.headers;
  if (status >= 200 && status < 300)
    return hasIds || isFhir(reply.body) ? { taken: true, already: false } : unsaid(status);
  if (!told) return unsaid(status);
  const { culprit, code, issue } = told;
  if (status === 409 && culprit === 'receiver' && code === 'CONFLICT' && issue === 'duplicate')
    return { taken: true, already: true };
  const rule = ruleFor(told, status);
  const isUnsure = culprit === 'receiver' && !hasIds && rule.retry === 'permanent' && status !== 404;
  return {
    taken: false,
    culprit,
    code,
    issue,
    retry: isUnsure ? 'ambiguous' : rule.retry,
    renewsToken: rule.renewsToken ?? false,
    isOfTarget: rule.isOfTarget ?? false,
  };
}

interface Told {
  readonly culprit: Culprit;
  readonly code: string;
  readonly issue: string;
}

interface Rule {
  readonly retry: RetryClass | 'conflict';
  readonly renewsToken?: boolean;
  readonly isOfTarget?: boolean;
}

const TRANSIENT: Rule = { retry: 'transient' };
const AMBIGUOUS: Rule = { retry: 'ambiguous' };
const PERMANENT: Rule = { retry: 'permanent' };
const RENEW: Rule = { retry: 'transient', renewsToken: true, isOfTarget: true };
/** It waits until the configuration, or the catalogue of endpoints, is put right. */
const OF_TARGET: Rule = { retry: 'transient', isOfTarget: true };

/** By code without its prefix, whoever is at fault. */
const RULES: Readonly<Record<string, Rule>> = {
  BAD_REQUEST: PERMANENT,
  METHOD_NOT_ALLOWED: PERMANENT,
  NOT_ACCEPTABLE: PERMANENT,
  NOT_FOUND: PERMANENT,
  TIMEOUT: AMBIGUOUS,
  GATEWAY_TIMEOUT: AMBIGUOUS,
  CONFLICT: { retry: 'conflict' },
  UNPROCESSABLE_ENTITY: PERMANENT,
  TOO_MANY_REQUESTS: TRANSIENT,
  SERVER_ERROR: AMBIGUOUS,
  NOT_IMPLEMENTED: PERMANENT,
  UNAVAILABLE: TRANSIENT,
  SERVICE_UNAVAILABLE: TRANSIENT,
  UNAUTHORIZED: PERMANENT,
  FORBIDDEN: PERMANENT,
};

/** Where it matters whose fault it is. */
const BY_CULPRIT: Readonly<Record<string, Rule>> = {
  'sender UNAUTHORIZED': RENEW,
  'sender FORBIDDEN': RENEW,
  'proxy UNAUTHORIZED': RENEW,
  'proxy FORBIDDEN': RENEW,
  'sender NOT_ACCEPTABLE': OF_TARGET,
  'proxy NOT_FOUND': OF_TARGET,
};

function ruleFor({ culprit, code, issue }: Told, status: number): Rule {
  // the proxy's limit of requests comes as a bad request, with the status as its issue code
  if (status === 429 || issue === 'throttled' || issue === '429') return TRANSIENT;
  if (issue === 'too-costly') return PERMANENT;
  if (code === '' && status === 503) return TRANSIENT;
  return (
    BY_CULPRIT[`${culprit} ${code}`] ??
    RULES[code] ??
    (status >= 500 || status === 408 ? AMBIGUOUS : PERMANENT)
  );
}

function unsaid(status: number): BarsMeaning {
  const isOurs = status === 401 || status === 403;
  return {
    taken: false,
    culprit: 'proxy',
    retry: isOurs || status === 429 || status === 503 ? 'transient' : 'ambiguous',
    renewsToken: isOurs,
    isOfTarget: isOurs,
    code: undefined,
    issue: undefined,
  };
}

const CULPRITS: Readonly<Record<string, Culprit>> = { SEND: 'sender', REC: 'receiver', PROXY: 'proxy' };

/** @returns undefined when the body is no OperationOutcome; an empty code where it names none that BaRS could know */
function toldBy(body: unknown): Told | undefined {
  const issue = issuesOf(body)[0];
  if (!issue) return undefined;
  const codings = issue.details?.coding ?? [];
  const coding = codings.find(({ system }) => isErrorSystem(system)) ?? codings[0];
  const text = typeof coding?.code === 'string' ? coding.code.toUpperCase() : '';
  const [, prefix, code = ''] = /^(?:(SEND|REC|PROXY)_)?([A-Z_]{1,40})$/.exec(text) ?? [];
  return { culprit: CULPRITS[prefix ?? 'PROXY']!, code, issue: issueCode(issue) };
}

/** The published errors write `too costly` beside `too-costly`, and HTTP statuses. */
function issueCode({ code }: OperationOutcomeIssue): string {
  const text = typeof code === 'string' ? code.trim().toLowerCase().replaceAll(' ', '-') : '';
  return /^[a-z0-9-]{1,40}$/.test(text) ? text : 'unknown';
}

function issuesOf(body: unknown): readonly OperationOutcomeIssue[] {
  const outcome = body as OperationOutcome | undefined;
  return outcome?.resourceType === 'OperationOutcome' && Array.isArray(outcome.issue) ? outcome.issue : [];
}

function isFhir(body: unknown): boolean {
  return typeof (body as { resourceType?: unknown } | undefined)?.resourceType === 'string';
}
