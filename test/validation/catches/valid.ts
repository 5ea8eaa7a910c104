/** Valid resources, as small as they can be with one of each thing in them that mutations break. */
import type { Json } from '../../../src/validation/run.ts';

const NARRATIVE = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Aid</p></div>' };
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const SNOMED = 'http://snomed.info/sct';

const Patient = {
  resourceType: 'Patient',
  id: 'p-1',
  meta: { versionId: '1', lastUpdated: '2026-02-03T04:05:06.007Z', source: 'https://example.org/feed' },
  language: 'en-GB',
  text: NARRATIVE,
  contained: [{ resourceType: 'Organization', id: 'gp', name: 'Elm Practice' }],
  extension: [{ url: 'https://example.org/Extension/any', valueInteger: 3 }],
  identifier: [{ use: 'official', system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
  active: true,
  name: [{ use: 'usual', family: 'Ash', given: ['Robin', 'Lee'], period: { start: '2001', end: '2020-05' } }],
  telecom: [{ system: 'phone', value: '01632 960001', use: 'home', rank: 1 }],
  gender: 'female',
  birthDate: '1968-02-29',
  deceasedBoolean: false,
  address: [{ line: ['1 Test Lane'], postalCode: 'ZZ99 3WZ' }],
  maritalStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M' }],
  },
  photo: [{ contentType: 'image/png', data: 'aGVkZ2Vyb3c=', size: 8, url: 'https://example.org/photo' }],
  contact: [{ name: { family: 'Oak' }, relationship: [{ text: 'Neighbour' }] }],
  communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en' }] }, preferred: true }],
  generalPractitioner: [{ reference: '#gp' }],
  managingOrganization: { reference: 'Organization/o-1', display: 'Elm' },
  link: [{ other: { reference: 'Patient/p-2' }, type: 'seealso' }],
};

const ServiceRequest = {
  resourceType: 'ServiceRequest',
  instantiatesCanonical: ['https://example.org/PlanDefinition/one|1.0'],
  instantiatesUri: ['https://example.org/one'],
  status: 'active',
  intent: 'order',
  priority: 'routine',
  code: { coding: [{ system: SNOMED, code: '871731000000106' }] },
  orderDetail: [{ text: 'By telephone' }],
  quantityQuantity: { value: 6, comparator: '<=', unit: 'visits' },
  subject: { reference: 'Patient/p-1' },
  occurrencePeriod: { start: '2026-01-01', end: '2026-02-01' },
  authoredOn: '2026-01-01T10:00:00+00:00',
  requester: { reference: 'Practitioner/g-1' },
  note: [{ authorString: 'Dr Elm', time: '2026-01-01T10:00:00Z', text: 'Lives alone' }],
};

const Task = {
  resourceType: 'Task',
  groupIdentifier: { system: 'https://example.org/Id/group', value: '7' },
  status: 'in-progress',
  intent: 'order',
  focus: { reference: 'ServiceRequest/s-1' },
  for: { reference: 'Patient/p-1' },
  authoredOn: '2026-01-01',
  lastModified: '2026-01-02',
  restriction: { repetitions: 2 },
  input: [{ type: { text: 'hours' }, valueDecimal: 2.5 }],
};

const Encounter = {
  resourceType: 'Encounter',
  status: 'finished',
  statusHistory: [{ status: 'planned', period: { start: '2026-01-01' } }],
  class: { system: ACT_CODE, code: 'AMB' },
  subject: { reference: 'Patient/p-1' },
  participant: [{ individual: { reference: 'Practitioner/g-1' } }],
  period: { start: '2026-01-01T10:00:00Z', end: '2026-01-01T10:30:00Z' },
  length: { value: 30, unit: 'min', system: 'http://unitsofmeasure.org', code: 'min' },
};

const Observation = {
  resourceType: 'Observation',
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'survey' }] },
  ],
  code: { coding: [{ system: SNOMED, code: '1363691000000106' }] },
  subject: { reference: 'Patient/p-1' },
  effectiveDateTime: '2026-01-01T10:00:00Z',
  issued: '2026-01-01T10:00:00.123Z',
  valueQuantity: { value: 3, unit: 'score', system: 'http://unitsofmeasure.org', code: '{score}' },
  referenceRange: [{ low: { value: 0 }, high: { value: 10 } }],
  component: [{ code: { text: 'part' }, valueInteger: 2 }],
};

const Condition = {
  resourceType: 'Condition',
  clinicalStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
  },
  verificationStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'confirmed' }],
  },
  category: [
    {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'problem-list-item' },
      ],
    },
  ],
  code: { text: 'Loneliness' },
  subject: { reference: 'Patient/p-1' },
  onsetAge: { value: 40, unit: 'years', system: 'http://unitsofmeasure.org', code: 'a' },
  stage: [{ summary: { text: 'early' } }],
  evidence: [{ code: [{ text: 'seen' }] }],
};

const Consent = {
  resourceType: 'Consent',
  status: 'active',
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { reference: 'Patient/p-1' },
  dateTime: '2026-01-01',
  sourceReference: { reference: 'DocumentReference/d-1' },
  policy: [{ uri: 'https://example.org/policy' }],
  provision: { type: 'permit', provision: [{ type: 'deny' }] },
};

const Appointment = {
  resourceType: 'Appointment',
  status: 'booked',
  priority: 5,
  start: '2026-03-29T09:00:00+01:00',
  end: '2026-03-29T10:00:00+01:00',
  minutesDuration: 60,
  participant: [{ actor: { reference: 'Patient/p-1' }, required: 'required', status: 'accepted' }],
};

/** A proposal may have times, and may have none. */
const ProposedAppointment = { ...Appointment, status: 'proposed' };
const { start: _start, end: _end, ...UntimedAppointment } = ProposedAppointment;

const HealthcareService = {
  resourceType: 'HealthcareService',
  name: 'Walking group',
  availableTime: [
    { daysOfWeek: ['mon', 'wed'], availableStartTime: '09:00:00', availableEndTime: '10:30:00' },
  ],
};

const DocumentReference = {
  resourceType: 'DocumentReference',
  status: 'current',
  content: [{ attachment: { contentType: 'text/plain', data: 'aGVkZ2Vyb3c=' } }],
};

const ValueSet = {
  resourceType: 'ValueSet',
  url: 'https://example.org/ValueSet/words',
  name: 'Words',
  status: 'draft',
  compose: {
    include: [{ system: 'https://example.org/CodeSystem/words', concept: [{ code: 'a', display: 'A' }] }],
  },
};

/** Its status is given by extension only. */
const { status: _status, ...Statusless } = Observation;
const StatuslessObservation = { ...Statusless, _status: { id: 'none' } };

const { valueQuantity: _value, ...ValuelessObservation } = Observation;

/** One contained resource is referred to by another, which the resource refers to. */
const ContainingObservation = {
  ...Observation,
  contained: [
    { resourceType: 'Practitioner', id: 'one', name: [{ family: 'Elm' }] },
    { resourceType: 'PractitionerRole', id: 'role', practitioner: { reference: '#one' } },
  ],
  performer: [{ reference: '#role' }],
};

export const VALID: Readonly<Record<string, Json>> = {
  Patient,
  ServiceRequest,
  Task,
  Encounter,
  Observation,
  StatuslessObservation,
  ValuelessObservation,
  ContainingObservation,
  Condition,
  Consent,
  Appointment,
  ProposedAppointment,
  UntimedAppointment,
  HealthcareService,
  DocumentReference,
  ValueSet,
};
