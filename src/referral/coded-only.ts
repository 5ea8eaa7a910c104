/** Turns a resource into the same resource in codes, numbers, dates and references only, for people who agreed to no more. */
import type { Resource } from '@medplum/fhirtypes';
import type { Definitions, ElementType } from '../fhir/definitions.ts';

/** Types that can hold what someone wrote: their elements are removed, but for those named below. */
const NARRATIVE_TYPES = new Set([
  'string',
  'markdown',
  'xhtml',
  'base64Binary',
  'Narrative',
  'Annotation',
  'Attachment',
]);
/** Data types that say who or what something is: kept whole. */
const KEPT_TYPES = new Set(['Identifier', 'HumanName', 'Address', 'ContactPoint', 'Meta']);
/** Elements of text type that hold no narrative. `display` of codings and references goes: a source may write anything there. */
const KEPT_ELEMENTS = new Set(['id', 'url', 'reference', 'linkId', 'version', 'unit', 'currency']);

type Json = Readonly<Record<string, unknown>>;

/**
 * Removes narrative: text, notes, comments, displays, descriptions, attachments and answers in words, at any depth,
 * contained resources and extensions included. Names, addresses, telephone numbers and identifiers stay: they say whom it is about.
 * @param definitions types of base R4; what they do not know is removed
 * @returns a new resource, or undefined when it says nothing in codes: a required element was narrative, or all its content
 */
export function codedOnly<T extends Resource>(definitions: Definitions, resource: T): T | undefined {
  const coded = codedObject(definitions, resource.resourceType, resource as unknown as Json);
  if (!coded || isEmptied(resource as unknown as Json, coded)) return undefined;
  return coded as unknown as T;
}

/** An Observation whose value or note was words says nothing without them. */
function isEmptied(before: Json, after: Json): boolean {
  if (before.resourceType !== 'Observation') return false;
  const says = (one: Json): boolean =>
    Object.keys(one).some(
      (key) => key.startsWith('value') || ['component', 'dataAbsentReason', 'hasMember'].includes(key),
    );
  return !says(after);
}

/** @returns undefined when nothing is left, or a required element is not */
function codedObject(definitions: Definitions, type: string, value: Json): Json | undefined {
  const kept: Record<string, unknown> = {};
  if (typeof value.resourceType === 'string') kept.resourceType = value.resourceType;
  for (const key in value) {
    const element = definitions.element(type, key);
    if (!element) continue; // also `_birthDate`: extensions of primitives may hold words
    const left = codedMember(definitions, element, key, value[key]);
    if (left !== undefined) kept[key] = left;
  }
  if (Object.keys(kept).length === 0 || !isWhole(definitions, type, value, kept)) return undefined;
  return kept;
}

function codedMember(definitions: Definitions, element: ElementType, key: string, value: unknown): unknown {
  const type = typeOf(element, key);
  if (type === undefined) return undefined;
  if (NARRATIVE_TYPES.has(type)) return KEPT_ELEMENTS.has(key) ? value : undefined;
  if (KEPT_TYPES.has(type) || definitions.type(type)?.kind === 'primitive-type') return value;
  if (!Array.isArray(value)) return codedItem(definitions, type, value);
  const items = value.flatMap((item) => codedItem(definitions, type, item) ?? []);
  return items.length === 0 ? undefined : items;
}

function codedItem(definitions: Definitions, type: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const inner = (value as Json).resourceType;
  return codedObject(
    definitions,
    type === 'Resource' && typeof inner === 'string' ? inner : type,
    value as Json,
  );
}

/** False when an element that must be there was there before and is no longer; an extension must keep a value or extensions. */
function isWhole(definitions: Definitions, type: string, before: Json, after: Json): boolean {
  if (type === 'Extension')
    return Object.keys(after).some((key) => key.startsWith('value') || key === 'extension');
  for (const key in before) {
    const element = definitions.element(type, key);
    if (element && element.min > 0 && !(key in after)) return false;
  }
  return true;
}

function typeOf(element: ElementType, key: string): string | undefined {
  if (!element.isChoice) return element.types[0];
  return element.types.find((type) => key === element.name + type[0]!.toUpperCase() + type.slice(1));
}
