/** Turns a request into the reason why MESH refuses it: who it is from, and what its headers say. */
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface Refusal {
  readonly status: number;
  readonly code?: string;
  readonly event?: string;
  readonly text?: string;
}

const TWO_HOURS_MS = 2 * 3_600_000;
const HEADER = /^NHSMESH ([A-Z0-9]+):([0-9a-f-]{36}):(\d+):(\d{12}):([0-9a-f]{64})$/;

export interface AuthRules {
  readonly sharedKey: string;
  /** by mailbox id */
  readonly passwords: ReadonlyMap<string, string>;
  /** tokens that were seen; this one is added */
  readonly used: Set<string>;
  readonly nowMs: number;
}

/** Any fault of authentication is 403, and nothing more is said. */
export function authRefusal(
  header: string | undefined,
  mailbox: string | undefined,
  rules: AuthRules,
): Refusal | undefined {
  const [, id = '', nonce, count, stamp = '', hash] = HEADER.exec(header ?? '') ?? [];
  const password = rules.passwords.get(id);
  if (password === undefined || (mailbox !== undefined && mailbox !== id)) return { status: 403 };
  const [, year, month, day, hour, minute] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(stamp) ?? [];
  const atMs = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  if (!(Math.abs(rules.nowMs - atMs) <= TWO_HOURS_MS)) return { status: 403 };
  const text = `${id}:${nonce}:${count}:${password}:${stamp}`;
  if (createHmac('sha256', rules.sharedKey).update(text).digest('hex') !== hash) return { status: 403 };
  const token = `${id}:${nonce}:${count}`;
  if (rules.used.has(token)) return { status: 403 };
  rules.used.add(token);
  return undefined;
}

const LONGEST: Readonly<Record<string, number>> = {
  'mex-to': 100,
  'mex-workflowid': 300,
  'mex-subject': 500,
  'mex-localid': 300,
  'mex-partnerid': 500,
  'mex-filename': 300,
  'mex-content-checksum': 100,
};

export function headerRefusal(headers: IncomingHttpHeaders): Refusal | undefined {
  for (const [name, longest] of Object.entries(LONGEST)) {
    const value = String(headers[name] ?? '');
    if (value.length > longest) return { status: 400, code: '06', event: 'SEND' };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\x00-\x1f\x7f]/.test(value)) return { status: 400, code: '06', event: 'SEND' };
  }
  if (!headers['mex-to']) return { status: 417, code: '08', event: 'SEND' };
  if (!headers['mex-workflowid']) return { status: 417, code: '06', event: 'SEND' };
  for (const name of ['mex-to', 'mex-workflowid'])
    if (/^https?:\/\//i.test(String(headers[name]))) return { status: 400, code: '06', event: 'SEND' };
  return undefined;
}

/** @returns which of how many; a refusal where the header does not fit the address */
export function chunkOf(header: string | undefined, asked: number): { of: number } | Refusal {
  const bad = { status: 417, code: '06', event: 'SEND' };
  if (!header) return asked === 1 ? { of: 1 } : bad;
  const [, number, of] = /^(\d+):(\d+)$/.exec(header) ?? [];
  return Number(number) === asked && Number(of) >= asked ? { of: Number(of) } : bad;
}

const MOST_BYTES = 100_000_000;

/** What is handed on to the receiver. */
export const GIVEN = /^mex-(workflowid|localid|subject|filename|content-type|partnerid)$/;

export function bodyRefusal(headers: IncomingHttpHeaders, body: Buffer): Refusal | undefined {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'gzip') return { status: 422 };
  if (body.length === 0) return { status: 417, code: '02', event: 'SEND' };
  if (body.length > MOST_BYTES) return { status: 413 };
  if (encoding === undefined) return undefined;
  try {
    gunzipSync(body);
    return undefined;
  } catch {
    return { status: 422, code: '18', event: 'SEND' };
  }
}

export function isV2(headers: IncomingHttpHeaders): boolean {
  return String(headers.accept ?? '').includes('application/vnd.mesh.v2+json');
}

export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | Buffer;
};

/** @returns a refusal as its version says it; its words hold a name, as those of the real one may */
export function answerOf(
  { status, code, event, text }: Refusal,
  headers: IncomingHttpHeaders,
  id?: string,
): Answer {
  if (code === undefined) return { status };
  const msg = text ?? 'refused for Ada LOVELACE';
  return isV2(headers)
    ? { status, body: { message_id: id, internal_id: 'x', detail: [{ event, code, msg }] } }
    : { status, body: { messageID: id, errorEvent: event, errorCode: code, errorDescription: msg } };
}

export function reportHeaders(
  about: { readonly id?: string; readonly localId?: string },
  code: string,
): Readonly<Record<string, string>> {
  return {
    'mex-messagetype': 'REPORT',
    'mex-statuscode': code,
    'mex-statusevent': 'SEND',
    'mex-statussuccess': 'ERROR',
    'mex-statusdescription': 'not delivered',
    ...(about.id === undefined ? {} : { 'mex-linkedmsgid': about.id }),
    ...(about.localId === undefined ? {} : { 'mex-localid': about.localId }),
  };
}

/** @returns mailboxes that take a workflow, of one organisation or at all */
export function lookUp(
  mailboxes: Readonly<Record<string, { readonly ods?: string; readonly workflows?: readonly string[] }>>,
  call: string,
  first: string,
  workflow: string | undefined,
): Answer {
  const wanted = call === 'workflowsearch' ? first : (workflow ?? '');
  const found = Object.entries(mailboxes).filter(
    ([, { ods, workflows }]) => workflows?.includes(wanted) && (call === 'workflowsearch' || ods === first),
  );
  const results = found.map(([id]) => ({ mailbox_id: id, mailbox_name: `Mailbox ${id}` }));
  return { status: 200, body: { results } };
}
