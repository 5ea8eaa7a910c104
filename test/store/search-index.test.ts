/** Search rows of resources, and the ranges that dates stand for. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { STORED_TYPES } from '../../src/fhir/definitions.ts';
import { dateRange, EARLIEST_MS, LATEST_MS } from '../../src/store/date-range.ts';
import { createSearchIndex } from '../../src/store/search-index.ts';
import { PARAMETER_KINDS, SERVED_PARAMETERS } from '../../src/store/served-parameters.ts';
import { definitions } from './temporary.ts';

const index = createSearchIndex(definitions());
const rowsOf = (resource: object): string[] =>
  index(resource as Resource).map((row) =>
    row.kind === 'token'
      ? `${row.param}=${row.system}|${row.code}`
      : row.kind === 'reference'
        ? `${row.param}=${row.target}`
        : `${row.param}=${row.lowMs}..${row.highMs}`,
  );

test('serves the basic parameters wherever R4 defines them, each of a known kind', () => {
  expect(Object.keys(SERVED_PARAMETERS).sort()).toEqual([...STORED_TYPES].sort());
  for (const code of Object.values(SERVED_PARAMETERS).flat()) expect(PARAMETER_KINDS).toHaveProperty(code);
});

test('takes identifiers, codes, statuses, patients and based-on of a referral', () => {
  const referral = {
    resourceType: 'ServiceRequest',
    identifier: [{ system: 'https://demo.example', value: '7' }, { value: '8' }],
    status: 'active',
    code: {
      coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }, { display: 'no code' }],
      text: 'x',
    },
    subject: { reference: 'Patient/1' },
    basedOn: [{ reference: 'ServiceRequest/2/_history/3' }, { display: 'unknown' }],
    authoredOn: '2025-03-01',
  };
  expect(rowsOf(referral).sort()).toEqual([
    'ServiceRequest.authored=1740787200000..1740873600000',
    'ServiceRequest.based-on=ServiceRequest/2',
    'ServiceRequest.code=http://snomed.info/sct|871731000000106',
    'ServiceRequest.identifier=https://demo.example|7',
    'ServiceRequest.identifier=|8',
    'ServiceRequest.patient=Patient/1',
    'ServiceRequest.status=|active',
  ]);
});

test('takes a subject for a patient only when it is one', () => {
  expect(rowsOf({ resourceType: 'Observation', subject: { reference: 'Group/1' } })).toEqual([]);
  expect(rowsOf({ resourceType: 'Observation', subject: { reference: 'Patient/1' } })).toEqual([
    'Observation.patient=Patient/1',
  ]);
});

test('takes dates in every form of a choice, and periods without an end', () => {
  const at = (more: object): string[] => rowsOf({ resourceType: 'Observation', ...more });
  expect(at({ effectiveDateTime: '2025-03-01T10:00:00Z' })).toEqual([
    'Observation.date=1740823200000..1740823201000',
  ]);
  expect(at({ effectivePeriod: { start: '2025-03-01' } })).toEqual([
    `Observation.date=1740787200000..${LATEST_MS}`,
  ]);
  expect(at({ effectivePeriod: { end: '2025-03-01' } })).toEqual([
    `Observation.date=${EARLIEST_MS}..1740873600000`,
  ]);
  expect(at({ effectivePeriod: {} })).toEqual([]);
});

test('takes the questionnaire of answers without its version, and its url', () => {
  const answers = { resourceType: 'QuestionnaireResponse', questionnaire: 'https://q.example/ons4|1.0' };
  expect(rowsOf(answers)).toEqual(['QuestionnaireResponse.questionnaire=https://q.example/ons4']);
  expect(rowsOf({ resourceType: 'Questionnaire', url: 'https://q.example/ons4' })).toEqual([
    'Questionnaire.url=|https://q.example/ons4',
  ]);
});

test.each<[string, string, string]>([
  ['2025', '2025-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
  ['0050', '0050-01-01T00:00:00.000Z', '0051-01-01T00:00:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
  ['2024-02', '2024-02-01T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
  ['2024-12', '2024-12-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'],
  ['2025-03-30', '2025-03-30T00:00:00.000Z', '2025-03-31T00:00:00.000Z'],
  ['2025-03-01T10:00', '2025-03-01T10:00:00.000Z', '2025-03-01T10:01:00.000Z'],
  ['2025-03-01T10:00:00+01:00', '2025-03-01T09:00:00.000Z', '2025-03-01T09:00:01.000Z'],
  ['2025-03-01T10:00:00.123456Z', '2025-03-01T10:00:00.123Z', '2025-03-01T10:00:00.124Z'],
])('%s stands for the time from %s to %s', (text, low, high) => {
  expect(dateRange(text)).toEqual({ lowMs: Date.parse(low), highMs: Date.parse(high) });
});

test.each([
  '',
  '01/03/2025',
  '2025-13',
  '2025-3-1',
  '2025-03-01T10',
  'tomorrow',
  '2025-02-29',
  '2025-02-31',
  '2025-04-31T10:00:00+01:00',
  '2025-03-01T24:00:00Z',
])('"%s" is no date', (text) => {
  expect(dateRange(text)).toBeUndefined();
});

test('a day that no calendar has is not found as another one', () => {
  expect(rowsOf({ resourceType: 'Patient', birthDate: '1950-02-31' })).toEqual([]);
  expect(
    rowsOf({ resourceType: 'Observation', effectivePeriod: { start: '2025-02-31', end: '2025-03-01' } }),
  ).toEqual([]);
});
