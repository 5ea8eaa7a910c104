/** Turns every request into a row of the audit, and lets its answer go when that row is kept. */
import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { digestOfText } from '../fhir/digest.ts';
import { AdapterError, issueOf, outcomeOf, ruleOf } from '../fhir/outcome.ts';
import type { NewAccess } from '../store/accesses.ts';
import type { AccessAction } from '../store/audit-chain.ts';
import type { ResourceKey } from '../store/resources.ts';
import type { Store } from '../store/store.ts';
import { accessIfAny, askerOf, keyOf, type Touched, touchedBy } from './access.ts';
import { AccessLog } from './access-log.ts';
import { type Gate, holdAnswer } from './held-answer.ts';
import { breakGlassReason } from './security/break-glass.ts';

export interface AuditOptions {
  readonly store: Pick<Store, 'accesses'>;
  /** epoch ms */
  readonly clock: () => number;
  readonly log?: Logger | undefined;
}

/** What says nothing of anybody: whether the process lives, how much there is, what pages look like. */
const UNAUDITED = /^\/(health|ready|metrics|assets\/.*)?$/;
/** Answers to these may go before the disk has their row; the log has it. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Nothing else of an answer is in what is said in place of it. */
const STAYS: ReadonlySet<string> = new Set([
  ...[
    'x-request-id',
    'vary',
    'content-security-policy',
    'strict-transport-security',
    'x-content-type-options',
  ],
  ...['access-control-allow-origin', 'access-control-expose-headers'],
]);
/** Status of a request whose client went away before its answer. @source nginx */
const CLIENT_GONE = 499;

/** @returns what stands before all routes, behind the one that gives requests their ids */
export function auditAccesses({ store, clock, log }: AuditOptions): RequestHandler {
  const accesses = new AccessLog(store.accesses, clock);
  return (request, response, next) => {
    if (UNAUDITED.test(request.path)) return next();
    const gate = new AuditGate(request, response, accesses, log);
    holdAnswer(response, gate, STAYS);
    response.once('close', () => gate.closed());
    next();
  };
}

class AuditGate implements Gate {
  readonly #request: Request;
  readonly #response: Response;
  readonly #accesses: AccessLog;
  readonly #log: Logger | undefined;
  /** how much of what was touched is in rows; undefined before the first */
  #noted: number | undefined;

  constructor(request: Request, response: Response, accesses: AccessLog, log: Logger | undefined) {
    this.#request = request;
    this.#response = response;
    this.#accesses = accesses;
    this.#log = log;
  }

  before(): Promise<void> {
    return this.#note(this.#response.statusCode);
  }

  /** What a long answer went on to touch while it went is in a row of its own. */
  beforeEnd(): Promise<void> | undefined {
    return touchedBy(this.#response).length > (this.#noted ?? 0)
      ? this.#note(this.#response.statusCode)
      : undefined;
  }

  refuse(response: ServerResponse): void {
    const body = JSON.stringify(UNKEPT);
    response.statusCode = 503;
    response.setHeader('Content-Type', 'application/fhir+json; charset=utf-8');
    response.setHeader('Content-Length', Buffer.byteLength(body));
    response.setHeader('Retry-After', '30');
    response.end(body);
  }

  /** Nobody is told any more; that it was asked for, and perhaps done, is kept all the same. */
  closed(): void {
    const isNew = this.#noted === undefined;
    if (!isNew && touchedBy(this.#response).length === this.#noted) return;
    this.#note(isNew ? CLIENT_GONE : this.#response.statusCode).catch(() => {}); // it is in the log
  }

  #note(status: number): Promise<void> {
    const { access, isOnDisk } = this.#access(status);
    return this.#accesses.note(access, isOnDisk).catch((error: unknown) => {
      const rule = error instanceof AdapterError ? ruleOf(error.outcome.issue[0]!) : undefined;
      this.#log?.error(
        { requestId: access.request, rule },
        'an access could not be audited: nothing was answered',
      );
      throw error;
    });
  }

  #access(status: number): { readonly access: NewAccess; readonly isOnDisk: boolean } {
    const touched = touchedBy(this.#response).slice(this.#noted ?? 0);
    this.#noted = (this.#noted ?? 0) + touched.length;
    const { method } = this.#request;
    const asker = askerOf(this.#response);
    const interactions = [...new Set(touched.map(({ interaction }) => interaction))];
    const access: NewAccess = {
      ownerOrg: asker?.organisation ?? '',
      client: asker?.client ?? '',
      action: actionOf(status),
      status,
      interactions: interactions.length > 0 ? interactions : [method],
      request: requestOf(this.#response),
      ...keysOf(touched),
      params: [...new Set(touched.flatMap(({ params = [] }) => params))],
      purpose: accessIfAny(this.#response)?.viewer.purpose,
      reason: breakGlassReason(this.#response),
    };
    // by POST, too, it changes nothing
    const isSearch = interactions.length > 0 && interactions.every((one) => one.startsWith('search'));
    return { access, isOnDisk: !SAFE.has(method) && status < 400 && !isSearch };
  }
}

function keysOf(touched: readonly Touched[]): Pick<NewAccess, 'keys' | 'whose'> {
  const whose = new Map<ResourceKey, string | undefined>();
  const keys = touched.flatMap(({ keys: all }) =>
    all.map((one) => {
      const key = keyOf(one);
      if (typeof one !== 'string') whose.set(key, one.personId);
      return key;
    }),
  );
  return { keys, whose };
}

function actionOf(status: number): AccessAction {
  if (status >= 500) return 'failed';
  return status >= 400 ? 'refused' : 'access';
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A client may name its requests as it likes, also by a person: of what is no UUID the audit has a digest. */
function requestOf(response: Response): string {
  const id = String(response.getHeader('x-request-id') ?? '');
  return UUID.test(id) ? id : digestOfText(id);
}

const UNKEPT = outcomeOf(
  issueOf({
    severity: 'fatal',
    code: 'transient',
    rule: 'api-audit-not-kept',
    diagnostics:
      'This access could not be written into the audit, so nothing is said of it. What was sent may have been done: ask again in half a minute, and send it again only if it was not.',
  }),
);
