/** Turns the value part of a patch operation into an item of the element that it is meant for, if its type is right there. */
import type { Definitions, ElementType } from '../../fhir/definitions.ts';
import { choiceName, isPrimitive } from '../types.ts';
import { PatchFault } from './fault.ts';
import { isObject, itemsOf, type JsonObject, type Pair, slotOf, writeItems } from './slot.ts';
import { elementNamed } from './step.ts';

/** An item and its FHIR type, by which a choice is named in JSON. */
export interface TypedPair extends Pair {
  readonly type: string;
}

const DEEPEST = 50;

/**
 * @param part a part with `value[x]`, with parts of its own (for elements that have no type of their own), or with a resource
 * @param name as the operation has it; `valueQuantity` allows one type of a choice only
 * @throws PatchFault 422 when the type is not one of the element's
 */
export function valueFor(
  part: unknown,
  element: ElementType,
  name: string,
  definitions: Definitions,
  depth = 0,
): TypedPair {
  if (depth > DEEPEST) throw new PatchFault(400, 'patch-cost', `its value is nested deeper than ${DEEPEST}.`);
  const types = allowedTypes(element, name);
  const { resource, part: parts } = part as { resource?: unknown; part?: unknown };
  if (resource !== undefined) return resourceFor(resource, element, types, definitions);
  const given = givenValue(part as JsonObject, definitions);
  if (given && parts === undefined) return typed(given, types, element, definitions);
  if (given || !Array.isArray(parts) || parts.length === 0)
    throw new PatchFault(
      400,
      'patch-value',
      'its value needs one value[x], or parts named as the elements inside it.',
    );
  const [type] = types;
  if (types.length !== 1 || type === undefined || isPrimitive(type))
    throw wrong(element, types, definitions, 'parts');
  return { type, value: fromParts(parts, type, definitions, depth), extra: undefined };
}

function allowedTypes(element: ElementType, name: string): readonly string[] {
  const plain = name.replace(/\[x\]$/, '');
  if (!element.isChoice || plain === element.name) return element.types;
  return element.types.filter((type) => choiceName(element.name, type) === plain);
}

/** Members of an element without a type of its own, or of a data type that is written part by part. */
function fromParts(
  parts: readonly unknown[],
  type: string,
  definitions: Definitions,
  depth: number,
): JsonObject {
  const made: JsonObject = {};
  for (const part of parts) {
    if (!isObject(part) || typeof part.name !== 'string')
      throw new PatchFault(400, 'patch-value', 'each part of its value needs the name of an element.');
    const element = elementNamed(definitions, type, part.name);
    const slot = slotOf(made, element);
    const there = itemsOf(slot);
    if (there.length > 0 && !element.isArray)
      throw new PatchFault(
        422,
        'patch-value',
        `its value has ${element.name} twice, which ${type} has once.`,
      );
    const pair = valueFor(part, element, part.name, definitions, depth + 1);
    writeItems(slot, [...there, pair], pair.type);
  }
  return made;
}

interface Given extends Pair {
  readonly type: string;
}

/** Reads `valueX` and its sibling `_valueX`. */
function givenValue(part: JsonObject, definitions: Definitions): Given | undefined {
  const names = new Set(Object.keys(part).flatMap((name) => /^_?(value[A-Z]\w*)$/.exec(name)?.[1] ?? []));
  const [name] = names;
  if (name === undefined) return undefined;
  const types = definitions.type('Parameters.parameter')?.elements.get('value')?.types ?? [];
  const type = types.find((one) => choiceName('value', one) === name);
  if (names.size > 1 || type === undefined)
    throw new PatchFault(400, 'patch-value', 'its value needs one value[x], of a type that Parameters has.');
  return { type, value: part[name], extra: part[`_${name}`] };
}

function typed(
  given: Given,
  types: readonly string[],
  element: ElementType,
  definitions: Definitions,
): TypedPair {
  const type =
    types.find(
      (one) => one === given.type || (element.name === 'url' && one === 'string' && given.type === 'uri'),
    ) ?? types.find((one) => isRelated(given, one, definitions));
  if (type === undefined)
    throw wrong(element, types, definitions, `value${given.type[0]!.toUpperCase()}${given.type.slice(1)}`);
  if (given.value !== undefined && isPrimitive(type) === isObject(given.value))
    throw new PatchFault(400, 'patch-value', `its value is not JSON of ${given.type}.`);
  return { type, value: structuredClone(given.value), extra: structuredClone(given.extra) };
}

/** Date types that are written alike where the precision allows it. */
const DATES: Readonly<Record<string, RegExp>> = {
  date: /^\d{4}(?:-\d\d(?:-\d\d)?)?$/,
  dateTime: /^\d{4}/,
  instant: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*(?:Z|[+-]\d\d:\d\d)$/,
};

/** A code is a string, and a client without the definitions writes it as one; narrative has no type in Parameters but string. */
function isRelated({ type, value }: Given, wanted: string, definitions: Definitions): boolean {
  if (wanted === 'xhtml') return type === 'string' || type === 'markdown';
  if (Object.hasOwn(DATES, type) && Object.hasOwn(DATES, wanted))
    return typeof value === 'string' && DATES[wanted]!.test(value);
  if (isPrimitive(type) !== isPrimitive(wanted)) return false;
  return definitions.isA(type, wanted) || definitions.isA(wanted, type);
}

function resourceFor(
  resource: unknown,
  element: ElementType,
  types: readonly string[],
  definitions: Definitions,
): TypedPair {
  const own = isObject(resource) ? String(resource.resourceType) : '';
  if (!types.includes('Resource') || !definitions.isA(own, 'Resource'))
    throw wrong(element, types, definitions, 'a resource');
  return { type: 'Resource', value: structuredClone(resource), extra: undefined };
}

function wrong(
  element: ElementType,
  types: readonly string[],
  definitions: Definitions,
  given: string,
): PatchFault {
  const isOpen = (type: string): boolean => type.includes('.') || definitions.isA(type, 'BackboneElement');
  const right = types.map((type) =>
    isOpen(type)
      ? `parts named as the elements of ${type}`
      : type === 'Resource'
        ? 'a resource'
        : choiceName('value', type),
  );
  return new PatchFault(
    422,
    'patch-type',
    `${given} is of the wrong type for ${element.name}; give ${right.join(' or ')}.`,
  );
}
