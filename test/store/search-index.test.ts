/** Search rows of resources, and the ranges that dates stand for. */
import type { Resource, SearchParameter } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { readDefinitionBundle, STORED_TYPES } from '../../src/fhir/definitions.ts';
import { dateRange, EARLIEST_MS, LATEST_MS } from '../../src/store/date-range.ts';
import { createSearchIndex, type IndexRow, presentOf, referencesOf } from '../../src/store/search-index.ts';
import { searchedParameter, searchedParameters } from '../../src/store/search-parameters.ts';
import { NOT_SERVED, SERVED_PARAMETERS } from '../../src/store/served-parameters.ts';
import { definitions } from './temporary.ts';

const index = createSearchIndex(definitions());
const rowsOf = (resource: object): string[] => index(resource as Resource).map(shown);
function shown(row: IndexRow): string {
  switch (row.kind) {
    case 'token':
      return `${row.param}=${row.system}|${row.code}`;
    case 'reference':
      return `${row.param}=${row.target}`;
    case 'date':
      return `${row.param}=${row.lowMs}..${row.highMs}`;
    case 'text':
      return `${row.param}=${row.norm}${row.written === '' ? '' : ` (${row.written})`}`;
    case 'quantity':
      return `${row.param}=${row.low}..${row.high} ${row.system}|${row.code}|${row.unit}`;
    case 'pair':
      return `${row.param}=${row.system}|${row.code}$${row.low}..${row.high} ${row.valueSystem}|${row.valueCode}`;
  }
}

test('serves every parameter that R4 defines for a type, but for those that are named with a reason', () => {
  const defined = readDefinitionBundle('search-parameters.json').filter(
    (one): one is SearchParameter => one.resourceType === 'SearchParameter',
  );
  for (const type of STORED_TYPES) {
    const own = defined.filter(({ base }) => base.includes(type)).map(({ code }) => code);
    const served = SERVED_PARAMETERS[type];
    expect(own.filter((code) => !served.includes(code) && !NOT_SERVED[`${type}.${code}`])).toEqual([]);
    expect(new Set(served).size).toBe(served.length);
    expect(served.length).toBeLessThanOrEqual(52);
    for (const code of served) expect(searchedParameter(type, code).url).toMatch(/^http/);
  }
});

test('every name that a parameter finds rows under is one that rows are written under', () => {
  for (const [type, parameters] of searchedParameters()) {
    const written = [...parameters.values()].filter(({ expression }) => expression !== undefined);
    const names = new Set(written.map(({ code }) => `${type}.${code}`));
    for (const { code, kind, rows, components } of parameters.values()) {
      expect(rows.filter((row) => !names.has(row))).toEqual([]);
      if (kind === 'composite' && rows.length === 0)
        for (const part of components) expect(parameters.has(part.code!), code).toBe(true);
    }
  }
});

test('keeps what several parameters find once', () => {
  expect(
    rowsOf({
      resourceType: 'Patient',
      name: [{ family: "O'Brien", given: ['Zoë'], prefix: ['Dr'] }],
      telecom: [
        { system: 'phone', value: '01632 960001' },
        { system: 'url', value: 'x' },
      ],
      address: [{ line: ['1 High St'], city: 'York', postalCode: 'YO1 7HU' }],
      deceasedBoolean: false,
    }).sort(),
  ).toEqual([
    'Patient.address-city=york',
    'Patient.address-postalcode=yo1 7hu (YO1 7HU)',
    'Patient.address=1 high st',
    'Patient.deceased=|false',
    "Patient.family=obrien (O'Brien)",
    'Patient.given=zoe (Zoë)',
    'Patient.name=dr',
    'Patient.phone=phone|01632 960001',
    'Patient.telecom=url|x',
  ]);
});

test('takes quantities, and the parts of a component together', () => {
  const code = { coding: [{ system: 'http://loinc.org', code: '8480-6' }] };
  const valueQuantity = { value: 120, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' };
  expect(
    rowsOf({
      resourceType: 'Observation',
      component: [{ code, valueQuantity }],
      valueQuantity: { value: 3, comparator: '<' },
    }),
  ).toEqual([
    'Observation.component-code=http://loinc.org|8480-6',
    'Observation.component-value-quantity=120..120 http://unitsofmeasure.org|mm[Hg]|mmHg',
    'Observation.component-code-value-quantity=http://loinc.org|8480-6$120..120 http://unitsofmeasure.org|mm[Hg]',
    `Observation.value-quantity=${-Number.MAX_VALUE}..3 ||`,
  ]);
});

test('has a row for what is there though nothing in it can be looked up', () => {
  const rows = index({
    resourceType: 'Encounter',
    subject: { display: 'somebody' },
    type: [{ text: 'a walk' }],
  } as Resource);
  const present = presentOf(rows);
  const isThere = (code: string): boolean =>
    (BigInt(present) & BigInt(searchedParameter('Encounter', code).bit)) > 0n;
  expect(['subject', 'type', 'patient', 'status'].map(isThere)).toEqual([true, true, false, false]);
});

test('tells what a resource refers to by a parameter', () => {
  const resource = {
    resourceType: 'Appointment',
    participant: [{ actor: { reference: 'Patient/1' } }, { actor: { reference: 'Location/2' } }],
  } as Resource;
  expect(referencesOf(index, resource, 'actor')).toEqual(['Patient/1', 'Location/2']);
  expect(referencesOf(index, resource, 'patient')).toEqual(['Patient/1']);
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
    'ServiceRequest.based-on:text=unknown',
    'ServiceRequest.based-on=ServiceRequest/2',
    'ServiceRequest.code:text=no code',
    'ServiceRequest.code:text=x',
    'ServiceRequest.code=http://snomed.info/sct|871731000000106',
    'ServiceRequest.identifier=https://demo.example|7',
    'ServiceRequest.identifier=|8',
    'ServiceRequest.status=|active',
    'ServiceRequest.subject=Patient/1',
  ]);
});

test('takes the words beside codes and references, and the types of identifiers, each once', () => {
  const index = createSearchIndex(definitions());
  const rows = index({
    resourceType: 'ServiceRequest',
    status: 'active',
    identifier: [{ type: { text: 'Own No.', coding: [{ system: 'urn:k', code: 'MR' }] }, value: '7' }],
    code: { text: 'Social Prescribing', coding: [{ code: '1', display: 'Social prescribing' }] },
    subject: { reference: 'Patient/1', display: 'Zoë' },
  } as Resource);
  const beside = rows.filter(({ param }) => /:/.test(param));
  expect(beside).toEqual([
    { kind: 'text', param: 'ServiceRequest.identifier:text', norm: 'own no', written: '' },
    { kind: 'token', param: 'ServiceRequest.identifier:of-type', system: 'urn:k', code: 'MR\n7' },
    { kind: 'text', param: 'ServiceRequest.code:text', norm: 'social prescribing', written: '' },
    { kind: 'text', param: 'ServiceRequest.subject:text', norm: 'zoe', written: 'Patient' },
  ]);
});

test('knows of each token whether it is of identifiers, of concepts with words, or of bare codes', () => {
  const base = definitions();
  for (const [type, parameters] of searchedParameters())
    for (const { code, kind, holds, expression } of parameters.values()) {
      const [, path] = new RegExp(`^${type}((?:\\.[a-z]\\w*)+)$`, 'i').exec(expression ?? '') ?? [];
      if (kind !== 'token' || path === undefined) continue;
      let at: string = type;
      for (const name of path.slice(1).split('.')) {
        const inner = `${at}.${name}`;
        at = base.type(inner) ? inner : (base.element(at, name)?.types[0] ?? '');
      }
      const is =
        at === 'Identifier' ? 'identifiers' : /^Cod(?:ing|eableConcept)$/.test(at) ? 'concepts' : 'codes';
      expect([type, code, at === '' ? holds : is]).toEqual([type, code, holds]);
    }
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
