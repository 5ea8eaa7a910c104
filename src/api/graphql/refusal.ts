/** Turns what goes wrong with a GraphQL query into errors that say what to change, and never a value. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, Kind, visit } from 'graphql';
import { type Fault, issueOf, outcomeOf } from '../../fhir/outcome.ts';

/** A refusal of one field or of the whole query; never leaves this folder. */
export class GraphqlRefusal extends Error {
  readonly outcome: OperationOutcome;

  constructor(outcome: OperationOutcome) {
    super(outcome.issue[0]?.diagnostics ?? 'refused');
    this.outcome = outcome;
  }
}

export function refusalOf(fault: Fault): GraphqlRefusal {
  return new GraphqlRefusal(outcomeOf(issueOf(fault)));
}

/** @returns the refusal of a field that costs too much */
export function tooCostly(diagnostics: string): GraphqlRefusal {
  return refusalOf({ code: 'too-costly', rule: 'graphql-cost', diagnostics });
}

/** @returns the error as it is answered; undefined for one that nobody foresaw */
export function foreseen(error: GraphQLError): GraphQLFormattedError | undefined {
  const refusal = refusalIn(error);
  return refusal && withOutcome(error, refusal.message, refusal.outcome);
}

/** Of a query that does not hold to the grammar or the schema. */
export function invalidQuery(error: GraphQLError, secrets: ReadonlySet<string>): GraphQLFormattedError {
  const message = withoutValues(error.message, secrets);
  const outcome = outcomeOf(issueOf({ code: 'invalid', rule: 'graphql-query', diagnostics: message }));
  return withOutcome(error, message, outcome);
}

/** Says nothing of an error of ours. */
export function unexpected(error: GraphQLError): GraphQLFormattedError {
  const diagnostics = 'Unexpected error at this field. Give the request id to whoever runs this adapter.';
  const outcome = outcomeOf(issueOf({ code: 'exception', rule: 'api-unexpected', diagnostics }));
  return withOutcome(error, diagnostics, outcome);
}

/** @returns the cause of an error, through all that wraps it */
export function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

function refusalIn(error: GraphQLError): GraphqlRefusal | undefined {
  const cause = causeOf(error);
  return cause instanceof GraphqlRefusal ? cause : undefined;
}

function withOutcome(
  { locations, path }: GraphQLError,
  message: string,
  resource: OperationOutcome,
): GraphQLFormattedError {
  return {
    message,
    ...(locations === undefined ? {} : { locations }),
    ...(path === undefined ? {} : { path }),
    extensions: { resource },
  };
}

/** @returns the values that a query and its variables hold: none of them goes into a message */
export function valuesIn(document: DocumentNode | undefined, variables: unknown): ReadonlySet<string> {
  const values = new Set<string>();
  if (document) {
    const take = ({ value }: { readonly value: string }): void => void values.add(value);
    visit(document, { [Kind.STRING]: take, [Kind.INT]: take, [Kind.FLOAT]: take, [Kind.ENUM]: take });
  }
  addLeaves(variables, values);
  values.delete('');
  return values;
}

function addLeaves(value: unknown, values: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number') values.add(String(value));
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) {
      values.add(name);
      addLeaves(member, values);
    }
}

/** What a message quotes is left in it only where it is a name of the schema. */
function withoutValues(message: string, secrets: ReadonlySet<string>): string {
  if (message.startsWith('Syntax Error')) return message.replaceAll(/(String|Int|Float|Name) ".*"/gs, '$1');
  const longest = [...secrets].sort((a, b) => b.length - a.length);
  return longest.reduce((text, secret) => text.replaceAll(secret, '…'), message);
}
