/** Turns a request into status, headers and JSON within a deadline, or into a failure that says whether it may be sent again. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf, type RetryClass } from '../fhir/outcome.ts';
import type { Exchange, Exchanged, WireRequest } from './exchange.ts';

export interface SendOptions {
  /** milliseconds for the whole exchange, connecting included */
  readonly deadlineMs: number;
  /** ends the exchange early, as when the process stops */
  readonly signal: AbortSignal;
  readonly exchange: Exchange;
  /**
   * what of a 2xx answer counts: `json`, its body; `status`, nothing else, as a receiver of webhooks may answer any text;
   * `bytes`, the body as it came. Default `json`. Of other answers it is JSON wherever it can be read
   */
  readonly reads?: 'json' | 'status' | 'bytes';
}

export interface WireAnswer {
  readonly ok: true;
  readonly status: number;
  /** names in lower case */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** undefined when the answer has no body, or one that is not JSON of an error status, or where only the status counts */
  readonly body: unknown;
  /** the body of a 2xx answer, where bytes were asked for */
  readonly bytes?: Buffer;
}

/** transient: no byte of the request left. ambiguous: it left and no readable answer came. */
export interface WireFailure {
  readonly ok: false;
  readonly retry: RetryClass;
  readonly outcome: OperationOutcome;
  /** the deadline passed */
  readonly isLate?: boolean;
}

/**
 * Sends once. A status is never a failure here: what 4xx and 5xx mean is `classify`'s and the caller's to say.
 * Redirects are answers like any other: following one could carry a record, and the token, to another host.
 */
export async function send(request: WireRequest, options: SendOptions): Promise<WireAnswer | WireFailure> {
  const deadline = new AbortController();
  const stop = (): void => deadline.abort();
  const timer = setTimeout(stop, options.deadlineMs);
  if (options.signal.aborted) stop();
  options.signal.addEventListener('abort', stop);
  try {
    const exchanged = await options.exchange(request, deadline.signal);
    if (!exchanged.ok)
      return failureOf(request, exchanged, deadline.signal.aborted && !options.signal.aborted);
    return answerOf(request, exchanged, options.reads ?? 'json');
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', stop);
  }
}

function answerOf(
  request: WireRequest,
  got: Extract<Exchanged, { ok: true }>,
  reads: NonNullable<SendOptions['reads']>,
): WireAnswer | WireFailure {
  const { status, headers, text } = got;
  if (reads === 'bytes' && status < 300)
    return { ok: true, status, headers, body: undefined, bytes: got.bytes ?? Buffer.from(text) };
  if (text.trim() === '') return { ok: true, status, headers, body: undefined };
  try {
    return { ok: true, status, headers, body: JSON.parse(text) };
  } catch {
    // A login page or a proxy's notice under 200 proves nothing about the record.
    if (status >= 300 || reads === 'status') return { ok: true, status, headers, body: undefined };
    return failure(
      'ambiguous',
      'wire-not-json',
      'exception',
      `${place(request)} answered ${status} without JSON`,
    );
  }
}

function failureOf(
  request: WireRequest,
  failed: Extract<Exchanged, { ok: false }>,
  timedOut: boolean,
): WireFailure {
  const reason = timedOut ? 'the deadline passed' : failed.reason;
  const said = failed.sent
    ? failure('ambiguous', 'wire-no-answer', 'timeout', `${place(request)}: sent, but no answer (${reason})`)
    : failure('transient', 'wire-not-sent', 'transient', `${place(request)}: nothing was sent (${reason})`);
  return timedOut ? { ...said, isLate: true } : said;
}

/** Method and host: a path may name a record, and is not needed to find the fault. */
function place(request: WireRequest): string {
  return `${request.method} to ${new URL(request.url).host}`;
}

function failure(
  retry: RetryClass,
  rule: string,
  code: 'exception' | 'timeout' | 'transient',
  diagnostics: string,
): WireFailure {
  return { ok: false, retry, outcome: outcomeOf(issueOf({ code, rule, diagnostics })) };
}
