/** Services, practices and activities of a made-up place. */
import type { HealthcareService, Organization, Practitioner, PractitionerRole } from '@medplum/fhirtypes';
import { concept, HEDGEROW, type Made, own, profiled, to } from './words.ts';

export const PRACTICES = ['practice-1', 'practice-2', 'practice-3', 'practice-4'];
export const SERVICES = ['service-community', 'service-hospital', 'service-young'];
export const GP = 'role-gp';
export const LINK_WORKER = 'role-link-worker';
export const ACTIVITIES = ['exercise', 'arts', 'nature', 'benefits-advice', 'befriending'] as const;

export function* organisations(): Made {
  yield organization('pcn-1', 'pcn', 'Riverside Test PCN', { ods: 'U99001' });
  for (const [at, id] of PRACTICES.entries())
    yield organization(id, 'gp-practice', `Test Surgery ${at + 1}`, {
      ods: `Y9900${at + 1}`,
      partOf: 'pcn-1',
    });
  yield organization('service-community', 'community-service', 'Riverside Test Link Workers');
  yield organization('service-hospital', 'hospital-service', 'Harbour Test Link Workers');
  yield organization('service-young', 'young-people-service', 'Young Test Link Workers');
  yield organization('provider-1', 'voluntary-organisation', 'Exampleton Test Friends');
  yield* worker('gp', PRACTICES[0]!);
  yield* worker('link-worker', SERVICES[0]!);
  for (const kind of ACTIVITIES) yield activity(kind);
}

interface Further {
  readonly ods?: string;
  readonly partOf?: string;
}

function organization(id: string, kind: string, name: string, { ods, partOf }: Further = {}) {
  return {
    resourceType: 'Organization',
    id,
    ...(ods && { identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: ods }] }),
    type: [concept(own('organization-kind', kind))],
    name,
    ...(partOf && { partOf: to<Organization>('Organization', partOf) }),
    meta: profiled('organization'),
  } satisfies Organization;
}

function* worker(kind: string, organisation: string): Made {
  yield {
    resourceType: 'Practitioner',
    id: `worker-${kind}`,
    identifier: [{ system: `${HEDGEROW}/Id/platform/worker`, value: `W-${kind}` }],
    name: [{ given: ['Test'], family: 'Workername' }],
    meta: profiled('practitioner'),
  };
  yield {
    resourceType: 'PractitionerRole',
    id: `role-${kind}`,
    practitioner: to<Practitioner>('Practitioner', `worker-${kind}`),
    organization: to<Organization>('Organization', organisation),
    code: [concept(own('worker-role', kind))],
    telecom: [{ system: 'phone', value: '01632 960001', use: 'work' }],
    meta: profiled('practitioner-role'),
  } satisfies PractitionerRole & { id: string };
}

function activity(kind: string) {
  return {
    resourceType: 'HealthcareService',
    id: `activity-${kind}`,
    providedBy: to<Organization>('Organization', 'provider-1'),
    type: [concept(own('support-kind', kind))],
    name: `Exampleton test ${kind}`,
    meta: profiled('healthcare-service'),
  } satisfies HealthcareService;
}
