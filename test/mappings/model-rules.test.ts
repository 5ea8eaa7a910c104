/** Holds the maps of the logical models to the rules of the FHIR model, on the platform's examples. */
import { globSync, readFileSync } from 'node:fs';
import type {
  Appointment,
  Bundle,
  CarePlan,
  Consent,
  Encounter,
  EpisodeOfCare,
  Resource,
  ServiceRequest,
  StructureDefinition,
  Task,
} from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { PARTIAL_TAG } from '../../src/fhir/naming.ts';
import { loadMapSet } from '../../src/mapping/load.ts';

const definitions = loadBaseDefinitions();
for (const file of globSync('profiles/logical/*.json')) {
  const model = JSON.parse(readFileSync(file, 'utf8')) as StructureDefinition;
  definitions.add({ ...model, snapshot: { element: model.differential?.element ?? [] } });
}
const manifest = JSON.parse(readFileSync('mappings/platform/source.json', 'utf8'));
const loaded = loadMapSet({
  sourceFolder: 'mappings/platform',
  modelFolder: 'mappings/prsb',
  definitions,
  manifest,
});
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue, undefined, 1));
const set = loaded.value;

const REFERRAL_CODE = '871731000000106';
const DECLINED_CODE = '871711000000103';

function input(example: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`mappings/platform/examples/${example}/input.json`, 'utf8'));
}

function mapped(example: string): Bundle {
  return set.kinds.get(example.split('/')[0]!)!.run(input(example), []);
}

/** The resource of that local id; fails the test when the map did not write it. */
function find<T extends Resource>(bundle: Bundle, id: string): T {
  const found = bundle.entry?.find(({ resource }) => resource?.id === id)?.resource;
  expect(found, id).toBeDefined();
  return found as T;
}

function codesOf(request: ServiceRequest): (string | undefined)[] {
  return (request.code?.coding ?? []).map(({ code }) => code);
}

test('every source field and every item of the models is read by a rule', () => {
  expect(set.warnings.map(({ diagnostics }) => diagnostics)).toEqual([]);
});

test.each(['adult-referred-by-gp', 'self-referral-without-nhs-number', 'withdrawn-after-acceptance'])(
  'a referral that was sent carries the referral code: %s',
  (name) => {
    const example = `referral/${name}`;
    const { id } = (input(example) as { referral: { id: string } }).referral;
    expect(codesOf(find(mapped(example), `ServiceRequest:referral:${id}`))).toContain(REFERRAL_CODE);
  },
);

test('an offer is a draft without the referral code and without a spell', () => {
  const bundle = mapped('referral/offer-open');
  const request = find<ServiceRequest>(bundle, 'ServiceRequest:referral:R-107');
  expect([request.status, codesOf(request)]).toEqual(['draft', []]);
  expect(find<Task>(bundle, 'Task:referral:R-107').status).toBe('draft');
  expect(bundle.entry?.some(({ resource }) => resource?.resourceType === 'EpisodeOfCare')).toBe(false);
});

test('a declined offer is revoked, its task cancelled with the reason, and never coded as a referral', () => {
  const bundle = mapped('referral/offer-declined');
  const request = find<ServiceRequest>(bundle, 'ServiceRequest:referral:R-107');
  expect([request.status, codesOf(request)]).toEqual(['revoked', []]);
  const task = find<Task>(bundle, 'Task:referral:R-107');
  expect([task.status, task.statusReason?.coding?.[0]?.code]).toEqual(['cancelled', DECLINED_CODE]);
});

test('a recommendation is a proposal', () => {
  const bundle = mapped('referral/recommended-only');
  expect(find<ServiceRequest>(bundle, 'ServiceRequest:referral:R-106').intent).toBe('proposal');
  expect(find<Task>(bundle, 'Task:referral:R-106').intent).toBe('proposal');
});

test('who refers is the professional, the relative or the person', () => {
  const requester = (example: string, id: string): string | undefined =>
    find<ServiceRequest>(mapped(example), `ServiceRequest:referral:${id}`).requester?.reference;
  expect(requester('referral/adult-referred-by-gp', 'R-100')).toBe('PractitionerRole:worker:W-1');
  expect(requester('referral/young-person-referred-by-parent', 'R-101')).toBe('RelatedPerson:relative:REL-1');
  expect(requester('referral/self-referral-without-nhs-number', 'R-102')).toBe('Patient:person:C-102');
});

test('onward referrals stand under the referral and are never coded as one', () => {
  const bundle = mapped('referral/onward-to-several-activities');
  for (const key of ['O-1', 'O-2', 'O-3']) {
    const request = find<ServiceRequest>(bundle, `ServiceRequest:onward:${key}`);
    expect(request.basedOn).toEqual([{ reference: 'ServiceRequest:referral:R-105' }]);
    expect(codesOf(request)).not.toContain(REFERRAL_CODE);
    const task = find<Task>(bundle, `Task:onward:${key}`);
    expect(task.partOf).toEqual([{ reference: 'Task:referral:R-105' }]);
  }
});

test('a hand-over leaves the old service in charge until it is accepted', () => {
  const bundle = mapped('referral/hand-over-offered');
  const request = find<ServiceRequest>(bundle, 'ServiceRequest:referral:R-104');
  expect(request.basedOn).toEqual([{ reference: 'ServiceRequest:referral:R-103' }]);
  expect(request.replaces).toBeUndefined();
  expect(bundle.entry?.some(({ resource }) => resource?.id?.endsWith(':R-103'))).toBe(false);
});

test('an accepted hand-over replaces the old referral and completes its task with a pointer to the new one', () => {
  const bundle = mapped('referral/hand-over-accepted');
  const request = find<ServiceRequest>(bundle, 'ServiceRequest:referral:R-104');
  expect(request.replaces).toEqual([{ reference: 'ServiceRequest:referral:R-103' }]);
  expect(find<ServiceRequest>(bundle, 'ServiceRequest:referral:R-103').status).toBe('completed');
  const old = find<Task>(bundle, 'Task:referral:R-103');
  expect([old.status, old.output?.[0]?.valueReference?.reference]).toEqual([
    'completed',
    'ServiceRequest:referral:R-104',
  ]);
  expect(find<EpisodeOfCare>(bundle, 'EpisodeOfCare:referral:R-103').status).toBe('finished');
  for (const type of ['ServiceRequest', 'Task', 'EpisodeOfCare'])
    expect(find(bundle, `${type}:referral:R-103`).meta?.tag).toEqual([PARTIAL_TAG]);
});

test('a contact that was attended is an encounter finished and an appointment fulfilled', () => {
  const bundle = mapped('contact/telephone-attended');
  const encounter = find<Encounter>(bundle, 'Encounter:contact:K-1');
  expect([encounter.status, encounter.class?.code]).toEqual(['finished', 'VR']);
  expect(find<Appointment>(bundle, 'Appointment:contact:K-1').status).toBe('fulfilled');
});

test('a missed contact is an encounter cancelled with its reason and an appointment noshow', () => {
  const bundle = mapped('contact/missed-at-surgery');
  const encounter = find<Encounter>(bundle, 'Encounter:contact:K-2');
  expect([encounter.status, encounter.class?.code]).toEqual(['cancelled', 'AMB']);
  expect(encounter.extension?.map(({ url }) => url)).toEqual([
    'http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled',
  ]);
  expect(find<Appointment>(bundle, 'Appointment:contact:K-2').status).toBe('noshow');
});

test('the contacts of a group session share its identifier, and attendance answers the onward referral', () => {
  const first = find<Encounter>(mapped('contact/group-session-person-1'), 'Encounter:contact:K-3');
  const second = find<Encounter>(mapped('contact/group-session-person-2'), 'Encounter:contact:K-4');
  expect(first.identifier).toEqual(second.identifier);
  expect(second.basedOn).toEqual([{ reference: 'ServiceRequest:onward:O-1' }]);
});

test('a contact known by its day alone is an encounter without an appointment', () => {
  const bundle = mapped('contact/home-visit-known-by-date');
  expect(find<Encounter>(bundle, 'Encounter:contact:K-5').class?.code).toBe('HH');
  expect(bundle.entry?.some(({ resource }) => resource?.resourceType === 'Appointment')).toBe(false);
});

test('consent is given, refused or withdrawn, in full or coded only', () => {
  const consent = (example: string, id: string): unknown[] => {
    const { status, provision } = find<Consent>(mapped(example), `Consent:${id}`);
    return [status, provision?.type, provision?.code?.[0]?.coding?.[0]?.code];
  };
  const young = 'referral/young-person-referred-by-parent';
  expect(consent(young, 'share-gp:C-101')).toEqual(['active', 'permit', 'coded-only']);
  expect(consent('referral/offer-declined', 'refer:C-107')).toEqual(['rejected', 'deny', 'full']);
  expect(consent('contact/cancelled-consent-withdrawn', 'research:C-108')).toEqual([
    'inactive',
    'deny',
    'full',
  ]);
});

test('a closure ends request, task and spell in part and points to what came of it', () => {
  const bundle = mapped('outcome/completed-with-outcomes');
  const task = find<Task>(bundle, 'Task:referral:R-100');
  expect(task.output?.[0]?.valueReference?.reference).toBe('CarePlan:closure:X-1');
  const plan = find<CarePlan>(bundle, 'CarePlan:closure:X-1');
  expect(plan.activity?.flatMap(({ outcomeReference = [] }) => outcomeReference)).toHaveLength(3);
  const ended = ['ServiceRequest', 'Task', 'EpisodeOfCare'].map((type) =>
    find(bundle, `${type}:referral:R-100`),
  );
  expect(ended.map((one) => (one as Task).status)).toEqual(['completed', 'completed', 'finished']);
  for (const one of ended) expect(one.meta?.tag).toEqual([PARTIAL_TAG]);
});

test('a refused item has no answer, and a zero that was answered stays', () => {
  const bundle = mapped('questionnaire/ons4-with-a-refusal');
  const response = find(bundle, 'QuestionnaireResponse:response:F-3') as { item?: unknown };
  expect(response.item).toEqual([
    { linkId: '1', answer: [{ valueInteger: 4 }] },
    { linkId: '2', answer: [{ valueInteger: 0 }] },
    { linkId: '4', answer: [{ valueInteger: 8 }] },
  ]);
});

const NARRATIVE = new Set([
  'whatMatters',
  'hopes',
  'remarks',
  'detail',
  'ownWords',
  'gpAction',
  'stateReasonText',
]);

test.each(globSync('mappings/platform/examples/*/[!b]*').map((path) => path.split('/').slice(-2).join('/')))(
  'the words of people stand in notes and texts only: %s',
  (example) => {
    const words = new Set<unknown>();
    walk(input(example), (key, value) => NARRATIVE.has(key) && words.add(value));
    const places = new Set<string>();
    walk(mapped(example), (key, value) => words.has(value) && places.add(key));
    expect([...places].filter((key) => key !== 'text')).toEqual([]);
    expect(places.size).toBe(words.size > 0 ? 1 : 0);
  },
);

function walk(value: unknown, see: (key: string, value: unknown) => void, key = ''): void {
  if (typeof value !== 'object' || value === null) return see(key, value);
  for (const [name, member] of Object.entries(value)) walk(member, see, Array.isArray(value) ? key : name);
}
