/** Turns FHIR interactions with one server into answers: base URL, token, deadline and version headers in one place. */
import type { Resource } from '@medplum/fhirtypes';
import type { Exchange } from '../../wire/exchange.ts';
import { send, type WireAnswer, type WireFailure } from '../../wire/http.ts';
import { retryAfterMs } from '../../wire/retry-class.ts';
import { type Refused, type Reply, type ReplyRules, refusal, refusalOf } from '../answers.ts';

export interface FhirClientOptions {
  readonly rules: ReplyRules;
  readonly baseUrl: string;
  /** an access token; `renew` is true after the server refused the last one */
  readonly token?: (renew: boolean) => Promise<string>;
  readonly exchange: Exchange;
  readonly deadlineMs: number;
  readonly clock: () => number;
}

export interface FhirRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** below the base, such as `Patient/1`; '' is the base itself. Holds no patient value */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer of whatever status. */
export interface FhirReply extends Reply {
  readonly ok: true;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface FhirClient {
  readonly rules: ReplyRules;
  readonly baseUrl: string;
  readonly clock: () => number;
  send(request: FhirRequest, signal: AbortSignal): Promise<FhirReply | Refused>;
}

export function createFhirClient(options: FhirClientOptions): FhirClient {
  const { rules, clock } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  return {
    rules,
    baseUrl,
    clock,
    send: async (request, signal) => {
      const url = request.path === '' ? baseUrl : `${baseUrl}/${request.path}`;
      let answer: WireAnswer | WireFailure;
      try {
        answer = await sendOnce(url, request, options, signal, false);
        if (answer.ok && answer.status === 401 && options.token)
          answer = await sendOnce(url, request, options, signal, true);
      } catch {
        const advice = `Target ${rules.target}: no access token could be had. Check its token address and key.`;
        return refusal('transient', 'security', 'target-no-token', advice);
      }
      if (!answer.ok) return answer;
      const { status, headers, body } = answer;
      const waitMs = retryAfterMs(headers['retry-after'], clock());
      return { ok: true, status, headers, body, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
    },
  };
}

/** @throws whatever the token's provider throws */
async function sendOnce(
  url: string,
  { method, headers, body }: FhirRequest,
  { token, deadlineMs, exchange }: FhirClientOptions,
  signal: AbortSignal,
  renew: boolean,
): Promise<WireAnswer | WireFailure> {
  const bearer = await token?.(renew);
  const sent = {
    accept: 'application/fhir+json',
    ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    ...headers,
  };
  const request = { method, url, headers: sent, ...(body === undefined ? {} : { body }) };
  return send(request, { deadlineMs, signal, exchange });
}

/** What a server holds under one id. */
export type RemoteCopy =
  | { readonly state: 'there'; readonly resource: Resource; readonly version: string | undefined }
  /** never was, as far as the server says */
  | { readonly state: 'absent' }
  | { readonly state: 'deleted' }
  | { readonly state: 'unknown'; readonly refused: Refused };

/** @param key `Type/id` at the target */
export async function readCopy(client: FhirClient, key: string, signal: AbortSignal): Promise<RemoteCopy> {
  const reply = await client.send({ method: 'GET', path: key }, signal);
  return reply.ok ? copyIn(client, key, reply, reply.headers.etag) : { state: 'unknown', refused: reply };
}

/** @returns what an answer to a read says, whether it came alone or as an entry of a batch */
export function copyIn(client: FhirClient, key: string, reply: Reply, etag: string | undefined): RemoteCopy {
  if (reply.status === 404) return { state: 'absent' };
  if (reply.status === 410) return { state: 'deleted' };
  const resource = reply.body as Resource | undefined;
  if (reply.status === 200 && resource?.resourceType !== key.slice(0, key.indexOf('/')))
    return { state: 'unknown', refused: unreadable(client, key) };
  if (reply.status !== 200 || resource?.resourceType !== key.slice(0, key.indexOf('/')))
    return { state: 'unknown', refused: refusalOf(`GET ${key}`, reply, client.rules) };
  return { state: 'there', resource, version: versionOf(etag, resource) };
}

function unreadable({ rules }: FhirClient, key: string): Refused {
  const advice = `Target ${rules.target} answered 200 to GET ${key} with something else. It is looked up again.`;
  return refusal('ambiguous', 'exception', 'target-unreadable', advice);
}

/** @returns the version id an ETag or a returned resource names, W/ and quotes taken off; ETags may be any text */
export function versionOf(etag: string | undefined, body?: unknown): string | undefined {
  const quoted = etag === undefined ? undefined : /^(?:W\/)?"(.*)"$/.exec(etag.trim());
  if (quoted?.[1]) return quoted[1];
  return (body as Resource | undefined)?.meta?.versionId;
}

/** @returns the If-Match header of a version id */
export function ifMatch(version: string): string {
  return `W/"${version}"`;
}
