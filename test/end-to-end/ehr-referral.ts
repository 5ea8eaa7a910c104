/** A referral as a GP makes it in an EHR: the person, who agreed to it, the request and its task. */
import type { Consent, Organization, Patient, Reference, ServiceRequest, Task } from '@medplum/fhirtypes';
import type { Ehr } from '../source/ehr/adapters.ts';
import { withNhsNumber } from '../store/samples.ts';

const CONSENT = 'https://hedgerow.example/fhir/CodeSystem';

export function person(id: string, nhsNumber = '9990000018'): Patient & { id: string } {
  const { identifier } = withNhsNumber(id, nhsNumber) as Patient;
  return {
    resourceType: 'Patient',
    id,
    identifier: identifier!,
    name: [{ use: 'official', family: 'Example', given: ['Robin'] }],
  };
}

export function consent(patient: string, status: Consent['status'] = 'active'): Consent & { id: string } {
  return {
    resourceType: 'Consent',
    id: `consent-${patient}`,
    status,
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: ['refer', 'share-gp'].map((code) => ({
      coding: [{ system: `${CONSENT}/consent-purpose`, code }],
    })),
    patient: { reference: `Patient/${patient}` },
    dateTime: status === 'active' ? '2026-03-01' : '2026-03-02',
    policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
    provision: {
      type: status === 'active' ? 'permit' : 'deny',
      code: [{ coding: [{ system: `${CONSENT}/consent-extent`, code: 'full' }] }],
    },
  };
}

export function request(
  id: string,
  patient: string,
  performer: Reference<Organization> = { display: 'Link workers' },
): ServiceRequest & { id: string } {
  return {
    resourceType: 'ServiceRequest',
    id,
    status: 'active',
    intent: 'order',
    code: { coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }] },
    subject: { reference: `Patient/${patient}` },
    requester: { display: 'Dr Example' },
    performer: [performer],
    reasonCode: [{ text: 'lonely since the move' }],
  };
}

export function task(id: string, focus: string, patient: string): Task & { id: string } {
  return {
    resourceType: 'Task',
    id,
    status: 'requested',
    intent: 'order',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: { reference: `ServiceRequest/${focus}` },
    for: { reference: `Patient/${patient}` },
  };
}

/** Makes a referral at the EHR. */
export async function refer(ehr: Ehr, patient = 'p1', nhsNumber?: string): Promise<void> {
  await ehr.put({ resourceType: 'Organization', id: 'o1', name: 'Link workers' });
  await ehr.put(person(patient, nhsNumber));
  await ehr.put(consent(patient));
  await ehr.put(request(`r-${patient}`, patient, { reference: 'Organization/o1' }));
  await ehr.put(task(`t-${patient}`, `r-${patient}`, patient));
}
