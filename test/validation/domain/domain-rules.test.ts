/** Rules that FHIR cannot state: each holds for good resources and is broken by one change. */
import type { EpisodeOfCare, Patient, QuestionnaireResponse } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { checkDomain, DOMAIN_RULES } from '../../../src/validation/domain/domain-rules.ts';
import { consent, encounter, found, patient, response, serviceRequest, task } from './examples.ts';

const episode: EpisodeOfCare & { id: string } = {
  resourceType: 'EpisodeOfCare',
  id: 'ep1',
  status: 'active',
  patient: { reference: 'Patient/p1' },
  period: { start: '2025-01-15', end: '2025-06-30' },
};

test('a whole good journey breaks no rule', () => {
  expect(found([patient, serviceRequest, encounter, response, consent, task, episode])).toEqual([]);
});

test('every rule is in the table once, in order, and only hr-6 and hr-8 are held elsewhere', () => {
  expect(DOMAIN_RULES.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `hr-${n}`));
  expect(DOMAIN_RULES.filter(({ check }) => !check).map(({ id }) => id)).toEqual(['hr-6', 'hr-8']);
});

// hr-3

test.each([
  ['before it begins', { start: '2025-01-14T10:00:00Z' }, 'start'],
  ['after it has ended', { start: '2025-07-01T10:00:00Z' }, 'start'],
  ['and ends after it has ended', { start: '2025-06-30T10:00:00Z', end: '2025-07-02T10:00:00Z' }, 'end'],
])('hr-3 warns of a contact that starts %s', (_, period, edge) => {
  const contact = { ...encounter, period };
  const expected = [`warning hr-3 @ Encounter.period.${edge}`];
  expect(found([patient, contact, episode])).toEqual(expected);
  expect(found([contact], [patient, episode])).toEqual(expected);
});

test.each([
  ['on its first day', { start: '2025-01-15T00:10:00Z' }],
  ['on its last day', { start: '2025-06-30T22:30:00Z' }],
  ['on its last day by London time', { start: '2025-06-30T22:59:00Z' }],
  ['in the month it begins', { start: '2025-01' }],
  ['at no known time', undefined],
])('hr-3 accepts a contact %s', (_, period) => {
  expect(found([{ ...encounter, period }, episode])).toEqual([]);
});

test('hr-3 warns of a contact just after midnight in London on the day after the last', () => {
  expect(found([{ ...encounter, period: { start: '2025-06-30T23:10:00Z' } }, episode])).toEqual([
    'warning hr-3 @ Encounter.period.start',
  ]);
});

test('hr-3 says nothing where the episode is unknown, open-ended, or the contact entered in error', () => {
  const late = { ...encounter, period: { start: '2026-01-01' } };
  expect(found([late])).toEqual([]);
  expect(found([late, { ...episode, period: { start: '2025-01-15' } }])).toEqual([]);
  expect(found([{ ...late, status: 'entered-in-error' }, episode])).toEqual([]);
});

// hr-4

const STAGE = 'https://hedgerow.example/fhir/StructureDefinition/questionnaire-stage';

function at(
  stage: string,
  id: string,
  change: Partial<QuestionnaireResponse> = {},
): QuestionnaireResponse & { id: string } {
  return { ...response, id, extension: [{ url: STAGE, valueCode: stage }], ...change };
}

test('hr-4 accepts a follow-up on or after the day of its baseline, with the same or an unnamed version', () => {
  const baseline = at('baseline', 'q0');
  const plain = 'https://hedgerow.example/fhir/Questionnaire/ucla-3';
  expect(found([baseline, at('follow-up', 'q1')])).toEqual([]);
  expect(found([baseline, at('closure', 'q2', { authored: '2025-09-01', questionnaire: plain })])).toEqual(
    [],
  );
});

test('hr-4 takes the baseline of the record before one beyond, and reads each response once for all follow-ups', () => {
  let reads = 0;
  const beyond = Array.from({ length: 50 }, (_, n) => ({
    ...at('baseline', `b${n}`, { authored: '2025-12-31' }),
    get questionnaire() {
      reads++;
      return response.questionnaire;
    },
  }));
  const early = at('baseline', 'q0', { authored: '2025-01-01' });
  const late = Array.from({ length: 50 }, (_, n) => at('follow-up', `f${n}`, { authored: '2025-02-01' }));
  const known = { resource: () => undefined, responsesOf: () => beyond };
  expect(checkDomain([early, ...late], known)).toEqual([]);
  expect(checkDomain(late, known).map(ruleOf)).toEqual(late.map(() => 'hr-4'));
  expect(reads).toBeLessThan(5 * (beyond.length + late.length));
});

test('hr-4 warns of a follow-up before its baseline', () => {
  expect(found([at('baseline', 'q0'), at('follow-up', 'q1', { authored: '2025-02-28' })])).toEqual([
    'warning hr-4 @ QuestionnaireResponse.authored',
  ]);
});

test('hr-4 warns of another version of the instrument', () => {
  const other = 'https://hedgerow.example/fhir/Questionnaire/ucla-3|2.0';
  expect(found([at('baseline', 'q0'), at('closure', 'q1', { questionnaire: other })])).toEqual([
    'warning hr-4 @ QuestionnaireResponse.questionnaire',
  ]);
});

test('hr-4 follows the baseline that a response names, wherever it is kept', () => {
  const extension = [
    {
      url: 'https://hedgerow.example/fhir/StructureDefinition/baseline',
      valueReference: { reference: 'QuestionnaireResponse/q0' },
    },
  ];
  const followUp = { ...response, id: 'q1', extension };
  expect(found([followUp], [at('baseline', 'q0', { authored: '2025-04-01' })])).toEqual([
    'warning hr-4 @ QuestionnaireResponse.authored',
  ]);
  const phq = 'https://hedgerow.example/fhir/Questionnaire/phq-9';
  expect(found([followUp], [at('baseline', 'q0', { questionnaire: phq })])).toEqual([
    'warning hr-4 @ QuestionnaireResponse.questionnaire',
  ]);
  expect(found([followUp])).toEqual([]);
});

test('hr-4 compares one person and one instrument only', () => {
  const early = at('follow-up', 'q1', { authored: '2024-01-01' });
  expect(found([at('baseline', 'q0', { subject: { reference: 'Patient/p2' } }), early])).toEqual([]);
  const gad = 'https://hedgerow.example/fhir/Questionnaire/gad-7|1.0';
  expect(found([at('baseline', 'q0', { questionnaire: gad }), early])).toEqual([]);
});

// hr-5

test.each([
  ['above the range', { linkId: '2', answer: [{ valueInteger: 4 }] }],
  ['below the range', { linkId: '2', answer: [{ valueInteger: 0 }] }],
  ['not whole', { linkId: '2', answer: [{ valueDecimal: 1.5 }] }],
  ['in words', { linkId: '2', answer: [{ valueString: 'often' }] }],
  ['given twice', { linkId: '2', answer: [{ valueInteger: 1 }, { valueInteger: 2 }] }],
  ['to an item the instrument does not have', { linkId: '4', answer: [{ valueInteger: 1 }] }],
])('hr-5 refuses an answer %s', (_, item) => {
  const items = [response.item![0]!, item, response.item![2]!];
  expect(found([{ ...response, item: items }])).toEqual(['error hr-5 @ QuestionnaireResponse.item[1]']);
});

test('hr-5 accepts refused items and instruments it does not know', () => {
  expect(found([{ ...response, item: [{ linkId: '1' }] }])).toEqual([]);
  const item = [{ linkId: '1', answer: [{ valueInteger: 99 }] }];
  expect(found([{ ...response, item, questionnaire: 'https://example.org/Questionnaire/other' }])).toEqual(
    [],
  );
});

// hr-7

test.each(['reasonCode', 'requester', 'performer'] as const)(
  'hr-7 warns of a referral without %s',
  (element) => {
    const { [element]: _, ...bare } = serviceRequest;
    expect(found([bare as typeof serviceRequest])).toEqual([`warning hr-7 @ ServiceRequest.${element}`]);
  },
);

test('hr-7 lets an onward referral take its need from the one it is based on, or from a condition', () => {
  const { reasonCode: _, ...bare } = serviceRequest;
  expect(found([{ ...bare, basedOn: [{ reference: 'ServiceRequest/s0' }] }])).toEqual([]);
  expect(found([{ ...bare, reasonReference: [{ reference: 'Condition/c' }] }])).toEqual([]);
});

test.each(['draft', 'revoked', 'entered-in-error'] as const)(
  'hr-7 lets a referral that is %s be bare',
  (status) => {
    expect(
      found([{ resourceType: 'ServiceRequest', id: 's1', status, intent: 'order', subject: {} }]),
    ).toEqual([]);
  },
);

test('hr-7 does not ask a part of a referral, known by its missing person, for the whole; other rules look at it', () => {
  const {
    subject: _,
    performer: __,
    ...part
  } = { ...serviceRequest, code: { coding: [{ system: 'http://snomed.info/sct', code: '310184005' }] } };
  expect(found([part as unknown as typeof serviceRequest])).toEqual([
    'error hr-2 @ ServiceRequest.code.coding[0].code',
  ]);
});

// hr-9

test('hr-9 refuses a contact before birth, also when only the store knows the date of birth', () => {
  const born = { ...patient, birthDate: '2025-03-02' };
  expect(found([born, encounter])).toEqual(['error hr-9 @ Encounter.period.start']);
  expect(found([encounter], [born])).toEqual(['error hr-9 @ Encounter.period.start']);
  const part: Patient & { id: string } = { resourceType: 'Patient', id: 'p1' };
  expect(found([part, encounter], [born])).toEqual(['error hr-9 @ Encounter.period.start']);
});

test('hr-9 refuses a first contact after death, and a death before birth', () => {
  const died = { ...patient, deceasedDateTime: '2025-02-28' };
  expect(found([died, encounter])).toEqual(['error hr-9 @ Encounter.period.start']);
  expect(found([{ ...patient, deceasedDateTime: '1950-02-27' }])).toEqual([
    'error hr-9 @ Patient.deceasedDateTime',
  ]);
});

test('hr-9 accepts birth or death on the day of the contact, and dates too vague to say', () => {
  expect(found([{ ...patient, birthDate: '2025-03-01', deceasedDateTime: '2025-03-01' }, encounter])).toEqual(
    [],
  );
  expect(found([{ ...patient, birthDate: '2025', deceasedDateTime: '2025' }, encounter])).toEqual([]);
});

test('hr-9 accepts contacts after a death where the service knew the person before, and planned ones that were cancelled', () => {
  const died = { ...patient, deceasedDateTime: '2025-02-28' };
  expect(found([died, encounter, episode])).toEqual([]);
  expect(found([died, { ...encounter, status: 'cancelled' }])).toEqual([]);
});
