/** Turns what MESH answers when it will not, in version 1 or 2, into an outcome and whether the request may be sent again. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf, type RetryClass } from '../../fhir/outcome.ts';
import { classify, retryAfterMs } from '../../wire/retry-class.ts';
import { adviceOf, shownCode } from './status-codes.ts';

export interface MeshFault {
  readonly ok: false;
  readonly retry: RetryClass;
  readonly outcome: OperationOutcome;
  /** undefined when no answer came */
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  /** how long MESH asks to wait */
  readonly waitMs?: number | undefined;
  /** no answer came in the time that one may take */
  readonly isLate?: boolean | undefined;
}

/** Credentials, certificate or clock are wrong: nothing is said of the message, which stays as it is. */
const REFUSED_WAIT_MS = 900_000;

/**
 * @param doing such as `POST outbox`, without ids
 * @param answer names of headers in lower case
 */
export function faultOf(
  doing: string,
  answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: unknown;
  },
  nowMs: number,
): MeshFault {
  const { status } = answer;
  const code = codeIn(answer.body);
  const waitMs = retryAfterMs(answer.headers['retry-after'], nowMs);
  if (status === 401 || status === 403) return refusedCredentials(doing, status, code);
  const shown = code === undefined ? '' : ` (${code})`;
  const advice = status < 500 && code !== undefined ? ` ${adviceOf(code)}` : '';
  const issue = issueOf({
    code: status === 404 ? 'not-found' : status >= 500 ? 'transient' : 'processing',
    rule: ruleFor(status),
    diagnostics: `MESH answered ${status}${shown} to ${doing}.${advice}`,
  });
  return { ok: false, retry: classify(status), outcome: outcomeOf(issue), status, code, waitMs };
}

function refusedCredentials(doing: string, status: number, code: string | undefined): MeshFault {
  const diagnostics = `MESH answered ${status} to ${doing}: check the mailbox, its password, the shared key, the client certificate, and the clock of this machine.`;
  const outcome = outcomeOf(issueOf({ code: 'security', rule: 'mesh-credentials', diagnostics }));
  return { ok: false, retry: 'transient', outcome, status, code, waitMs: REFUSED_WAIT_MS };
}

function ruleFor(status: number): string {
  if (status === 404 || status === 410) return 'mesh-not-there';
  if (status === 417) return 'mesh-receiver';
  if (status === 423) return 'mesh-finalised';
  return status >= 500 || status === 429 || status === 425 ? 'mesh-not-now' : 'mesh-refused';
}

/** Version 1: `{errorCode}`; version 2: `{detail: [{code}]}`. Their words may hold an address, and with it a person. */
function codeIn(body: unknown): string | undefined {
  const { errorCode, detail } = (typeof body === 'object' && body !== null ? body : {}) as {
    errorCode?: unknown;
    detail?: unknown;
  };
  const first: unknown = Array.isArray(detail) ? detail[0] : detail;
  const code = errorCode ?? (first as { code?: unknown } | undefined)?.code;
  return shownCode(typeof code === 'string' ? code : undefined);
}
