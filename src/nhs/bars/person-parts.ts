/** Turns what is known of a person, and of what they agreed to, into the parts of a BaRS message that say so. */
import type { Consent, Patient } from '@medplum/fhirtypes';
import { isNhsNumberSystem } from '../../fhir/verified-number.ts';
import { CONSENT_CATEGORIES } from './codes.ts';
import { keyOf } from './entries.ts';
import { missing } from './parts.ts';
import { asInstant } from './times.ts';

export const NO_PATIENT = missing(
  'bars-patient',
  'ServiceRequest.subject names no Patient that is known here: send the person’s record.',
  'ServiceRequest.subject',
);

/** Whoever holds the referral knows them: the number is enough to say whom it is about. */
export function byNumber({ id, meta, identifier }: Patient & { id: string }): Patient & { id: string } {
  // who refers may know them by a number that was superseded
  const numbers = identifier?.filter(({ system }) => isNhsNumberSystem(system));
  return {
    resourceType: 'Patient',
    id,
    ...(meta?.lastUpdated ? { meta: { lastUpdated: meta.lastUpdated } } : {}),
    ...(numbers?.length ? { identifier: numbers } : {}),
  };
}

/**
 * Turns a consent of ours, which says for what and how far, into the one that BaRS knows: direct care.
 * @param consent covers the referral: whoever calls has asked that
 */
export function consentOf(
  consent: Consent & { id: string },
  patient: Patient & { id: string },
): Consent & { id: string } {
  const dateTime = asInstant(consent.dateTime);
  return {
    resourceType: 'Consent',
    id: consent.id,
    ...(consent.meta ? { meta: consent.meta } : {}),
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: CONSENT_CATEGORIES, code: 'DRC', display: 'Direct Care' }] }],
    patient: { reference: keyOf(patient) },
    ...(dateTime === undefined ? {} : { dateTime }),
    policyRule: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMPLIED' }],
    },
  };
}
