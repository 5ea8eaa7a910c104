/** Holds the resources within a resource against what references need of them: an id each, and no more levels. */
import type { Json } from './run.ts';
import { NO_FAULTS, type SpecialFault } from './special-fault.ts';

/**
 * @returns what is wrong with the contained resources of a value, whose structure may be at fault
 * @source FHIR R4 domainresource.html (dom-2, dom-3), references.html#contained
 */
export function containedFaults({ contained }: Json): readonly SpecialFault[] {
  if (!Array.isArray(contained)) return NO_FAULTS;
  const seen = new Set<unknown>();
  return contained.flatMap((one: unknown, index): readonly SpecialFault[] => {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return NO_FAULTS;
    const at = `contained[${index}]`;
    return [...idFaults(one as Json, seen, at), ...levelFaults(one as Json, at)];
  });
}

/**
 * References find a contained resource by its id alone. dom-3 has no answer for one without an id, by its expression; by its words,
 * such a one must refer to the resource around it.
 */
function idFaults(one: Json, seen: Set<unknown>, at: string): readonly SpecialFault[] {
  const { id } = one;
  if (id === undefined && !refersToContainer(one)) {
    const text =
      'is missing, so that nothing can refer to the contained resource: supply an id and refer to it by # and the id, or take the resource out';
    return [{ rule: 'fhir-contained-id', element: `${at}.id`, text, code: 'required' }];
  }
  if (typeof id !== 'string') return NO_FAULTS;
  if (!seen.has(id)) {
    seen.add(id);
    return NO_FAULTS;
  }
  const text = 'is that of another contained resource too: give each its own';
  return [{ rule: 'fhir-contained-id', element: `${at}.id`, text, code: 'duplicate' }];
}

/** @returns whether `#`, which is the container, is written anywhere in the value */
function refersToContainer(value: Json): boolean {
  const left: unknown[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next === '#') return true;
    if (typeof next === 'object' && next !== null)
      for (const inner of Object.values(next)) if (inner !== undefined) left.push(inner);
  }
  return false;
}

function levelFaults({ contained }: Json, at: string): readonly SpecialFault[] {
  const isThere =
    contained !== undefined && contained !== null && (contained as { length?: unknown }).length !== 0;
  if (!isThere) return NO_FAULTS;
  const text =
    'breaks dom-2: a contained resource may not contain others: move them up, to where this one is contained';
  return [{ rule: 'invariant-dom-2', element: `${at}.contained`, text, code: 'invariant' }];
}
