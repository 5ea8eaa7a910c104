/** Turns FHIR primitives into GraphQL scalars, and whatever a search or filter is given into text. */
import {
  GraphQLBoolean,
  GraphQLError,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLScalarType,
  GraphQLString,
  Kind,
} from 'graphql';

const BUILT_IN: Readonly<Record<string, GraphQLScalarType>> = {
  boolean: GraphQLBoolean,
  string: GraphQLString,
  integer: GraphQLInt,
  decimal: GraphQLFloat,
  id: GraphQLID,
};

const NAMED = new Map(
  [
    ...['date', 'dateTime', 'instant', 'time', 'code', 'uri', 'url', 'canonical', 'oid', 'uuid'],
    ...['markdown', 'base64Binary', 'positiveInt', 'unsignedInt', 'xhtml'],
  ].map((name) => [
    name,
    new GraphQLScalarType({
      name,
      description: `FHIR primitive ${name}`,
      coerceOutputValue: (value) => value,
    }),
  ]),
);

/** @returns the scalar of a FHIR primitive; its values go out as they are stored @source FHIR R4 fhir.schema.graphql */
export function scalarOf(type: string): GraphQLScalarType {
  return (Object.hasOwn(BUILT_IN, type) ? BUILT_IN[type] : NAMED.get(type)) ?? GraphQLString;
}

/** A value of a search parameter or a filter: text, a name, a number or a boolean, all taken as text. */
export const SEARCH_VALUE = new GraphQLScalarType<string>({
  name: 'SearchValue',
  description: 'A value as FHIR search writes it: text, a name, a number or a boolean',
  coerceInputValue: (value) => textOf(typeof value === 'object' ? undefined : value),
  coerceInputLiteral(node) {
    const isPlain =
      node.kind === Kind.STRING ||
      node.kind === Kind.ENUM ||
      node.kind === Kind.INT ||
      node.kind === Kind.FLOAT;
    return textOf(isPlain || node.kind === Kind.BOOLEAN ? node.value : undefined);
  },
});

function textOf(value: unknown): string {
  if (value !== undefined && value !== null) return String(value);
  throw new GraphQLError('SearchValue takes text, a name, a number or a boolean.');
}
