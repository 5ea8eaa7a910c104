/** How searches are answered: parts of resources, what comes along, searches by POST, of all types, of compartments. */
import type { Bundle, Observation, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { commit, contact, idOf, patient, recordOf } from '../store/samples.ts';
import { bundleOf, expectOutcome, linkOf, matches, startAdapter, type TestAdapter } from './adapter.ts';
import { clinic } from './clinic.ts';

const BASE = '/fhir/R4';
const FORM = 'application/x-www-form-urlencoded';

async function withClinic(): Promise<TestAdapter> {
  const adapter = await startAdapter();
  await commit(adapter.store, ...clinic());
  return adapter;
}

async function ask(adapter: TestAdapter, path: string): Promise<Bundle> {
  return bundleOf(await adapter.get(`${BASE}/${path}`));
}

/** @returns `Type/id` of what came along */
function along(bundle: Bundle): string[] {
  const included = (bundle.entry ?? []).filter(({ search }) => search?.mode === 'include');
  return included.map(({ resource }) => `${resource!.resourceType}/${resource!.id}`).sort();
}

function keys(...written: string[]): string[] {
  return written.map((one) => one.replace(/\w+$/, (name) => idOf(name))).sort();
}

function first<T>(bundle: Bundle): T {
  return bundle.entry![0]!.resource as T;
}

test('answers with summaries, tagged as parts', async () => {
  const adapter = await withClinic();
  const ofAnn = (summary: string) => ask(adapter, `Patient?_id=${idOf('ann')}&_summary=${summary}`);
  const summary = first<Patient>(await ofAnn('true'));
  expect(summary.meta?.tag?.map(({ code }) => code)).toEqual(['walk', 'SUBSETTED']);
  expect(summary.birthDate).toBe('1990-05-17');
  const text = first<Patient>(await ofAnn('text'));
  expect(Object.keys(text).sort()).toEqual(['id', 'meta', 'resourceType']);
  const data = first<Patient>(await ofAnn('data'));
  expect([data.birthDate, data.text]).toEqual(['1990-05-17', undefined]);
  const whole = first<Patient>(await ofAnn('false'));
  expect(whole.meta?.tag?.map(({ code }) => code)).toEqual(['walk']);
  const count = await ofAnn('count');
  expect([count.total, count.entry]).toEqual([1, undefined]);
});

test('puts several types in one order, page by page while others write', async () => {
  const adapter = await withClinic();
  const order = async (sort: string): Promise<(string | undefined)[]> => {
    const seen: (string | undefined)[] = [];
    let url: string | undefined =
      `${adapter.url}${BASE}?_type=ServiceRequest,Task,Patient&_sort=${sort}&_count=2`;
    for (let page = 0; url; page++) {
      const bundle: Bundle = await bundleOf(await fetch(url));
      expect(bundle.total).toBeGreaterThanOrEqual(7);
      seen.push(...matches(bundle));
      url = linkOf(bundle, 'next');
      await commit(
        adapter.store,
        recordOf([contact(`new${sort}${page}`, 'ann')], { key: `N${sort}${page}` }),
      );
      expect(page).toBeLessThan(5);
    }
    return seen;
  };
  const all = ['ann', 'bob', 'cleo', 'r1', 'r2', 'r3', 't1'].map(idOf);
  expect(await order('_id')).toEqual(all.toSorted());
  expect(await order('-_id')).toEqual(all.toSorted().reverse());
  expect(new Set(await order('-_lastUpdated'))).toEqual(new Set(all));
  const some = await ask(adapter, '?_type=ServiceRequest,Task&_sort=-status,_id');
  const statuses = (some.entry ?? []).map(({ resource }) => (resource as { status?: string }).status);
  expect(statuses).toEqual(['revoked', 'requested', 'active', 'active']);
});

test('sorts several types by what all of them have alone', async () => {
  const adapter = await withClinic();
  for (const sort of ['birthdate', 'status', 'authored'])
    await expectOutcome(
      await adapter.get(`${BASE}?_type=Patient,Task&_sort=${sort}`),
      400,
      'api-search-value',
    );
});

test('leaves what is no summary out of the parts of a resource too', async () => {
  const adapter = await withClinic();
  const bundle = await ask(adapter, `Observation?_id=${idOf('o4')}&_summary=true`);
  expect(first<Observation>(bundle).component).toHaveLength(2);
  const encounter = first<Record<string, unknown>>(await ask(adapter, 'Encounter?_summary=true'));
  expect(encounter).toHaveProperty('class');
  expect(encounter).not.toHaveProperty('location');
});

test('answers with the elements that are asked for, and those that must be there', async () => {
  const adapter = await withClinic();
  const bundle = await ask(
    adapter,
    `Observation?_id=${idOf('o2')}&_elements=value,subject&_include=Observation:subject`,
  );
  expect(Object.keys(first<object>(bundle)).sort()).toEqual([
    'code',
    'id',
    'meta',
    'resourceType',
    'status',
    'subject',
    'valueQuantity',
  ]);
  expect(bundle.entry?.[1]?.resource).toHaveProperty('birthDate');
});

test.each([
  ['ServiceRequest?_include=*', ['Patient/ann', 'Patient/bob', 'Practitioner/gp']],
  ['ServiceRequest?_include=ServiceRequest:*&status=revoked', ['Patient/ann']],
  ['ServiceRequest?_include=ServiceRequest:requester', ['Practitioner/gp']],
  ['ServiceRequest?_include=ServiceRequest:requester:Organization', []],
  [
    'ServiceRequest?_include=ServiceRequest:patient&_include:iterate=Patient:organization',
    ['Organization/surgery', 'Patient/ann', 'Patient/bob'],
  ],
  [
    'ServiceRequest?_include=ServiceRequest:patient&_include:iterate=Patient:organization&_include:iterate=Organization:partof',
    ['Organization/surgery', 'Organization/trust', 'Patient/ann', 'Patient/bob'],
  ],
  [
    'ServiceRequest?_include=ServiceRequest:patient&_include=ServiceRequest:subject',
    ['Patient/ann', 'Patient/bob'],
  ],
  ['Patient?gender=male&_revinclude=Observation:patient', ['Observation/o3']],
  [
    'Patient?gender=male&_revinclude=Observation:patient&_revinclude=Task:patient',
    ['Observation/o3', 'Task/t1'],
  ],
  ['Patient?gender=male&_revinclude=*', ['Observation/o3', 'ServiceRequest/r3', 'Task/t1']],
  ['Patient?gender=male&_revinclude=ServiceRequest:subject:Patient', ['ServiceRequest/r3']],
  [
    'Patient?gender=male&_revinclude=ServiceRequest:subject&_revinclude:iterate=Task:focus',
    ['ServiceRequest/r3', 'Task/t1'],
  ],
  [
    'Organization?name=Surgery&_revinclude=Patient:organization&_revinclude:iterate=ServiceRequest:patient&_include:iterate=ServiceRequest:requester',
    ['Patient/ann', 'Practitioner/gp', 'ServiceRequest/r1', 'ServiceRequest/r2'],
  ],
])('brings along what %s asks for, each once', async (path, names) => {
  const adapter = await withClinic();
  const bundle = await ask(adapter, path);
  expect(along(bundle)).toEqual(keys(...names));
  expect(bundle.total).toBe(matches(bundle).length);
});

test('says where more would come along than one page holds', async () => {
  const adapter = await startAdapter();
  const contacts = Array.from({ length: 1_100 }, (_, at) => contact(`c${at}`, 'p'));
  await commit(adapter.store, recordOf([patient('p'), ...contacts]));
  const bundle = await ask(adapter, 'Patient?_revinclude=Encounter:patient');
  expect(along(bundle)).toHaveLength(1_000);
  const outcome = bundle.entry?.at(-1)?.resource;
  expect(outcome?.resourceType === 'OperationOutcome' && outcome.issue.map(ruleOf)).toEqual([
    'api-search-included',
  ]);
});

test('searches by POST, with the query beside the body, and keeps what is asked out of the links', async () => {
  const adapter = await withClinic();
  const post = (body: string, query = ''): Promise<Response> =>
    adapter.post(`${BASE}/Patient/_search${query}`, body, FORM);
  const one = await bundleOf(await post('family=Example&gender=female'));
  expect(matches(one)).toEqual([idOf('ann')]);
  expect(matches(await bundleOf(await post('family=Example', '?gender=male')))).toEqual([]);
  const pages = await bundleOf(await post('identifier=ann,bob,cleo&_count=2'));
  expect([pages.total, matches(pages).length]).toEqual([3, 2]);
  const next = linkOf(pages, 'next')!;
  expect(JSON.stringify(pages.link)).not.toMatch(/ann|identifier/);
  const last = await bundleOf(await fetch(next));
  expect([last.total, matches(last), linkOf(last, 'next')]).toEqual([3, [idOf('cleo')], undefined]);
  const self = await bundleOf(await fetch(linkOf(pages, 'self')!));
  expect(matches(self)).toEqual(matches(pages));
  await expectOutcome(await fetch(`${next}&gender=male`), 400, 'api-cursor');
  await expectOutcome(await fetch(next.replace('/Patient?', '/Observation?')), 400, 'api-cursor');
  expect(matches(await bundleOf(await post('')))).toHaveLength(3);
});

test('refuses a search by POST that is no form, or too long for its links', async () => {
  const adapter = await startAdapter();
  const path = `${BASE}/Patient/_search`;
  await expectOutcome(await adapter.post(path, '{}', 'application/json'), 415, 'api-media-type');
  await expectOutcome(await adapter.post(path, `name=${'x,'.repeat(4_000)}`, FORM), 400, 'api-search-cost');
  await expectOutcome(await adapter.post(path, 'name=%ZZ', FORM), 400, 'api-query-encoding');
  await expectOutcome(await adapter.post(`${BASE}/Nonsense/_search`, '', FORM), 404, 'api-unknown-type');
});

test('searches several types together, page by page', async () => {
  const adapter = await withClinic();
  const seen: string[] = [];
  let url: string | undefined = `${adapter.url}${BASE}?_type=Task,Patient,Observation&_count=2`;
  for (let page = 0; url; page++) {
    const bundle: Bundle = await bundleOf(await fetch(url));
    expect(bundle.total).toBe(8);
    seen.push(...(bundle.entry ?? []).map(({ resource }) => resource!.resourceType));
    url = linkOf(bundle, 'next');
    expect(page).toBeLessThan(5);
  }
  expect(seen).toEqual(['Task', ...Array(3).fill('Patient'), ...Array(4).fill('Observation')]);
  const byTag = await ask(adapter, '_search?_tag=walk');
  expect(matches(byTag)).toEqual([idOf('ann')]);
  const posted = await adapter.post(`${BASE}/_search`, `_id=${idOf('gp')}`, FORM);
  expect(matches(await bundleOf(posted))).toEqual([idOf('gp')]);
  await expectOutcome(await adapter.get(`${BASE}?_type=Nonsense`), 400, 'api-search-value');
  const strict = { Prefer: 'handling=strict' };
  await expectOutcome(await adapter.get(`${BASE}?family=x`, strict), 400, 'api-search-parameter');
});

test('searches what belongs to a patient', async () => {
  const adapter = await withClinic();
  const ofAnn = `Patient/${idOf('ann')}`;
  expect(matches(await ask(adapter, `${ofAnn}/Observation`))).toHaveLength(3);
  expect(matches(await ask(adapter, `${ofAnn}/Observation?value-quantity=gt5`))).toEqual([idOf('o2')]);
  expect(matches(await ask(adapter, `${ofAnn}/Patient`))).toEqual([idOf('ann')]);
  expect(matches(await ask(adapter, `${ofAnn}/*`))).toHaveLength(7);
  expect(matches(await ask(adapter, `${ofAnn}/*?_type=Encounter`))).toEqual([idOf('e1')]);
  const elsewhere = await adapter.get(`${BASE}/${ofAnn}/*?_type=Organization`);
  await expectOutcome(elsewhere, 400, 'api-search-value');
  expect(matches(await ask(adapter, `Patient/${idOf('bob')}/Task`))).toEqual([idOf('t1')]);
  const posted = await adapter.post(`${BASE}/${ofAnn}/ServiceRequest/_search`, 'status=active', FORM);
  expect(matches(await bundleOf(posted))).toEqual([idOf('r1')]);
  await expectOutcome(await adapter.get(`${BASE}/${ofAnn}/Organization`), 404, 'api-unknown-type');
  await expectOutcome(await adapter.get(`${BASE}/Patient/nobody/Observation`), 404, 'api-not-found');
});

test('refuses the cursor of one patient for another', async () => {
  const adapter = await withClinic();
  const page = await ask(adapter, `Patient/${idOf('ann')}/Observation?_count=1`);
  const next = linkOf(page, 'next')!;
  expect(matches(await bundleOf(await fetch(next)))).toHaveLength(1);
  await expectOutcome(await fetch(next.replace(idOf('ann'), idOf('bob'))), 400, 'api-cursor');
});

test('names what R4 has and is not served, as a warning or an error', async () => {
  const adapter = await startAdapter();
  for (const name of [
    '_text',
    '_content',
    '_filter',
    '_query',
    '_list',
    '_contained',
    '_containedType',
    'phonetic',
  ]) {
    const path = `${BASE}/Patient?${name}=x`;
    const strict = await adapter.get(path, { Prefer: 'handling=strict' });
    const refused = await expectOutcome(strict, 400, 'api-search-parameter');
    expect(refused.issue[0]?.diagnostics).toContain(name);
    const lenient = await bundleOf(await adapter.get(path));
    expect(JSON.stringify(lenient.entry)).toContain(`${name} is not served`);
  }
});

test('gives totals when asked, and does without when not wanted', async () => {
  const adapter = await withClinic();
  for (const [total, wanted] of [
    ['accurate', 3],
    ['estimate', 3],
    ['none', undefined],
  ])
    expect((await ask(adapter, `Patient?_count=1&_total=${total}`)).total).toBe(wanted);
});
