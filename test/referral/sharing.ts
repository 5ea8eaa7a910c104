/** Turns a change of the usual question into what the consent gate lets through. */
import type { Consent, Patient, Resource } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { decideSharing, type SharingQuestion } from '../../src/referral/consent.ts';

const definitions = loadBaseDefinitions();
const NOW = Date.parse('2025-06-15T12:00:00Z');
const SYSTEMS = 'https://hedgerow.example/fhir/CodeSystem';
const VERIFICATION =
  'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';

/** As `mappings/prsb` writes it. */
export function consent(
  change: Partial<Consent> = {},
  extent: 'full' | 'coded-only' = 'full',
  purpose = 'share-gp',
): Consent {
  return {
    resourceType: 'Consent',
    id: 'c1',
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: `${SYSTEMS}/consent-purpose`, code: purpose }] }],
    patient: { reference: 'Patient/p1' },
    dateTime: '2025-01-10',
    policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
    provision: {
      type: 'permit',
      code: [{ coding: [{ system: `${SYSTEMS}/consent-extent`, code: extent }] }],
    },
    ...change,
  };
}

export const refused = consent({ status: 'rejected', provision: { type: 'deny' } });
export const withdrawn = consent({ status: 'inactive', dateTime: '2025-05-01', provision: { type: 'deny' } });

export function patient(
  status = '01',
  system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland',
): Patient {
  return {
    resourceType: 'Patient',
    id: 'p1',
    identifier: [
      {
        system: 'https://fhir.nhs.uk/Id/nhs-number',
        value: '9990000018',
        extension: [{ url: VERIFICATION, valueCodeableConcept: { coding: [{ system, code: status }] } }],
      },
    ],
    name: [{ family: 'Example', text: 'A Example' }],
    address: [{ line: ['1 Example Street'], postalCode: 'ZZ99 3AA' }],
    telecom: [{ system: 'phone', value: '01632 960000' }],
    contact: [{ telecom: [{ system: 'phone', value: '01632 960001' }] }],
    generalPractitioner: [{ reference: 'Organization/gp' }],
  };
}

export const encounter: Resource = {
  resourceType: 'Encounter',
  id: 'e1',
  status: 'finished',
  class: { code: 'AMB', display: 'free words' },
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">free words</div>' },
  subject: { reference: 'Patient/p1', display: 'free words' },
  period: { start: '2025-03-01' },
  reasonCode: [
    { text: 'free words' },
    { coding: [{ system: 'http://snomed.info/sct', code: '267076002' }], text: 'free words' },
  ],
};

export function decide(change: Partial<SharingQuestion> = {}) {
  return decideSharing({
    consents: [consent()],
    patient: patient(),
    resource: encounter,
    agreed: { purpose: 'share-with-gp' },
    requiresVerifiedNhsNumber: true,
    alreadyShared: false,
    nowMs: NOW,
    definitions,
    ...change,
  });
}

/** @returns what is sent; undefined when nothing is, and then by rule hr-8 */
export function sent(change: Partial<SharingQuestion> = {}): Resource | undefined {
  const decision = decide(change);
  if (!decision.send) expect(ruleOf(decision.issue)).toBe('hr-8');
  return decision.send ? decision.resource : undefined;
}

/** What stands for narrative in the examples. */
export const words = 'free words';
