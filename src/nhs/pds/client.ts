/** Turns questions about a person into requests to PDS: each with its headers, within the rate, and under an id that stays when it is sent again. */
import type { NhsNumber } from '../../fhir/identifiers.ts';
import type { WireRequest } from '../../wire/exchange.ts';
import type { WireAnswer, WireFailure } from '../../wire/http.ts';
import { retryAfterMs } from '../../wire/retry-class.ts';
import {
  type PatientAnswer,
  type PdsRefusal,
  type Reply,
  readPatientAnswer,
  readSearchAnswer,
  type SearchAnswer,
} from './answer.ts';
import { LONGEST_REST_MS, type Pace } from './pace.ts';

/** UUIDs of one request, and of the chain of them that it belongs to. */
export interface RequestIds {
  readonly request: string;
  readonly correlation: string;
}

/** What stands in the way of an answer for now. */
export type Waiting = PdsRefusal & { readonly retryAfterMs?: number };

export interface PdsClient {
  get(number: NhsNumber, ids: RequestIds, signal: AbortSignal): Promise<PatientAnswer | Waiting>;
  search(query: URLSearchParams, ids: RequestIds, signal: AbortSignal): Promise<SearchAnswer | Waiting>;
}

export interface PdsClientOptions {
  /** without a slash at its end */
  readonly baseUrl: string;
  /** sends a request once, under an access token where one is needed */
  readonly ask: (request: WireRequest, signal: AbortSignal) => Promise<WireAnswer | WireFailure>;
  readonly pace: Pace;
  /** ODS code of the organisation for which it is asked */
  readonly organisation: string | undefined;
  readonly clock: () => number;
}

/** Where PDS says that it is asked too often, and not for how long to wait. */
const UNNAMED_REST_MS = 1_000;

export function createPdsClient(options: PdsClientOptions): PdsClient {
  return {
    get: (number, ids, signal) => asked(options, `/Patient/${number}`, ids, signal, readPatientAnswer),
    search: (query, ids, signal) =>
      asked(options, `/Patient?${queryOf(query)}`, ids, signal, readSearchAnswer),
  };
}

async function asked<T extends { readonly kind: string }>(
  { baseUrl, ask, pace, organisation, clock }: PdsClientOptions,
  path: string,
  ids: RequestIds,
  signal: AbortSignal,
  read: (reply: Reply) => T,
): Promise<T | Waiting> {
  const restMs = await pace.turn(signal);
  if (restMs !== undefined) return { ...RESTING, retryAfterMs: restMs };
  const headers = {
    accept: 'application/fhir+json',
    'x-request-id': ids.request,
    'x-correlation-id': ids.correlation,
    ...(organisation === undefined ? {} : { 'nhsd-end-user-organisation-ods': organisation }),
  };
  const answer = await ask({ method: 'GET', url: `${baseUrl}${path}`, headers }, signal);
  if (!answer.ok)
    return { ...UNANSWERED, diagnostics: answer.outcome.issue[0]?.diagnostics ?? UNANSWERED.diagnostics };
  if (answer.status !== 429 && answer.status !== 503) return read(answer);
  const askedMs = retryAfterMs(answer.headers['retry-after'], clock());
  const waitMs = askedMs === undefined ? undefined : Math.min(askedMs, LONGEST_REST_MS);
  if (answer.status === 429) await pace.rest(waitMs ?? UNNAMED_REST_MS);
  const refused = read(answer) as T | Waiting;
  return waitMs === undefined ? refused : ({ ...refused, retryAfterMs: waitMs } as T | Waiting);
}

/** Reading changes nothing: a question without an answer is asked again without further thought. */
const UNANSWERED: PdsRefusal = {
  kind: 'refused',
  retry: 'transient',
  code: 'timeout',
  rule: 'pds-no-answer',
  diagnostics: 'PDS did not answer. It is asked again later.',
};
const RESTING: PdsRefusal = {
  kind: 'refused',
  retry: 'transient',
  code: 'throttled',
  rule: 'pds-busy',
  diagnostics: 'PDS was asked too often, and wants nothing for a while. It is asked again then.',
};

/** A plus sign is no space to everybody. */
function queryOf(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value).replaceAll('*', '%2A')}`)
    .join('&');
}
