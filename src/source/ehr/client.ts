/** Asks an EHR what changed there: one GET at a time, over its circuit, within a deadline; answers of other places are not followed. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { Circuit, type CircuitOptions } from '../../wire/circuit.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { send } from '../../wire/http.ts';
import { retryAfterMs } from '../../wire/retry-class.ts';

export interface EhrClientOptions {
  /** name of the target, for messages */
  readonly name: string;
  /** the FHIR base */
  readonly baseUrl: string;
  /** an access token; `renew` is true after the server refused the last one */
  readonly token?: (renew: boolean) => Promise<string>;
  readonly exchange: Exchange;
  readonly deadlineMs: number;
  readonly clock: () => number;
  readonly circuit?: CircuitOptions;
}

export type Asked =
  | {
      readonly ok: true;
      /** 2xx, 404 or 410 */
      readonly status: number;
      readonly body: unknown;
      /** the server's own time, where it says so */
      readonly serverMs: number | undefined;
    }
  | {
      readonly ok: false;
      /** ask again after so many milliseconds */
      readonly waitMs: number | undefined;
      readonly outcome: OperationOutcome;
    };

export interface EhrClient {
  readonly name: string;
  /** without a slash at the end */
  readonly baseUrl: string;
  /** @param url below the base, or absolute within it; anything else is refused */
  get(url: string, signal: AbortSignal): Promise<Asked>;
  send(method: 'POST' | 'PUT', path: string, body: unknown, signal: AbortSignal): Promise<Asked>;
}

export function createEhrClient(options: EhrClientOptions): EhrClient {
  const { name, clock } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const circuit = new Circuit(options.circuit);
  const ask = async (method: string, url: string, body: unknown, signal: AbortSignal): Promise<Asked> => {
    const full = withinBase(url, baseUrl);
    if (full === undefined)
      return refused(
        'ehr-other-place',
        `${name} names an address that is not below its base: it is not followed.`,
      );
    const waitMs = circuit.waitMs(clock());
    if (waitMs !== 0)
      return refused('ehr-resting', `${name} failed several times: it is left alone for a while.`, waitMs);
    circuit.begin();
    const asked = await askOnce(options, method, full, body, signal);
    if (asked.ok || asked.isAnswer) circuit.succeeded();
    else circuit.failed(clock());
    return asked;
  };
  return {
    name,
    baseUrl,
    get: (url, signal) => ask('GET', url, undefined, signal),
    send: (method, path, body, signal) => ask(method, path, body, signal),
  };
}

/** @returns the address, where it is the base's own; a token must not leave for another host */
function withinBase(url: string, baseUrl: string): string | undefined {
  if (!URL.canParse(url, `${baseUrl}/`)) return undefined;
  const full = new URL(url, `${baseUrl}/`);
  const base = new URL(baseUrl);
  const isBelow =
    full.pathname === base.pathname || full.pathname.startsWith(`${base.pathname.replace(/\/$/, '')}/`);
  return full.origin === base.origin && isBelow ? full.href : undefined;
}

type Once = Extract<Asked, { ok: true }> | (Extract<Asked, { ok: false }> & { readonly isAnswer?: boolean });

async function askOnce(
  { name, token, exchange, deadlineMs, clock }: EhrClientOptions,
  method: string,
  url: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Once> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const go = async (renew: boolean) => {
    const bearer = await token?.(renew);
    const headers = {
      accept: 'application/fhir+json',
      'cache-control': 'no-cache',
      ...(text === undefined ? {} : { 'content-type': 'application/fhir+json' }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    };
    const request = { method, url, headers, ...(text === undefined ? {} : { body: text }) };
    return await send(request, { deadlineMs, signal, exchange });
  };
  try {
    let answer = await go(false);
    if (answer.ok && answer.status === 401 && token) answer = await go(true);
    if (!answer.ok) return { ok: false, waitMs: undefined, outcome: answer.outcome };
    const { status, headers } = answer;
    const serverMs = Date.parse(headers.date ?? '');
    if ((status >= 200 && status < 300) || status === 404 || status === 410)
      return { ok: true, status, body: answer.body, serverMs: Number.isNaN(serverMs) ? undefined : serverMs };
    const waitMs = retryAfterMs(headers['retry-after'], clock());
    const isAnswer = status < 500 && status !== 429;
    return {
      ...refused('ehr-answer', `${name} answered ${status} when it was asked for changes.`, waitMs),
      isAnswer,
    };
  } catch {
    return refused('ehr-no-token', `${name}: no access token could be had. Check its token address and key.`);
  }
}

function refused(rule: string, diagnostics: string, waitMs?: number): Extract<Asked, { ok: false }> {
  return { ok: false, waitMs, outcome: outcomeOf(issueOf({ code: 'transient', rule, diagnostics })) };
}
