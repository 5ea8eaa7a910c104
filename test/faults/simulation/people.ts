/** Makes what a source sends of synthetic people: records that come in versions, refer to each other, give consent and withdraw it. */
import type { Consent } from '@medplum/fhirtypes';
import { digestOf } from '../../../src/fhir/digest.ts';
import type { CommitRecord, Identified } from '../../../src/store/store.ts';
import { testNhsNumber } from '../../../tooling/demo/nhs-number.ts';

export const START_MS = Date.parse('2026-03-02T09:00:00Z');
const SYSTEMS = 'https://hedgerow.example/fhir/CodeSystem';
const VERIFICATION =
  'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
const VERIFIED = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland';

/** One version of one record. */
export interface Version {
  readonly key: string;
  /** from 1 */
  readonly number: number;
  /** id of the person it is about */
  readonly person: string;
  readonly resources: readonly Identified[];
  /** what the person says of sharing, where the record says so */
  readonly consents?: boolean;
}

/** @returns what a source has to tell: all versions, those of one record in their order */
export function versionsOf(people: number, random: () => number): Version[] {
  return Array.from({ length: people }, (_, person) => versionsOfPerson(person, random)).flat();
}

function versionsOfPerson(person: number, random: () => number): Version[] {
  const patient = `p${person}`;
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const own = Array.from({ length: upTo(4) }, (_, at): Version => {
    const consents = random() < 0.75;
    const resources = [patientOf(patient, person, at + 1), consentOf(patient, consents, at + 1)];
    return { key: patient, number: at + 1, person: patient, resources, consents };
  });
  const referrals = Array.from({ length: upTo(2) }, (_, nth) => `${patient}-r${nth}`);
  const others = [...referrals, ...referrals.flatMap((of) => (random() < 0.6 ? [`${of}-k0`] : []))];
  return [
    ...own,
    ...others.flatMap((key) =>
      Array.from({ length: upTo(3) }, (_, at): Version => {
        const resource = /-k\d$/.test(key)
          ? contactOf(key, patient, at + 1)
          : referralOf(key, patient, at + 1);
        return { key, number: at + 1, person: patient, resources: [resource] };
      }),
    ),
  ];
}

/** Written into each version, and read off what the EHR holds; no rule of ours looks at it. */
function mark(number: number): { language: string } {
  return { language: `x-${number}` };
}

/** @returns the number of the version that a resource is of */
export function versionIn(resource: { language?: string }): number {
  return Number(resource.language?.slice(2));
}

function patientOf(id: string, person: number, number: number): Identified {
  const extension = [
    { url: VERIFICATION, valueCodeableConcept: { coding: [{ system: VERIFIED, code: '01' }] } },
  ];
  const value = testNhsNumber(200_000 + person);
  const identifier = [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value, extension }];
  return { resourceType: 'Patient', id, ...mark(number), identifier };
}

function consentOf(patient: string, consents: boolean, number: number): Identified & Consent {
  const act = consents ? 'permit' : 'deny';
  return {
    resourceType: 'Consent',
    id: `${patient}-c`,
    ...mark(number),
    status: consents ? 'active' : 'inactive',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: `${SYSTEMS}/consent-purpose`, code: 'share-gp' }] }],
    patient: { reference: `Patient/${patient}` },
    dateTime: '2026-01-10',
    policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
    provision: {
      type: act,
      code: [{ coding: [{ system: `${SYSTEMS}/consent-extent`, code: 'full' }] }],
    },
  };
}

function referralOf(id: string, patient: string, number: number): Identified {
  const subject = { reference: `Patient/${patient}` };
  return { resourceType: 'ServiceRequest', id, ...mark(number), status: 'active', intent: 'order', subject };
}

function contactOf(id: string, patient: string, number: number): Identified {
  return {
    resourceType: 'Encounter',
    id,
    ...mark(number),
    status: 'finished',
    class: { code: 'VR' },
    subject: { reference: `Patient/${patient}` },
    basedOn: [{ reference: `ServiceRequest/${id.replace(/-k\d$/, '')}` }],
  };
}

export function recordOf({ key, number, resources }: Version): CommitRecord {
  const payload = { key, number };
  return {
    source: 'simulation',
    kind: 'any',
    key,
    digest: digestOf(payload),
    mapDigest: 'map',
    payload,
    ownerOrg: 'X26',
    sourceTimeMs: START_MS + number * 1_000,
    timeOf: 'source',
    receiptId: 'receipt',
    resources: resources.map((resource) => ({ resource, partial: false })),
    warnings: [],
  };
}
