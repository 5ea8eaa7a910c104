/** Turns an HTTP request into the GraphQL query that it holds, or says why it holds none. */
import type { Request } from 'express';
import { type Checked, type Fault, refuse } from '../fhir/outcome.ts';
import { queryOf } from './address.ts';
import type { GraphqlRequest } from './graphql/run.ts';
import { jsonIn, readText } from './resource-body.ts';

const LONGEST_BODY = 200_000;
const MEDIA = ['application/json', 'application/graphql'] as const;

/** By GET the parameters `query`, `variables` and `operationName`; by POST JSON of the same, or the query itself. */
export async function readGraphql(request: Request): Promise<Checked<GraphqlRequest>> {
  const pairs = queryOf(request.originalUrl);
  if (!pairs.ok) return pairs;
  const given = Object.fromEntries(pairs.value);
  if (request.method === 'GET' || request.method === 'HEAD') return requestOf(given, given.variables);
  const body = await readText(request, MEDIA, { jsonBytes: LONGEST_BODY, depth: 20 });
  if (!body.ok) return body;
  const { media, text } = body.value;
  if (media === 'application/graphql') return requestOf({ ...given, query: text }, given.variables);
  const parsed = jsonIn(text, { jsonBytes: LONGEST_BODY, depth: 20 });
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(NO_QUERY);
  return requestOf(value as Record<string, unknown>, (value as { variables?: unknown }).variables);
}

function requestOf(
  { query, operationName }: Readonly<Record<string, unknown>>,
  given: unknown,
): Checked<GraphqlRequest> {
  if (typeof query !== 'string' || query === '') return refuse(NO_QUERY);
  let variables: unknown = given ?? undefined;
  if (typeof variables === 'string') {
    const parsed = jsonIn(variables, { jsonBytes: LONGEST_BODY, depth: 20 });
    if (!parsed.ok) return parsed;
    variables = parsed.value;
  }
  const isObject = typeof variables === 'object' && variables !== null && !Array.isArray(variables);
  if (variables !== undefined && !isObject) return refuse(NO_VARIABLES);
  const name = typeof operationName === 'string' && operationName !== '' ? operationName : undefined;
  return {
    ok: true,
    value: { query, variables: variables as GraphqlRequest['variables'], operationName: name },
  };
}

const NO_QUERY: Fault = {
  code: 'required',
  rule: 'graphql-request',
  diagnostics:
    'Send {"query": "…", "variables": {…}} as application/json, the query as application/graphql, or ?query= by GET.',
};
const NO_VARIABLES: Fault = {
  code: 'structure',
  rule: 'graphql-request',
  diagnostics: 'The variables of a query are one JSON object.',
};
