/** Turns outcomes and resources into HTTP answers in the format that was asked for: never a stack, never a patient value. */
import type { OperationOutcome, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, type Fault, issueOf, outcomeOf } from '../fhir/outcome.ts';
import { resourceToXml, xmlOfJson } from '../fhir/xml/write.ts';
import { type Format, PLAIN_JSON } from './negotiate.ts';
import { prettyJson } from './pretty-json.ts';

/** How one request is answered. */
interface Speech {
  readonly format: Format;
  /** names the elements of XML, in order */
  readonly definitions: Definitions;
}

const SPEECH = 'speech';

/** Says how what is sent from here on is written; without it, it is JSON. */
export function answerIn(response: Response, format: Format, definitions: Definitions): void {
  response.locals[SPEECH] = { format, definitions } satisfies Speech;
}

/** @returns how the request is answered */
export function formatOf(response: Response): Format {
  return (response.locals[SPEECH] as Speech | undefined)?.format ?? PLAIN_JSON;
}

/** @returns what names the elements of XML; undefined beside the FHIR base */
export function definitionsOf(request: Request): Definitions | undefined {
  return (request.res?.locals[SPEECH] as Speech | undefined)?.definitions;
}

/** Sends a resource or a Bundle. */
export function sendFhir(response: Response, status: number, body: Resource): void {
  const speech = response.locals[SPEECH] as Speech | undefined;
  if (speech?.format.syntax === 'xml')
    return sendText(response, status, resourceToXml(body, speech.definitions, speech.format));
  const isPretty = speech?.format.isPretty === true;
  sendText(response, status, isPretty ? JSON.stringify(body, undefined, 2) : JSON.stringify(body));
}

/**
 * Sends a resource that is at hand as JSON text, with the digits of its numbers as they stand there: the store's own
 * text goes out as it is.
 * @param text JSON of one resource or Bundle, trusted to be well formed
 */
export function sendFhirText(response: Response, status: number, text: string): void {
  const speech = response.locals[SPEECH] as Speech | undefined;
  if (speech?.format.syntax === 'xml')
    return sendText(response, status, xmlOfJson(text, speech.definitions, speech.format));
  sendText(response, status, speech?.format.isPretty === true ? prettyJson(text) : text);
}

/** Past Express, which would look at each text for more than is needed here. */
function sendText(response: Response, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', `${formatOf(response).media}; charset=utf-8`);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(response.req.method === 'HEAD' ? undefined : text); // a string goes out in one write with the headers
}

/** Sends the refusal of one fault. */
export function sendFault(response: Response, status: number, fault: Fault): void {
  sendFhir(response, status, outcomeOf(issueOf(fault)));
}

/** @returns the HTTP status that a refusal stands for, by its first error @source FHIR R4, 3.1.0.1.4 */
export function statusOf(outcome: OperationOutcome): number {
  const issue = outcome.issue.find((one) => one.severity === 'error' || one.severity === 'fatal');
  return (issue && STATUSES[issue.code ?? 'invalid']) ?? 400;
}

const STATUSES: Partial<Record<NonNullable<OperationOutcomeIssue['code']>, number>> = {
  'not-found': 404,
  'not-supported': 400,
  forbidden: 403,
  deleted: 410,
  'too-long': 413,
  'too-costly': 400,
  structure: 400,
  conflict: 409,
  exception: 500,
};

/** Answers a method that a route does not have, and OPTIONS with those that it has. @param allowed such as `GET, HEAD` */
export function refuseMethod(allowed: string, hint = '') {
  return (request: Request, response: Response): void => {
    if (request.method === 'OPTIONS') return answerOptions(response, allowed);
    response.set('Allow', `${allowed}, OPTIONS`);
    sendFault(response, 405, {
      code: 'not-supported',
      rule: 'api-method',
      diagnostics: `This method is not served here; use ${allowed}.${hint === '' ? '' : ` ${hint}`}`,
    });
  };
}

/** @source RFC 9110, 9.3.7 */
export function answerOptions(response: Response, allowed: string): void {
  response
    .status(204)
    .set({ Allow: `${allowed}, OPTIONS`, 'Cache-Control': 'no-store' })
    .end();
}

/**
 * The last handler: a store that cannot write is 503 or 507, a request that cannot be read 400, the rest a bug that
 * says nothing. It takes four parameters, by which Express knows it.
 */
export function errorHandler(log: Logger | undefined): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    // half an answer, or nobody there to answer: what was not read whole is not accepted
    if (response.headersSent || request.socket.destroyed) return void response.destroy();
    if (error instanceof AdapterError) return refuseByStore(response, error);
    const status = (error as { status?: unknown }).status;
    if (typeof status === 'number' && status >= 400 && status < 500) {
      return sendFault(response, status, {
        code: 'structure',
        rule: 'api-request',
        diagnostics: READABLE[status] ?? 'The request cannot be read: check its address and headers.',
      });
    }
    log?.error(
      {
        requestId: response.get('X-Request-Id'),
        method: request.method,
        error: error instanceof Error ? error.name : typeof error,
        at: placeOf(error),
      },
      'unexpected error',
    );
    sendFault(response, 500, {
      code: 'exception',
      rule: 'api-unexpected',
      diagnostics: `Unexpected error. Give the request id ${response.get('X-Request-Id')} to whoever runs this adapter.`,
    });
  };
}

const READABLE: Readonly<Record<number, string>> = {
  400: 'The address cannot be decoded: check its percent-encoding.',
  413: 'The body is too large: send it in smaller parts.',
};

/** Seconds a client is asked to wait while the store cannot write. */
const STORE_RETRY_SECONDS = 30;

/** What may have been committed is safe to send again: the same record twice is one. */
function refuseByStore(response: Response, error: AdapterError): void {
  if (error.retry === 'permanent') return sendFhir(response, statusOf(error.outcome), error.outcome);
  const isFull = error.outcome.issue.some((issue) => issue.code === 'no-store');
  response.set('Retry-After', String(STORE_RETRY_SECONDS));
  sendFhir(response, isFull ? 507 : 503, error.outcome);
}

/** First frame of ours in the stack: where, without what. */
function placeOf(error: unknown): string | undefined {
  const stack = error instanceof Error ? error.stack : undefined;
  return /src\/[\w./-]+:\d+/.exec(stack ?? '')?.[0];
}
