/** For each invariant of the profiles, a resource that breaks it, and is without fault but for that. */
import type { Resource } from '@medplum/fhirtypes';

const OURS = 'https://hedgerow.example/fhir';
const SNOMED = 'http://snomed.info/sct';
const subject = { reference: 'Patient/p' };
const referred = { coding: [{ system: SNOMED, code: '871731000000106' }] };
const fulfil = { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] };
const score = { coding: [{ system: `${OURS}/CodeSystem/score`, code: 'phq-9-total' }] };
const ods = (kind: string) => [{ system: `https://fhir.nhs.uk/Id/ods-${kind}-code`, value: 'z9 99' }];
const contact = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' };
const slot = {
  resourceType: 'Appointment' as const,
  start: '2026-03-02T10:00:00Z',
  end: '2026-03-02T10:30:00Z',
  participant: [{ actor: { reference: 'Patient/p' }, status: 'accepted' as const }],
};
const request = { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject } as const;
const task = { resourceType: 'Task', status: 'requested', intent: 'order', code: fulfil } as const;
const focus = { reference: 'ServiceRequest/r' };
const agent = { who: { reference: 'PractitionerRole/w' } };
const authored = {
  type: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code: 'author' }],
  },
  who: { identifier: { system: `${OURS}/Id/system`, value: 'hedgerow' } },
};
const carried = {
  type: { coding: [{ system: `${OURS}/CodeSystem/provenance-agent`, code: 'transmitter' }] },
  who: { identifier: { system: `${OURS}/Id/system`, value: 'hedgerow' } },
};
const version = { reference: 'Task/t/_history/1' };
const recorded = '2026-03-02T10:00:00Z';

export const breaches: readonly (readonly [key: string, resource: Resource])[] = [
  [
    'sp-1',
    {
      resourceType: 'Patient',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '999 000 0018' }],
    },
  ],
  ['sp-2', { resourceType: 'Patient', name: [{ family: 'Bramble' }] }],
  ['sp-3', { resourceType: 'Practitioner', gender: 'female' }],
  ['sp-4', { resourceType: 'PractitionerRole', active: true }],
  ['sp-5', { resourceType: 'Organization', identifier: ods('organization') }],
  ['sp-5', { resourceType: 'Organization', identifier: ods('site') }],
  ['sp-5', { resourceType: 'Location', name: 'Hall', identifier: ods('site') }],
  ['sp-6', { resourceType: 'RelatedPerson', patient: subject }],
  ['sp-7', { resourceType: 'HealthcareService', active: true }],
  ['sp-8', { resourceType: 'Location', status: 'active' }],
  ['sp-9', { ...request, status: 'draft', code: referred }],
  ['sp-10', request],
  ['sp-11', { ...request, intent: 'plan', code: referred }],
  [
    'sp-12',
    { ...request, code: referred, basedOn: [focus], performer: [{ reference: 'HealthcareService/a' }] },
  ],
  ['sp-13', task],
  ['sp-14', { ...task, focus, status: 'rejected' }],
  ['sp-14', { ...task, focus, status: 'cancelled' }],
  ['sp-14', { ...task, focus, status: 'failed' }],
  ['sp-15', { ...task, focus, status: 'on-hold' }],
  ['sp-16', { ...task, code: { coding: [{ system: `${OURS}/CodeSystem/task`, code: 'gp-action' }] } }],
  ['sp-17', { resourceType: 'Encounter', status: 'finished', class: contact }],
  ['sp-18', { resourceType: 'Encounter', status: 'cancelled', class: contact }],
  ['sp-19', { ...slot, status: 'noshow' }],
  ['sp-19', { ...slot, status: 'cancelled' }],
  ['sp-20', { resourceType: 'EpisodeOfCare', status: 'finished', patient: subject }],
  ['sp-21', { resourceType: 'Procedure', status: 'completed', subject }],
  ['sp-22', { resourceType: 'Condition', subject }],
  [
    'sp-23',
    {
      resourceType: 'Observation',
      status: 'final',
      code: score,
      derivedFrom: [{ reference: 'QuestionnaireResponse/q' }],
    },
  ],
  ['sp-24', { resourceType: 'Observation', status: 'final', code: score, valueQuantity: { value: 7 } }],
  [
    'sp-25',
    {
      resourceType: 'QuestionnaireResponse',
      status: 'in-progress',
      extension: [
        { url: `${OURS}/StructureDefinition/questionnaire-stage`, valueCode: 'baseline' },
        {
          url: `${OURS}/StructureDefinition/baseline`,
          valueReference: { reference: 'QuestionnaireResponse/q' },
        },
      ],
    },
  ],
  ['sp-26', { resourceType: 'QuestionnaireResponse', status: 'completed', authored: recorded }],
  ['sp-26', { resourceType: 'QuestionnaireResponse', status: 'completed', subject }],
  ['sp-27', { resourceType: 'Questionnaire', status: 'draft', name: 'Q', url: `${OURS}/Questionnaire/q` }],
  [
    'sp-28',
    {
      resourceType: 'Consent',
      status: 'rejected',
      scope: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
      },
      category: [{ coding: [{ system: `${OURS}/CodeSystem/consent-purpose`, code: 'refer' }] }],
      patient: subject,
      policyRule: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }],
      },
      provision: { type: 'permit' },
    },
  ],
  [
    'sp-29',
    {
      resourceType: 'Flag',
      status: 'active',
      code: { coding: [{ system: `${OURS}/CodeSystem/flag`, code: 'phq-9-item-9' }] },
      subject,
    },
  ],
  ['sp-30', { resourceType: 'Provenance', target: [version], recorded, agent: [authored] }],
  ['sp-31', { resourceType: 'Provenance', target: [version, focus], recorded, agent: [agent, carried] }],
  [
    'sp-32',
    { resourceType: 'VerificationResult', status: 'validated', statusDate: recorded, target: [focus] },
  ],
];
