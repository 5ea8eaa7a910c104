/** Turns questions and messages to a BaRS service into HTTP requests with their headers, and the answers into what they mean. */
import type { Exchange } from '../../wire/exchange.ts';
import { send, type WireFailure } from '../../wire/http.ts';
import { retryAfterMs } from '../../wire/retry-class.ts';
import type { AccessTokens } from '../../wire/token.ts';
import { USE_CASES } from './codes.ts';
import { type BarsMeaning, meaningOf } from './errors.ts';
import { type BarsHeaders, writeHeaders } from './headers.ts';

export interface BarsClientOptions {
  /** without a slash at its end */
  readonly baseUrl: string;
  /** milliseconds for one request */
  readonly deadlineMs: number;
  readonly exchange: Exchange;
  readonly clock: () => number;
  /** left out where the environment asks for none */
  readonly tokens?: AccessTokens | undefined;
}

/** What came back and what it means, or why nothing did. */
export type Answered =
  | {
      readonly ok: true;
      readonly meaning: BarsMeaning;
      readonly status: number;
      readonly body: unknown;
      readonly retryAfterMs: number | undefined;
    }
  | WireFailure;

/** Searches that a service answers. @source BaRS, GET /ServiceRequest */
export interface ServiceRequestSearch {
  readonly 'patient:identifier'?: string;
  readonly 'patient:name'?: string;
  readonly 'patient:birthdate'?: string;
  readonly 'patient:address-postalcode'?: string;
  readonly 'ServiceRequest.identifier'?: string;
}

export interface BarsClient {
  /** Posts a message. Sent again, it is sent under the same ids, with the same bytes. */
  post(message: string, headers: BarsHeaders, signal: AbortSignal): Promise<Answered>;
  /** Reads a referral that the service holds. @param id UUID */
  serviceRequest(id: string, headers: BarsHeaders, signal: AbortSignal): Promise<Answered>;
  /** Searches referrals; what is asked for stands in the address, as the service demands, and goes nowhere else. */
  serviceRequests(search: ServiceRequestSearch, headers: BarsHeaders, signal: AbortSignal): Promise<Answered>;
  /** Asks which messages the service takes for a use case. */
  messageDefinitions(useCase: string, headers: BarsHeaders, signal: AbortSignal): Promise<Answered>;
  /** Asks what the service can do. */
  metadata(headers: BarsHeaders, signal: AbortSignal): Promise<Answered>;
}

export function createBarsClient(options: BarsClientOptions): BarsClient {
  const get = (path: string, headers: BarsHeaders, signal: AbortSignal): Promise<Answered> =>
    call(options, { method: 'GET', path }, headers, signal);
  return {
    post: (body, headers, signal) =>
      call(options, { method: 'POST', path: '/$process-message', body }, headers, signal),
    serviceRequest: (id, headers, signal) =>
      get(`/ServiceRequest/${encodeURIComponent(id)}`, headers, signal),
    serviceRequests: (search, headers, signal) =>
      get(`/ServiceRequest?${new URLSearchParams(search as Record<string, string>)}`, headers, signal),
    messageDefinitions: (useCase, headers, signal) => {
      const { system, value } = headers.target;
      const contexts = [`${system}|${value}`, `${USE_CASES}|${useCase}`].map(encodeURIComponent);
      return get(`/MessageDefinition?context=${contexts.join('&context=')}`, headers, signal);
    },
    metadata: (headers, signal) => get('/metadata', headers, signal),
  };
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** A token that was refused is renewed once: the same request goes again, under the same ids. */
async function call(
  options: BarsClientOptions,
  asked: Call,
  headers: BarsHeaders,
  signal: AbortSignal,
): Promise<Answered> {
  const { tokens } = options;
  const plain = writeHeaders(headers, asked.body !== undefined);
  if (!tokens) return await once(options, asked, plain, signal);
  const first = await tokens.get(signal);
  if (!first.ok) return first;
  const answered = await once(options, asked, bearing(plain, first.token), signal);
  if (!answered.ok || answered.meaning.taken || !answered.meaning.renewsToken) return answered;
  tokens.refused(first.token);
  const second = await tokens.get(signal);
  if (!second.ok || second.token === first.token) return answered;
  return await once(options, asked, bearing(plain, second.token), signal);
}

function bearing(headers: Readonly<Record<string, string>>, token: string): Readonly<Record<string, string>> {
  return { ...headers, authorization: `Bearer ${token}` };
}

async function once(
  { baseUrl, deadlineMs, exchange, clock }: BarsClientOptions,
  { method, path, body }: Call,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answered> {
  const request = { method, url: `${baseUrl}${path}`, headers, ...(body === undefined ? {} : { body }) };
  // a service may answer a message with any text: only an error is read
  const reads = method === 'POST' ? 'status' : 'json';
  const answer = await send(request, { deadlineMs, signal, exchange, reads });
  if (!answer.ok) return answer;
  return {
    ok: true,
    meaning: meaningOf(answer),
    status: answer.status,
    body: answer.body,
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], clock()),
  };
}
