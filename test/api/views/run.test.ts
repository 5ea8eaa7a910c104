/** $viewdefinition-run gives the rows of a view over what the client sees, in the format that it asks for. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Binary, CapabilityStatement, OperationDefinition, Parameters } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { commit, idOf, patient, recordOf } from '../../store/samples.ts';
import { expectOutcome, parts } from '../adapter.ts';
import {
  BASE,
  idsOf,
  linesOf,
  NAMES,
  PEOPLE,
  postRun,
  startRuns,
  URL_OF_PEOPLE,
  withPeople,
} from './place.ts';

const RUN = `${BASE}/ViewDefinition/people/$viewdefinition-run`;
const REFERRALS = {
  resource: 'ServiceRequest',
  select: [
    {
      column: [
        { name: 'id', path: 'getResourceKey()' },
        { name: 'patient', path: 'subject.getReferenceKey(Patient)' },
      ],
    },
  ],
};

test('gives one row a person as NDJSON where nothing else is asked for', async () => {
  const adapter = await withPeople(await startRuns());
  const answer = await adapter.get(RUN, { Accept: '*/*' });
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
  const rows = await linesOf(answer);
  expect(rows.map(({ id }) => id).sort()).toEqual(idsOf(...NAMES));
  expect(rows[0]).toEqual({ id: rows[0]!.id, born: '1980-01-02', note: '=1+1' });
});

test.each([
  ['', `viewCanonical=${encodeURIComponent(URL_OF_PEOPLE)}`],
  ['', `viewCanonical=${encodeURIComponent(`${URL_OF_PEOPLE}|1.0.0`)}`],
  ['/ViewDefinition', 'viewReference=ViewDefinition/people'],
])('finds a view of its own at %s by %s', async (path, query) => {
  const adapter = await withPeople(await startRuns());
  const rows = await linesOf(await adapter.get(`${BASE}${path}/$viewdefinition-run?${query}`));
  expect(rows).toHaveLength(4);
});

test('finds a view by its address here', async () => {
  const adapter = await withPeople(await startRuns());
  const reference = encodeURIComponent(`${adapter.url}${BASE}/ViewDefinition/people`);
  expect(
    await linesOf(await adapter.get(`${BASE}/$viewdefinition-run?viewReference=${reference}`)),
  ).toHaveLength(4);
});

test('writes CSV with and without a header, and keeps spreadsheets from running what it holds', async () => {
  const adapter = await withPeople(await startRuns());
  const byAccept = await adapter.get(`${RUN}?_limit=1`, { Accept: 'text/csv' });
  expect(byAccept.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(await byAccept.text()).toMatch(/^id,born,note\r\n[0-9a-f-]{36},1980-01-02,'=1\+1\r\n$/);
  const bare = await adapter.get(`${RUN}?_format=csv&header=false&_limit=2`, { Accept: 'application/json' });
  expect((await bare.text()).split('\r\n')).toHaveLength(3);
});

test('writes a JSON array, Parameters of FHIR, and a Binary for who accepts FHIR alone', async () => {
  const adapter = await withPeople(await startRuns());
  const json = await adapter.get(RUN, { Accept: 'application/json' });
  expect([json.headers.get('content-type'), ((await json.json()) as unknown[]).length]).toEqual([
    'application/json; charset=utf-8',
    4,
  ]);
  const fhir = await adapter.get(`${RUN}?_format=fhir`);
  const parameters = (await fhir.json()) as Parameters;
  expect(fhir.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
  expect(parts().validator.validate(parameters)).toEqual([]);
  expect(parameters.parameter?.[0]).toMatchObject({
    name: 'row',
    part: [{ name: 'id' }, { name: 'born', valueDate: '1980-01-02' }, { name: 'note', valueString: '=1+1' }],
  });
  const none = await adapter.get(`${RUN}?_format=fhir&_since=2026-01-01T00:00:00Z`);
  expect(await none.json()).toEqual({ resourceType: 'Parameters' });
  const wrapped = await adapter.get(`${RUN}?_format=ndjson`, { Accept: 'application/fhir+json' });
  const { resourceType, contentType, data } = (await wrapped.json()) as Binary;
  expect([resourceType, contentType]).toEqual(['Binary', 'application/x-ndjson']);
  const text = Buffer.from(data!, 'base64').toString();
  expect(text).toBe(await (await adapter.get(`${RUN}?_format=ndjson`)).text());
});

test('writes Parquet that DuckDB reads', async () => {
  const adapter = await withPeople(await startRuns());
  const answer = await adapter.get(`${RUN}?_format=parquet`);
  expect(answer.headers.get('content-type')).toBe('application/vnd.apache.parquet');
  const file = join(tmpdir(), `run-${process.pid}.parquet`);
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  const instance = await DuckDBInstance.create();
  const rows = (
    await (await instance.connect()).runAndReadAll(`SELECT id FROM read_parquet('${file}')`)
  ).getRows();
  instance.closeSync();
  expect(rows.flat().sort()).toEqual(idsOf(...NAMES));
});

test('narrows by patients, by groups, and by when something was changed', async () => {
  const adapter = await withPeople(await startRuns());
  const group = {
    ...{ resourceType: 'Group', id: idOf('g'), type: 'person', actual: true },
    member: [
      { entity: { reference: `Patient/${idOf('bob')}` } },
      { entity: { reference: `Patient/${idOf('cid')}` }, inactive: true },
    ],
  };
  await commit(adapter.store, recordOf([group as never], { key: 'g' }));
  const by = (name: string, ...references: string[]): object[] =>
    references.map((reference) => ({ name, valueReference: { reference } }));
  const [ann, bob] = [`Patient/${idOf('ann')}`, `Patient/${idOf('bob')}`];
  const whose = async (more: object[]): Promise<unknown> =>
    (await linesOf(await postRun(adapter, REFERRALS, more)))
      .map((row) => (row as unknown as { patient: string }).patient)
      .sort();
  expect(await whose(by('patient', ann, bob))).toEqual(idsOf('ann', 'bob'));
  expect(await whose(by('group', `Group/${idOf('g')}`))).toEqual(idsOf('bob'));
  expect(await whose([...by('group', `Group/${idOf('g')}`), ...by('patient', ann)])).toEqual([]);
  expect(await whose([{ name: '_since', valueInstant: '2025-03-03T09:00:01Z' }])).toEqual([]);
  expect(await whose([{ name: '_since', valueInstant: '2025-03-03T08:59:59Z' }])).toHaveLength(4);
  await expectOutcome(
    await postRun(adapter, REFERRALS, by('patient', 'Patient/nobody')),
    400,
    'view-run-people',
  );
  await expectOutcome(await postRun(adapter, REFERRALS, by('group', 'Group/none')), 400, 'view-run-people');
});

test('runs over resources that are sent along, and over those in Bundles, and stores none', async () => {
  const adapter = await startRuns();
  const person = (id: string) => ({ name: 'resource', resource: { resourceType: 'Patient', id } });
  const bundle = {
    name: 'resource',
    resource: {
      ...{ resourceType: 'Bundle', type: 'collection' },
      entry: [
        { resource: { resourceType: 'Patient', id: 'c' } },
        { resource: { resourceType: 'Task', id: 't' } },
      ],
    },
  };
  const answer = await postRun(adapter, PEOPLE.json, [person('a'), person('b'), bundle]);
  expect((await linesOf(answer)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect((await adapter.store.counts()).resources).toEqual([]);
});

test('takes numbers of views and resources that are sent along as they are', async () => {
  const adapter = await startRuns();
  const view = {
    ...{ resource: 'Observation', constant: [{ name: 'most', valueDecimal: 2.5 }] },
    select: [{ column: [{ name: 'sum', path: 'value.ofType(Quantity).value + %most' }] }],
  };
  const resource = { resourceType: 'Observation', valueQuantity: { value: 1.25 } };
  expect(await linesOf(await postRun(adapter, view, [{ name: 'resource', resource }]))).toEqual([
    { sum: 3.75 },
  ]);
});

test('says that a value fits no typed column of a Parquet file, before it sends any', async () => {
  const adapter = await startRuns();
  const tag = [{ name: 'ansi/type', value: 'DATE' }];
  const view = { resource: 'Patient', select: [{ column: [{ name: 'born', path: 'birthDate', tag }] }] };
  const resource = { resourceType: 'Patient', birthDate: '1931' };
  const more = [
    { name: 'resource', resource },
    { name: '_format', valueCode: 'parquet' },
  ];
  const outcome = await expectOutcome(await postRun(adapter, view, more), 422, 'view-misfit');
  expect(JSON.stringify(outcome)).not.toContain('1931');
});

test('says where a view is wrong (422), and where its resources do not fit it, without their values', async () => {
  const adapter = await startRuns();
  const bad = { resource: 'Patient', select: [{ column: [{ name: 'x', path: 'nmae.family' }] }] };
  const refused = await expectOutcome(await postRun(adapter, bad), 422, 'fhirpath-element');
  expect(refused.issue[0]?.expression).toEqual(['ViewDefinition.select[0].column[0].path']);
  const several = { resource: 'Patient', select: [{ column: [{ name: 'x', path: 'name.family' }] }] };
  const resource = { resourceType: 'Patient', name: [{ family: 'Secret' }, { family: 'Hidden' }] };
  const outcome = await expectOutcome(
    await postRun(adapter, several, [{ name: 'resource', resource }]),
    422,
    'view-evaluation',
  );
  expect(JSON.stringify(outcome)).not.toMatch(/Secret|Hidden/);
});

test.each([
  ['?_format=xlsx', 400, 'view-run-format'],
  ['?source=s3://bucket', 400, 'view-run-parameter'],
  ['?_count=10', 400, 'view-run-parameter'],
  ['?_limit=0', 400, 'view-run-parameter'],
  ['?_limit=200001', 400, 'view-run-parameter'],
  ['?header=no', 400, 'view-run-parameter'],
  ['?_since=2020', 400, 'view-run-parameter'],
  ['?viewReference=ViewDefinition/people', 400, 'view-run-parameter'],
  ['?_format=csv&_format=json', 400, 'view-run-parameter'],
])('refuses %s with %i', async (query, status, rule) => {
  const adapter = await startRuns();
  await expectOutcome(await adapter.get(RUN + query), status, rule);
});

test('answers 404 for a view that is not here, 400 without one, and 406 for XML', async () => {
  const adapter = await startRuns();
  await expectOutcome(
    await adapter.get(`${BASE}/ViewDefinition/none/$viewdefinition-run`),
    404,
    'view-run-unknown',
  );
  await expectOutcome(await adapter.get(`${BASE}/$viewdefinition-run`), 400, 'view-run-parameter');
  const xml = await adapter.get(RUN, { Accept: 'application/fhir+xml' });
  expect([xml.status, await xml.text()]).toEqual([406, expect.stringContaining('view-run-accept')]);
  await expectOutcome(
    await adapter.post(`${BASE}/$viewdefinition-run`, '{"resourceType":"Patient"}'),
    400,
    'view-run-parameter',
  );
  await expectOutcome(
    await postRun(adapter, { resource: 'Claim', select: [{ column: [{ name: 'id', path: 'id' }] }] }),
    400,
    'view-run-type',
  );
});

test('shows the views that it brings, and says what the operation takes', async () => {
  const adapter = await startRuns();
  const list = (await (await adapter.get(`${BASE}/ViewDefinition`)).json()) as {
    entry: { resource: unknown }[];
  };
  expect(list.entry.map(({ resource }) => resource)).toEqual([PEOPLE.json]);
  expect(await (await adapter.get(`${BASE}/ViewDefinition/people`)).json()).toEqual(PEOPLE.json);
  await expectOutcome(await adapter.get(`${BASE}/ViewDefinition/none`), 404, 'api-not-found');
  const statement = (await (await adapter.get(`${BASE}/metadata`)).json()) as CapabilityStatement;
  const said = statement.rest?.[0]?.operation?.find(({ name }) => name === 'viewdefinition-run');
  const definition = (await (
    await adapter.get(`${BASE}/OperationDefinition/hedgerow-viewdefinition-run`)
  ).json()) as OperationDefinition;
  expect(definition.url).toBe(said?.definition);
  expect(parts().validator.validate(definition)).toEqual([]);
  expect(parts().validator.validate(statement)).toEqual([]);
});

test('sees resources as they were when it began, each once', async () => {
  const adapter = await withPeople(await startRuns());
  await commit(adapter.store, recordOf([patient('eve')], { key: 'eve' }));
  const ids = (await linesOf(await adapter.get(RUN))).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.sort()).toEqual(idsOf(...NAMES, 'eve'));
});
