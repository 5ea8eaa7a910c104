/** Lists as practices get them: CSV and FHIR, the same list always the same; and the report of what is not in the record. */

import type { Bundle, Observation, Procedure } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type { CodedRule } from '../../../src/referral/coded/rule.ts';
import { NATIONAL_RULES, readyRules } from '../../../src/referral/coded/rule.ts';
import { cell, csvOf } from '../../../src/target/coded/csv.ts';
import { bundleOfBatch } from '../../../src/target/coded/fhir.ts';
import { textOfBatch } from '../../../src/target/coded/out.ts';
import { codedReport, reportCsv, reportJson } from '../../../src/target/coded/report.ts';
import { parts } from '../../api/adapter.ts';
import { idOf, NOW_MS } from '../../store/samples.ts';
import { definitions, temporaryStore } from '../../store/temporary.ts';
import {
  agreed,
  DAY,
  type Desk,
  declined,
  GP,
  openDesk,
  PLACES,
  PRACTICE,
  referred,
  registered,
} from './harness.ts';

const SCORE: CodedRule = {
  id: 'swemwbs',
  type: 'Observation',
  when: "status = 'final' and code.coding.where(system = 'http://snomed.info/sct').exists()",
  codeFrom: 'code.coding',
  date: 'effective',
  author: 'performer',
  value: 'value.ofType(Quantity)',
  as: 'Observation',
  lasting: false,
  keepsFirstDay: false,
};

function score(value: number): object {
  return {
    resourceType: 'Observation',
    id: idOf('o'),
    status: 'final',
    code: {
      coding: [{ system: 'http://snomed.info/sct', code: '718466001', display: 'Short WEMWBS score' }],
    },
    subject: { reference: `Patient/${idOf('p')}` },
    effectiveDateTime: `${DAY}T12:00:00Z`,
    valueQuantity: { value, unit: 'score', system: 'http://unitsofmeasure.org', code: '{score}' },
    performer: [GP],
  };
}

async function deskWith(
  resources: readonly object[],
  options: Parameters<typeof openDesk>[1] = {},
): Promise<Desk> {
  const desk = openDesk(await temporaryStore(), options);
  const person = registered('p', '9990000018', { name: [{ family: '=2+5', given: ['Ro"bin,', 'Lee'] }] });
  await desk.commit([...PLACES, person, agreed('p'), ...resources] as never, { key: 'P' });
  return desk;
}

test('writes CSV that no spreadsheet takes for a formula, quoted as RFC 4180 has it', async () => {
  const desk = await deskWith([referred('r', 'p'), score(24.5)], { rules: [...NATIONAL_RULES, SCORE] });
  const batch = (await desk.lists.next(PRACTICE, DAY))!;
  const [head, ...rows] = csvOf(batch).split('\r\n');
  expect(head).toBe(
    'nhs_number,family_name,given_names,birth_date,date,snomed_concept_id,snomed_description_id,term,value,unit,author_name,author_role,author_organisation_ods,entry_id,action',
  );
  const of = (code: string): string => rows.find((row) => row.includes(code)) ?? '';
  const { id } = batch.entries.find(({ content }) => content.rule === 'referral')!;
  expect(of('871731000000106')).toBe(
    `9990000018,'=2+5,"Ro""bin, Lee",1948-05-17,${DAY},871731000000106,,Referral to social prescribing service,,,Dr Sam Example,General practitioner,${PRACTICE},${id},add`,
  );
  expect(of('718466001')).toContain(',Short WEMWBS score,24.5,score,Dr Sam Example,');
  expect(rows.at(-1)).toBe('');
  expect(csvOf(batch, true).charCodeAt(0)).toBe(0xfeff);
});

test.each([
  ['=1', "'=1"],
  ['+44', "'+44"],
  ['-x', "'-x"],
  ['@cmd', "'@cmd"],
  ['\tx', "'\tx"],
  [' =1', "' =1"],
  ['＝1', "'＝1"],
  ['a\r\nb', '"a\r\nb"'],
  ['a"b', '"a""b"'],
  ['a\0b', 'ab'],
  ['Zoë', 'Zoë'],
])('writes the cell %j as %j', (text, wanted) => {
  expect(cell(text)).toBe(wanted);
});

test('leaves a number below nought alone', () => {
  expect(cell('-3', true)).toBe('-3');
});

test('writes a collection that is valid FHIR, each entry with its code, author, day and list', async () => {
  const rules = [...NATIONAL_RULES, SCORE];
  const desk = await deskWith([referred('r', 'p'), declined('t', 'p'), score(24)], { rules });
  const batch = (await desk.lists.next(PRACTICE, DAY))!;
  const bundle = bundleOfBatch(batch);
  const issues = parts().validator.validate(bundle);
  expect(issues.filter(({ severity }) => severity === 'error' || severity === 'fatal')).toEqual([]);
  const resources = bundle.entry!.map(({ resource }) => resource!);
  expect(resources.filter(({ resourceType }) => resourceType === 'Patient')).toHaveLength(1);
  const procedure = resources.find((one): one is Procedure => one.resourceType === 'Procedure')!;
  expect(procedure).toMatchObject({
    status: 'completed',
    performedDateTime: DAY,
    code: { coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }] },
    meta: { tag: [{ code: batch.id }, { code: 'add' }] },
  });
  const role = resources.find(({ id }) => procedure.recorder?.reference === `urn:uuid:${id}`);
  expect(role).toMatchObject({ resourceType: 'PractitionerRole', code: [{ text: 'General practitioner' }] });
  const scores = resources.filter((one): one is Observation => one.resourceType === 'Observation');
  expect(scores.map(({ valueQuantity }) => valueQuantity?.value)).toContain(24);
  expect(textOfBatch(batch, 'fhir')).toBe(
    textOfBatch((await desk.store.codedEntries.batch(batch.id))!, 'fhir'),
  );
});

test('a score that is put right is taken out with its old value and added with the new one', async () => {
  const desk = await deskWith([score(24)], { rules: [SCORE] });
  await desk.lists.next(PRACTICE, DAY);
  await desk.commit([score(25)] as never, { key: 'P2', sourceTimeMs: NOW_MS + 1 });
  const batch = (await desk.lists.next(PRACTICE, DAY))!;
  expect(batch.entries.map(({ action, content }) => `${action} ${content.value?.number}`).sort()).toEqual([
    'add 25',
    'remove 24',
  ]);
  const bundle: Bundle = bundleOfBatch(batch);
  const statuses = bundle.entry!.flatMap(({ resource }) =>
    resource?.resourceType === 'Observation' ? [`${resource.status} ${resource.valueQuantity?.value}`] : [],
  );
  expect(statuses.sort()).toEqual(['entered-in-error 24', 'final 25']);
});

test('reports what is not in the record by practice, reason and age, without naming anybody', async () => {
  const desk = await deskWith([referred('r', 'p'), referred('later', 'p', { authoredOn: '2025-03' })]);
  await desk.lists.next(PRACTICE, DAY);
  const report = await codedReport(desk.store, NOW_MS + 10 * 86_400_000);
  expect(
    report.groups.map(({ practice, reason, entries, ages }) => [practice, reason, entries, ages]),
  ).toEqual([
    [PRACTICE, 'no-date', 1, [0, 0, 1, 0]],
    [PRACTICE, 'not-filed', 1, [0, 0, 1, 0]],
  ]);
  const [entry] = (await desk.store.codedEntries.open(10)).filter(({ state }) => state === 'listed');
  const said = { id: entry!.id, action: 'add', outcome: 'rejected', atMs: NOW_MS, by: 'Clerk' } as const;
  await desk.store.codedEntries.receive([{ ...said, reason: 'Robin moved away' }], NOW_MS);
  const rejected = await codedReport(desk.store, NOW_MS);
  expect(rejected.items.map(({ reason }) => reason)).toContain('rejected');
  const text = [report, rejected].map((one) => reportCsv(one) + JSON.stringify(reportJson(one))).join('');
  expect(text).not.toMatch(/9990000018|2\+5|1948|moved away/);
  expect(reportCsv(await codedReport(desk.store, NOW_MS, { withReasons: true }))).toContain('moved away');
  expect(reportCsv(report).split('\r\n')).toHaveLength(4);
  expect((await codedReport(desk.store, NOW_MS, { practice: 'Y99999' })).total).toBe(0);
});

test.each([
  ['an id that fails its check digit', { code: { code: '310184005', display: 'x' } }, 'check-digit'],
  ['an id of a description', { code: { code: '754311000000118', display: 'x' } }, 'partition'],
  ['a path that is none', { when: 'status =' }, 'when'],
  ['an element that the type lacks', { date: 'authoredOnn' }, 'authoredOnn'],
  ['neither a code nor where one is', { code: undefined }, 'codeFrom'],
])('refuses a rule with %s at the start', (_what, wrong, said) => {
  const ready = readyRules([{ ...NATIONAL_RULES[0]!, ...wrong } as CodedRule], definitions());
  expect(ready.ok).toBe(false);
  expect(JSON.stringify(ready)).toContain(said);
});
