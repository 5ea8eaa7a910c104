/** Says what is wrong with a reference because of the Bundle that it stands in. */
import { running } from '../run.ts';
import { NO_FAULTS, type SpecialFault } from '../special-fault.ts';

/** Types of Bundle that hold all that a URN in them can mean. */
const WHOLE: ReadonlySet<unknown> = new Set(['document', 'message', 'transaction']);

const CONDITIONAL = /^[A-Z][A-Za-z]+\?\S+$/;

const OUTSIDE: SpecialFault = {
  rule: 'bundle-conditional-reference',
  element: 'reference',
  text: 'is a search, which only a transaction may have in place of a reference: write Type/id',
  code: 'value',
};

const UNRESOLVED: SpecialFault = {
  rule: 'bundle-reference-unresolved',
  element: 'reference',
  text: 'is a URN that is the fullUrl of no entry of the Bundle: add the entry, or correct the reference',
  code: 'not-found',
};

/** @returns true for `Patient?identifier=…`, which a transaction's server replaces by what it finds */
export function isConditional(reference: string): boolean {
  return running().entries !== undefined && CONDITIONAL.test(reference);
}

/**
 * @param reference not to a contained resource
 * @source hl7.org/fhir/R4/http.html#trules, hl7.org/fhir/R4/bundle.html#references
 */
export function strayFaults(reference: string): readonly SpecialFault[] {
  const { entries, rootResource } = running();
  if (!entries) return NO_FAULTS;
  const { type } = entries.bundle;
  if (CONDITIONAL.test(reference)) return type === 'transaction' ? NO_FAULTS : [OUTSIDE];
  if (!WHOLE.has(type) || !/^urn:(?:uuid|oid):/.test(reference)) return NO_FAULTS;
  return entries.find(reference, rootResource) ? NO_FAULTS : [UNRESOLVED];
}
