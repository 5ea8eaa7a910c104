/** Turns a resource into the values the sandbox EHR can be searched by. */
import type { Resource } from '@medplum/fhirtypes';

/** One row of the index: `system` is '' where there is none; for references `code` is `Type/id`. */
export interface IndexValue {
  readonly param: string;
  readonly system: string;
  readonly code: string;
}

/** Search parameters the index answers, besides `_id` and `_lastUpdated`. */
export const INDEXED_PARAMS: ReadonlySet<string> = new Set([
  'identifier',
  'code',
  'status',
  'patient',
  'subject',
  'based-on',
]);
/** Of these, the ones whose values are references. */
export const REFERENCE_PARAMS: ReadonlySet<string> = new Set(['patient', 'subject', 'based-on']);

/** @returns the index rows of a resource, without repeats, in a stable order */
export function indexValues(resource: Resource): IndexValue[] {
  const members = resource as unknown as Readonly<Record<string, unknown>>;
  const values = new Map<string, IndexValue>();
  const add = (param: string, system: unknown, code: unknown): void => {
    if (typeof code !== 'string') return;
    const value = { param, system: typeof system === 'string' ? system : '', code };
    values.set(JSON.stringify(value), value);
  };
  for (const identifier of listOf(members.identifier)) add('identifier', identifier.system, identifier.value);
  for (const concept of listOf(members.code))
    for (const coding of listOf(concept.coding)) add('code', coding.system, coding.code);
  add('status', undefined, members.status);
  for (const basedOn of listOf(members.basedOn)) add('based-on', undefined, localReference(basedOn));
  for (const about of [members.subject, members.patient, members.for].flatMap(listOf)) {
    const reference = localReference(about);
    add('subject', undefined, reference);
    if (reference?.startsWith('Patient/')) add('patient', undefined, reference);
  }
  return [...values.values()];
}

/** @returns every `Type/id` a resource refers to, for the check of referential integrity */
export function referencesOf(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) referencesOf(item, found);
  else if (value !== null && typeof value === 'object') {
    const reference = localReference(value as Readonly<Record<string, unknown>>);
    if (reference !== undefined) found.add(reference);
    for (const member of Object.values(value)) referencesOf(member, found);
  }
  return found;
}

/** @returns `Type/id` of a Reference to a resource of this server, its version cut off */
function localReference(value: Readonly<Record<string, unknown>>): string | undefined {
  const text = value.reference;
  if (typeof text !== 'string') return undefined;
  return /^([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(\/_history\/.+)?$/.exec(text)?.[1];
}

function listOf(value: unknown): Readonly<Record<string, unknown>>[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.filter(
    (item): item is Readonly<Record<string, unknown>> => item !== null && typeof item === 'object',
  );
}
