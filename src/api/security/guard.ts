/** Turns a request into one that may go on, with who asks and what they may; or into a refusal. Every route stands behind it. */
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { type Access, OPEN_ACCESS, setAccess } from '../access.ts';
import { isOperator, letIn, refuseOperator } from '../control-token.ts';
import { sendFault, sendFhir } from '../respond.ts';
import { breakGlassOf, setBreakGlass } from './break-glass.ts';
import type { ApiClient, Permission } from './clients.ts';
import { type Credentials, type Known, shownBy } from './credentials.ts';
import { NOT_DEIDENTIFIED, servesDeidentified } from './deidentified.ts';
import { type Ask, type Door, doorsOf, FHIR } from './doors.ts';
import { breakingGlass, type Grant } from './grant.ts';
import { neededBy } from './interaction.ts';
import { isLocalRequest } from './local-request.ts';
import { actingFor, onBehalfOf } from './on-behalf.ts';
import { clientRate, type Failures } from './rates.ts';
import { CLOSED, NOT_LOCAL, NOTHING_SHOWN, type Refusal, sendRefusal } from './refusals.ts';

export interface GuardOptions {
  readonly doors: readonly Door[];
  /** open: to whoever is on this machine. closed: to no client. clients: to those that are known */
  readonly mode: 'open' | 'closed' | 'clients';
  readonly credentials: Credentials;
  readonly failures: Failures;
  /** of this run of the adapter */
  readonly operatorToken: string;
  readonly log?: Logger | undefined;
}

/** Says on every answer of an open adapter that it is one. */
const OPEN_HEADER = 'X-Hedgerow-Open';

/** @returns the guard; it stands before all routers, and sets what `accessOf` returns */
export function guardOf(options: GuardOptions): RequestHandler {
  const doorOf = doorsOf(options.doors);
  const guard = new Guard(options);
  return (request, response, next) => {
    const door = doorOf(request.path);
    if (!door) return sendUnknown(response);
    if (options.mode === 'open') response.set(OPEN_HEADER, 'this machine');
    guard.open(door.ask, { request, response, next });
  };
}

/** A request on its way in. */
interface Caller {
  readonly request: Request;
  readonly response: Response;
  readonly next: (error?: unknown) => void;
}

class Guard {
  readonly #options: GuardOptions;
  readonly #rate: RequestHandler;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#rate = clientRate((response) => response.locals[CLIENT] as ApiClient);
  }

  open(ask: Ask, caller: Caller): void {
    if (ask === 'nothing' || ask === 'its own') return caller.next();
    if (typeof ask === 'object' && 'operator' in ask) return this.#openOperators(ask.operator, caller);
    if (this.#options.mode === 'open') return openHere(caller);
    if (typeof ask === 'object') return this.#openPages(ask.page, caller);
    const found = ask === 'source' ? ofSource : ofFhir;
    this.#identify(caller, (grant) => this.#enter(found(caller.request, grant), grant, caller));
  }

  /** The command line has the operator's token; a client needs the permission. */
  #openOperators(permission: Permission, caller: Caller): void {
    const { request, response, next } = caller;
    if (isOperator(request, this.#options.operatorToken)) return next();
    const passing = ({ client, searching }: Grant): void => {
      setAccess(response, searching);
      if (!client.permissions.has(permission)) return sendRefusal(response, notPermitted(permission));
      letIn(response);
      next();
    };
    this.#identify(caller, passing, () => refuseOperator(response));
  }

  /** Pages are for who sits at this machine, unless a client is named. */
  #openPages(permission: Permission, caller: Caller): void {
    const { request, response, next } = caller;
    if (shownBy(request, true).kind === 'none' && isLocalRequest(request)) return next();
    const passing = ({ client, searching }: Grant): void => {
      setAccess(response, searching);
      if (client.permissions.has(permission)) next();
      else sendRefusal(response, notPermitted(permission));
    };
    this.#identify(caller, passing, undefined, true);
  }

  #enter({ access: own, refusal }: Found, { client }: Grant, { request, response, next }: Caller): void {
    setAccess(response, own); // the audit names who was refused, too
    if (refusal) return sendRefusal(response, refusal);
    const behalf = onBehalfOf(request, client);
    if (!behalf.ok) return sendFhir(response, 403, behalf.outcome);
    const access = behalf.value === undefined ? own : actingFor(own, behalf.value);
    setAccess(response, access);
    const broken = breakGlassOf(request, client);
    if (!broken.ok) {
      const isMissing = broken.outcome.issue[0]?.code === 'value';
      return sendFhir(response, isMissing ? 400 : 403, broken.outcome);
    }
    if (broken.value !== undefined) {
      setBreakGlass(response, broken.value);
      setAccess(response, breakingGlass(access));
    }
    response.locals[CLIENT] = client;
    void this.#rate(request, response, next);
  }

  /**
   * Finds out who asks: at once, where there is no signature to check.
   * @param unknown answers whoever is not known, in place of a refusal @param pages HTTP Basic counts
   */
  #identify(caller: Caller, pass: (grant: Grant) => void, unknown?: () => void, pages = false): void {
    const { request, response, next } = caller;
    const { credentials, failures, mode } = this.#options;
    const shown = shownBy(request, pages);
    const known = credentials.known(request, shown);
    if (known === undefined) {
      if (unknown) return unknown();
      return sendRefusal(response, mode === 'closed' ? CLOSED : NOTHING_SHOWN, pages);
    }
    const settle = (found: Exclude<Known, undefined>): void => {
      if ('grant' in found) return pass(found.grant);
      if (found.refusal.status === 503) return sendRefusal(response, found.refusal);
      if (unknown) return unknown();
      this.#refuse(found.refusal, caller, pages);
    };
    if (known !== 'token') return settle(known);
    const check = async (): Promise<void> => {
      if (await failures.refuse(request, response)) return;
      settle(await credentials.check('text' in shown ? shown.text : '', request));
    };
    check().catch(next);
  }

  #refuse(refusal: Refusal, { request, response }: Caller, pages: boolean): void {
    const { failures, log } = this.#options;
    log?.info({ rule: refusal.rule, requestId: response.get('X-Request-Id') }, 'a request was not let in');
    failures.count(request, response, () => sendRefusal(response, refusal, pages));
  }
}

function openHere({ request, response, next }: Caller): void {
  if (!isLocalRequest(request)) return sendRefusal(response, NOT_LOCAL);
  setAccess(response, OPEN_ACCESS);
  next();
}

function sendUnknown(response: Response): void {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'api-unknown-route',
    diagnostics: `There is nothing at this address. There is ${FHIR}/metadata, /intake/{source}/{kind}, /health, /ready, /metrics and the status page at /.`,
  });
}

interface Found {
  readonly access: Access;
  readonly refusal?: Refusal;
}

/** What one interaction needs is refused here, before a route is reached; what routes know better they refuse. */
function ofFhir(request: Request, { reading, searching }: Grant): Found {
  const path = request.path.slice(FHIR.length);
  if (searching.isDeidentified && !servesDeidentified(path))
    return { access: searching, refusal: NOT_DEIDENTIFIED };
  const needed = neededBy(request.method, path);
  const access = needed?.right === 'read' ? reading : searching;
  if (!needed || access.may(needed.type, needed.right)) return { access };
  const scope = `system/${/^[A-Za-z]{1,60}$/.test(needed.type) ? needed.type : '*'}.${needed.right[0]}`;
  return {
    access,
    refusal: {
      ...{ status: 403, error: 'insufficient_scope', scope, rule: 'api-scope' },
      diagnostics: `This needs the scope ${scope}, which was not granted.`,
    },
  };
}

function ofSource(request: Request, { client, searching: access }: Grant): Found {
  const [source = '', kind = ''] = request.path.split('/').slice(2).map(decoded);
  const may = /^receipts$/i.test(source) ? client.sources.size > 0 : access.maySend(source, kind);
  if (may) return { access };
  return {
    access,
    refusal: {
      ...{ status: 403, rule: 'access-source' },
      diagnostics: 'This client may not post to this source: have it named in "sources" of the client.',
    },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function notPermitted(permission: Permission): Refusal {
  return {
    ...{ status: 403, rule: 'access-permission' },
    diagnostics: `This client may not see this: have "${permission}" among its "permissions".`,
  };
}

const CLIENT = 'apiClient';
