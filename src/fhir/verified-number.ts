/** Turns a Patient into the NHS number they are known by beyond doubt, and into those that they are said to have. */
import type { Extension, Identifier, Patient } from '@medplum/fhirtypes';
import {
  FORMER_NHS_NUMBER_SYSTEM,
  NHS_NUMBER_SYSTEM,
  type NhsNumber,
  parseNhsNumber,
} from './identifiers.ts';

export const VERIFICATION_URL =
  'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
/** England's code system. */
export const VERIFICATION_SYSTEM =
  'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland';
/** The one before it, which PDS and BaRS still send. */
export const FORMER_VERIFICATION_SYSTEM =
  'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus';
const VERIFICATION_SYSTEMS: ReadonlySet<string> = new Set([VERIFICATION_SYSTEM, FORMER_VERIFICATION_SYSTEM]);
/** "Number present and verified" in the codes of either system. */
const VERIFIED_CODES = new Set(['01', 'number-present-and-verified']);

/**
 * Reads the NHS number that is marked as present and verified; one that was given up (`use` is `old`) does not count.
 * @returns undefined when there is none, it fails Modulus 11, or its verification status is another
 * @source UK Core, Extension-UKCore-NHSNumberVerificationStatus
 */
export function verifiedNhsNumber(patient: Patient): NhsNumber | undefined {
  for (const identifier of patient.identifier ?? []) {
    if (identifier.system !== NHS_NUMBER_SYSTEM || identifier.use === 'old') continue;
    const statuses = identifier.extension?.filter((one) => one.url === VERIFICATION_URL) ?? [];
    const codings = statuses.flatMap((one) => one.valueCodeableConcept?.coding ?? []);
    const verified = codings.some(
      ({ system, code }) => VERIFICATION_SYSTEMS.has(system ?? '') && VERIFIED_CODES.has(code ?? ''),
    );
    const number = verified ? parseNhsNumber(identifier.value ?? '') : undefined;
    if (number !== undefined) return number;
  }
  return undefined;
}

/** @returns every NHS number that passes its check, whatever is said of it; given up ones are among them */
export function nhsNumbersIn({ identifier }: Patient): NhsNumber[] {
  return (identifier ?? []).flatMap(({ system, value }) =>
    isNhsNumberSystem(system) ? (parseNhsNumber(value ?? '') ?? []) : [],
  );
}

/** @returns whether identifiers of the system are NHS numbers, in use or given up */
export function isNhsNumberSystem(system: string | undefined): boolean {
  return system === NHS_NUMBER_SYSTEM || system === FORMER_NHS_NUMBER_SYSTEM;
}

/** "Number present but not traced" in place of "number present and verified". */
const NOT_TRACED: Readonly<Record<string, string>> = {
  '01': '02',
  'number-present-and-verified': 'number-present-but-not-traced',
};

/** @returns the Patient as one whose number is yet to be verified; the same one where none is said to be */
export function asUnverified<T extends Patient>(patient: T): T {
  if (verifiedNhsNumber(patient) === undefined) return patient;
  return { ...patient, identifier: patient.identifier!.map(unverified) };
}

function unverified(identifier: Identifier): Identifier {
  if (identifier.system !== NHS_NUMBER_SYSTEM || !identifier.extension) return identifier;
  return { ...identifier, extension: identifier.extension.map(untraced) };
}

function untraced(extension: Extension): Extension {
  const { url, valueCodeableConcept: concept } = extension;
  if (url !== VERIFICATION_URL || !concept) return extension;
  // what stands beside the code says in words what it said
  const coding = (concept.coding ?? []).map(({ system, code = '' }) => ({
    ...(system === undefined ? {} : { system }),
    code: NOT_TRACED[code] ?? code,
  }));
  return { url, valueCodeableConcept: { coding } };
}
