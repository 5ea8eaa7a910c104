/** Answers the reads in a Bundle by the routes that answer them alone. */
import { ServerResponse } from 'node:http';
import type { Resource } from '@medplum/fhirtypes';
import type { Request, Response, Router } from 'express';
import { parsedExactly } from '../../fhir/spelling.ts';
import { accessOf, touch, touchedBy } from '../access.ts';
import { neededBy } from '../security/interaction.ts';
import { refuseWith } from './asked.ts';

export interface ReadAsked {
  readonly method: 'GET' | 'HEAD';
  /** below the FHIR base: `/Patient/1`, `/Patient?name=x` */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadAnswer {
  readonly status: number;
  /** a resource, a Bundle, or the outcome of a refusal; undefined where there is no body */
  readonly body: Resource | undefined;
  readonly etag: string | undefined;
  /** as HTTP writes it */
  readonly lastModified: string | undefined;
}

/**
 * @param reads the routes of reads, as mounted at the FHIR base
 * @param request that the read came in, whose client asks
 */
export async function readWithin(
  reads: Router,
  request: Request,
  response: Response,
  asked: ReadAsked,
): Promise<ReadAnswer> {
  const needed = neededBy(asked.method, asked.url.replace(/\?.*$/s, ''));
  if (needed && !accessOf(response).may(needed.type, needed.right)) {
    const diagnostics = `The scopes of this client do not let it ${needed.right} resources of type ${needed.type}.`;
    const { status, outcome } = refuseWith(403, { code: 'forbidden', rule: 'api-right', diagnostics });
    return { status, body: outcome, etag: undefined, lastModified: undefined };
  }
  const inner = innerRequest(request, asked);
  const answer = innerResponse(inner, response);
  const before = touchedBy(answer).length;
  const text = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.write = (chunk: unknown) => {
      chunks.push(bytesOf(chunk));
      return true;
    };
    answer.end = (chunk?: unknown) => {
      if (chunk !== undefined && typeof chunk !== 'function') chunks.push(bytesOf(chunk));
      resolve(Buffer.concat(chunks).toString('utf8'));
      return answer;
    };
    reads(inner, answer, (error?: unknown) =>
      error === undefined ? answer.status(404).end() : reject(error as Error),
    );
  });
  for (const one of touchedBy(answer).slice(before)) touch(response, one);
  const headerOf = (name: string): string | undefined => answer.getHeader(name)?.toString();
  return {
    status: answer.statusCode,
    body: text === '' ? undefined : (parsedExactly(text) as Resource),
    etag: headerOf('etag'),
    lastModified: headerOf('last-modified'),
  };
}

/** The same client and server, another question. */
function innerRequest(request: Request, { method, url, headers }: ReadAsked): Request {
  const own = { method, url, originalUrl: `${request.baseUrl}${url}`, params: {}, headers: { ...headers } };
  const { host } = request.headers;
  if (host !== undefined) Object.assign(own.headers, { host });
  return Object.assign(Object.create(request) as Request, own);
}

function innerResponse(request: Request, response: Response): Response {
  const inner = Object.setPrototypeOf(
    new ServerResponse(request),
    Object.getPrototypeOf(response),
  ) as Response;
  const { access, touched } = response.locals;
  inner.locals = { access, touched }; // in JSON, whatever the Bundle is answered in
  inner.req = request;
  return inner;
}

function bytesOf(chunk: unknown): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array);
}
