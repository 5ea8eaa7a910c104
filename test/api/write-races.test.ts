/** Many clients at once, on both engines and through two pipelines on one store: each condition holds for one of them. */
import type { Bundle, Patient, Resource } from '@medplum/fhirtypes';
import { describe, expect, test } from 'vitest';
import { createPipeline } from '../../src/pipeline.ts';
import type { Store } from '../../src/store/store.ts';
import { ENGINES } from '../store/engines.ts';
import { NOW_MS } from '../store/samples.ts';
import { expectOutcome, parts, startAdapter, type TestAdapter } from './adapter.ts';
import { ADA, BASE, created, flagOn, send } from './write-client.ts';

const NUMBERED: Patient = { ...ADA, identifier: [{ system: 'urn:x:hospital', value: '7' }] };
const CLIENTS = 24;

async function twoOf(store: Store): Promise<readonly [TestAdapter, TestAdapter]> {
  const one = (): Promise<TestAdapter> => {
    const { maps, validator, claims } = parts();
    const clock = (): number => NOW_MS;
    const ownerOrg = (): string => 'X26';
    const pipeline = createPipeline({
      maps,
      validator,
      claims,
      store,
      ownerOrg,
      route: () => ['ehr'],
      clock,
    });
    return startAdapter({ app: { store, pipeline } });
  };
  return [await one(), await one()];
}

/** @returns how many answers have each status */
async function race(asks: readonly (() => Promise<Response>)[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(asks.map((ask) => ask())))
    counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe.each(ENGINES)('%s', (_engine, open) => {
  async function racing(
    ask: (adapter: TestAdapter, at: number) => Promise<Response>,
    of: readonly TestAdapter[],
  ) {
    return await race(Array.from({ length: CLIENTS }, (_one, at) => () => ask(of[at % of.length]!, at)));
  }

  test('of many conditional creates one creates', async () => {
    const both = await twoOf(await open());
    const once = { 'If-None-Exist': 'identifier=urn:x:hospital|7' };
    expect(await racing((one) => send(one, 'POST', '/Patient', NUMBERED, once), both)).toEqual({
      200: CLIENTS - 1,
      201: 1,
    });
    const inBundle = (value: string): unknown => ({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: { ...ADA, identifier: [{ system: 'urn:x:hospital', value }] },
          request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=urn:x:hospital|${value}` },
        },
      ],
    });
    await racing((one) => send(one, 'POST', '', inBundle('8')), both);
    for (const value of ['7', '8']) {
      const found = (await (
        await both[0].get(`${BASE}/Patient?identifier=urn:x:hospital|${value}`)
      ).json()) as Bundle;
      expect(found.total).toBe(1);
    }
  });

  test('of many updates in one version one is done', async () => {
    const both = await twoOf(await open());
    const { id } = await created(both[0], ADA);
    const body = (at: number): Patient => ({ ...ADA, id, multipleBirthInteger: at });
    const under = { 'If-Match': 'W/"1"' };
    expect(await racing((one, at) => send(one, 'PUT', `/Patient/${id}`, body(at), under), both)).toEqual({
      200: 1,
      412: CLIENTS - 1,
    });
  });

  test('no patch is lost, though nobody names a version', async () => {
    const both = await twoOf(await open());
    const { id } = await created(both[0], { ...ADA, telecom: [{ system: 'phone', value: 'first' }] });
    const json = { 'Content-Type': 'application/json-patch+json' };
    const add = (at: number): unknown => [
      { op: 'add', path: '/telecom/-', value: { system: 'phone', value: `number ${at}` } },
    ];
    expect(await racing((one, at) => send(one, 'PATCH', `/Patient/${id}`, add(at), json), both)).toEqual({
      200: CLIENTS,
    });
    const read = (await (await both[0].get(`${BASE}/Patient/${id}`)).json()) as Patient;
    expect(new Set(read.telecom?.map(({ value }) => value)).size).toBe(CLIENTS + 1);
    expect(read.meta?.versionId).toBe(String(CLIENTS + 1));
  });

  test('of many updates under a free id one creates, and the others follow it', async () => {
    const both = await twoOf(await open());
    const body = (at: number): Patient => ({ ...ADA, id: 'ada', multipleBirthInteger: at });
    expect(await racing((one, at) => send(one, 'PUT', '/Patient/ada', body(at)), both)).toEqual({
      200: CLIENTS - 1,
      201: 1,
    });
  });

  test('nobody refers to what is deleted at the same time', async () => {
    const both = await twoOf(await open());
    const { id } = await created(both[0], ADA);
    const counts = await racing(
      (one, at) =>
        at === 7
          ? send(one, 'DELETE', `/Patient/${id}`)
          : send(one, 'POST', '/Flag', flagOn(`Patient/${id}`)),
      both,
    );
    const { status } = await both[0].get(`${BASE}/Patient/${id}`);
    const flags = (await (await both[0].get(`${BASE}/Flag?_summary=count`)).json()) as Bundle;
    expect([status, flags.total]).toEqual(counts[204] ? [410, 0] : [200, counts[201]]);
  });

  test('a transaction of which a part cannot be done leaves nothing, whoever else writes', async () => {
    const store = await open();
    const both = await twoOf(store);
    const { id } = await created(both[0], ADA);
    const entry = (at: number): unknown[] => [
      { resource: ADA, request: { method: 'POST', url: 'Patient' } },
      {
        resource: { ...ADA, id, multipleBirthInteger: at } as Resource,
        request: { method: 'PUT', url: `Patient/${id}`, ifMatch: 'W/"1"' },
      },
    ];
    const ask = (one: TestAdapter, at: number): Promise<Response> =>
      send(one, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: entry(at) });
    expect(await racing(ask, both)).toEqual({ 200: 1, 412: CLIENTS - 1 });
    const { resources } = await store.counts();
    expect(resources.find(({ type }) => type === 'Patient')?.count).toBe(2);
    expect(await store.verifyAudit()).toBeUndefined();
  });
});

test('creates once by updates with If-None-Match: *, and leaves what is there as it is', async () => {
  const adapter = await startAdapter();
  const put = async (family: string): Promise<number> => {
    const body = { ...ADA, id: 'ada-1', name: [{ family }] };
    return (await send(adapter, 'PUT', '/Patient/ada-1', body, { 'If-None-Match': '*' })).status;
  };
  const statuses = await Promise.all(Array.from({ length: CLIENTS }, (_, at) => put(`Abara ${at}`)));
  expect(statuses.toSorted()).toEqual([201, ...Array.from({ length: CLIENTS - 1 }, () => 412)]);
  await expectOutcome(
    await send(adapter, 'PUT', '/Patient/ada-1', { ...ADA, id: 'ada-1' }, { 'If-None-Match': '*' }),
    412,
    'api-is-there',
  );
  const read = await adapter.get(`${BASE}/Patient/ada-1`);
  expect([read.headers.get('etag'), await read.json()]).toMatchObject([
    'W/"1"',
    { name: [{ family: `Abara ${statuses.indexOf(201)}` }] },
  ]);
});
