/** Answers what compiled expressions ask about types: names, ancestry, elements, and the type of a value. */
import type { Definitions, ElementType } from '../fhir/definitions.ts';
import { ExpressionFault } from './fault.ts';
import { Item, resourceTypeOf, type Step, unbox } from './item.ts';
import { Quantity } from './quantity.ts';
import { parseTemporal, Temporal } from './temporal.ts';
import type { Position } from './tree.ts';

/** Types that the values of a path can have: FHIR names, or `System.` names; undefined when not known. */
export type Types = readonly string[] | undefined;

export const BOOLEAN: Types = ['System.Boolean'];
export const STRING: Types = ['System.String'];
export const INTEGER: Types = ['System.Integer'];
export const DECIMAL: Types = ['System.Decimal'];
export const QUANTITY: Types = ['System.Quantity'];

const SYSTEM_NAMES = new Set([
  'Any',
  'Boolean',
  'String',
  'Integer',
  'Decimal',
  'Date',
  'DateTime',
  'Time',
  'Quantity',
]);
/** FHIR primitives by the JSON they are written in. */
const NUMBERS = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal', 'integer64']);
const WHOLE = new Set(['integer', 'positiveInt', 'unsignedInt', 'integer64']);
const TEXTS = new Set([
  'string',
  'code',
  'id',
  'markdown',
  'uri',
  'url',
  'canonical',
  'oid',
  'uuid',
  'base64Binary',
  'xhtml',
]);
const TEMPORALS: Readonly<Record<string, Temporal['kind']>> = {
  date: 'Date',
  dateTime: 'DateTime',
  instant: 'DateTime',
  time: 'Time',
};
/** Types whose elements depend on the value. */
const OPEN = new Set(['Resource', 'DomainResource', 'Element', 'BackboneElement', '*']);

/** @returns true for FHIR primitives and System types: JSON strings, numbers and booleans */
export function isPrimitive(type: string): boolean {
  if (type.startsWith('System.')) return type !== 'System.Quantity';
  return type === 'boolean' || NUMBERS.has(type) || TEXTS.has(type) || Object.hasOwn(TEMPORALS, type);
}

/** @returns true when every value is a JSON string without temporal meaning */
export function isText(types: Types): boolean {
  return types?.every((type) => type === 'System.String' || TEXTS.has(type)) ?? false;
}

export function isNumber(types: Types): boolean {
  return (
    types?.every((type) => type === 'System.Integer' || type === 'System.Decimal' || NUMBERS.has(type)) ??
    false
  );
}

export function isWhole(types: Types): boolean {
  return types?.every((type) => type === 'System.Integer' || WHOLE.has(type)) ?? false;
}

export function isBoolean(types: Types): boolean {
  return types?.every((type) => type === 'System.Boolean' || type === 'boolean') ?? false;
}

/** @returns the temporal kind that every value has */
export function temporalKind(types: Types): Temporal['kind'] | undefined {
  if (types?.length !== 1) return undefined;
  const type = types[0]!;
  if (type.startsWith('System.')) {
    const name = type.slice('System.'.length);
    return name === 'Date' || name === 'DateTime' || name === 'Time' ? name : undefined;
  }
  return Object.hasOwn(TEMPORALS, type) ? TEMPORALS[type] : undefined;
}

/** The type tables as expressions see them; without definitions every FHIR name is taken as it is written. */
export class TypeSystem {
  readonly #definitions: Definitions | undefined;
  readonly #members = new Map<string, Map<string, string | undefined>>();

  constructor(definitions: Definitions | undefined) {
    this.#definitions = definitions;
  }

  /** @returns true when the name is a type of the tables */
  knows(name: string): boolean {
    return this.#definitions?.type(name) !== undefined;
  }

  /**
   * Reads a type as written: FHIR wins over System where no namespace says which.
   * @throws ExpressionFault `fhirpath-type` when there is no such type
   */
  named(written: string, at: Position): string {
    const [space, name] = written.includes('.')
      ? (written.split('.', 2) as [string, string])
      : [undefined, written];
    if (space === 'System' && SYSTEM_NAMES.has(name)) return `System.${name}`;
    if (space === undefined && !this.knows(name) && SYSTEM_NAMES.has(name) && name !== 'Quantity')
      return `System.${name}`;
    const known = !this.#definitions || this.knows(name) || /^[A-Z][A-Za-z]+$/.test(name);
    if ((space === undefined || space === 'FHIR') && known) return name;
    if (space === 'System' && known) return `System.${name}`;
    throw new ExpressionFault('fhirpath-type', `there is no type ${written}`, at);
  }

  isA(type: string, ancestor: string): boolean {
    if (type === ancestor || ancestor === 'System.Any') return true;
    return this.#definitions?.isA(type, ancestor) ?? false;
  }

  /** @returns true when the elements of such a value are not known from the type alone */
  isOpen(types: Types): boolean {
    return (
      types === undefined || types.some((type) => OPEN.has(type) || (!isPrimitive(type) && !this.knows(type)))
    );
  }

  /** The elements that a name stands for, one for each of the types that has it. */
  elements(types: readonly string[], name: string): ElementType[] {
    return types.flatMap((type) => this.#definitions?.type(type)?.elements.get(name) ?? []);
  }

  /** @returns the type of each JSON member of a type, the `_` siblings of primitives too; undefined when the type is not known or open */
  members(type: string): ReadonlyMap<string, string | undefined> | undefined {
    let members = this.#members.get(type);
    if (members || OPEN.has(type)) return members;
    const definition = this.#definitions?.type(type);
    if (!definition) return undefined;
    members = new Map();
    for (const element of definition.elements.values())
      for (const own of element.types) {
        const name = element.isChoice ? choiceName(element.name, own) : element.name;
        members.set(name, element.isChoice || element.types.length === 1 ? own : undefined);
        if (isPrimitive(own)) members.set(`_${name}`, own);
      }
    this.#members.set(type, members);
    return members;
  }

  /** @returns what a member of a resource is, by the resource's own type; undefined where the tables do not say */
  stepOf(owner: unknown, name: string): Step {
    const type = owner instanceof Item ? owner.type : resourceTypeOf(owner);
    const [element] = type === undefined ? [] : this.elements([type], name);
    return element ? stepOfElement(element) : { name, type: undefined, choices: undefined };
  }

  /** Reads a member whose element depends on the resource's own type. */
  member(owner: unknown, name: string): unknown {
    if (typeof owner !== 'object' || owner === null || Array.isArray(owner)) return undefined;
    const members = owner as Record<string, unknown>;
    if (Object.hasOwn(members, name)) return members[name];
    const { choices } = this.stepOf(owner, name);
    for (const [choice] of choices ?? []) if (Object.hasOwn(members, choice)) return members[choice];
    return undefined;
  }

  /** `is`: true when the value's type is this one or a specialisation of it; guessed from JSON where nothing says it. */
  is(item: unknown, type: string): boolean {
    const value = unbox(item);
    const own =
      item instanceof Item && item.type !== undefined
        ? item.type
        : (systemType(value) ?? resourceTypeOf(value));
    if (own !== undefined) return this.isA(own, type);
    return this.#looksLike(value, type);
  }

  /** `ofType` and `as`: like `is`, but primitives must have the very type: a code is no string. */
  ofType(item: unknown, type: string): boolean {
    if (item instanceof Item && item.type !== undefined && isPrimitive(item.type)) return item.type === type;
    return this.is(item, type);
  }

  #looksLike(value: unknown, type: string): boolean {
    const name = type.startsWith('System.') ? type.slice('System.'.length) : type;
    if (typeof value === 'boolean') return name === 'boolean' || name === 'Boolean';
    if (typeof value === 'number') {
      const whole = Number.isInteger(value);
      if (name === 'Integer' || WHOLE.has(name)) return whole;
      return name === 'decimal' || (name === 'Decimal' && !whole);
    }
    if (typeof value === 'string') {
      if (Object.hasOwn(TEMPORALS, name)) return parseTemporal(value, TEMPORALS[name]!) !== undefined;
      return name === 'String' || TEXTS.has(name);
    }
    if (typeof value !== 'object' || value === null || type.startsWith('System.') || isPrimitive(type))
      return false;
    const elements = this.#definitions?.type(type)?.elements;
    if (!elements || 'resourceType' in value) return false;
    return Object.keys(value).every(
      (key) => this.#definitions?.element(type, key.replace(/^_/, '')) !== undefined,
    );
  }
}

/** @returns how to walk to an element when types must be kept */
export function stepOfElement(element: ElementType): Step {
  const { name, types } = element;
  if (!element.isChoice) return { name, type: types.length === 1 ? types[0] : undefined, choices: undefined };
  return { name, type: undefined, choices: types.map((type) => [choiceName(name, type), type] as const) };
}

/** @returns the JSON name of a choice: `value` and `string` make `valueString` */
export function choiceName(stem: string, type: string): string {
  return stem + type[0]!.toUpperCase() + type.slice(1);
}

/** @returns the System type of values that carry their own */
export function systemType(value: unknown): string | undefined {
  if (value instanceof Temporal) return `System.${value.kind}`;
  return value instanceof Quantity ? 'System.Quantity' : undefined;
}
