/** Turns a worker into a Practitioner and the PractitionerRole that others refer to. */
import type { CodeableConcept, HumanName, Practitioner, PractitionerRole } from '@medplum/fhirtypes';
import { type Draft, toOrganization } from './parts.ts';
import { codings, codingsOf } from './tables.ts';

const SDS_ROLE = codings('prsb/worker-role-to-sds');
const ROLE = codings('prsb/worker-role-coding');
const SPECIALTY: ReadonlyMap<string, string> = new Map([
  ['young-people-link-worker', 'Young people'],
  ['hospital-link-worker', 'Hospital'],
  ['community-link-worker', 'Community'],
]);

export function practitionerOf(key: string, name: HumanName): Draft<Practitioner> {
  return { resourceType: 'Practitioner', id: `Practitioner:worker:${key}`, name: [name] };
}

/** @param role code of the logical model */
export function practitionerRoleOf(
  key: string,
  organizationKey: string | undefined,
  role: string | undefined,
  roleText: string | undefined,
): Draft<PractitionerRole> {
  const post: Draft<PractitionerRole> = {
    resourceType: 'PractitionerRole',
    id: `PractitionerRole:worker:${key}`,
    practitioner: { reference: `Practitioner:worker:${key}` },
  };
  if (organizationKey !== undefined) post.organization = toOrganization(organizationKey);
  const coding = codingsOf(SDS_ROLE, ROLE, role);
  if (coding || roleText !== undefined) {
    const code: CodeableConcept = {};
    if (coding) code.coding = coding;
    if (roleText !== undefined) code.text = roleText;
    post.code = [code];
  }
  const specialty = role === undefined ? undefined : SPECIALTY.get(role);
  if (specialty !== undefined) post.specialty = [{ text: specialty }];
  return post;
}
