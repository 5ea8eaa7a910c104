/** Turns the address of a kick-off, and the Parameters that it may be posted with, into names and values. */
import type { Request } from 'express';
import { type Checked, type Fault, refuse } from '../../fhir/outcome.ts';
import { type Pairs, queryOf } from '../address.ts';
import { readResource } from '../resource-body.ts';

/** References to patients may be many. */
const BODY_LIMITS = { jsonBytes: 4_000_000, depth: 16 } as const;

export async function pairsOf(request: Request): Promise<Checked<Pairs>> {
  const query = queryOf(request.originalUrl);
  if (!query.ok || request.method !== 'POST' || !hasBody(request)) return query;
  const body = await readResource(request, BODY_LIMITS);
  if (!body.ok) return body;
  const pairs = pairsIn(body.value);
  return pairs ? { ok: true, value: [...query.value, ...pairs] } : refuse(NO_PARAMETERS);
}

function hasBody(request: Request): boolean {
  const length = request.get('content-length');
  return length === undefined ? request.get('transfer-encoding') !== undefined : length !== '0';
}

/** @returns each parameter with its value as a query would have it; undefined for what is no Parameters */
function pairsIn(resource: object): Pairs | undefined {
  const { resourceType, parameter = [] } = resource as { resourceType?: unknown; parameter?: unknown };
  if (resourceType !== 'Parameters' || !Array.isArray(parameter)) return undefined;
  return parameter.map((one: unknown): readonly [string, string] => {
    const { name, ...rest } = (one ?? {}) as Record<string, unknown>;
    const value = Object.entries(rest).find(([key]) => /^value[A-Z]/.test(key))?.[1];
    const inner = (value as { reference?: unknown } | undefined)?.reference ?? value;
    const isPlain = typeof inner === 'string' || typeof inner === 'boolean' || typeof inner === 'number';
    return [typeof name === 'string' ? name : '', isPlain ? String(inner) : ''];
  });
}

const NO_PARAMETERS: Fault = {
  code: 'structure',
  rule: 'export-parameters',
  diagnostics: 'The body of $export is a Parameters resource, or there is none.',
};
