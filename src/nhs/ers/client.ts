/** Asks the NHS e-Referral Service: which referrals were sent to a service, and how one stands. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf, type RetryClass } from '../../fhir/outcome.ts';
import { sendAuthorized } from '../../wire/authorized.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { classify, retryAfterMs } from '../../wire/retry-class.ts';
import type { AccessTokens } from '../../wire/token.ts';
import { type ListEntry, listEntries } from './work-list.ts';

export interface ErsClientOptions {
  /** of the FHIR STU3 endpoints, without a slash at its end */
  readonly baseUrl: string;
  /** system of service ids */
  readonly serviceSystem: string;
  readonly exchange: Exchange;
  readonly tokens?: AccessTokens | undefined;
  readonly deadlineMs: number;
  readonly clock: () => number;
  /** a new UUID for each request */
  readonly uuid: () => string;
}

/** What e-RS answered, or why nothing can be made of it; `permanent` is not asked again as it is. */
export type ErsAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /** of an answer */
      readonly status?: number;
      readonly retry: RetryClass;
      readonly waitMs: number | undefined;
      readonly outcome: OperationOutcome;
    };

export interface ErsClient {
  /** @source e-RS API, A008: the referrals on a list of one service */
  list(service: string, list: string, signal: AbortSignal): Promise<ErsAnswer<readonly ListEntry[]>>;
  /** @returns ReferralRequest, FHIR STU3 @source e-RS API, A005 */
  referral(ubrn: string, signal: AbortSignal): Promise<ErsAnswer<Readonly<Record<string, unknown>>>>;
}

const STU3 = 'https://fhir.nhs.uk/STU3';

export function createErsClient(options: ErsClientOptions): ErsClient {
  return {
    async list(service, list, signal) {
      const body = worklistQuestion(list, { system: options.serviceSystem, value: service });
      const answer = await ask(options, 'POST', '/ReferralRequest/$ers.fetchworklist', signal, body);
      if (!answer.ok) return answer;
      const entries = listEntries(answer.value);
      return entries ? { ok: true, value: entries } : unreadable(`the list ${list}`);
    },
    async referral(ubrn, signal) {
      const answer = await ask(options, 'GET', `/ReferralRequest/${ubrn}`, signal);
      if (!answer.ok) return answer;
      const { resourceType, id } = answer.value;
      return resourceType === 'ReferralRequest' && id === ubrn ? answer : unreadable('a referral');
    },
  };
}

function worklistQuestion(list: string, service: { system: string; value: string }): object {
  const type = { system: `${STU3}/CodeSystem/eRS-ReferralListSelector-1`, code: list };
  return {
    resourceType: 'Parameters',
    meta: { profile: [`${STU3}/StructureDefinition/eRS-FetchWorklist-Parameters-1`] },
    parameter: [
      { name: 'listType', valueCodeableConcept: { coding: [type] } },
      { name: 'service', valueIdentifier: service },
    ],
  };
}

async function ask(
  { baseUrl, exchange, tokens, deadlineMs, clock, uuid }: ErsClientOptions,
  method: 'GET' | 'POST',
  path: string,
  signal: AbortSignal,
  body?: object,
): Promise<ErsAnswer<Readonly<Record<string, unknown>>>> {
  const headers = {
    accept: 'application/fhir+json',
    'x-correlation-id': uuid(),
    ...(body ? { 'content-type': 'application/fhir+json' } : {}),
  };
  const request = { method, url: `${baseUrl}${path}`, headers, ...(body && { body: JSON.stringify(body) }) };
  const answer = await sendAuthorized(request, { exchange, tokens, deadlineMs, signal });
  if (!answer.ok) return { ok: false, retry: 'transient', waitMs: undefined, outcome: answer.outcome };
  const isObject = typeof answer.body === 'object' && answer.body !== null && !Array.isArray(answer.body);
  if (answer.status === 200 && isObject)
    return { ok: true, value: answer.body as Readonly<Record<string, unknown>> };
  return {
    ...refusal(answer.status, method === 'POST' ? 'a list' : 'a referral'),
    status: answer.status,
    waitMs: retryAfterMs(answer.headers['retry-after'], clock()),
  };
}

/** Nothing is changed by asking: what is ambiguous may be asked again as well. */
function refusal(status: number, what: string): Extract<ErsAnswer<never>, { ok: false }> {
  const retry = status < 300 || classify(status) !== 'permanent' ? 'transient' : 'permanent';
  return fault(
    retry,
    'ers-answer',
    `e-RS answered ${status} when it was asked for ${what}. ${advice(status)}`,
  );
}

function advice(status: number): string {
  if (status === 401 || status === 403)
    return 'It does not let this application in: check that it is approved for e-RS as the provider of this service ("nhs.access", "nhs.ers.services").';
  if (status === 404) return 'It knows no such referral, or shows it to others only.';
  if (status === 422)
    return 'It takes the question but not what was asked: check the service id in "nhs.ers.services".';
  return 'It is asked again at the next turn.';
}

function unreadable(what: string): Extract<ErsAnswer<never>, { ok: false }> {
  return fault(
    'permanent',
    'ers-unreadable',
    `What e-RS answered when it was asked for ${what} is not that.`,
  );
}

function fault(
  retry: RetryClass,
  rule: string,
  diagnostics: string,
): Extract<ErsAnswer<never>, { ok: false }> {
  const code = retry === 'permanent' ? 'processing' : 'transient';
  return { ok: false, retry, waitMs: undefined, outcome: outcomeOf(issueOf({ code, rule, diagnostics })) };
}
