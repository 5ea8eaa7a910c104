/** Marks a resource as entered in error, in the words that its type has for it. */
import type { Resource } from '@medplum/fhirtypes';

const IN_ERROR = 'entered-in-error';
const VERIFICATION = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';

/** Types whose `status` knows the code. */
const BY_STATUS: ReadonlySet<string> = new Set([
  'Appointment',
  'CarePlan',
  'CareTeam',
  'Communication',
  'Consent',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'EpisodeOfCare',
  'Flag',
  'List',
  'Observation',
  'Procedure',
  'QuestionnaireResponse',
  'ServiceRequest',
  'Task',
]);

/** @returns the copy marked as entered in error; undefined where its type has no way to say that */
export function markedInError(copy: Resource): Resource | undefined {
  const { resourceType: type } = copy;
  if (BY_STATUS.has(type)) return { ...copy, status: IN_ERROR } as Resource;
  if (type === 'Goal') return { ...copy, lifecycleStatus: IN_ERROR } as unknown as Resource;
  if (type !== 'Condition') return undefined;
  // con-5: what is entered in error has no clinical status
  const { clinicalStatus: _, ...condition } = copy;
  return { ...condition, verificationStatus: { coding: [{ system: VERIFICATION, code: IN_ERROR }] } };
}

/** @returns whether it says that it should never have been */
export function isInError(copy: Resource): boolean {
  const { status, lifecycleStatus } = copy as { status?: unknown; lifecycleStatus?: unknown };
  if (status === IN_ERROR || lifecycleStatus === IN_ERROR) return true;
  if (copy.resourceType !== 'Condition') return false;
  return (copy.verificationStatus?.coding ?? []).some(({ code }) => code === IN_ERROR);
}
