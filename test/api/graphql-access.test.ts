/** Who may read what by GraphQL: as by every other read, by scopes and by what the store lets the client see. */
import type { RequestHandler } from 'express';
import { expect, test } from 'vitest';
import { type Access, keyOf, OPEN_ACCESS, setAccess, touchedBy } from '../../src/api/access.ts';
import { commit, contact, idOf, patient, recordOf, referral } from '../store/samples.ts';
import { expectOutcome, startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';

/** @param touched is told of what each request touched, once it is answered */
async function adapterFor(
  access: Partial<Access>,
  touched?: (keys: readonly string[]) => void,
): Promise<TestAdapter> {
  const guard: RequestHandler = (_request, response, next) => {
    setAccess(response, { ...OPEN_ACCESS, ...access });
    response.once('finish', () => touched?.(touchedBy(response).flatMap(({ keys }) => keys.map(keyOf))));
    next();
  };
  const started = await startAdapter({ app: { guard } });
  const basedOn = [{ reference: `ServiceRequest/${idOf('r')}` }];
  const own = [patient('p'), referral('r', 'p'), contact('e', 'p', { basedOn })];
  await commit(started.store, recordOf(own, { key: 'A', ownerOrg: 'X26' }));
  await commit(started.store, recordOf([patient('q'), referral('s', 'q')], { key: 'B', ownerOrg: 'Y99' }));
  return started;
}

async function ask({ post }: TestAdapter, query: string) {
  const answer = await post(`${BASE}/$graphql`, JSON.stringify({ query }));
  const body = (await answer.json()) as {
    data: unknown;
    errors?: { extensions: { resource: { issue: { details: { coding: { code: string }[] } }[] } } }[];
  };
  const rules = (body.errors ?? []).map(
    ({ extensions }) => extensions.resource.issue[0]?.details.coding[0]?.code,
  );
  return { data: body.data, rules };
}

test('a client sees the people of its own organisations alone, forwards, backwards and by id', async () => {
  const started = await adapterFor({ viewer: { ...OPEN_ACCESS.viewer, organisations: ['X26'] } });
  const lists =
    '{ PatientList { id } PatientConnection { count edges { resource { id } } } ServiceRequestList { subject { resource { id } } } }';
  const own = { id: idOf('p') };
  expect(await ask(started, lists)).toEqual({
    data: {
      PatientList: [own],
      PatientConnection: { count: 1, edges: [{ resource: own }] },
      ServiceRequestList: [{ subject: { resource: own } }],
    },
    rules: [],
  });
  const other = await ask(started, `{ Patient(id: "${idOf('q')}") { id } }`);
  expect(other).toEqual({ data: { Patient: null }, rules: ['api-not-found'] });
  await expectOutcome(
    await started.get(`${BASE}/Patient/${idOf('q')}/$graphql?query={id}`),
    404,
    'api-not-found',
  );
});

test('a type without a right is refused by name, and not reached through references', async () => {
  const started = await adapterFor({ may: (type) => type !== 'Patient' });
  expect(await ask(started, '{ PatientList { id } }')).toEqual({
    data: { PatientList: null },
    rules: ['api-scope'],
  });
  expect((await ask(started, `{ Patient(id: "${idOf('p')}") { id } }`)).rules).toEqual(['api-scope']);
  const through = `{ ServiceRequest(id: "${idOf('r')}") { id subject { resource { id } } } }`;
  expect((await ask(started, through)).rules).toEqual(['graphql-reference']);
  const optional = through.replace('resource', 'resource(optional: true)');
  expect((await ask(started, optional)).data).toEqual({
    ServiceRequest: { id: idOf('r'), subject: { resource: null } },
  });
  await expectOutcome(
    await started.get(`${BASE}/Patient/${idOf('p')}/$graphql?query={id}`),
    403,
    'api-scope',
  );
});

test('reading is no right to search', async () => {
  const started = await adapterFor({ may: (_type, right) => right === 'read' });
  const query = `{ ServiceRequest(id: "${idOf('r')}") { EncounterList(_reference: based_on) { id } } }`;
  expect((await ask(started, query)).rules).toEqual(['api-scope']);
});

test('the audit is told of everything that was read, and of it once', async () => {
  const touched: (readonly string[])[] = [];
  const started = await adapterFor({}, (keys) => touched.push(keys));
  await ask(
    started,
    `{ a: ServiceRequest(id: "${idOf('r')}") { subject { resource { id } } EncounterList(_reference: based_on) { id } }
       b: ServiceRequest(id: "${idOf('r')}") { id } }`,
  );
  expect(touched.map((keys) => [...keys].sort())).toEqual([
    [`Encounter/${idOf('e')}`, `Patient/${idOf('p')}`, `ServiceRequest/${idOf('r')}`],
  ]);
});

test('a store that cannot be read is 503, as for every other route', async () => {
  const started = await adapterFor({});
  await started.store.close();
  const answer = await started.post(`${BASE}/$graphql`, JSON.stringify({ query: '{ PatientList { id } }' }));
  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect(await answer.text()).not.toContain('data');
});
