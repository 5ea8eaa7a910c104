/** Turns the served search parameters into the fields of GraphQL that search. */
import {
  type GraphQLFieldConfigArgumentMap,
  type GraphQLFieldConfigMap,
  GraphQLFloat,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
} from 'graphql';
import { STORED_TYPES, type StoredType } from '../../fhir/definitions.ts';
import { followedOf, type ServedSearch } from '../search/served.ts';
import type { Asking } from './asking.ts';
import { shaped } from './lists.ts';
import { refusalOf } from './refusal.ts';
import { SEARCH_VALUE, scalarOf } from './scalars.ts';
import { connectionOf, listOf, type Sought } from './searching.ts';

type Fields = GraphQLFieldConfigMap<unknown, Asking>;
type Find = (source: unknown, args: Sought['args']) => Sought;

const VALUES = { type: new GraphQLList(new GraphQLNonNull(SEARCH_VALUE)) };
const CONTROLS: GraphQLFieldConfigArgumentMap = {
  _id: VALUES,
  _lastUpdated: VALUES,
  _sort: VALUES,
  _count: { type: GraphQLInt },
  _offset: { type: GraphQLInt },
};
const CURSORS: GraphQLFieldConfigArgumentMap = {
  _cursor: { type: GraphQLString, description: 'next of the page before' },
  cursor: { type: GraphQLString, description: 'the same' },
};

export class SearchFields {
  readonly #served: ServedSearch;
  readonly #object: (type: StoredType) => GraphQLObjectType;
  readonly #connections = new Map<StoredType, GraphQLObjectType>();
  readonly #arguments = new Map<StoredType, GraphQLFieldConfigArgumentMap>();

  constructor(served: ServedSearch, object: (type: StoredType) => GraphQLObjectType) {
    this.#served = served;
    this.#object = object;
  }

  /** `PatientList` and `PatientConnection`: searches of a type */
  ofType(type: StoredType): Fields {
    const codes = this.#codes(type);
    return this.#pair(type, {}, (_source, args) => ({ type, args, codes }));
  }

  /** The same within a resource, of what refers to it: `ObservationList(_reference: subject)` */
  referringTo(target: StoredType): Fields {
    const fields: Fields = {};
    for (const type of STORED_TYPES) {
      const referring = followedOf(this.#served, type)
        .filter(({ targets }) => targets.includes(target))
        .map(({ code }) => code);
      if (referring.length === 0) continue;
      const codes = this.#codes(type);
      const reference = {
        type: new GraphQLNonNull(SEARCH_VALUE),
        description: `parameter that refers here: ${referring.map(nameOf).join(', ')}`,
      };
      const find: Find = (source, args) => {
        const code = referring.find((one) => nameOf(one) === args._reference || one === args._reference);
        if (code === undefined) throw wrongReference(type, target, referring);
        const { id } = source as { id: string };
        return { type, args, codes, referring: { code, to: `${target}/${id}` } };
      };
      Object.assign(fields, this.#pair(type, { _reference: reference }, find));
    }
    return fields;
  }

  #pair(type: StoredType, more: GraphQLFieldConfigArgumentMap, find: Find): Fields {
    const args = { ...this.#args(type), ...more };
    return {
      [`${type}List`]: {
        type: new GraphQLList(this.#object(type)),
        args,
        resolve: async (source, given, asking, info) =>
          shaped(asking, await listOf(asking, find(source, given)), info, type),
      },
      [`${type}Connection`]: {
        type: this.#connection(type),
        args: { ...args, ...CURSORS },
        resolve: (source, given, asking) => connectionOf(asking, find(source, given)),
      },
    };
  }

  #connection(type: StoredType): GraphQLObjectType {
    let connection = this.#connections.get(type);
    if (!connection) {
      const edge = new GraphQLObjectType({
        name: `${type}Edge`,
        fields: () => ({
          mode: { type: scalarOf('code') },
          score: { type: GraphQLFloat },
          resource: { type: this.#object(type) },
        }),
      });
      connection = new GraphQLObjectType({
        name: `${type}Connection`,
        fields: {
          count: { type: GraphQLInt, description: 'of all that matches' },
          offset: { type: GraphQLInt },
          pagesize: { type: GraphQLInt },
          edges: { type: new GraphQLList(edge) },
          first: { type: GraphQLString, description: 'cursor of the first page' },
          previous: { type: GraphQLString, description: 'never there: pages go forwards' },
          next: { type: GraphQLString, description: 'cursor of the next page' },
          last: { type: GraphQLString, description: 'never there: pages go forwards' },
        },
      });
      this.#connections.set(type, connection);
    }
    return connection;
  }

  /** One map of arguments serves all fields that search the type. */
  #args(type: StoredType): GraphQLFieldConfigArgumentMap {
    let args = this.#arguments.get(type);
    if (!args) {
      args = {
        ...Object.fromEntries([...this.#codes(type).keys()].map((name) => [name, VALUES])),
        ...CONTROLS,
      };
      this.#arguments.set(type, args);
    }
    return args;
  }

  /** GraphQL has no hyphens in names. */
  #codes(type: StoredType): ReadonlyMap<string, string> {
    return new Map([...(this.#served.get(type)?.keys() ?? [])].map((code) => [nameOf(code), code]));
  }
}

function nameOf(code: string): string {
  return code.replaceAll('-', '_');
}

function wrongReference(type: StoredType, target: StoredType, codes: readonly string[]) {
  return refusalOf({
    code: 'value',
    rule: 'graphql-reference',
    diagnostics: `${type} refers to ${target} by _reference: ${codes.map(nameOf).join(', ')}.`,
  });
}
