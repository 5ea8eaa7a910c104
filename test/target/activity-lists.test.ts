/** Lists as practices get them: CSV and FHIR, in folders and at a server, the same list always the same. */

import { hash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, Observation, Procedure } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import type { CodedRule } from '../../src/referral/coded/rule.ts';
import { NATIONAL_RULES, readyRules } from '../../src/referral/coded/rule.ts';
import { cell, csvOf } from '../../src/target/activity-csv.ts';
import { bundleOfBatch } from '../../src/target/activity-fhir.ts';
import { textOfBatch } from '../../src/target/activity-out.ts';
import { activityReport, reportCsv, reportJson } from '../../src/target/activity-report.ts';
import { parts } from '../api/adapter.ts';
import { idOf, NOW_MS } from '../store/samples.ts';
import { definitions, temporaryStore } from '../store/temporary.ts';
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
} from './activity-harness.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hedgerow-activity-'));
  undo.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

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

test('puts lists of days that are over into a folder of the practice, whole, with a manifest; and no second time', async () => {
  const path = folder();
  const way = { to: 'folder', folder: path, format: 'csv', bom: false } as const;
  const today = referred('today', 'p', { authoredOn: '2025-03-03' });
  const desk = await deskWith([referred('r', 'p'), today], { ways: [way] });
  const signal = new AbortController().signal;
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
  const [name, manifest, ...more] = readdirSync(join(path, PRACTICE)).sort();
  expect(more).toEqual([]);
  expect(name).toMatch(new RegExp(`^${PRACTICE}-${DAY}-[0-9a-f]{8}\\.csv$`));
  const text = readFileSync(join(path, PRACTICE, name!), 'utf8');
  expect(readFileSync(join(path, PRACTICE, manifest!), 'utf8')).toBe(
    `${hash('sha256', text, 'hex')}  ${name}\n`,
  );
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 0, entries: 0 });
});

test('a list that could not be put out is put out at the next turn, the same one', async () => {
  const path = folder();
  const blocked = join(path, 'lists');
  writeFileSync(blocked, 'no folder');
  const way = { to: 'folder', folder: blocked, format: 'fhir', bom: false } as const;
  const desk = await deskWith([referred('r', 'p')], { ways: [way] });
  const signal = new AbortController().signal;
  await expect(desk.lists.putAll(signal)).rejects.toThrow('could not be put out');
  const [before] = await desk.store.codedEntries.batches(PRACTICE, DAY);
  rmSync(blocked);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
  const after = await desk.store.codedEntries.batches(PRACTICE, DAY);
  expect(after).toEqual([before]);
  const [name] = readdirSync(join(blocked, PRACTICE)).sort();
  expect((JSON.parse(readFileSync(join(blocked, PRACTICE, name!), 'utf8')) as Bundle).id).toBe(before!.id);
});

test('puts a list at a FHIR server under its own id, again after a failure', async () => {
  const got: string[] = [];
  const server = createServer((request, response) => {
    got.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(got.length === 1 ? 503 : 201).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  undo.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
  const way = { to: 'server', url, deadlineMs: 5_000, token: 'secret' } as const;
  const desk = await deskWith([referred('r', 'p')], { ways: [way] });
  const signal = new AbortController().signal;
  await expect(desk.lists.putAll(signal)).rejects.toThrow('answered 503');
  await desk.lists.putAll(signal);
  const [{ id } = { id: '' }] = await desk.store.codedEntries.batches(PRACTICE, DAY);
  expect(got).toEqual(Array(2).fill(`PUT /fhir/Bundle/${id} Bearer secret`));
});

test('reports what is not in the record by practice, reason and age, without naming anybody', async () => {
  const desk = await deskWith([referred('r', 'p'), referred('later', 'p', { authoredOn: '2025-03' })]);
  await desk.lists.next(PRACTICE, DAY);
  const report = await activityReport(desk.store, NOW_MS + 10 * 86_400_000);
  expect(
    report.groups.map(({ practice, reason, entries, ages }) => [practice, reason, entries, ages]),
  ).toEqual([
    [PRACTICE, 'no-date', 1, [0, 0, 1, 0]],
    [PRACTICE, 'not-filed', 1, [0, 0, 1, 0]],
  ]);
  const text = reportCsv(report) + JSON.stringify(reportJson(report));
  expect(text).not.toMatch(/9990000018|2\+5|1948/);
  expect(reportCsv(report).split('\r\n')).toHaveLength(4);
  expect((await activityReport(desk.store, NOW_MS, { practice: 'Y99999' })).total).toBe(0);
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
