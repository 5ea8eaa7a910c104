/** Turns an element of a JSON object into its items and back, values and their `_` siblings side by side. */
import type { ElementType } from '../../fhir/definitions.ts';
import { choiceName, isPrimitive } from '../types.ts';

export type JsonObject = Record<string, unknown>;

/** One item of an element: a primitive may have a value, a sibling with id and extensions, or both. */
export interface Pair {
  readonly value: unknown;
  readonly extra: unknown;
}

/** One element of one object: there, or not yet. */
export interface Slot {
  readonly owner: JsonObject;
  readonly element: ElementType;
  /** FHIR type of the items, where it is known: of a choice, the one that is there */
  readonly type: string | undefined;
  /** JSON name, where something is there or the element has one type; undefined for a choice of which nothing is there */
  readonly key: string | undefined;
}

/** One item that a path leads to. */
export interface Place {
  readonly pair: Pair;
  /** FHIR type; undefined where the definitions do not say */
  readonly type: string | undefined;
  /** undefined for the resource itself */
  readonly slot: Slot | undefined;
  readonly index: number;
  /** the place that holds this one */
  readonly above: Place | undefined;
}

/** @param only the JSON name of one type of a choice: `valueQuantity` finds nothing where there is a `valueString` */
export function slotOf(owner: JsonObject, element: ElementType, only?: string): Slot {
  if (!element.isChoice) {
    const type = element.types.length === 1 ? element.types[0] : undefined;
    return { owner, element, type, key: element.name };
  }
  for (const type of element.types) {
    const key = choiceName(element.name, type);
    if (only !== undefined && only !== element.name && only !== key) continue;
    if (Object.hasOwn(owner, key) || Object.hasOwn(owner, `_${key}`)) return { owner, element, type, key };
  }
  return { owner, element, type: undefined, key: undefined };
}

/** @returns the items that are there, in their order */
export function itemsOf({ owner, key }: Slot): Pair[] {
  if (key === undefined) return [];
  const values = listOf(memberOf(owner, key));
  const extras = listOf(memberOf(owner, `_${key}`));
  return Array.from({ length: Math.max(values.length, extras.length) }, (_, at) => ({
    value: values[at] ?? undefined,
    extra: extras[at] ?? undefined,
  }));
}

/** Writes the items of an element in place of those that are there; none takes the element away. */
export function writeItems(slot: Slot, items: readonly Pair[], type = slot.type): void {
  const { owner, element } = slot;
  if (slot.key !== undefined) {
    delete owner[slot.key];
    delete owner[`_${slot.key}`];
  }
  const key = element.isChoice && type !== undefined ? choiceName(element.name, type) : element.name;
  const isNeeded = (part: keyof Pair): boolean => items.some((item) => item[part] !== undefined);
  const written = (part: keyof Pair): unknown =>
    element.isArray ? items.map((item) => item[part] ?? null) : items[0]?.[part];
  if (isNeeded('value')) owner[key] = written('value');
  if (isNeeded('extra')) owner[`_${key}`] = written('extra');
}

/** @returns the places of an element's items */
export function placesIn(slot: Slot, above: Place): Place[] {
  return itemsOf(slot).map((pair, index) => ({
    pair,
    slot,
    index,
    above,
    type: resourceTypeIn(pair.value) ?? slot.type,
  }));
}

/** @returns the place; a primitive without a sibling is given an empty one, to hold what is added */
export function withSibling(place: Place): Place {
  const { pair, slot, index } = place;
  if (!slot || !isPrimitivePlace(place) || isObject(pair.extra)) return place;
  const whole = { value: pair.value, extra: {} };
  writeItems(slot, itemsOf(slot).with(index, whole));
  return { ...place, pair: whole };
}

/** Takes away the objects and lists that a patch has left empty: FHIR has neither. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(withoutEmpty);
    if (items.every((item) => item === undefined || item === null)) return undefined;
    // beside primitives a null keeps the place of an item; a list of objects has none to keep
    const keepsPlaces =
      items.some((item) => item === null || typeof item !== 'object') || value.includes(null);
    return keepsPlaces ? items.map((item) => item ?? null) : items.filter((item) => item !== undefined);
  }
  if (!isObject(value)) return value;
  const members = Object.entries(value)
    .map(([name, member]) => [name, withoutEmpty(member)] as const)
    .filter(([, member]) => member !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isPrimitivePlace(place: Place): boolean {
  return place.type !== undefined && isPrimitive(place.type);
}

function memberOf(owner: JsonObject, name: string): unknown {
  return Object.hasOwn(owner, name) ? owner[name] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined ? [] : [value];
}

function resourceTypeIn(value: unknown): string | undefined {
  return isObject(value) && typeof value.resourceType === 'string' ? value.resourceType : undefined;
}
