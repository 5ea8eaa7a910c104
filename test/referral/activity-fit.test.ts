/** What speaks against a referral to an activity, and what does not: each rule both ways. */
import type {
  HealthcareService,
  Location,
  Patient,
  Schedule,
  ServiceRequest,
  Slot,
  VerificationResult,
} from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { servedAt } from '../../src/referral/activity-area.ts';
import { type ActivityAround, type FitRules, fitOf } from '../../src/referral/activity-fit.ts';

const TODAY = '2026-06-30';
const EXTENSION = 'https://hedgerow.example/fhir/StructureDefinition/';
const request = { resourceType: 'ServiceRequest', status: 'active', intent: 'order' } as ServiceRequest;
const person: Patient = {
  resourceType: 'Patient',
  birthDate: '1960-06-30',
  address: [{ postalCode: 'B1 1AA' }],
};
const rules: FitRules = { requiredChecks: [], postcodesOf: { E08000025: ['B1', 'B2 4', 'B3 3CC'] } };

function around(service: Partial<HealthcareService>, more: Partial<ActivityAround> = {}): ActivityAround {
  const whole = { resourceType: 'HealthcareService', id: 'a', ...service } as HealthcareService;
  return { service: whole, provider: undefined, areas: [], schedules: [], slots: [], checks: [], ...more };
}

function rulesOf(
  activity: ActivityAround,
  more: {
    readonly request?: Partial<ServiceRequest>;
    readonly patient?: Patient;
    readonly rules?: FitRules;
  } = {},
): (string | undefined)[] {
  const asked = { ...request, ...more.request } as ServiceRequest;
  return fitOf(asked, more.patient ?? person, activity, more.rules ?? rules, TODAY).map(ruleOf);
}

const places = (...free: number[]): Partial<HealthcareService> => ({
  extension: free.map((value) => ({ url: `${EXTENSION}places-free`, valueQuantity: { value } })),
});
const ages = (low?: number, high?: number): Partial<HealthcareService> => ({
  extension: [
    {
      url: `${EXTENSION}age-range`,
      valueRange: {
        ...(low === undefined ? {} : { low: { value: low } }),
        ...(high === undefined ? {} : { high: { value: high } }),
      },
    },
  ],
});
const times = (start?: string, end?: string): Schedule => ({
  resourceType: 'Schedule',
  actor: [{ reference: 'HealthcareService/a' }],
  planningHorizon: { ...(start ? { start } : {}), ...(end ? { end } : {}) },
});
const slot = (status: Slot['status'], start: string): Slot => ({
  resourceType: 'Slot',
  schedule: { reference: 'Schedule/s' },
  status,
  start,
  end: start,
});
const area = (system: 'postcodes' | 'uri', value: string): Location => ({
  resourceType: 'Location',
  identifier: [
    {
      system: system === 'uri' ? 'urn:ietf:rfc:3986' : 'https://hedgerow.example/fhir/Id/postcode-area',
      value,
    },
  ],
});
const check = (
  code: string,
  until?: string,
  status: VerificationResult['status'] = 'validated',
): VerificationResult => ({
  resourceType: 'VerificationResult',
  status,
  validationProcess: [
    { coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/quality-check', code }] },
  ],
  ...(until ? { nextScheduled: until } : {}),
});

test.each<[string, ActivityAround, boolean]>([
  ['not in operation', around({ active: false }), true],
  ['in operation', around({ active: true }), false],
  ['of which nothing is said', around({}), false],
  [
    'of a provider that has closed',
    around({}, { provider: { resourceType: 'Organization', active: false } }),
    true,
  ],
  ['whose times have ended', around({}, { schedules: [times('2026-01-01', '2026-06-29')] }), true],
  ['whose last day is today', around({}, { schedules: [times('2026-01-01', TODAY)] }), false],
  ['with times without an end', around({}, { schedules: [times('2026-01-01')] }), false],
  ['that begins later', around({}, { schedules: [times('2026-07-01')] }), true],
  [
    'with other times that go on',
    around({}, { schedules: [times(undefined, '2026-06-01'), times()] }),
    false,
  ],
])('an activity %s: closed %#', (_, activity, isClosed) => {
  expect(rulesOf(activity)).toEqual(isClosed ? ['activity-closed'] : []);
});

test('a referral for a later day is held against that day', () => {
  const activity = around({}, { schedules: [times('2026-09-01', '2026-12-01')] });
  expect(rulesOf(activity, { request: { occurrenceDateTime: '2026-09-10' } })).toEqual([]);
  expect(rulesOf(activity, { request: { occurrenceDateTime: '2026-12-02' } })).toEqual(['activity-closed']);
});

test.each<[string, ActivityAround, boolean]>([
  ['without a free place', around(places(0)), true],
  ['with fewer than none', around(places(-1)), true],
  ['with a free place of one kind', around(places(0, 2)), false],
  ['whose coming slots are all taken', around({}, { slots: [slot('busy', '2026-07-01T10:00:00Z')] }), true],
  [
    'with a free slot to come',
    around({}, { slots: [slot('busy', '2026-07-01T10:00:00Z'), slot('free', '2026-07-08T10:00:00Z')] }),
    false,
  ],
  [
    'whose free slots are past',
    around({}, { slots: [slot('free', '2026-06-01T10:00:00Z'), slot('busy', '2026-07-08T10:00:00Z')] }),
    true,
  ],
  ['whose slots are all past', around({}, { slots: [slot('busy', '2026-06-01T10:00:00Z')] }), false],
])('an activity %s: full %#', (_, activity, isFull) => {
  expect(rulesOf(activity)).toEqual(isFull ? ['activity-full'] : []);
});

test.each<[string, string, string, 'in' | 'out' | 'unknown']>([
  ['B1', 'B1 1AA', 'B1', 'in'],
  ['B1 of a list', 'B1 1AA', 'B2, b1; B9', 'in'],
  ['another outward code', 'B1 1AA', 'B11', 'out'],
  ['the district of EC1A', 'EC1A 1BB', 'EC1', 'in'],
  ['its sector', 'B2 4DD', 'B2 4', 'in'],
  ['another sector', 'B2 5DD', 'B2 4', 'out'],
  ['the letters alone', 'B2 5DD', 'B', 'in'],
  ['other letters', 'BS2 5DD', 'B', 'out'],
  ['the whole postcode', 'b3  3cc', 'B3 3CC', 'in'],
  ['words beside codes', 'B9 1AA', 'B1, and the canal', 'unknown'],
  ['a code that is configured', 'B2 4DD', 'E08000025', 'in'],
  ['a code that is configured, without the place', 'B2 5DD', 'E08000025', 'out'],
  ['a code that is not', 'B1 1AA', 'E09000001', 'unknown'],
  ['no postcode', 'nowhere', 'B1', 'unknown'],
])('%s', (_, postcode, served, expected) => {
  expect(servedAt(postcode, [area('postcodes', served)], rules.postcodesOf)).toBe(expected);
});

test('an area is known by the code at the end of its address; where it is not known, nothing is said', () => {
  const known = area('uri', 'http://statistics.data.gov.uk/id/statistical-geography/E08000025');
  const elsewhere: Patient = { ...person, address: [{ postalCode: 'M1 1AA' }] };
  expect(rulesOf(around({}, { areas: [known] }))).toEqual([]);
  expect(rulesOf(around({}, { areas: [known] }), { patient: elsewhere })).toEqual(['activity-out-of-area']);
  const unknown = area('uri', 'https://areas.example/north');
  expect(rulesOf(around({}, { areas: [known, unknown] }), { patient: elsewhere })).toEqual([]);
  expect(rulesOf(around({}, { areas: [known] }), { patient: { resourceType: 'Patient' } })).toEqual([]);
});

test('any outward code serves all postcodes in it, and no other outward code', () => {
  const outward = fc
    .tuple(fc.constantFrom('B', 'EC', 'M', 'SW'), fc.integer({ min: 1, max: 99 }))
    .map(([a, n]) => `${a}${n}`);
  fc.assert(
    fc.property(outward, outward, fc.integer({ min: 0, max: 9 }), (home, served, sector) => {
      const found = servedAt(`${home} ${sector}AB`, [area('postcodes', served)], {});
      expect(found).toBe(home === served ? 'in' : 'out');
    }),
  );
});

test.each<[string, Partial<HealthcareService>, boolean]>([
  ['66 and on, on the birthday', ages(66), false],
  ['67 and on', ages(67), true],
  ['up to 66', ages(undefined, 66), false],
  ['up to 65', ages(undefined, 65), true],
  ['18 to 99', ages(18, 99), false],
])('a person who is 66 today, at an activity for %s', (_, service, isNot) => {
  expect(rulesOf(around(service))).toEqual(isNot ? ['activity-not-eligible'] : []);
});

test('a birth year alone lets either age be meant', () => {
  const patient: Patient = { resourceType: 'Patient', birthDate: '1960' };
  expect(rulesOf(around(ages(66)), { patient })).toEqual([]);
  expect(rulesOf(around(ages(undefined, 65)), { patient })).toEqual([]);
  expect(rulesOf(around(ages(67)), { patient })).toEqual(['activity-not-eligible']);
});

test.each<[string, readonly VerificationResult[], readonly string[], string[]]>([
  ['one that holds today for the last time', [check('insurance', TODAY)], [], []],
  ['one that ended yesterday', [check('insurance', '2026-06-29')], [], ['activity-check-expired']],
  [
    'an old one beside a new one',
    [check('insurance', '2025-01-01'), check('insurance', '2027-01-01')],
    [],
    [],
  ],
  ['one without an end', [check('dbs')], ['dbs'], []],
  ['one that was not passed', [check('dbs', undefined, 'val-fail')], [], ['activity-check-expired']],
  ['one that is under way and not asked for', [check('dbs', undefined, 'in-process')], [], []],
  [
    'one that is under way and asked for',
    [check('dbs', undefined, 'in-process')],
    ['dbs'],
    ['activity-check-expired'],
  ],
  [
    'none of those that are asked for',
    [],
    ['insurance', 'safeguarding'],
    ['activity-check-expired', 'activity-check-expired'],
  ],
])('quality checks: %s', (_, checks, requiredChecks, expected) => {
  expect(rulesOf(around({}, { checks }), { rules: { ...rules, requiredChecks } })).toEqual(expected);
});

test('nothing is said of a referral that has ended, and no value of the person ever', () => {
  const worst = around(
    { active: false, ...ages(67) },
    { areas: [area('postcodes', 'M1')], checks: [check('dbs', '2020-01-01')] },
  );
  for (const status of ['revoked', 'completed', 'entered-in-error'] as const)
    expect(rulesOf(worst, { request: { status } })).toEqual([]);
  const told = JSON.stringify(fitOf(request, person, worst, rules, TODAY));
  expect(fitOf(request, person, worst, rules, TODAY)).toHaveLength(4);
  for (const value of ['1960', 'B1', '66']) expect(told).not.toContain(value);
});
