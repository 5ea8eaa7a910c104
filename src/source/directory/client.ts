/** Asks a directory: one GET at a time, at the pace that all processes keep together; what is not its own JSON is refused. */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import type { Store } from '../../store/store.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { send } from '../../wire/http.ts';
import { retryAfterMs } from '../../wire/retry-class.ts';
import { parseJson } from '../json.ts';

export interface DirectoryClientOptions {
  readonly name: string;
  readonly baseUrl: string;
  readonly token?: string | undefined;
  readonly exchange: Exchange;
  readonly store: Pick<Store, 'pace'>;
  readonly perSecond: number;
  readonly deadlineMs: number;
  readonly maxBytes: number;
  readonly clock: () => number;
  /** waits; default the process's own timers */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** By what an answer is known again. */
export interface Stamp {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

export type DirectoryAnswer =
  | { readonly state: 'read'; readonly body: unknown; readonly digest: string; readonly stamp: Stamp }
  | { readonly state: 'unchanged' }
  | { readonly state: 'gone' };

/** Why nothing could be had; the same is asked again later. */
export interface DirectoryTrouble {
  readonly outcome: OperationOutcome;
  readonly waitMs?: number | undefined;
}

export interface DirectoryClient {
  readonly name: string;
  /** @param path below the base, with its query; an absolute address must be below the base too */
  get(
    path: string,
    stamp: Stamp | undefined,
    signal: AbortSignal,
  ): Promise<DirectoryAnswer | DirectoryTrouble>;
}

/** Nested deeper, it is no service. */
const DEEPEST = 60;

export function createDirectoryClient(options: DirectoryClientOptions): DirectoryClient {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  return {
    name: options.name,
    async get(path, stamp, signal) {
      const url = withinBase(path, baseUrl);
      if (url === undefined)
        return trouble(
          'directory-other-place',
          `${options.name} names an address that is not below its base: it is not followed.`,
        );
      const waitMs = await options.store.pace(
        `directory-pace ${options.name}`,
        1_000 / options.perSecond,
        options.clock(),
      );
      if (waitMs > 0) await (options.sleep ?? sleepFor)(waitMs, signal);
      const answer = await send(
        { method: 'GET', url, headers: headersOf(options.token, stamp) },
        { deadlineMs: options.deadlineMs, signal, exchange: options.exchange, reads: 'bytes' },
      );
      if (!answer.ok) return unreadable(options.name, answer.outcome);
      return answerOf(options, answer);
    },
  };
}

async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {}); // the request behind it is not sent either
}

function headersOf(token: string | undefined, stamp: Stamp | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(stamp?.etag ? { 'if-none-match': stamp.etag } : {}),
    ...(stamp?.lastModified ? { 'if-modified-since': stamp.lastModified } : {}),
  };
}

/** A token, and the person's machine, must not be led to another host. */
function withinBase(path: string, baseUrl: string): string | undefined {
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(path) ? path : `${baseUrl}/${path.replace(/^\/+/, '')}`;
  if (!URL.canParse(absolute)) return undefined;
  const full = new URL(absolute);
  const base = new URL(baseUrl);
  const isBelow = full.pathname.startsWith(`${base.pathname.replace(/\/$/, '')}/`);
  return full.origin === base.origin && isBelow ? full.href : undefined;
}

function answerOf(
  { name, maxBytes, clock }: DirectoryClientOptions,
  answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly bytes?: Buffer;
  },
): DirectoryAnswer | DirectoryTrouble {
  const { status, headers, bytes = Buffer.alloc(0) } = answer;
  if (status === 304) return { state: 'unchanged' };
  if (status === 404 || status === 410) return { state: 'gone' };
  if (status !== 200)
    return {
      ...trouble('directory-answer', `${name} answered ${status}: it is asked again later.`),
      waitMs: retryAfterMs(headers['retry-after'], clock()),
    };
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(headers['content-type'] ?? ''))
    return trouble(
      'directory-not-json',
      `${name} answered with something other than JSON: check its address.`,
    );
  const parsed = parseJson(bytes.toString('utf8').replace(/^\ufeff/, ''), { maxBytes, maxDepth: DEEPEST });
  if (!parsed.ok)
    return trouble(
      'directory-not-json',
      `${name} answered with JSON that cannot be read (${ruleOf(parsed.outcome.issue[0]!) ?? 'unknown'}).`,
    );
  const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  return {
    state: 'read',
    body: parsed.value,
    digest,
    stamp: { etag: headers.etag, lastModified: headers['last-modified'] },
  };
}

function unreadable(name: string, { issue }: OperationOutcome): DirectoryTrouble {
  return (issue[0]?.diagnostics ?? '').includes('ANSWER_TOO_LARGE')
    ? trouble(
        'directory-too-large',
        `${name} sent more than is read of one answer: ask for fewer services a page (perPage).`,
      )
    : trouble(
        'directory-unreachable',
        `${name} could not be asked: ${issue[0]?.diagnostics ?? 'no answer'}.`,
      );
}

export function trouble(rule: string, diagnostics: string): DirectoryTrouble {
  return { outcome: outcomeOf(issueOf({ code: 'transient', rule, diagnostics })) };
}
