/** Makes one person of the patients that were joined as one, so that they are counted once. */
import type { Identified } from '../store/resources.ts';
import type { People } from './deidentify/people.ts';
import type { Held } from './held.ts';

const PATIENT = /^Patient\/([A-Za-z0-9\-.]{1,64})$/;

/** @returns what is held, every patient under the id of their person; undefined for a patient who does not stand for theirs */
export function asPerson(held: Held, people: People): Held | undefined {
  const { resource, personId } = held;
  const isPatient = resource.resourceType === 'Patient';
  if (isPatient && !people.isMain(resource.id)) return undefined;
  const named = renamed(resource, people) as Identified;
  const id = isPatient && personId !== undefined ? personId : named.id;
  if (named === resource && id === resource.id) return held;
  return { resource: { ...named, id }, personId };
}

/** @returns the same value where nothing in it is renamed */
function renamed(value: unknown, people: People): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const made = value.map((one) => renamed(one, people));
    return made.some((one, at) => one !== value[at]) ? made : value;
  }
  let copy: Record<string, unknown> | undefined;
  for (const [name, inner] of Object.entries(value)) {
    const made = name === 'reference' ? personOf(inner, people) : renamed(inner, people);
    if (made === inner) continue;
    copy ??= { ...value };
    copy[name] = made;
  }
  return copy ?? value;
}

function personOf(reference: unknown, people: People): unknown {
  const [, id] = typeof reference === 'string' ? (PATIENT.exec(reference) ?? []) : [];
  const person = id === undefined ? undefined : people.personOf(id);
  return person === undefined || person === id ? reference : `Patient/${person}`;
}
