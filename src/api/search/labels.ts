/** Tells the highest confidentiality label of what a Bundle holds, from the texts of its entries. */
import type { Coding, Resource } from '@medplum/fhirtypes';
import { CONFIDENTIALITY_SYSTEM } from '../../fhir/identifiers.ts';

/** From the lowest on. @source HL7 v3 Confidentiality */
const LEVELS: readonly string[] = ['U', 'L', 'M', 'N', 'R', 'V'];

/**
 * @param entries JSON texts of entries, with what the viewer sees of the resources
 * @returns the label of the Bundle; undefined where nothing in it has one
 * @source FHIR R4 security-labels.html: a Bundle carries at least the highest label of what it holds
 */
export function highestLabel(entries: readonly string[]): Coding | undefined {
  let highest = -1;
  for (const text of entries) {
    if (!text.includes(CONFIDENTIALITY_SYSTEM)) continue; // most have none, and are not read
    const { resource } = JSON.parse(text) as { readonly resource?: Resource };
    for (const { system, code = '' } of resource?.meta?.security ?? [])
      if (system === CONFIDENTIALITY_SYSTEM) highest = Math.max(highest, LEVELS.indexOf(code));
  }
  return highest < 0 ? undefined : { system: CONFIDENTIALITY_SYSTEM, code: LEVELS[highest]! };
}
