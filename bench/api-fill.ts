/** Fills a store with made-up people, each with a referral, its task, a contact, an observation and a questionnaire answered. */
import { digestOf } from '../src/fhir/digest.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../src/fhir/ids.ts';
import type { CommitRecord, CommitRules, Identified, Store } from '../src/store/store.ts';

/** Resources that one record makes. */
export const RESOURCES_A_RECORD = 6;
/** Organisations that the people belong to, in turn. */
export const OWNERS = ['X26', 'Y90'] as const;

const BATCH = 200;
const NUMBER_SYSTEM = 'https://hedgerow.example/bench/case-number';
const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';
const FROM_MS = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/** Nothing is checked or sent: what is read is measured here, not how it came. */
const RULES: CommitRules = {
  check: () => [],
  route: () => [],
  provenanceId: () => undefined,
  provenance: () => undefined,
};

/** @returns a resource's id, the same for the same place among the people */
export function idAt(role: string, at: number): string {
  return uuidV5(PROJECT_NAMESPACE, `bench ${role} ${at}`);
}

/** What a search finds one by. */
export function caseNumberAt(at: number): string {
  return `${NUMBER_SYSTEM}|C${at}`;
}

/** @param resources in all, rounded up to whole people @returns how many people there are */
export async function fill(store: Store, resources: number): Promise<number> {
  const people = Math.ceil(resources / RESOURCES_A_RECORD);
  for (let from = 0; from < people; from += BATCH) {
    const count = Math.min(BATCH, people - from);
    const records = Array.from({ length: count }, (_, index) => recordAt(from + index));
    await store.commit(records, RULES, FROM_MS);
  }
  return people;
}

function recordAt(at: number): CommitRecord {
  const resources = resourcesAt(at);
  return {
    source: 'bench',
    kind: 'person',
    key: String(at),
    digest: digestOf(at),
    mapDigest: 'none',
    payload: {},
    ownerOrg: OWNERS[at % OWNERS.length]!,
    sourceTimeMs: FROM_MS,
    timeOf: 'source',
    receiptId: 'bench',
    resources: resources.map((resource) => ({ resource, partial: false })),
    warnings: [],
  };
}

function resourcesAt(at: number): Identified[] {
  const subject = { reference: `Patient/${idAt('patient', at)}` };
  const referral = { reference: `ServiceRequest/${idAt('referral', at)}` };
  const date = new Date(FROM_MS + (at % 700) * DAY_MS).toISOString().slice(0, 10);
  return [
    {
      resourceType: 'Patient',
      id: idAt('patient', at),
      identifier: [{ system: NUMBER_SYSTEM, value: `C${at}` }],
      name: [{ family: `Bench${at % 5000}`, given: ['Ann'] }],
      gender: at % 2 === 0 ? 'female' : 'male',
      birthDate: `${1930 + (at % 70)}-0${1 + (at % 9)}-15`,
    },
    {
      resourceType: 'ServiceRequest',
      id: idAt('referral', at),
      status: at % 3 === 0 ? 'completed' : 'active',
      intent: 'order',
      subject,
      authoredOn: date,
      code: { coding: [{ system: SNOMED, code: '871731000000106' }] },
    },
    {
      resourceType: 'Task',
      id: idAt('task', at),
      status: at % 3 === 0 ? 'completed' : 'in-progress',
      intent: 'order',
      basedOn: [referral],
      focus: referral,
      for: subject,
      authoredOn: date,
    },
    {
      resourceType: 'Encounter',
      id: idAt('contact', at),
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject,
      basedOn: [referral],
      period: { start: date, end: date },
    },
    {
      resourceType: 'Observation',
      id: idAt('score', at),
      status: 'final',
      code: { coding: [{ system: LOINC, code: '44261-6' }] },
      subject,
      effectiveDateTime: date,
      valueQuantity: {
        value: at % 27,
        unit: '{score}',
        system: 'http://unitsofmeasure.org',
        code: '{score}',
      },
    },
    {
      resourceType: 'QuestionnaireResponse',
      id: idAt('answers', at),
      status: 'completed',
      questionnaire: 'https://hedgerow.example/fhir/Questionnaire/bench',
      subject,
      basedOn: [referral],
      authored: date,
      item: [{ linkId: '1', answer: [{ valueInteger: at % 4 }] }],
    },
  ] as Identified[];
}
