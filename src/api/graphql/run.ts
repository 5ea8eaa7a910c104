/** Turns one GraphQL request into its answer. */
import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import { AdapterError } from '../../fhir/outcome.ts';
import type { Asking } from './asking.ts';
import { costRefusal, MOST_TOKENS, nestingRefusal } from './cost.ts';
import { laidOut } from './layout.ts';
import {
  causeOf,
  foreseen,
  type GraphqlRefusal,
  invalidQuery,
  GraphqlRefusal as Refusal,
  refusalOf,
  unexpected,
  valuesIn,
} from './refusal.ts';

export interface GraphqlRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly operationName: string | undefined;
}

export interface GraphqlAnswer {
  /** 400 where nothing of the query was run */
  readonly status: 200 | 400;
  readonly body: { readonly data?: unknown; readonly errors?: readonly GraphQLFormattedError[] };
}

/** A query that takes longer is stopped. */
const LONGEST_MS = 10_000;
const MOST_ERRORS = 20;

/**
 * Runs a query.
 * @param root the resource that the query starts from; undefined for the whole system
 * @param failed is told of each error that nobody foresaw
 * @throws AdapterError where the store cannot be read
 */
export async function runGraphql(
  schema: GraphQLSchema,
  request: GraphqlRequest,
  asking: Asking,
  root: unknown,
  failed: (error: unknown) => void,
): Promise<GraphqlAnswer> {
  const read = readQuery(schema, request);
  if (!read.ok) return { status: 400, body: { errors: read.errors } };
  const stop = AbortSignal.timeout(LONGEST_MS);
  const { data, errors = [] } = await executed(schema, read.document, request, asking, root, stop);
  for (const error of errors) {
    const cause = causeOf(error);
    if (cause instanceof AdapterError && cause.retry !== 'permanent') throw cause;
  }
  if (stop.aborted) return { status: 400, body: { errors: [formatted(TOO_LONG)] } };
  const secrets = valuesIn(read.document, request.variables);
  const shown = errors.slice(0, MOST_ERRORS).map((error) => shownError(error, secrets, failed));
  // without data the query did not begin: its variables are not what it declares
  if (data === undefined) return { status: 400, body: { errors: shown } };
  return layOut(data, shown, asking);
}

function layOut(data: unknown, errors: readonly GraphQLFormattedError[], asking: Asking): GraphqlAnswer {
  const more = errors.length === 0 ? {} : { errors };
  if (data === null) return { status: 200, body: { data, ...more } };
  try {
    return { status: 200, body: { data: laidOut(data as Record<string, unknown>, asking.shapes), ...more } };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: 400, body: { errors: [...errors, formatted(error)] } };
  }
}

async function executed(
  schema: GraphQLSchema,
  document: DocumentNode,
  { variables, operationName }: GraphqlRequest,
  asking: Asking,
  rootValue: unknown,
  abortSignal: AbortSignal,
) {
  try {
    const args = { schema, document, rootValue, contextValue: asking, abortSignal, hideSuggestions: true };
    return await execute({
      ...args,
      variableValues: variables ?? null,
      operationName: operationName ?? null,
    });
  } catch (error) {
    if (!abortSignal.aborted) throw error;
    return { data: undefined, errors: [] };
  }
}

type Read = { ok: true; document: DocumentNode } | { ok: false; errors: readonly GraphQLFormattedError[] };

function readQuery(schema: GraphQLSchema, { query, operationName, variables }: GraphqlRequest): Read {
  let document: DocumentNode;
  try {
    const tooDeep = nestingRefusal(query);
    if (tooDeep) return { ok: false, errors: [formatted(tooDeep)] };
    document = parse(query, { maxTokens: MOST_TOKENS });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { ok: false, errors: [invalidQuery(error, new Set())] };
  }
  const operation = getOperationAST(document, operationName);
  if (operation && operation.operation !== OperationTypeNode.QUERY)
    return { ok: false, errors: [formatted(NO_WRITES)] };
  // before the rules of GraphQL, which take long over many fields
  const costly = costRefusal(document);
  if (costly) return { ok: false, errors: [formatted(costly)] };
  const secrets = valuesIn(document, variables);
  const faults = validate(schema, document, undefined, { maxErrors: MOST_ERRORS });
  if (faults.length > 0) return { ok: false, errors: faults.map((fault) => invalidQuery(fault, secrets)) };
  return { ok: true, document };
}

function shownError(
  error: GraphQLError,
  secrets: ReadonlySet<string>,
  failed: (error: unknown) => void,
): GraphQLFormattedError {
  const known = foreseen(error);
  if (known) return known;
  if (error.path === undefined && causeOf(error) instanceof GraphQLError) return invalidQuery(error, secrets);
  failed(causeOf(error));
  return unexpected(error);
}

function formatted(refusal: GraphqlRefusal): GraphQLFormattedError {
  return { message: refusal.message, extensions: { resource: refusal.outcome } };
}

const NO_WRITES = refusalOf({
  code: 'not-supported',
  rule: 'graphql-mutation',
  diagnostics:
    'Only queries are served by GraphQL here; write by POST, PUT, PATCH and DELETE on the resources.',
});
const TOO_LONG = refusalOf({
  code: 'too-costly',
  rule: 'graphql-cost',
  diagnostics: 'This query took too long; ask for less in several queries, or for smaller pages with _count.',
});
