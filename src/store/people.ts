/** Turns resources into whose they are: the patient they speak of. */
import type { Reference, Resource } from '@medplum/fhirtypes';

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
