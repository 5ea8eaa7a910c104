/** Serves what a BaRS receiver serves: $process-message, and the questions that senders ask before they send or cancel. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { LIVE_VERSION } from '../nhs/bars/codes.ts';
import type { BarsFault } from '../nhs/bars/errors.ts';
import { isSpoken, mediaType, versionOf } from '../nhs/bars/headers.ts';
import type { Answer, BarsReceiver } from '../source/bars/receiver.ts';
import { BUSY } from '../source/bars/refusals.ts';
import { atMost, collected } from './intake-body.ts';
import type { ReferralQuestions } from './process-message-questions.ts';
import { isLocalRequest, isLoopback } from './security/local-request.ts';

/** Who may reach the routes; with none of it only this machine may. */
export interface Door {
  /** a secret that the gateway in front adds to each request */
  readonly secret?: { readonly header: string; readonly value: string } | undefined;
  /** subjects of client certificates, as the gateway that checked them names them */
  readonly subjects?: { readonly header: string; readonly allowed: readonly string[] } | undefined;
}

export interface ProcessMessageOptions {
  /** path of the FHIR base, such as /bars/FHIR/R4 */
  readonly path: string;
  readonly receiver: BarsReceiver;
  readonly questions: ReferralQuestions;
  readonly door: Door;
  readonly largestBytes: number;
  /** of the standard, beside the live one */
  readonly version: string;
  /** long bodies that are read at once; default 16 */
  readonly bodies?: number | undefined;
}

type Headers = Readonly<Record<string, string | undefined>>;

const BODIES = 16;

/** @returns routes for the FHIR base; what is not served there is answered as the catalogue of errors has it */
export function processMessageRoutes(options: ProcessMessageOptions): Router {
  const { path, receiver, door, version, largestBytes, bodies = BODIES } = options;
  const routes = express.Router({ caseSensitive: true });
  const refuse = (request: Request, response: Response, fault: BarsFault): void =>
    reply(request, response, receiver.refuse(headersOf(request), fault));
  const guard: RequestHandler = (request, response, next) => {
    const fault = doorFault(door, request) ?? mediaFault(request, version);
    if (fault) refuse(request, response, fault);
    else next();
  };
  const take = async (request: Request, response: Response): Promise<void> => {
    const body = await collected(request, largestBytes);
    if (!body.ok) return refuse(request, response, tooLarge(largestBytes));
    reply(request, response, await receiver.process(headersOf(request), body.value.toString()));
  };
  routes.use(path, guard);
  routes.post(
    `${path}/$process-message`,
    atMost(bodies, take, (request, response) => refuse(request, response, BUSY)),
  );
  const asked = questionsOf(options.questions);
  for (const [where, { ask, isOfAll = false }] of Object.entries(asked))
    routes.get(`${path}${where}`, async (request, response) => {
      const found = await receiver.answer(headersOf(request), (caller) => ask(request, caller), !isOfAll);
      reply(request, response, found);
    });
  for (const where of ['/$process-message', ...Object.keys(asked)])
    routes.all(`${path}${where}`, (request, response) => refuse(request, response, METHOD));
  routes.use(path, (request, response) => refuse(request, response, NOT_IMPLEMENTED));
  return routes;
}

interface Question {
  readonly ask: (request: Request, caller: string) => Promise<unknown> | unknown;
  /** it is asked of whatever is here: no service need be named */
  readonly isOfAll?: boolean;
}

function questionsOf(questions: ReferralQuestions): Readonly<Record<string, Question>> {
  return {
    '/metadata': { ask: () => questions.capability(), isOfAll: true },
    '/MessageDefinition': { ask: (request) => questions.definitions(queryOf(request)) },
    '/ServiceRequest': { ask: (request, caller) => questions.search(queryOf(request), caller) },
    '/ServiceRequest/:id': {
      ask: (request, caller) => questions.referral(String(request.params.id), caller),
    },
  };
}

function queryOf(request: Request): URLSearchParams {
  return new URL(request.originalUrl, 'http://here').searchParams;
}

function headersOf({ headers }: { readonly headers: IncomingHttpHeaders }): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

/** In the version that was asked for: the guard let in no other than are spoken here. */
function reply(request: Request, response: Response, { status, headers, body }: Answer): void {
  const version = versionOf(request.get('accept'));
  const type = version === undefined ? FHIR_JSON : mediaType(version);
  response.status(status).set(headers);
  response.set('Content-Type', `${type}; charset=utf-8`).send(JSON.stringify(body));
}

const FHIR_JSON = 'application/fhir+json';

/** Anybody who reaches the port may name a subject: without a secret, only a gateway on this machine is believed. */
function doorFault({ secret, subjects }: Door, request: Request): BarsFault | undefined {
  if (!secret && !subjects) return isLocalRequest(request) ? undefined : NOT_LOCAL;
  if (!secret && !isLoopback(request.socket)) return NO_GATEWAY;
  if (secret && !isSecret(request.get(secret.header), secret.value)) return NO_SECRET;
  if (subjects && !subjects.allowed.includes(request.get(subjects.header) ?? '')) return NO_SUBJECT;
  return undefined;
}

/** Digests are compared: how long it takes tells nothing of the secret, nor of its length. */
function isSecret(given: string | undefined, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(secret)) && given !== undefined;
}

const JSON_MEDIA = /^application\/(?:fhir\+)?json\b/i;

function mediaFault(request: Request, ours: string): BarsFault | undefined {
  const accepts = (request.get('accept') ?? '*/*').split(',').map((one) => one.trim());
  const json = accepts.filter((one) => JSON_MEDIA.test(one) || /^(?:\*|application)\/\*/.test(one));
  if (json.length === 0) return NOT_ACCEPTABLE;
  const version = versionOf(request.get('accept'));
  if (version !== undefined && !isSpoken(version, ours)) return OTHER_VERSION;
  if (request.method !== 'POST') return undefined;
  if (!JSON_MEDIA.test(request.get('content-type') ?? '')) return NO_MEDIA;
  return /^(?:identity)?$/i.test(request.get('content-encoding') ?? '') ? undefined : NO_MEDIA;
}

function tooLarge(bytes: number): BarsFault {
  return {
    code: 'REC_UNPROCESSABLE_ENTITY',
    issue: 'too-costly',
    diagnostics: `The body is longer than ${bytes} bytes: leave out what the definition does not ask for.`,
  };
}

const NOT_LOCAL: BarsFault = {
  code: 'REC_FORBIDDEN',
  issue: 'security',
  diagnostics:
    'Only this machine may ask, as long as no secret and no certificate is configured for the receiver.',
};
const NO_SECRET: BarsFault = {
  code: 'REC_FORBIDDEN',
  issue: 'security',
  diagnostics: 'The request did not come through the gateway: its secret is missing or wrong.',
};
const NO_GATEWAY: BarsFault = {
  code: 'REC_FORBIDDEN',
  issue: 'security',
  diagnostics:
    'A gateway on another machine is believed by its secret alone: configure secretEnv beside clientSubjects.',
};
const NO_SUBJECT: BarsFault = {
  code: 'REC_FORBIDDEN',
  issue: 'forbidden',
  diagnostics: 'The client certificate is none that is allowed here.',
};
const NOT_ACCEPTABLE: BarsFault = {
  code: 'REC_NOT_ACCEPTABLE',
  issue: 'processing',
  diagnostics: 'Answers are JSON only: accept application/fhir+json.',
};
const OTHER_VERSION: BarsFault = {
  code: 'REC_NOT_ACCEPTABLE',
  issue: 'processing',
  diagnostics: `Accept names a version of the standard that is not spoken here: accept application/fhir+json; version=${LIVE_VERSION}.`,
};
const NO_MEDIA: BarsFault = {
  code: 'REC_BAD_REQUEST',
  issue: 'not-supported',
  diagnostics: 'Messages are read as uncompressed JSON only: send Content-Type application/fhir+json.',
};
const METHOD: BarsFault = {
  code: 'REC_METHOD_NOT_ALLOWED',
  issue: 'not-supported',
  diagnostics: 'This method is not served here: referrals are made and changed by POST of $process-message.',
};
const NOT_IMPLEMENTED: BarsFault = {
  code: 'REC_NOT_IMPLEMENTED',
  issue: 'not-supported',
  diagnostics:
    'This is not served here: there is POST $process-message, and GET of metadata, MessageDefinition and ServiceRequest.',
};
