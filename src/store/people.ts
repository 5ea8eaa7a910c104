/** Turns resources into whose they are: the patient they speak of, and the verified NHS number that joins two patients. */
import type { Patient, Reference, Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM, type NhsNumber, parseNhsNumber } from '../fhir/identifiers.ts';

const VERIFICATION_URL =
  'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
const VERIFICATION_SYSTEM = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus';
/** "Number present and verified" in England's code system and in the one before it, which PDS and BaRS still send. */
const VERIFIED = new Set(
  [
    ['England', '01'],
    ['', '01'],
    ['', 'number-present-and-verified'],
  ].map(([suffix, code]) => `${VERIFICATION_SYSTEM}${suffix}|${code}`),
);

/** Elements that name the person a resource is about, in order of weight. */
const PERSON_ELEMENTS = ['subject', 'patient', 'for', 'individual'] as const;

/**
 * Finds the patient that a resource belongs to.
 * @returns the id in `Patient/<id>`, a Patient's own id, or undefined for organisations, practitioners and services
 */
export function patientOf(resource: Resource): string | undefined {
  if (resource.resourceType === 'Patient') return resource.id;
  const elements = resource as unknown as Readonly<Record<string, unknown>>;
  for (const name of PERSON_ELEMENTS) {
    const id = patientId(elements[name] as Reference | undefined);
    if (id !== undefined) return id;
  }
  if (resource.resourceType === 'Appointment')
    return firstPatient(resource.participant.map((one) => one.actor));
  if (resource.resourceType === 'Provenance') return firstPatient(resource.target);
  return undefined;
}

/**
 * Reads the NHS number that a Patient is known by beyond doubt.
 * @returns undefined when there is none, it fails Modulus 11, or its verification status is not 01
 * @source UK Core, Extension-UKCore-NHSNumberVerificationStatus
 */
export function verifiedNhsNumber(patient: Patient): NhsNumber | undefined {
  for (const identifier of patient.identifier ?? []) {
    if (identifier.system !== NHS_NUMBER_SYSTEM || identifier.use === 'old') continue;
    const status = identifier.extension?.find((one) => one.url === VERIFICATION_URL)?.valueCodeableConcept;
    if (!status?.coding?.some((coding) => VERIFIED.has(`${coding.system}|${coding.code}`))) continue;
    const number = parseNhsNumber(identifier.value ?? '');
    if (number !== undefined) return number;
  }
  return undefined;
}

function firstPatient(references: readonly (Reference | undefined)[]): string | undefined {
  for (const reference of references) {
    const id = patientId(reference);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** The Provenance of a commit names versions: `Patient/<id>/_history/2`. */
function patientId(reference: Reference | undefined): string | undefined {
  const match = /^Patient\/([A-Za-z0-9.-]{1,64})(?:\/_history\/|$)/.exec(reference?.reference ?? '');
  return match?.[1];
}
