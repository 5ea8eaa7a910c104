/** Good resources of a journey, one of each type, to be spoilt in tests, and what the domain rules find in them. */
import type {
  Consent,
  Encounter,
  Patient,
  QuestionnaireResponse,
  Resource,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { checkDomain } from '../../../src/validation/domain/domain-rules.ts';

const SNOMED = 'http://snomed.info/sct';

export const patient: Patient & { id: string } = {
  resourceType: 'Patient',
  id: 'p1',
  identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
  active: true,
  name: [{ use: 'official', family: 'Example', given: ['Alex', 'Sam'] }],
  telecom: [{ system: 'phone', value: '01632 960000', rank: 1 }],
  gender: 'female',
  birthDate: '1950-02-28',
  address: [{ line: ['1 Example Street'], postalCode: 'ZZ99 3AA' }],
  generalPractitioner: [{ reference: 'Organization/gp' }],
};

export const serviceRequest: ServiceRequest & { id: string } = {
  resourceType: 'ServiceRequest',
  id: 's1',
  status: 'active',
  intent: 'order',
  priority: 'routine',
  code: { coding: [{ system: SNOMED, code: '871731000000106' }] },
  subject: { reference: 'Patient/p1' },
  authoredOn: '2025-01-10T09:30:00Z',
  requester: { reference: 'PractitionerRole/r1' },
  performer: [{ reference: 'Organization/o1' }],
  reasonCode: [{ coding: [{ system: SNOMED, code: '267076002' }] }],
};

export const encounter: Encounter & { id: string } = {
  resourceType: 'Encounter',
  id: 'e1',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  type: [{ coding: [{ system: SNOMED, code: '185317003' }] }],
  subject: { reference: 'Patient/p1' },
  episodeOfCare: [{ reference: 'EpisodeOfCare/ep1' }],
  participant: [{ individual: { reference: 'Practitioner/w1' } }],
  period: { start: '2025-03-01T10:00:00Z', end: '2025-03-01T10:45:00Z' },
  length: { value: 45, unit: 'min', system: 'http://unitsofmeasure.org', code: 'min' },
};

export const response: QuestionnaireResponse & { id: string } = {
  resourceType: 'QuestionnaireResponse',
  id: 'q1',
  status: 'completed',
  questionnaire: 'https://hedgerow.example/fhir/Questionnaire/ucla-3|1.0',
  subject: { reference: 'Patient/p1' },
  authored: '2025-03-01',
  item: [
    { linkId: '1', answer: [{ valueInteger: 2 }] },
    { linkId: '2', answer: [{ valueInteger: 3 }] },
    { linkId: '3', answer: [{ valueInteger: 1 }] },
  ],
};

export const consent: Consent & { id: string } = {
  resourceType: 'Consent',
  id: 'c1',
  status: 'active',
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  category: [
    { coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/consent-purpose', code: 'share-gp' }] },
  ],
  patient: { reference: 'Patient/p1' },
  dateTime: '2025-01-10',
  policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
  provision: { type: 'permit', period: { start: '2025-01-10' } },
};

export const task: Task & { id: string } = {
  resourceType: 'Task',
  id: 't1',
  status: 'requested',
  intent: 'order',
  code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
  focus: { reference: 'ServiceRequest/s1' },
  for: { reference: 'Patient/p1' },
  authoredOn: '2025-01-10T09:30:00+00:00',
  requester: { reference: 'Organization/gp' },
  owner: { reference: 'Organization/o1' },
  restriction: { repetitions: 1, period: { end: '2025-06-30' } },
};

type Identified = Resource & { id: string };

/** @returns `severity rule @ expression` of each issue; what is in `known` can be looked up, as the store can */
export function found(resources: readonly Identified[], known: readonly Identified[] = []): string[] {
  const byKey = new Map(known.map((one) => [`${one.resourceType}/${one.id}`, one]));
  return checkDomain(resources, { resource: (key) => byKey.get(key), responsesOf: () => [] }).map(
    (issue) => `${issue.severity} ${ruleOf(issue)} @ ${issue.expression?.join()}`,
  );
}
