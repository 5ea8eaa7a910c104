/** $convert gives what an intake would store, with its lineage; $status says how things stand, to whom it concerns. */
import type {
  Bundle,
  CapabilityStatement,
  OperationDefinition,
  Parameters,
  ParametersParameter,
} from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { type Access, OPEN_ACCESS, setAccess } from '../../../src/api/access.ts';
import { OPERATIONS } from '../../../src/api/operations/definitions.ts';
import { ownOperations } from '../../../src/api/operations/routes.ts';
import { createPipeline } from '../../../src/pipeline.ts';
import type { Store } from '../../../src/store/store.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { commit, deliverAll, idOf, NOW_MS, patient, recordOf, referral } from '../../store/samples.ts';
import { example, expectOutcome, parts, startAdapter, type TestAdapter } from '../adapter.ts';

async function start(clients: Readonly<Record<string, Partial<Access>>> = {}): Promise<TestAdapter> {
  let store: Store | undefined;
  const later = new Proxy({} as Store, { get: (_, name) => Reflect.get(store!, name) });
  const clock = (): number => NOW_MS;
  const pipeline = createPipeline({ ...parts(), ownerOrg: () => 'X26', route: () => [], clock });
  const own = ownOperations({
    ...parts(),
    store: later,
    pipeline,
    clock,
    version: '1.2.3',
    targets: ['ehr'],
  });
  const guard = (
    request: { get(name: string): string | undefined },
    response: never,
    next: () => void,
  ): void => {
    setAccess(response, { ...OPEN_ACCESS, ...clients[request.get('x-client') ?? ''] });
    next();
  };
  const adapter = await startAdapter({ app: { fhir: [own], guard: guard as never } });
  store = adapter.store;
  return adapter;
}

const partsNamed = ({ parameter = [] }: Parameters, name: string): ParametersParameter[] =>
  parameter.filter((one) => one.name === name);
const textOf = ({ part = [] }: ParametersParameter, name: string): unknown =>
  part.find((one) => one.name === name)?.valueString ?? part.find((one) => one.name === name)?.valueCode;

test('a record is converted with the map rule of each element, and nothing is stored', async () => {
  const adapter = await start();
  const record = example('platform', 'referral', 'adult-referred-by-gp');
  const body = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'source', valueString: 'platform' },
      { name: 'kind', valueString: 'referral' },
      { name: 'record', valueString: record },
      { name: 'lineage', valueBoolean: true },
    ],
  };
  const answer = await adapter.post('/fhir/R4/$convert', JSON.stringify(body), 'application/fhir+json');
  const text = await answer.text();
  expect([answer.status, text.slice(0, 300)]).toEqual([200, expect.stringContaining('Parameters')]);
  const parameters = JSON.parse(text) as Parameters;
  const bundle = partsNamed(parameters, 'return')[0]!.resource as Bundle;
  expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'collection' });
  const ids = new Set(bundle.entry!.map(({ fullUrl }) => fullUrl));
  const lineage = partsNamed(parameters, 'lineage');
  expect(lineage.length).toBeGreaterThan(20);
  for (const one of lineage) {
    expect(ids).toContain(one.part!.find(({ name }) => name === 'resource')!.valueReference!.reference);
    expect(textOf(one, 'rule')).toMatch(/\.map:\d+:\d+/);
  }
  const needs = lineage.find((one) => String(textOf(one, 'element')).startsWith('ServiceRequest.authoredOn'));
  expect(needs && textOf(needs, 'field')).toEqual(expect.any(String));
  expect(await adapter.store.latestRecords(5)).toEqual([]);
  expect((await adapter.store.counts()).resources).toEqual([]);
});

test('records come as they are too, in JSON, NDJSON and CSV, and every fault is placed', async () => {
  const adapter = await start();
  const path = (kind: string, source = 'platform'): string =>
    `/fhir/R4/$convert?source=${source}&kind=${kind}`;
  const record = JSON.stringify(JSON.parse(example('platform', 'referral', 'adult-referred-by-gp')));
  const raw = await adapter.post(path('referral'), record);
  const viaIntake = await adapter.post('/intake/platform/referral', record);
  expect([raw.status, viaIntake.status]).toEqual([200, 202]);
  const bundle = partsNamed((await raw.json()) as Parameters, 'return')[0]!.resource as Bundle;
  for (const { resource } of bundle.entry!)
    expect((await adapter.store.read(resource!.resourceType, resource!.id!))?.resource).toMatchObject({
      id: resource!.id,
    });
  const lines = await adapter.post(path('referral'), `${record}\n{"nonsense":1}\n`, 'application/x-ndjson');
  const parameters = (await lines.json()) as Parameters;
  const [outcome] = partsNamed(parameters, 'outcome');
  expect(JSON.stringify(outcome)).toContain('"severity":"error"');
  expect(JSON.stringify(outcome)).toMatch(/input:2: /);
  expect(partsNamed(parameters, 'return')).toHaveLength(1);
  const bad = await adapter.post(path('referral'), '{"nonsense":1}');
  expect([bad.status, ((await bad.json()) as { resourceType: string }).resourceType]).toEqual([
    422,
    'OperationOutcome',
  ]);
  await expectOutcome(await adapter.post(path('referral'), '{"a":'), 400, 'read-json-syntax');
  await expectOutcome(await adapter.post(path('referral', 'nobody'), record), 404, 'convert-source');
  await expectOutcome(
    await adapter.post('/fhir/R4/$convert', '{}', 'application/fhir+json'),
    400,
    'api-no-resource',
  );
  await expectOutcome(await adapter.get('/fhir/R4/$convert'), 405, 'api-method');
});

test('who may not send to a source may not have its records converted', async () => {
  const adapter = await start({ vendor: { maySend: () => false } });
  const record = example('platform', 'referral', 'adult-referred-by-gp');
  const answer = await fetch(`${adapter.url}/fhir/R4/$convert?source=platform&kind=referral`, {
    method: 'POST',
    body: record,
    headers: { 'content-type': 'application/json', 'x-client': 'vendor' },
  });
  await expectOutcome(answer, 404, 'convert-source');
});

test('$status counts deliveries and work, but not to who sees some organisations alone', async () => {
  const adapter = await start({ vendor: { viewer: { ...SEES_ALL, organisations: ['X26'] } } });
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p')]));
  const all = (await (await adapter.get('/fhir/R4/$status')).json()) as Parameters;
  expect(partsNamed(all, 'writable')[0]).toMatchObject({ valueBoolean: true });
  const [target] = partsNamed(all, 'target');
  expect(target?.part).toEqual(
    expect.arrayContaining([
      { name: 'name', valueString: 'ehr' },
      { name: 'waiting', valueInteger: 2 },
    ]),
  );
  const some = (await (await adapter.get('/fhir/R4/$status', { 'x-client': 'vendor' })).json()) as Parameters;
  expect([partsNamed(some, 'target'), partsNamed(some, 'work'), partsNamed(some, 'version').length]).toEqual([
    [],
    [],
    1,
  ]);
});

test('$status of a referral says its state, what may follow, and what was delivered', async () => {
  const adapter = await start();
  const task = {
    resourceType: 'Task',
    id: idOf('t'),
    status: 'accepted',
    intent: 'order',
    focus: { reference: `ServiceRequest/${idOf('r')}` },
    for: { reference: `Patient/${idOf('p')}` },
  } as never;
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p'), task]));
  await deliverAll(adapter.store);
  const path = `/fhir/R4/ServiceRequest/${idOf('r')}/$status`;
  const status = (await (await adapter.get(path)).json()) as Parameters;
  expect(partsNamed(status, 'state')[0]).toMatchObject({ valueCode: 'accepted' });
  const next = partsNamed(status, 'next').map((one) => [textOf(one, 'event'), textOf(one, 'state')]);
  expect(next).toContainEqual(['contact-attempted', 'in-progress']);
  expect(next).not.toContainEqual(['accepted', 'accepted']);
  const [delivery] = partsNamed(status, 'delivery');
  expect(
    delivery && [textOf(delivery, 'target'), textOf(delivery, 'state'), textOf(delivery, 'version')],
  ).toEqual(['ehr', 'delivered', '1']);
  await expectOutcome(
    await adapter.get(`/fhir/R4/ServiceRequest/${idOf('none')}/$status`),
    404,
    'api-not-found',
  );
});

test('each operation has its definition, is listed, and gives no parameter that it does not define', async () => {
  const adapter = await start();
  const statement = (await (await adapter.get('/fhir/R4/metadata')).json()) as CapabilityStatement;
  const rest = statement.rest![0]!;
  const listed = [
    ...(rest.operation ?? []),
    ...(rest.resource ?? []).flatMap(({ operation = [] }) => operation),
  ];
  for (const { id, url } of OPERATIONS) {
    const read = (await (
      await adapter.get(`/fhir/R4/OperationDefinition/${id}`)
    ).json()) as OperationDefinition;
    expect([
      read.url,
      parts()
        .validator.validate(read)
        .filter(({ severity }) => severity === 'error'),
    ]).toEqual([url, []]);
    expect(listed.map(({ definition }) => definition)).toContain(url);
  }
  await expectOutcome(await adapter.get('/fhir/R4/OperationDefinition/none'), 404, 'api-not-found');
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p')]));
  for (const [path, id] of [
    ['$status', 'hedgerow-status'],
    [`ServiceRequest/${idOf('r')}/$status`, 'hedgerow-referral-status'],
  ] as const) {
    const { parameter = [] } = (await (await adapter.get(`/fhir/R4/${path}`)).json()) as Parameters;
    const defined = OPERATIONS.find((one) => one.id === id)!.parameter!.filter(({ use }) => use === 'out');
    for (const { name, part = [] } of parameter) {
      const own = defined.find((one) => one.name === name);
      expect([name, own?.name]).toEqual([name, name]);
      for (const one of part) expect(own!.part!.map((other) => other.name)).toContain(one.name);
    }
  }
});
