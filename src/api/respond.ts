/** Turns outcomes and resources into HTTP answers: FHIR JSON always, never a stack, never a patient value. */
import type { OperationOutcome, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Logger } from 'pino';
import { AdapterError, type Fault, issueOf, outcomeOf } from '../fhir/outcome.ts';

const FHIR_JSON = 'application/fhir+json; charset=utf-8';

/** Sends a resource or a Bundle. */
export function sendFhir(response: Response, status: number, body: Resource): void {
  response.status(status).set('Content-Type', FHIR_JSON).send(JSON.stringify(body));
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
  deleted: 410,
  'too-long': 413,
  'too-costly': 400,
  structure: 400,
  conflict: 409,
  exception: 500,
};

/** Answers a method that a route does not have. @param allowed such as `GET, HEAD` */
export function refuseMethod(allowed: string, hint = '') {
  return (_request: Request, response: Response): void => {
    response.set('Allow', allowed);
    sendFault(response, 405, {
      code: 'not-supported',
      rule: 'api-method',
      diagnostics: `This method is not served here; use ${allowed}.${hint === '' ? '' : ` ${hint}`}`,
    });
  };
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
