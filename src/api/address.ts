/** Turns the address of a request into the base that links start with and the query as pairs. */
import type { Request } from 'express';
import { type Checked, refuse } from '../fhir/outcome.ts';

/** Names and values in the order of the request; FHIR repeats names. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** The address as the client sees it. The Host header is believed only when it looks like one. */
export function baseOf(request: Request): string {
  const host = request.get('host') ?? '';
  return `${request.protocol}://${/^[\w.:[\]-]{1,255}$/.test(host) ? host : 'localhost'}${request.baseUrl}`;
}

/**
 * Decodes a query strictly: `URLSearchParams` would take bytes that are no UTF-8 for something else, and search for that.
 * @param url path and query as they came
 * @returns refusal `api-query-encoding` when a percent-encoding cannot be decoded or stands for NUL
 */
export function queryOf(url: string): Checked<Pairs> {
  const at = url.indexOf('?');
  if (at < 0) return { ok: true, value: [] };
  try {
    const parts = url
      .slice(at + 1)
      .split('&')
      .filter((part) => part !== '');
    const value = parts.map((part) => pairOf(part));
    if (!value.some((pair) => pair.join('').includes('\0'))) return { ok: true, value };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  return refuse({
    code: 'structure',
    rule: 'api-query-encoding',
    diagnostics: 'The query cannot be decoded: write it as UTF-8 in percent-encoding, without NUL.',
    expression: 'http',
  });
}

function pairOf(part: string): readonly [string, string] {
  const equals = part.indexOf('=');
  const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
  return [decode(name), decode(value)];
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
