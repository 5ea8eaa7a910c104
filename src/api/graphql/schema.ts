/** Turns the FHIR types that are stored, and the data types within them, into a GraphQL schema. */
import {
  GraphQLBoolean,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  GraphQLID,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
  specifiedDirectives,
} from 'graphql';
import { type Definitions, type ElementType, STORED_TYPES, type StoredType } from '../../fhir/definitions.ts';
import { choiceName, isPrimitive } from '../../fhirpath/types.ts';
import { permit } from '../permit.ts';
import { isStored, type ServedSearch } from '../search/served.ts';
import type { Asking } from './asking.ts';
import { chosen, FHIR_DIRECTIVES, listArguments, shaped } from './lists.ts';
import { resolveReference } from './reference.ts';
import { GraphqlRefusal, refusalOf } from './refusal.ts';
import { scalarOf } from './scalars.ts';
import { SearchFields } from './search-fields.ts';

type Field = GraphQLFieldConfig<unknown, Asking>;
type Fields = GraphQLFieldConfigMap<unknown, Asking>;

/** The schemas over one set of definitions, each made when it is first asked for. */
export class Schemas {
  readonly #definitions: Definitions;
  readonly #types = new Map<string, GraphQLObjectType>();
  readonly #schemas = new Map<string, GraphQLSchema>();
  readonly #searches: SearchFields;
  readonly #resource: GraphQLInterfaceType;

  constructor(definitions: Definitions, served: ServedSearch) {
    this.#definitions = definitions;
    this.#resource = new GraphQLInterfaceType({
      name: 'Resource',
      fields: () => ({
        resourceType: { type: scalarOf('code') },
        id: { type: GraphQLID },
        meta: { type: this.#object('Meta') },
        implicitRules: { type: scalarOf('uri') },
        language: { type: scalarOf('code') },
      }),
      resolveType: (value) => (value as { resourceType: string }).resourceType,
    });
    this.#searches = new SearchFields(served, (type) => this.#object(type));
  }

  /** @returns the schema of the whole system; with a type, that of one resource of it */
  schema(type?: StoredType): GraphQLSchema {
    const name = type ?? 'Query';
    let schema = this.#schemas.get(name);
    if (!schema) {
      schema = this.#make(type);
      this.#schemas.set(name, schema);
    }
    return schema;
  }

  /** Makes the schema of the whole system and those of its types, type by type: whoever goes through it may pause between. */
  *pieces(): Generator<void> {
    for (const type of STORED_TYPES) this.#object(type);
    // a Map gives what is added while it is gone through, too
    for (const object of this.#types.values()) {
      object.getFields();
      yield;
    }
    for (const type of [undefined, ...STORED_TYPES]) {
      this.schema(type);
      yield;
    }
  }

  #make(type: StoredType | undefined): GraphQLSchema {
    return new GraphQLSchema({
      query: type === undefined ? this.#query() : this.#object(type),
      types: STORED_TYPES.map((stored) => this.#object(stored)),
      directives: [...specifiedDirectives, ...FHIR_DIRECTIVES],
      assumeValid: true, // made of definitions of ours; a test holds it to the rules of GraphQL
    });
  }

  #query(): GraphQLObjectType {
    const fields: Fields = {};
    for (const type of STORED_TYPES) {
      fields[type] = {
        type: this.#object(type),
        args: { id: { type: new GraphQLNonNull(GraphQLID) } },
        resolve: async (_source, { id }, asking, info) =>
          shaped(asking, await readOne(asking, type, String(id)), info, type),
      };
      Object.assign(fields, this.#searches.ofType(type));
    }
    return new GraphQLObjectType({ name: 'Query', fields });
  }

  /** @param type of FHIR, such as `Patient`, `HumanName`, `Patient.contact` */
  #object(type: string): GraphQLObjectType {
    let object = this.#types.get(type);
    if (!object) {
      const isResource = isStored(type);
      object = new GraphQLObjectType({
        name: nameOf(type),
        fields: () => this.#fields(type),
        interfaces: () => (isResource ? [this.#resource] : []),
      });
      this.#types.set(type, object);
    }
    return object;
  }

  #fields(type: string): Fields {
    const definition = this.#definitions.type(type);
    const fields: Fields = {};
    if (isStored(type)) fields.resourceType = { type: scalarOf('code'), resolve: () => type };
    for (const element of definition?.elements.values() ?? [])
      for (const own of element.types) {
        const name = element.isChoice ? choiceName(element.name, own) : element.name;
        const field = this.#field(element, own, name);
        if (field) fields[name] = field;
        if (isPrimitive(own) && own !== 'xhtml' && name !== 'id' && element.name !== 'url')
          fields[`_${name}`] = this.#sibling(element, name);
      }
    if (type === 'Reference') fields.resource = this.#reference();
    if (isStored(type)) Object.assign(fields, this.#searches.referringTo(type));
    return fields;
  }

  #field(element: ElementType, type: string, name: string): Field | undefined {
    const output = this.#output(type);
    if (!output) return undefined;
    const item = isPrimitive(type) ? undefined : this.#definitions.type(type);
    return {
      type: element.isArray ? new GraphQLList(output) : output,
      description: element.short,
      ...(element.isArray ? { args: listArguments(item) } : {}),
      resolve(source, args, asking, info) {
        const value = memberOf(source, name);
        if (memberOf(source, 'contained') !== undefined) asking.standsAt(info.path.prev, source);
        const kept = type === 'Resource' ? storedOnly(value) : value;
        const items = Array.isArray(kept) ? chosen(asking, kept, args, type) : kept;
        return shaped(asking, items, info, type);
      },
    };
  }

  /** id and extensions beside a primitive */
  #sibling(element: ElementType, name: string): Field {
    const type = this.#object('Element');
    return {
      type: element.isArray ? new GraphQLList(type) : type,
      resolve: (source, _args, asking, info) => shaped(asking, memberOf(source, `_${name}`), info, 'Element'),
    };
  }

  #reference(): Field {
    return {
      type: this.#resource,
      description: 'The resource that is referred to',
      args: {
        optional: { type: GraphQLBoolean, description: 'no error where it is not there' },
        type: { type: scalarOf('code'), description: 'only where it is of this type' },
      },
      resolve: async (source, args, asking, info) =>
        shaped(asking, await resolveReference(asking, source, args, info), info, 'Resource'),
    };
  }

  #output(type: string): GraphQLOutputType | undefined {
    if (isPrimitive(type)) return scalarOf(type);
    if (type === 'Resource' || type === 'DomainResource') return this.#resource;
    return this.#definitions.type(type) ? this.#object(type) : undefined;
  }
}

/** `Patient.contact` is `PatientContact`. */
function nameOf(type: string): string {
  return type
    .split('.')
    .map((step) => step[0]!.toUpperCase() + step.slice(1))
    .join('');
}

async function readOne(asking: Asking, type: StoredType, id: string): Promise<unknown> {
  const allowed = permit(asking.parts.access, [type], 'read');
  if (!allowed.ok) throw new GraphqlRefusal(allowed.outcome);
  const found = /^[A-Za-z0-9.-]{1,64}$/.test(id) ? await asking.read(type, id) : undefined;
  if (found) return found;
  throw refusalOf({ code: 'not-found', rule: 'api-not-found', diagnostics: `There is no such ${type}.` });
}

function memberOf(source: unknown, name: string): unknown {
  if (typeof source !== 'object' || source === null || !Object.hasOwn(source, name)) return undefined;
  return (source as Record<string, unknown>)[name];
}

/** What is contained may be of a type that the schema does not have. */
function storedOnly(value: unknown): unknown {
  const isKnown = (one: unknown): boolean => isStored(String(memberOf(one, 'resourceType')));
  if (Array.isArray(value)) return value.filter(isKnown);
  return isKnown(value) ? value : undefined;
}
