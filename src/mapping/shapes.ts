/** Says what elements a value of a map has, be it of a FHIR type, a logical model or a JSON Schema, and remembers which were read. */
import type { Definitions, ElementType } from '../fhir/definitions.ts';

/** The part of JSON Schema that gives fields their names and types. */
export interface JsonSchema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly 'x-date'?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** What is known of a value: a FHIR or logical type, a JSON Schema node, or nothing. */
export type Shape =
  | { readonly kind: 'type'; readonly name: string }
  | { readonly kind: 'json'; readonly node: JsonSchema; readonly root: JsonSchema }
  | { readonly kind: 'any' };

export const ANY: Shape = { kind: 'any' };

/** One element of a shape. */
export interface Member {
  /** the element's shape; `any` for a choice that no name decides */
  readonly shape: Shape;
  /** undefined when nothing is known */
  readonly isArray: boolean | undefined;
  /** JSON names that may hold it: several for a choice */
  readonly keys: readonly string[];
  /** FHIR types it may have; empty when not a FHIR element */
  readonly types: readonly string[];
  readonly isChoice: boolean;
  /** the element's name without a type */
  readonly stem: string;
  /** an element of FHIR that JSON writes as a value, with its id and extensions beside it as `_name` */
  readonly hasCompanion: boolean;
}

export class Shapes {
  readonly definitions: Definitions;
  readonly #typeReads = new Set<string>();
  readonly #schemaReads = new Map<JsonSchema, Set<string>>();

  constructor(definitions: Definitions) {
    this.definitions = definitions;
  }

  /** @returns the element, or undefined when the shape is known and has none of that name */
  member(shape: Shape, name: string): Member | undefined {
    if (shape.kind === 'any') return looseMember(name);
    if (shape.kind === 'json') return this.#jsonMember(shape, name);
    if (name === 'value' && this.#isPrimitive(shape.name)) return looseMember(name);
    const element = this.definitions.element(shape.name, name) ?? this.#inherited(shape.name, name);
    if (element) return this.#withCompanion(shape, memberOf(element, name));
    if (name === 'resourceType' && this.isResource(shape)) return { ...looseMember(name), isArray: false };
    const abstract = this.definitions.type(shape.name)?.abstract ?? true;
    return abstract ? looseMember(name) : undefined;
  }

  /** Marks an element as read by a rule. */
  read(shape: Shape, member: Member): void {
    if (shape.kind === 'type') this.#typeReads.add(`${shape.name}.${member.stem}`);
    if (shape.kind === 'json') this.#readsOf(resolve(shape).node).add(member.stem);
  }

  /** Marks the elements of a dotted path. */
  readPath(shape: Shape, path: string): void {
    let at = shape;
    for (const name of path.split('.')) {
      const member = this.member(at, name);
      if (!member) return;
      this.read(at, member);
      at = member.shape;
    }
  }

  /** Marks everything below a value as read: it is copied whole. */
  readWhole(shape: Shape, depth = 0): void {
    if (depth > 20) return;
    for (const name of this.names(shape)) {
      const member = this.member(shape, name);
      if (!member || this.isRead(shape, name)) continue;
      this.read(shape, member);
      this.readWhole(member.shape, depth + 1);
    }
  }

  /** Marks the elements that an expression may read: every one below the shape whose name occurs in it. */
  readNamed(shape: Shape, names: ReadonlySet<string>, depth = 0): void {
    if (depth > 20) return;
    for (const name of this.names(shape)) {
      const member = names.has(name) ? this.member(shape, name) : undefined;
      if (!member) continue;
      this.read(shape, member);
      this.readNamed(member.shape, names, depth + 1);
    }
  }

  isRead(shape: Shape, name: string): boolean {
    if (shape.kind === 'type') return this.#typeReads.has(`${shape.name}.${name}`);
    return shape.kind === 'any' || this.#readsOf(resolve(shape).node).has(name);
  }

  /** @returns dotted paths of the elements below a shape that no rule reads */
  unread(shape: Shape, prefix = '', depth = 0): string[] {
    if (depth > 20 || (shape.kind === 'type' && !this.#isLogical(shape.name))) return [];
    return this.names(shape).flatMap((name) => {
      const member = this.member(shape, name);
      if (!this.isRead(shape, name)) return [prefix + name];
      return member ? this.unread(member.shape, `${prefix}${name}.`, depth + 1) : [];
    });
  }

  /** @returns the names of the shape's own elements */
  names(shape: Shape): string[] {
    if (shape.kind === 'type') return [...(this.definitions.type(shape.name)?.elements.keys() ?? [])];
    return shape.kind === 'json' ? Object.keys(resolve(shape).node.properties ?? {}) : [];
  }

  /**
   * Objects of a logical model live between the two hops only, so each has all its elements in one order:
   * one layout a type, which the second hop reads fastest.
   * @returns the JSON names of the elements of a logical type; undefined for any other shape
   */
  layout(shape: Shape): readonly string[] | undefined {
    if (shape.kind !== 'type' || !this.#isLogical(shape.name)) return undefined;
    return this.names(shape).flatMap((name) => this.member(shape, name)?.keys ?? []);
  }

  /** @returns how an object of the shape is built */
  form(shape: Shape): { readonly layout: readonly string[] | undefined; readonly isPrimitive: boolean } {
    const isPrimitive = shape.kind === 'type' && this.#isPrimitive(shape.name);
    return { layout: this.layout(shape), isPrimitive };
  }

  /** @returns the FHIR primitive type that a value of the shape is, where it is known to be one */
  primitive(shape: Shape): string | undefined {
    if (shape.kind === 'type') return this.#isPrimitive(shape.name) ? shape.name : undefined;
    if (shape.kind === 'any') return undefined;
    const { node } = resolve(shape);
    const date = node['x-date'];
    const type = jsonType(node);
    if (type === 'number') return 'decimal';
    if (type !== 'string') return type === 'integer' || type === 'boolean' ? type : undefined;
    if (date !== undefined) return /[Hhms]/.test(date) ? 'dateTime' : 'date';
    return node.format === 'date' ? 'date' : node.format === 'date-time' ? 'dateTime' : 'string';
  }

  /** @returns the codes that a JSON Schema lists for the field; none where it lists none */
  codes(shape: Shape): readonly string[] {
    if (shape.kind !== 'json') return [];
    const { node } = resolve(shape);
    const listed = node.const === undefined ? (node.enum ?? []) : [node.const];
    return listed.filter((code): code is string => typeof code === 'string');
  }

  /** @returns true when a value of a shape may stand where another is declared */
  fits(shape: Shape, declared: Shape): boolean {
    if (shape.kind === 'any' || declared.kind === 'any') return true;
    const primitive = this.primitive(declared);
    if (primitive !== undefined) return jsonTypeOf(primitive) === jsonTypeOf(this.primitive(shape));
    if (shape.kind === 'json')
      return declared.kind === 'json' && resolve(shape).node === resolve(declared).node;
    return declared.kind === 'type' && this.definitions.isA(shape.name, declared.name);
  }

  /** @returns true for an object of a JSON Schema, which needs no name of a type to be made */
  isObject(shape: Shape): boolean {
    return shape.kind === 'json' && resolve(shape).node.properties !== undefined;
  }

  isResource(shape: Shape): boolean {
    return shape.kind === 'type' && this.definitions.type(shape.name)?.kind === 'resource';
  }

  /** @returns a name for messages and for telling shapes apart */
  describe(shape: Shape): string {
    if (shape.kind === 'type') return shape.name;
    return shape.kind === 'json' ? (resolve(shape).node.$id ?? 'the record') : 'anything';
  }

  #isPrimitive(name: string): boolean {
    return this.definitions.type(name)?.kind === 'primitive-type';
  }

  #withCompanion(owner: Shape & { kind: 'type' }, member: Member): Member {
    const isValue = member.types.some((type) => this.#isPrimitive(type));
    return { ...member, hasCompanion: isValue && !this.#isLogical(owner.name) };
  }

  #isLogical(name: string): boolean {
    return this.definitions.type(name.split('.')[0]!)?.kind === 'logical';
  }

  #inherited(typeName: string, name: string): ElementType | undefined {
    const base = this.definitions.type(typeName)?.base;
    return base === undefined ? undefined : this.definitions.element(base, name);
  }

  #jsonMember(shape: Shape & { kind: 'json' }, name: string): Member | undefined {
    const at = resolve(shape);
    const properties = at.node.properties;
    if (!properties)
      return jsonType(at.node) === 'object' || !jsonType(at.node) ? looseMember(name) : undefined;
    if (!Object.hasOwn(properties, name)) return undefined;
    const field = resolve({ kind: 'json', node: properties[name]!, root: at.root });
    const isArray = jsonType(field.node) === 'array';
    const node = isArray ? (field.node.items ?? {}) : field.node;
    return { ...looseMember(name), shape: { kind: 'json', node, root: at.root }, isArray };
  }

  #readsOf(node: JsonSchema): Set<string> {
    const reads = this.#schemaReads.get(node) ?? new Set();
    this.#schemaReads.set(node, reads);
    return reads;
  }
}

const NUMBERS = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal', 'integer64']);

/** @returns what JSON writes a FHIR primitive type as */
export function jsonTypeOf(primitive: string | undefined): 'boolean' | 'number' | 'string' | undefined {
  if (primitive === undefined || primitive === 'boolean') return primitive;
  return NUMBERS.has(primitive) ? 'number' : 'string';
}

function looseMember(name: string): Member {
  return {
    shape: ANY,
    isArray: undefined,
    keys: [name],
    types: [],
    isChoice: false,
    stem: name,
    hasCompanion: false,
  };
}

function memberOf(element: ElementType, name: string): Member {
  const named = element.isChoice && name !== element.name;
  const types = named
    ? element.types.filter((type) => choiceKey(element.name, type) === name)
    : element.types;
  const shape: Shape = types.length === 1 ? { kind: 'type', name: types[0]! } : ANY;
  const keys = element.isChoice ? types.map((type) => choiceKey(element.name, type)) : [element.name];
  return {
    shape,
    isArray: element.isArray,
    keys,
    types,
    isChoice: element.isChoice && !named,
    stem: element.name,
    hasCompanion: false,
  };
}

/** @returns the JSON name of a choice element: `value` and `Quantity` make `valueQuantity` */
export function choiceKey(stem: string, type: string): string {
  return stem + type[0]!.toUpperCase() + type.slice(1);
}

/** Follows `$ref` within the schema's own file; a reference elsewhere leads to an empty node. */
function resolve(shape: Shape & { kind: 'json' }): { node: JsonSchema; root: JsonSchema } {
  let { node } = shape;
  for (let hops = 0; node.$ref !== undefined && hops < 20; hops++) {
    let found: unknown = shape.root;
    for (const step of node.$ref.replace(/^#\/?/, '').split('/').filter(Boolean))
      found = (found as Record<string, unknown> | undefined)?.[step];
    node = (found as JsonSchema | undefined) ?? {};
  }
  return { node, root: shape.root };
}

function jsonType(node: JsonSchema): string | undefined {
  if (typeof node.type === 'string') return node.type;
  const types = (node.type ?? []).filter((type) => type !== 'null');
  return types.length === 1 ? types[0] : undefined;
}
