/** Who a made-up person is: the Patient, sometimes held twice, and what they allow. */
import type { CodeableConcept, Consent, Extension, Organization, Patient } from '@medplum/fhirtypes';
import { parseNhsNumber } from '../../../src/fhir/identifiers.ts';
import type { Draw } from './draw.ts';
import { PRACTICES } from './organisations.ts';
import { type MadeUpPlace, PLACES } from './places.ts';
import {
  concept,
  daysAgo,
  HEDGEROW,
  type Made,
  own,
  profiled,
  terminology,
  timeAgo,
  to,
  ukCore,
  ukCoreExtension,
} from './words.ts';

export interface Person {
  /** of the store: patients that were joined have the same */
  readonly id: string;
  readonly place: MadeUpPlace;
  readonly age: number;
  /** held under two Patients, which were joined */
  readonly isJoined: boolean;
}

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';

/** @returns the number of a place in the range that is never given to anybody */
export function madeUpNhsNumber(at: number): string {
  // of two neighbours one has a check digit
  for (const stem of [`999${String(at * 2).padStart(6, '0')}`, `999${String(at * 2 + 1).padStart(6, '0')}`])
    for (let check = 0; check < 10; check++) {
      const number = `${stem}${check}`;
      if (parseNhsNumber(number)) return number;
    }
  throw new Error(`no number at ${at}`);
}

export function drawPerson(at: number, draw: Draw): Person {
  return {
    id: `person-${at}`,
    place: draw.pick(PLACES),
    age: draw.chance(0.08) ? draw.whole(14, 17) : draw.whole(18, 97),
    isJoined: draw.chance(0.03),
  };
}

export function* patients(person: Person, at: number, draw: Draw): Made {
  const patient = mainPatient(person, at, draw);
  yield patient;
  if (!person.isJoined) return;
  const { birthDate, gender, identifier, meta } = patient;
  yield {
    resourceType: 'Patient',
    id: `${person.id}-twin`,
    identifier: identifier!,
    name: [{ use: 'usual', family: `Twinname${at}`, given: ['Test'] }],
    gender: gender!,
    birthDate: birthDate!,
    meta: meta!,
  };
}

function mainPatient(person: Person, at: number, draw: Draw): Patient & { id: string } {
  const [hasNumber, isRestricted, hasDied] = [draw.chance(0.96), draw.chance(0.02), draw.chance(0.03)];
  const ethnic = draw.chance(0.85)
    ? draw.weighted({ A: 60, C: 8, H: 8, J: 6, M: 6, N: 6, R: 3, Z: 3 })
    : undefined;
  const extension = [
    ...(ethnic ? [coded('EthnicCategory', ukCore('EthnicCategoryEngland', ethnic))] : []),
    ...(hasNumber
      ? []
      : [coded('NHSNumberUnavailableReason', ukCore('NHSNumberUnavailableReason', 'overseas-patient'))]),
  ];
  return {
    resourceType: 'Patient',
    id: person.id,
    identifier: [
      ...(hasNumber ? [numbered(at)] : []),
      { system: `${HEDGEROW}/Id/platform/person`, value: `C-${at}` },
    ],
    ...(extension.length > 0 && { extension }),
    name: [{ use: 'usual', family: `Testname${at}`, given: [`Given${at}`] }],
    gender: draw.weighted({ female: 57, male: 40, other: 1, unknown: 2 }),
    birthDate: daysAgo(person.age * 365 + draw.whole(30, 300)),
    ...(hasDied && { deceasedDateTime: daysAgo(draw.whole(1, 20)) }),
    address: [
      {
        use: 'home',
        line: [`${1 + (at % 90)} Test Street ${at}`],
        city: 'Exampleton',
        postalCode: person.place.postcode,
      },
    ],
    telecom: [{ system: 'phone', use: 'mobile', value: `07700 900${String(at % 1000).padStart(3, '0')}` }],
    generalPractitioner: [to<Organization>('Organization', draw.pick(PRACTICES))],
    meta: {
      ...profiled('patient'),
      ...(isRestricted && { security: [terminology('v3-Confidentiality', 'R')] }),
    },
  };
}

function coded(name: string, valueCodeableConcept: CodeableConcept): Extension {
  return { url: ukCoreExtension(name), valueCodeableConcept };
}

function numbered(at: number): NonNullable<Patient['identifier']>[number] {
  return {
    extension: [coded('NHSNumberVerificationStatus', ukCore('NHSNumberVerificationStatusEngland', '01'))],
    system: NHS_NUMBER,
    value: madeUpNhsNumber(at),
  };
}

const PURPOSES = { refer: 'TREAT', 'share-gp': 'TREAT', research: 'HRESCH' } as const;
const STATUS = { given: 'active', refused: 'rejected', withdrawn: 'inactive' } as const;

/** A decision on each purpose, or none. */
export function* consents(person: Person, before: number, draw: Draw): Made {
  for (const purpose of ['refer', 'share-gp', 'research'] as const) {
    const decision =
      purpose === 'refer' ? 'given' : draw.weighted({ given: 70, refused: 14, withdrawn: 6, none: 10 });
    const extent = draw.chance(0.1) ? 'coded-only' : 'full';
    if (decision !== 'none')
      yield {
        resourceType: 'Consent',
        id: `${person.id}-${purpose}`,
        status: STATUS[decision],
        scope: concept(terminology('consentscope', purpose === 'research' ? 'research' : 'patient-privacy')),
        category: [concept(own('consent-purpose', purpose))],
        dateTime: timeAgo(before, 9),
        patient: to<Patient>('Patient', person.id),
        policyRule: concept(terminology('v3-ActCode', 'OPTIN')),
        provision: {
          type: decision === 'given' ? 'permit' : 'deny',
          purpose: [terminology('v3-ActReason', PURPOSES[purpose])],
          code: [concept(own('consent-extent', extent))],
        },
        meta: profiled('consent'),
      } satisfies Consent & { id: string };
  }
}
