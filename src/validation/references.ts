/** Turns the text of a reference into what is wrong with it, in words that never repeat it. */
import type { Definitions } from '../fhir/definitions.ts';
import { parseLocalId } from '../fhir/ids.ts';

export interface ReferenceFault {
  readonly rule: 'base-reference' | 'base-reference-type';
  readonly text: string;
}

const RELATIVE = /^([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const ELSEWHERE = /^(?:#[A-Za-z0-9\-.]{0,64}|urn:(?:uuid|oid):\S+|https?:\/\/\S+)$/;

/**
 * @param targets resource types the element may point to; empty: any
 * @source hl7.org/fhir/R4/references.html#literal
 */
export function referenceFault(
  reference: string,
  targets: readonly string[],
  definitions: Definitions,
): ReferenceFault | undefined {
  if (ELSEWHERE.test(reference)) return undefined;
  if (parseLocalId(reference))
    return {
      rule: 'base-reference',
      text: 'is a local id that was not given its final form: name the resources first',
    };
  const type = RELATIVE.exec(reference)?.[1];
  if (type === undefined) return { rule: 'base-reference', text: 'is no reference: write Type/id' };
  if (definitions.type(type)?.kind !== 'resource')
    return { rule: 'base-reference', text: 'names no resource type that is known' };
  if (targets.length > 0 && !targets.includes(type))
    return { rule: 'base-reference-type', text: `points to the wrong type: it may be ${targets.join(', ')}` };
  return undefined;
}
