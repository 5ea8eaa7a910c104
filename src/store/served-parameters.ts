/** The table of search parameters that are served, and so indexed: an index row exists because one of these needs it. */
import type { StoredType } from '../fhir/definitions.ts';

/** How a parameter is searched. `uri` values are kept and searched as tokens without a system. */
export type ParameterKind = 'token' | 'reference' | 'date' | 'uri';

/** Kind of each served parameter; one code has one kind on every type. */
export const PARAMETER_KINDS: Readonly<Record<string, ParameterKind>> = {
  identifier: 'token',
  status: 'token',
  'clinical-status': 'token',
  'lifecycle-status': 'token',
  code: 'token',
  active: 'token',
  characteristic: 'token',
  'service-category': 'token',
  'service-type': 'token',
  url: 'uri',
  patient: 'reference',
  actor: 'reference',
  'coverage-area': 'reference',
  location: 'reference',
  performer: 'reference',
  schedule: 'reference',
  'based-on': 'reference',
  encounter: 'reference',
  'derived-from': 'reference',
  focus: 'reference',
  organization: 'reference',
  practitioner: 'reference',
  questionnaire: 'reference',
  target: 'reference',
  authored: 'date',
  'authored-on': 'date',
  birthdate: 'date',
  date: 'date',
  'recorded-date': 'date',
  start: 'date',
  'start-date': 'date',
};

/**
 * Codes of FHIR R4 search parameters by stored type. `_id` and `_lastUpdated` are served for all and need no rows.
 * A parameter without an R4 definition for the type cannot stand here: `createSearchIndex` refuses it.
 */
export const SERVED_PARAMETERS: Readonly<Record<StoredType, readonly string[]>> = {
  Appointment: ['identifier', 'patient', 'status', 'date', 'based-on'],
  CarePlan: ['identifier', 'patient', 'status', 'date', 'based-on'],
  Condition: ['identifier', 'patient', 'clinical-status', 'recorded-date', 'code', 'encounter'],
  Consent: ['identifier', 'patient', 'status', 'date'],
  Encounter: ['identifier', 'patient', 'status', 'date', 'based-on'],
  EpisodeOfCare: ['identifier', 'patient', 'status', 'date'],
  Flag: ['identifier', 'patient', 'date'],
  Goal: ['identifier', 'patient', 'lifecycle-status', 'start-date'],
  HealthcareService: [
    'identifier',
    'organization',
    'active',
    'characteristic',
    'coverage-area',
    'location',
    'service-category',
    'service-type',
  ],
  Location: ['identifier', 'status', 'organization'],
  Observation: ['identifier', 'patient', 'status', 'date', 'code', 'encounter', 'derived-from'],
  Organization: ['identifier'],
  Patient: ['identifier', 'birthdate'],
  Practitioner: ['identifier'],
  PractitionerRole: ['identifier', 'practitioner', 'organization'],
  Procedure: ['identifier', 'patient', 'status', 'date', 'code', 'based-on', 'encounter'],
  Provenance: ['patient'],
  Questionnaire: ['identifier', 'status', 'url'],
  QuestionnaireResponse: [
    'identifier',
    'patient',
    'status',
    'authored',
    'based-on',
    'encounter',
    'questionnaire',
  ],
  RelatedPerson: ['identifier', 'patient'],
  Schedule: ['identifier', 'active', 'actor', 'date'],
  ServiceRequest: [
    'identifier',
    'patient',
    'status',
    'authored',
    'code',
    'based-on',
    'encounter',
    'performer',
  ],
  Slot: ['identifier', 'schedule', 'status', 'start'],
  Task: ['identifier', 'patient', 'status', 'authored-on', 'code', 'based-on', 'focus'],
  VerificationResult: ['target'],
};
