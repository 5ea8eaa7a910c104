/** $everything, and histories of resources, types and the system. */
import type { Bundle } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { commit, idOf, NOW_MS, patient, RULES, recordOf } from '../store/samples.ts';
import { bundleOf, expectOutcome, linkOf, startAdapter, type TestAdapter } from './adapter.ts';
import { clinic } from './clinic.ts';

const BASE = '/fhir/R4';

async function withClinic(): Promise<TestAdapter> {
  const adapter = await startAdapter();
  await commit(adapter.store, ...clinic());
  return adapter;
}

/** @returns `Type/id` of all entries, page by page */
async function all(adapter: TestAdapter, path: string): Promise<string[]> {
  const seen: string[] = [];
  let url: string | undefined = `${adapter.url}${BASE}/${path}`;
  for (let page = 0; url; page++) {
    const bundle: Bundle = await bundleOf(await fetch(url));
    seen.push(...(bundle.entry ?? []).map(({ resource }) => `${resource!.resourceType}/${resource!.id}`));
    url = linkOf(bundle, 'next');
    expect(page).toBeLessThan(20);
  }
  return [...new Set(seen)].sort();
}

function keys(...written: string[]): string[] {
  return written.map((one) => one.replace(/\w+$/, (name) => idOf(name))).sort();
}

const OF_ANN = ['Patient/ann', 'ServiceRequest/r1', 'ServiceRequest/r2', 'Encounter/e1'];
const MEASURED = ['Observation/o1', 'Observation/o2', 'Observation/o4'];
const AROUND = ['Practitioner/gp', 'Organization/surgery', 'Organization/trust', 'Location/hall'];

test.each(['', '?_count=2'])('gives everything of a patient, with what it refers to%s', async (query) => {
  const adapter = await withClinic();
  const found = await all(adapter, `Patient/${idOf('ann')}/$everything${query}`);
  expect(found).toEqual(keys(...OF_ANN, ...MEASURED, ...AROUND));
});

test('narrows everything by type, by the time of care and by the time of the commit', async () => {
  const adapter = await withClinic();
  const ofAnn = (query: string) => all(adapter, `Patient/${idOf('ann')}/$everything?${query}`);
  expect(await ofAnn('_type=Observation')).toEqual(keys(...MEASURED));
  expect(await ofAnn('_type=Observation&start=2025-02-01')).toEqual(keys('Observation/o2', 'Observation/o4'));
  expect(await ofAnn('_type=Observation&end=2025-01-31')).toEqual(keys('Observation/o1', 'Observation/o4'));
  expect(await ofAnn('_type=Patient,Encounter&_since=2025-03-04')).toEqual([]);
  const first = await bundleOf(await adapter.get(`${BASE}/Patient/${idOf('ann')}/$everything`));
  expect([first.entry?.[0]?.resource?.id, first.total]).toEqual([idOf('ann'), 7]);
});

test('gives everything of all patients, and nothing that belongs to nobody but by reference', async () => {
  const adapter = await withClinic();
  const found = await all(adapter, 'Patient/$everything?_count=3');
  expect(found).toContain(keys('Task/t1')[0]);
  expect(found.filter((key) => key.startsWith('Patient/'))).toEqual(
    keys('Patient/ann', 'Patient/bob', 'Patient/cleo'),
  );
  expect(found.filter((key) => key.startsWith('Questionnaire/'))).toEqual([]);
});

test('gives everything to a POST, as Parameters and the address narrow it, and pages by GET', async () => {
  const adapter = await withClinic();
  const path = `${BASE}/Patient/${idOf('ann')}/$everything`;
  const parameter = [
    { name: '_type', valueCode: 'Observation' },
    { name: 'start', valueDate: '2025-02-01' },
  ];
  const ask = (body: unknown, query = '') =>
    adapter.post(`${path}${query}`, JSON.stringify(body), 'application/fhir+json');
  const first = await bundleOf(await ask({ resourceType: 'Parameters', parameter }, '?_count=1'));
  expect([first.total, first.entry?.[0]?.resource?.id]).toEqual([2, idOf('o2')]);
  const next = await bundleOf(await fetch(linkOf(first, 'next')!));
  expect(next.entry?.[0]?.resource?.id).toBe(idOf('o4'));
  const all = await bundleOf(await fetch(`${adapter.url}${path}`, { method: 'POST' }));
  expect(all.total).toBe(7);
  const ofType = { resourceType: 'Parameters', parameter: [{ name: '_type', valueCode: 'Task' }] };
  const tasks = await adapter.post(`${BASE}/Patient/$everything`, JSON.stringify(ofType));
  expect((await bundleOf(tasks)).entry?.[0]?.resource?.id).toBe(idOf('t1'));
  await expectOutcome(await ask({ resourceType: 'Patient' }), 400, 'api-everything-parameter');
  const unknown = { resourceType: 'Parameters', parameter: [{ name: 'code', valueString: 'x' }, null] };
  await expectOutcome(await ask(unknown), 400, 'api-everything-parameter');
  await expectOutcome(await ask('{'), 400, 'api-no-resource');
});

test.each(['_type=Organization', 'start=soon', '_count=0', 'code=x', '_since=ge2025'])(
  'refuses $everything with %s',
  async (query) => {
    const adapter = await withClinic();
    const path = `${BASE}/Patient/${idOf('ann')}/$everything`;
    await expectOutcome(await adapter.get(`${path}?${query}`), 400, 'api-everything-parameter');
    await expectOutcome(await adapter.get(`${BASE}/Patient/nobody/$everything`), 404, 'api-not-found');
  },
);

/** Two people; one changed at a later time, then erased. */
async function withHistory(): Promise<TestAdapter> {
  const adapter = await startAdapter();
  const { store } = adapter;
  await store.commit([recordOf([patient('p')], { key: 'P' })], RULES, NOW_MS);
  await store.commit([recordOf([patient('q')], { key: 'Q' })], RULES, NOW_MS + 60_000);
  const changed = recordOf([patient('q', { gender: 'male' })], { key: 'Q' });
  await store.commit([changed], RULES, NOW_MS + 120_000);
  await store.erasePerson(idOf('p'), 'tester', NOW_MS + 180_000);
  return adapter;
}

function steps(bundle: Bundle): string[] {
  return (bundle.entry ?? []).map(({ request, response }) => `${request!.method} ${response!.etag}`);
}

test('tells the history of a type and of the system, newest first, as it was asked for', async () => {
  const adapter = await withHistory();
  for (const path of ['Patient/_history', '_history']) {
    const bundle = await bundleOf(await adapter.get(`${BASE}/${path}`));
    expect([bundle.type, bundle.total]).toEqual(['history', 4]);
    expect(steps(bundle)[0]).toBe('DELETE W/"2"');
    expect(steps(bundle).slice(1, 3)).toEqual(['PUT W/"2"', 'POST W/"1"']);
    const created = bundle.entry?.find(({ request }) => request?.method === 'POST');
    expect([created?.request?.url, created?.response?.status]).toEqual(['Patient', '201']);
  }
  const none = await bundleOf(await adapter.get(`${BASE}/Task/_history`));
  expect([none.total, none.entry]).toEqual([0, undefined]);
});

test('narrows a history by time', async () => {
  const adapter = await withHistory();
  const at = (ms: number): string => new Date(NOW_MS + ms).toISOString();
  const history = async (query: string) =>
    steps(await bundleOf(await adapter.get(`${BASE}/Patient/${idOf('q')}/_history?${query}`)));
  expect(await history(`_since=${at(120_000)}`)).toEqual(['PUT W/"2"']);
  expect(await history(`_since=${at(3_600_000)}`)).toEqual([]);
  expect(await history(`_at=${at(90_000)}`)).toEqual(['POST W/"1"']);
  expect(await history(`_at=${at(0)}`)).toEqual([]);
});

test('pages a history of all types while others write, and refuses its cursor elsewhere', async () => {
  const adapter = await withHistory();
  const seen: string[] = [];
  let url: string | undefined = `${adapter.url}${BASE}/_history?_count=1`;
  const second: string[] = [];
  for (let page = 0; url; page++) {
    const bundle: Bundle = await bundleOf(await fetch(url));
    seen.push(...(bundle.entry ?? []).map(({ fullUrl, response }) => `${fullUrl} ${response!.etag}`));
    url = linkOf(bundle, 'next');
    if (url) second.push(url);
    const added = recordOf([patient(`new${page}`)], { key: `N${page}` });
    await adapter.store.commit([added], RULES, NOW_MS + 3_600_000);
    expect(page).toBeLessThan(8);
  }
  expect([seen.length, new Set(seen).size]).toEqual([4, 4]);
  const elsewhere = second[0]!.replace('/_history?', '/Patient/_history?');
  await expectOutcome(await fetch(elsewhere), 400, 'api-cursor');
});
