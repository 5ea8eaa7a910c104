/** GraphQL over HTTP: what it finds, how it lays it out, and what it refuses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CapabilityStatement, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, validateSchema } from 'graphql';
import { expect, test } from 'vitest';
import { Schemas } from '../../src/api/graphql/schema.ts';
import { loadServedSearch } from '../../src/api/search/served.ts';
import { ROOT } from '../../src/cli/load.ts';
import { commit, contact, idOf, patient, recordOf, referral } from '../store/samples.ts';
import { expectOutcome, parts, startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';

interface Answer {
  readonly status: number;
  readonly data: unknown;
  readonly errors: readonly {
    readonly message: string;
    readonly rule: string | undefined;
    readonly path?: unknown;
  }[];
}

/** One person with two names, a referral, and three contacts of it; and another person. */
async function adapter(): Promise<TestAdapter> {
  const started = await startAdapter();
  const name = [
    { use: 'official' as const, family: 'Ash', given: ['Ada', 'Bea'] },
    { use: 'nickname' as const, given: ['Addy'] },
  ];
  const contained: Resource[] = [{ resourceType: 'Practitioner', id: 'gp', name: [{ text: 'Dr Oak' }] }];
  const first = patient('p', { name, contained, generalPractitioner: [{ reference: '#gp' }] });
  const basedOn = [{ reference: `ServiceRequest/${idOf('r')}` }];
  const contacts = ['e1', 'e2', 'e3'].map((one) => contact(one, 'p', { basedOn }));
  await commit(started.store, recordOf([first, referral('r', 'p'), ...contacts], { key: 'A' }));
  await commit(started.store, recordOf([patient('q'), referral('s', 'q')], { key: 'B' }));
  return started;
}

async function ask(
  { post }: TestAdapter,
  query: string,
  variables?: unknown,
  path = `${BASE}/$graphql`,
): Promise<Answer> {
  const answer = await post(path, JSON.stringify({ query, variables }));
  const { data, errors = [] } = (await answer.json()) as {
    data?: unknown;
    errors?: { message: string; path?: unknown; extensions?: { resource?: { issue: Resource[] } } }[];
  };
  return {
    status: answer.status,
    data,
    errors: errors.map(({ message, path: at, extensions }) => {
      const [issue] = (extensions?.resource?.issue ?? []) as { details?: { coding?: { code?: string }[] } }[];
      return { message, rule: issue?.details?.coding?.[0]?.code, ...(at === undefined ? {} : { path: at }) };
    }),
  };
}
const onPatient = `${BASE}/Patient/${idOf('p')}/$graphql`;

test('the schema holds to the rules of GraphQL, and tools can read it', async () => {
  const schemas = new Schemas(parts().definitions, loadServedSearch());
  expect(validateSchema(schemas.schema())).toEqual([]);
  expect(validateSchema(schemas.schema('Patient'))).toEqual([]);
  const { status, data } = await ask(await adapter(), getIntrospectionQuery());
  expect(status).toBe(200);
  const read = buildClientSchema(data as IntrospectionQuery);
  expect(read.getQueryType()?.getFields()).toHaveProperty('ServiceRequestConnection');
  expect(read.getType('PatientContact')?.toString()).toBe('PatientContact');
});

test('reads a resource by id, with choices, siblings and its type', async () => {
  const query =
    'query ($id: ID!) { Patient(id: $id) { resourceType id name { use given } deceasedBoolean _birthDate { id } } }';
  expect((await ask(await adapter(), query, { id: idOf('p') })).data).toEqual({
    Patient: {
      resourceType: 'Patient',
      id: idOf('p'),
      name: [
        { use: 'official', given: ['Ada', 'Bea'] },
        { use: 'nickname', given: ['Addy'] },
      ],
      deceasedBoolean: null,
      _birthDate: null,
    },
  });
});

test('lists by the search parameters of REST, by literals of any kind', async () => {
  const started = await adapter();
  const list = async (args: string): Promise<unknown> =>
    (await ask(started, `{ ServiceRequestList(${args}) { id } }`)).data;
  const [r, s] = [{ id: idOf('r') }, { id: idOf('s') }];
  expect(await list(`patient: "${idOf('p')}"`)).toEqual({ ServiceRequestList: [r] });
  expect(await list('status: active, _sort: "-authored"')).toEqual({
    ServiceRequestList: expect.arrayContaining([r, s]),
  });
  expect(await list(`_id: ["${idOf('s')}"]`)).toEqual({ ServiceRequestList: [s] });
  expect(await list('authored: ["ge2025-01-01", "lt2025-02-01"]')).toEqual({ ServiceRequestList: [] });
  expect(await list('_count: 1, _offset: 2')).toEqual({ ServiceRequestList: [] });
});

test('goes through a connection page by page', async () => {
  const started = await adapter();
  const query =
    'query ($at: String) { EncounterConnection(_count: 2, _cursor: $at) { count pagesize offset next edges { mode resource { id } } } }';
  interface Page {
    readonly EncounterConnection: {
      readonly count: number;
      readonly next: string | null;
      readonly edges: { resource: { id: string } }[];
    };
  }
  const ids: string[] = [];
  let at: string | null = null;
  do {
    const { data } = await ask(started, query, { at });
    const { EncounterConnection: page } = data as Page;
    expect(page).toMatchObject({ count: 3, pagesize: 2, offset: 0 });
    ids.push(...page.edges.map(({ resource }) => resource.id));
    at = page.next;
  } while (at !== null);
  expect(ids.sort()).toEqual(['e1', 'e2', 'e3'].map(idOf).sort());
  const other = await ask(started, '{ PatientConnection(_cursor: "bm90IG91cnM") { next } }');
  expect(other.errors[0]?.rule).toBe('api-cursor');
});

test('follows references forwards and backwards', async () => {
  const query = `{ ServiceRequest(id: "${idOf('r')}") {
    subject { resource { id ... on Patient { name { family } } } }
    EncounterList(_reference: based_on) { id basedOn { resource(type: Task) { id } } }
    EncounterConnection(_reference: based_on) { count }
  } }`;
  const { data, errors } = await ask(await adapter(), query);
  expect(errors).toEqual([]);
  expect(data).toMatchObject({
    ServiceRequest: {
      subject: { resource: { id: idOf('p'), name: [{ family: 'Ash' }, { family: null }] } },
      EncounterList: [{ basedOn: [{ resource: null }] }, {}, {}],
      EncounterConnection: { count: 3 },
    },
  });
});

test('starts from one resource, and finds what it contains', async () => {
  const query =
    '{ id generalPractitioner { reference resource { ... on Practitioner { name { text } } } } contained { id } ServiceRequestList(_reference: patient) { id } }';
  expect((await ask(await adapter(), query, undefined, onPatient)).data).toEqual({
    id: idOf('p'),
    generalPractitioner: [{ reference: '#gp', resource: { name: [{ text: 'Dr Oak' }] } }],
    contained: [{ id: 'gp' }],
    ServiceRequestList: [{ id: idOf('r') }],
  });
});

test('chooses items by their elements, by FHIRPath and by place', async () => {
  const query = `{
    a: name(use: official) { family }
    b: name(fhirpath: "family.empty()") { given }
    c: name(_offset: 1, _count: 1) { use }
    d: name(use: official) { given(fhirpath: "$this.startsWith('B')") }
  }`;
  expect((await ask(await adapter(), query, undefined, onPatient)).data).toEqual({
    a: [{ family: 'Ash' }],
    b: [{ given: ['Addy'] }],
    c: [{ use: 'nickname' }],
    d: [{ given: ['Bea'] }],
  });
});

test.each([
  ['{ name @flatten { given family } }', { given: ['Ada', 'Bea', 'Addy'], family: ['Ash'] }],
  ['{ name @first { given family } }', { name: { given: ['Ada', 'Bea'], family: 'Ash' } }],
  ['{ name @flatten @first { family use } }', { family: 'Ash', use: 'official' }],
  ['{ name @flatten { family @singleton } }', { family: 'Ash' }],
  ['{ name @flatten { given @first } }', { given: ['Ada', 'Addy'] }],
  [
    '{ name @flatten @slice(fhirpath: "use") { given @first } }',
    { 'given.official': ['Ada'], 'given.nickname': ['Addy'] },
  ],
  [
    '{ name @flatten @slice(path: "$index") { use @singleton family @singleton } }',
    { 'use.0': 'official', 'family.0': 'Ash', 'use.1': 'nickname', 'family.1': null },
  ],
  ['{ name @first { use @skip(if: true) family @include(if: true) } }', { name: { family: 'Ash' } }],
])('lays out %s', async (query, expected) => {
  const { data, errors } = await ask(await adapter(), query, undefined, onPatient);
  expect(errors).toEqual([]);
  expect(data).toEqual(expected);
});

test.each([
  ['mutation { PatientDelete(id: "1") { id } }', 'graphql-mutation'],
  ['{ Patient(id: "1") { nam } }', 'graphql-query'],
  ['{ Patient(id: "1" { id } }', 'graphql-query'],
  ['{ PatientList(secret: "Hidden") { id } }', 'graphql-query'],
  ['{ PatientList(_count: "Hidden") { id } }', 'graphql-query'],
  [
    `{ Patient(id: "1") { ${'contained { ... on Patient { '.repeat(16)} id ${'} }'.repeat(16)} } }`,
    'graphql-cost',
  ],
  [`{ ${Array.from({ length: 1_001 }, (_, at) => `a${at}: __typename`).join(' ')} }`, 'graphql-cost'],
  [`{ ${'a '.repeat(7_000)} }`, 'graphql-query'],
  [`{ ${'a { '.repeat(2_900)} b ${'}'.repeat(2_900)} }`, 'graphql-cost'],
  [`{ PatientList(name: ${'['.repeat(2_900)}${']'.repeat(2_900)}) { id } }`, 'graphql-cost'],
  [
    `{ PatientList { ...f0 } } ${Array.from({ length: 30 }, (_, at) => `fragment f${at} on Patient { ...f${at + 1} ...f${at + 1} }`).join(' ')} fragment f30 on Patient { id }`,
    'graphql-cost',
  ],
  [
    '{ PatientList { ...a } } fragment a on Patient { id ...b } fragment b on Patient { ...a }',
    'graphql-query',
  ],
])('refuses before it runs: %j', async (query, rule) => {
  const { status, data, errors } = await ask(await adapter(), query);
  expect([status, data, errors[0]?.rule]).toEqual([400, undefined, rule]);
  expect(JSON.stringify(errors)).not.toContain('Hidden');
});

test.each([
  ['{ Patient(id: "none") { id } }', 'api-not-found'],
  ['{ PatientList(_sort: "Hidden") { id } }', 'api-search-value'],
  ['{ PatientList(birthdate: "Hidden") { id } }', 'api-search-value'],
  ['{ PatientList { name(fhirpath: "nothing(\'Hidden\')") { id } } }', 'graphql-fhirpath'],
  ['{ PatientList { name(fhirpath: "family.single(\'Hidden\'") { id } } }', 'graphql-fhirpath'],
  ['{ PatientList { EncounterList(_reference: "Hidden") { id } } }', 'graphql-reference'],
  ['{ PatientList { managingOrganization { resource { id } } } }', undefined],
  ['{ PatientList(_count: 400, _offset: 400) { id } }', 'graphql-cost'],
  ['{ PatientList { id @flatten } }', 'graphql-directive'],
  ['{ PatientList { birthDate @first } }', 'graphql-directive'],
])('says at its place what is wrong: %s', async (query, rule) => {
  const { status, errors } = await ask(await adapter(), query);
  expect([status, errors[0]?.rule]).toEqual([200, rule]);
  expect(JSON.stringify(errors)).not.toContain('Hidden');
});

test('a query that searches again and again ends before it is done', async () => {
  const fields = Array.from({ length: 120 }, (_, at) => `a${at}: PatientList(_count: 1) { id }`).join(' ');
  const { status, errors } = await ask(await adapter(), `{ ${fields} }`);
  expect([status, errors.length, errors[0]?.rule]).toEqual([200, 20, 'graphql-cost']);
});

test('values of variables stand in no message', async () => {
  const query = 'query ($count: Int) { PatientList(_count: $count) { id } }';
  const { status, errors } = await ask(await adapter(), query, { count: 'Hidden' });
  expect([status, errors[0]?.rule]).toEqual([400, 'graphql-query']);
  expect(JSON.stringify(errors)).not.toContain('Hidden');
});

test('@singleton over several values is refused, not cut', async () => {
  const { status, errors } = await ask(
    await adapter(),
    '{ name @flatten { use @singleton } }',
    undefined,
    onPatient,
  );
  expect([status, errors[0]?.rule]).toEqual([400, 'graphql-singleton']);
});

test('takes queries by GET, as JSON and as application/graphql', async () => {
  const started = await adapter();
  const query = `{ Patient(id: "${idOf('q')}") { id } }`;
  const expected = { data: { Patient: { id: idOf('q') } } };
  const byGet = await started.get(`${BASE}/$graphql?query=${encodeURIComponent(query)}`);
  expect(byGet.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await byGet.json()).toEqual(expected);
  const asText = await started.post(`${BASE}/$graphql`, query, 'application/graphql');
  expect(await asText.json()).toEqual(expected);
  const named = `query a { Patient(id: "none") { id } } query b { Patient(id: "${idOf('q')}") { id } }`;
  const body = JSON.stringify({ query: named, operationName: 'b', variables: null });
  expect(await (await started.post(`${BASE}/$graphql`, body)).json()).toEqual(expected);
});

test('refuses requests that hold no query as the rest of the API does', async () => {
  const { get, post } = await adapter();
  await expectOutcome(await get(`${BASE}/$graphql`), 400, 'graphql-request');
  await expectOutcome(await post(`${BASE}/$graphql`, '[]'), 400, 'graphql-request');
  await expectOutcome(
    await post(`${BASE}/$graphql`, '{"query":"{a}","variables":[]}'),
    400,
    'graphql-request',
  );
  await expectOutcome(await post(`${BASE}/$graphql`, '{', 'application/json'), 400, 'read-json-syntax');
  await expectOutcome(await post(`${BASE}/$graphql`, 'x', 'text/plain'), 415, 'api-media-type');
  await expectOutcome(await get(`${BASE}/Patient/none/$graphql?query={id}`), 404, 'api-not-found');
  await expectOutcome(await get(`${BASE}/Nonsense/1/$graphql?query={id}`), 404, 'api-unknown-type');
});

test('whatever is sent as a query, an answer comes back, and no value of it', async () => {
  const started = await adapter();
  const word = fc.constantFrom(
    ...[
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      ':',
      '$',
      '@',
      '!',
      '...',
      'on',
      'query',
      'fragment',
      'Patient',
      'PatientList',
    ],
    ...[
      'id',
      'name',
      'given',
      '"Hidden"',
      '7',
      'true',
      'null',
      '@flatten',
      '@first',
      '@slice(fhirpath: "use")',
      '_count',
    ],
    ...['PatientList(_count: 1) { name @flatten { given } }', 'a', '\0', '#', '"', '__schema', '__typename'],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 12 }), async (words) => {
      const { status, errors } = await ask(started, `{ ${words.join(' ')} }`);
      expect([200, 400]).toContain(status);
      expect(JSON.stringify(errors)).not.toMatch(/Hidden|api-unexpected/);
    }),
    { numRuns: 150 },
  );
});

test('the query of the documentation runs as it stands there', async () => {
  const page = readFileSync(join(ROOT, 'docs/patch-and-graphql.md'), 'utf8');
  const [, query = ''] = /```graphql\n([\s\S]*?)```/.exec(page) ?? [];
  const { data, errors } = await ask(await adapter(), query, { id: idOf('p') });
  expect(errors).toEqual([]);
  expect(data).toMatchObject({
    Patient: {
      name: { given: ['Ada', 'Bea'], family: 'Ash' },
      ServiceRequestList: [{ authoredOn: '2025-03-01' }],
    },
  });
});

test('/metadata names the operation, on the server and on each type', async () => {
  const { get } = await adapter();
  const { rest } = (await (await get(`${BASE}/metadata`)).json()) as CapabilityStatement;
  const graphql = { name: 'graphql', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-graphql' };
  expect(rest?.[0]?.operation).toContainEqual(graphql);
  expect(rest?.[0]?.resource?.find(({ type }) => type === 'Goal')?.operation).toContainEqual(graphql);
});
