/** Turns a place and the name of an element into the slot below it, or says which name is wrong. */
import type { Definitions, ElementType } from '../../fhir/definitions.ts';
import { nearestName } from '../../fhir/nearest-name.ts';
import { isPrimitive } from '../types.ts';
import { PatchFault } from './fault.ts';
import { isObject, type Place, type Slot, slotOf } from './slot.ts';

/**
 * @param name as FHIRPath or JSON has it: `value` and `valueQuantity` alike
 * @returns undefined where a primitive has no sibling to hold it: see `withSibling`
 * @throws PatchFault 422 when the type has no such element
 */
export function slotBelow(place: Place, name: string, definitions: Definitions): Slot | undefined {
  const { type, pair } = place;
  if (type === undefined)
    throw new PatchFault(422, 'patch-path', 'the type of what its path leads to is not known.');
  if (isPrimitive(type)) return siblingSlot(place, name, definitions);
  const element = elementNamed(definitions, type, name);
  return isObject(pair.value) ? slotOf(pair.value, element, name.replace(/\[x\]$/, '')) : undefined;
}

/** A primitive has an id and extensions beside its value. */
function siblingSlot(place: Place, name: string, definitions: Definitions): Slot | undefined {
  if (name !== 'extension' && name !== 'id')
    throw new PatchFault(
      422,
      'patch-path',
      `${place.type} has no element ${shownName(name)}; end its path before it.`,
    );
  const element = elementNamed(definitions, 'Element', name);
  return isObject(place.pair.extra) ? slotOf(place.pair.extra, element) : undefined;
}

/** @throws PatchFault 422 with the name that was most likely meant */
export function elementNamed(definitions: Definitions, type: string, name: string): ElementType {
  const element = definitions.element(type, name.replace(/\[x\]$/, ''));
  if (element) return element;
  const nearest = nearestName(name, [...(definitions.type(type)?.elements.keys() ?? [])], 3);
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  throw new PatchFault(422, 'patch-element', `${type} has no element ${shownName(name)}.${hint}`);
}

/** Only what can be the name of an element goes into a message. */
export function shownName(name: string): string {
  return /^[A-Za-z][A-Za-z0-9]{0,63}(?:\[x\])?$/.test(name) ? name : 'of that name';
}

export function none(what: string): PatchFault {
  return new PatchFault(
    422,
    'patch-missing',
    `${what} leads to nothing in this resource; read the resource again, or add what is missing first.`,
  );
}

export function many(what: string, count: number): PatchFault {
  return new PatchFault(
    422,
    'patch-many',
    `${what} leads to ${count} elements; narrow it to one with an index or where().`,
  );
}
