/** Serves what a BaRS receiver serves: $process-message, and the questions that senders ask before they send or cancel. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { BarsFault } from '../nhs/bars/errors.ts';
import type { Answer, BarsReceiver } from '../source/bars/receiver.ts';
import { atMost, collected } from './intake-body.ts';
import type { ReferralQuestions } from './process-message-questions.ts';

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
}

type Headers = Readonly<Record<string, string | undefined>>;

const BODIES = 16;

/** @returns routes for the FHIR base; what is not served there is answered as the catalogue of errors has it */
export function processMessageRoutes(options: ProcessMessageOptions): Router {
  const { path, receiver, door, largestBytes } = options;
  const routes = express.Router({ caseSensitive: true });
  const refuse: Refuse = (request, response, fault) =>
    reply(response, receiver.refuse(headersOf(request), fault));
  const guard: RequestHandler = (request, response, next) => {
    const fault = doorFault(door, request) ?? mediaFault(request);
    if (fault) refuse(request, response, fault);
    else next();
  };
  routes.use(path, guard);
  routes.post(
    `${path}/$process-message`,
    atMost(BODIES, async (request, response) => {
      const body = await collected(request, largestBytes);
      if (!body.ok) return refuse(request, response, tooLarge(largestBytes));
      reply(response, await receiver.process(headersOf(request), body.value.toString()));
    }),
  );
  const asked = questionsOf(options);
  for (const [where, question] of Object.entries(asked))
    routes.get(
      `${path}${where}`,
      async (request, response) => await answer(options, question, request, response),
    );
  for (const where of ['/$process-message', ...Object.keys(asked)])
    routes.all(`${path}${where}`, (request, response) => refuse(request, response, METHOD));
  routes.use(path, (request, response) => refuse(request, response, NOT_IMPLEMENTED));
  return routes;
}

type Refuse = (request: Request, response: Response, fault: BarsFault) => void;

interface Question {
  readonly ask: (request: Request, caller: string) => Promise<unknown> | unknown;
  /** it is asked of whatever is here: no service need be named */
  readonly isOfAll?: boolean;
}

function questionsOf({ questions }: ProcessMessageOptions): Readonly<Record<string, Question>> {
  return {
    '/metadata': { ask: () => questions.capability(), isOfAll: true },
    '/MessageDefinition': { ask: (request) => questions.definitions(queryOf(request)) },
    '/ServiceRequest': { ask: (request, caller) => questions.search(queryOf(request), caller) },
    '/ServiceRequest/:id': {
      ask: (request, caller) => questions.referral(String(request.params.id), caller),
    },
  };
}

async function answer(
  { receiver }: ProcessMessageOptions,
  { ask, isOfAll = false }: Question,
  request: Request,
  response: Response,
): Promise<void> {
  const headers = headersOf(request);
  const admitted = receiver.admit(headers, !isOfAll);
  if (!admitted.ok) return reply(response, admitted.answer);
  const found = await ask(request, admitted.value.organisation.odsCode.toUpperCase());
  if (isFault(found)) return reply(response, receiver.refuse(headers, found));
  reply(response, { ...receiver.refuse(headers, UNKNOWN), status: 200, body: found });
}

function queryOf(request: Request): URLSearchParams {
  return new URL(request.originalUrl, 'http://here').searchParams;
}

function headersOf({ headers }: { readonly headers: IncomingHttpHeaders }): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

function reply(response: Response, { status, headers, body }: Answer): void {
  response.status(status).set(headers);
  response.set('Content-Type', 'application/fhir+json; charset=utf-8').send(JSON.stringify(body));
}

function isFault(value: unknown): value is BarsFault {
  return typeof value === 'object' && value !== null && 'diagnostics' in value && 'issue' in value;
}

/** Behind a proxy on this machine everybody seems to come from it: then it is the proxy's to tell who they are. */
function doorFault({ secret, subjects }: Door, request: Request): BarsFault | undefined {
  if (!secret && !subjects) return isLocal(request) ? undefined : NOT_LOCAL;
  if (secret && !isSecret(request.get(secret.header), secret.value)) return NO_SECRET;
  if (subjects && !subjects.allowed.includes(request.get(subjects.header) ?? '')) return NO_SUBJECT;
  return undefined;
}

function isLocal({ socket }: Request): boolean {
  return /^(?:::1|(?:::ffff:)?127\.)/.test(socket.remoteAddress ?? '');
}

/** Digests are compared: how long it takes tells nothing of the secret, nor of its length. */
function isSecret(given: string | undefined, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(secret)) && given !== undefined;
}

const JSON_MEDIA = /^application\/(?:fhir\+)?json\b/i;

function mediaFault(request: Request): BarsFault | undefined {
  const accepts = (request.get('accept') ?? '*/*').split(',').map((one) => one.trim());
  if (!accepts.some((one) => JSON_MEDIA.test(one) || /^(?:\*|application)\/\*/.test(one)))
    return NOT_ACCEPTABLE;
  if (request.method !== 'POST') return undefined;
  if (!JSON_MEDIA.test(request.get('content-type') ?? '')) return NO_MEDIA;
  return /^(?:identity)?$/i.test(request.get('content-encoding') ?? '') ? undefined : NO_MEDIA;
}

function tooLarge(bytes: number): BarsFault {
  return {
    code: 'REC_BAD_REQUEST',
    issue: 'structure',
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
/** Never sent: its answer carries the ids. */
const UNKNOWN: BarsFault = { code: 'REC_NOT_FOUND', issue: 'not-found', diagnostics: '' };
