/** Modifiers that look beside a code or a reference: words, types of identifiers, what stands above and below. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { beforeEach, expect, test } from 'vitest';
import type { Identified } from '../../src/store/store.ts';
import { commit, idOf, patient, recordOf, referral } from '../store/samples.ts';
import { bundleOf, expectOutcome, matches, startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';
const STRICT = { Prefer: 'handling=strict' };
const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const KINDS = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const IN_SYSTEM = 'Condition?clinical-status';

function condition(name: string, status: string, code: object): Identified {
  return {
    resourceType: 'Condition',
    id: idOf(name),
    clinicalStatus: { coding: [{ system: CLINICAL, code: status }] },
    code,
    subject: { reference: `Patient/${idOf('ann')}`, display: 'Ann Example-Smith' },
    asserter: { reference: `Practitioner/${idOf('gp')}`, display: 'Dr Smithson' },
  } as Identified;
}

function form(name: string, url: string): Identified {
  return { resourceType: 'Questionnaire', id: idOf(name), status: 'active', url } as Identified;
}

const resources = (): Identified[] => [
  patient('ann', {
    identifier: [
      {
        type: { coding: [{ system: KINDS, code: 'MR' }], text: 'Hospital number' },
        ...{ system: 'urn:hospital', value: '77' },
      },
    ],
  }),
  patient('bob', {
    identifier: [{ type: { coding: [{ system: KINDS, code: 'DL' }] }, system: 'urn:car', value: '77' }],
  }),
  referral('r', 'ann', {
    requester: { identifier: { system: 'urn:staff', value: '1' }, display: 'Zoë Link-Worker' },
    requisition: { type: { coding: [{ system: KINDS, code: 'PLAC' }] }, value: 'A|1' },
  }),
  condition('low', 'relapse', {
    coding: [{ system: 'urn:c', code: '1', display: 'Feeling lonely' }, { display: 'Loneliness (finding)' }],
    text: 'Says she is ALONE',
  }),
  condition('well', 'remission', { text: 'Doing well' }),
  form('wellbeing', 'https://forms.example/one/wellbeing'),
  form('one', 'https://forms.example/one'),
  form('oneself', 'https://forms.example/oneself'),
];

let adapter: TestAdapter;
beforeEach(async () => {
  adapter = await startAdapter();
  await commit(adapter.store, recordOf(resources()));
});

test.each<readonly [string, readonly string[]]>([
  // the words of a concept and of its codings, from the beginning of a word
  ['Condition?code:text=lonel', ['low']],
  ['Condition?code:text=FEELING LON', ['low']],
  ['Condition?code:text=alone', ['low']],
  ['Condition?code:text=onely', []],
  ['Condition?code:text=finding,doing', ['low', 'well']],
  ['Condition?code:text=says&code:text=feeling', ['low']],
  ['Condition?patient.identifier:text=hospital&code:text=well', ['well']],
  ['Patient?identifier:text=number', ['ann']],
  ['Patient?_has:Condition:patient:code:text=lonel', ['ann']],
  // the words of a reference; of what the parameter may refer to alone
  ['ServiceRequest?requester:text=link', ['r']],
  ['ServiceRequest?requester:text=zoe', ['r']],
  ['Condition?subject:text=smith', ['low', 'well']],
  ['Condition?patient:text=smith', ['low', 'well']],
  ['Condition?asserter:text=smiths', ['low', 'well']],
  ['Condition?patient:text=smithson', []],
  // identifiers of a kind
  [`Patient?identifier:of-type=${KINDS}|MR|77`, ['ann']],
  [`Patient?identifier:of-type=${KINDS}|MR|77,${KINDS}|DL|77`, ['ann', 'bob']],
  [`Patient?identifier:of-type=${KINDS}|MR|7`, []],
  [`ServiceRequest?requisition:of-type=${KINDS}|PLAC|A\\|1`, ['r']],
  // the hierarchy of a code system
  [`${IN_SYSTEM}:below=${CLINICAL}|active`, ['low']],
  [`${IN_SYSTEM}:below=${CLINICAL}|inactive`, ['well']],
  [`${IN_SYSTEM}:below=${CLINICAL}|active,${CLINICAL}|inactive`, ['low', 'well']],
  [`${IN_SYSTEM}:above=${CLINICAL}|active`, []],
  [`${IN_SYSTEM}:above=${CLINICAL}|relapse`, ['low']],
  [`${IN_SYSTEM}=${CLINICAL}|active`, []],
  // a URL by its segments
  ['Questionnaire?url:below=https://forms.example/one', ['wellbeing', 'one']],
  ['Questionnaire?url:below=https://forms.example/one/', ['wellbeing']],
  ['Questionnaire?url:below=https://forms.example/', ['wellbeing', 'one', 'oneself']],
  ['Questionnaire?url:above=https://forms.example/one/wellbeing/page', ['wellbeing', 'one']],
  ['Questionnaire?url:above=https://forms.example/oneself/page', ['oneself']],
])('finds by %s', async (path, names) => {
  const found = await bundleOf(await adapter.get(`${BASE}/${encodeURI(path)}`, STRICT));
  expect(new Set(matches(found))).toEqual(new Set(names.map(idOf)));
  expect(found.total).toBe(names.length);
});

test.each([
  ['Patient?identifier:of-type=MR|77', 'api-search-value', /system\|code\|value/],
  ['Patient?gender:of-type=a|b|c', 'api-search-modifier', /:not, :in/],
  ['Patient?identifier:below=urn:a|b', 'api-search-modifier', /:of-type/],
  ['Condition?code:below=http://snomed.info/sct|1', 'api-search-hierarchy', /package/],
  [`${IN_SYSTEM}:below=${CLINICAL}|none`, 'api-search-hierarchy', /name the codes themselves/],
  [`${IN_SYSTEM}:below=active`, 'api-search-value', /system\|code/],
  ['Questionnaire?url:below=urn:oid:1.2.3', 'api-search-value', /URL/],
  ['Condition?code:text=-', 'api-search-value', /words/],
  ['Patient?birthdate:text=x', 'api-search-modifier', /:missing/],
])('refuses %s, and says what to write', async (path, rule, words) => {
  const outcome = await expectOutcome(await adapter.get(`${BASE}/${path}`), 400, rule);
  expect(outcome.issue[0]?.diagnostics).toMatch(words);
});

test('finds no word that is gone from the newest version', async () => {
  await commit(adapter.store, recordOf([...resources().slice(0, 4), condition('well', 'remission', {})]));
  const found = await bundleOf(await adapter.get(`${BASE}/Condition?code:text=well`));
  expect(matches(found)).toEqual([]);
});

test('says in /metadata which modifiers each parameter has', async () => {
  const said = (await (await adapter.get(`${BASE}/metadata`)).json()) as CapabilityStatement;
  const of = (type: string, name: string): string =>
    said.rest![0]!.resource!.find((one) => one.type === type)!.searchParam!.find((one) => one.name === name)!
      .documentation!;
  expect(of('Patient', 'identifier')).toBe('Modifiers: :missing, :not, :text, :of-type.');
  expect(of('Condition', 'code')).toContain(':not, :in, :not-in, :above, :below, :text.');
  expect(of('Task', 'status')).toContain(':above, :below.');
  expect(of('Condition', 'patient')).toContain(':identifier, :text');
});
