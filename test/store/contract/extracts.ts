/** What any engine gives of a type as it was at one moment: each resource once, whatever is committed between pages. */
import { expect, test } from 'vitest';
import { CONFIDENTIALITY_SYSTEM } from '../../../src/fhir/identifiers.ts';
import type {
  ExtractQuery,
  Identified,
  SearchClause,
  SeenStore,
  Store,
  Viewer,
} from '../../../src/store/store.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { contact, idOf, NOW_MS, organization, patient, RULES, recordOf, withNhsNumber } from '../samples.ts';
import { consentOf } from './sealed.ts';

const NAMES = ['a', 'b', 'c', 'd', 'ea', 'eb', 'org', 'late', 'gone', 'back'];
const nameOf = (id: string): string => NAMES.find((name) => idOf(name) === id) ?? id;
type Asked = Partial<Omit<ExtractQuery, 'type' | 'after'>>;

/** All pages, as `name/version`, with `-` before what is deleted. @param between what is done after each page */
async function extracted(
  seen: SeenStore,
  type: string,
  asked: Asked = {},
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const found: string[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const query: ExtractQuery = { type, asOfMs: NOW_MS + 1_000, count: 2, ...asked, after };
    const page = await seen.extract(query);
    expect(page.versions.length).toBeLessThanOrEqual(query.count);
    for (const one of page.versions) {
      if (one.state === 'current') expect(JSON.parse(one.text!)).toEqual(one.resource);
      found.push(`${one.state === 'current' ? '' : '-'}${nameOf(one.id)}/${one.version}`);
    }
    if (page.next !== undefined) expect(page.next).toBeGreaterThan(after);
    after = page.next;
    await between();
  }
  return found;
}

let key = 0;
async function put(
  store: Store,
  ms: number,
  resources: readonly Identified[],
  ownerOrg = 'X26',
): Promise<void> {
  const record = recordOf(resources, { sourceTimeMs: NOW_MS + ms, key: `E${++key}`, ownerOrg });
  await store.commit([record], RULES, NOW_MS + ms);
}

async function remove(store: Store, ms: number, type: string, name: string): Promise<void> {
  const resource = `${type}/${idOf(name)}` as const;
  const client = {
    ...{ viewer: SEES_ALL, refersTo: [], places: new Map(), methods: new Map(), deletes: [resource] },
    expects: [{ kind: 'version', resource, version: 'some' } as const],
  };
  const record = { ...recordOf([], { sourceTimeMs: NOW_MS + ms, key: `E${++key}` }), client };
  const [result] = await store.commit([record], RULES, NOW_MS + ms);
  expect(result?.state).toBe('committed');
}

const female = (name: string): Identified => patient(name, { gender: 'female' });
const viewerOf = (more: Partial<Viewer>): Viewer => ({ ...SEES_ALL, ...more });

export function extractContract(open: () => Promise<Store>): void {
  test('gives what was current then, in the version of then, page by page', async () => {
    const store = await open();
    await put(
      store,
      0,
      ['a', 'b', 'c', 'gone', 'd'].map((name) => patient(name)),
    );
    await put(store, 10, [female('a')]);
    await put(store, 20, [female('b'), patient('late')]);
    await remove(store, 5, 'Patient', 'gone');
    await remove(store, 20, 'Patient', 'd');
    const seen = store.seenBy(SEES_ALL);
    for (const count of [1, 2, 50]) {
      const at = (ms: number) => extracted(seen, 'Patient', { asOfMs: NOW_MS + ms, count });
      expect(await at(-1)).toEqual([]);
      expect(await at(0)).toEqual(['a/1', 'b/1', 'c/1', 'gone/1', 'd/1']);
      expect(await at(10)).toEqual(['a/2', 'b/1', 'c/1', 'd/1']);
      expect(await at(20)).toEqual(['a/2', 'b/2', 'c/1', 'late/1']);
    }
    expect(await extracted(seen, 'Encounter')).toEqual([]);
  });

  test('gives what was deleted where that is asked for, and what has changed since a moment alone', async () => {
    const store = await open();
    await put(
      store,
      0,
      ['a', 'b', 'gone', 'back'].map((name) => patient(name)),
    );
    await remove(store, 10, 'Patient', 'gone');
    await remove(store, 10, 'Patient', 'back');
    await put(store, 20, [female('a')]);
    await put(store, 30, [patient('back')]);
    const seen = store.seenBy(SEES_ALL);
    const since = (sinceMs: number, asOfMs: number, withDeleted = true) =>
      extracted(seen, 'Patient', { sinceMs: NOW_MS + sinceMs, asOfMs: NOW_MS + asOfMs, withDeleted });
    expect(await since(0, 10)).toEqual(['-gone/2', '-back/2']);
    expect(await since(0, 10, false)).toEqual([]);
    expect(await since(0, 25)).toEqual(['a/2', '-gone/2', '-back/2']);
    expect(await since(10, 30)).toEqual(['a/2', 'back/3']);
    expect(await since(20, 25)).toEqual([]);
    const deleted = await seen.extract({
      type: 'Patient',
      asOfMs: NOW_MS + 10,
      count: 9,
      after: 0,
      withDeleted: true,
    });
    expect(deleted.versions.filter((one) => one.resource !== undefined).map((one) => nameOf(one.id))).toEqual(
      ['a', 'b'],
    );
  });

  test('meets each once, as it was, while others change, delete, make anew and add', async () => {
    const store = await open();
    await put(
      store,
      0,
      ['a', 'b', 'c', 'gone', 'back', 'd'].map((name) => patient(name)),
    );
    await remove(store, 1, 'Patient', 'back');
    let ms = 10;
    const seen = store.seenBy(SEES_ALL);
    const asOf = { asOfMs: NOW_MS + 5, count: 1 };
    const found = await extracted(seen, 'Patient', asOf, async () => {
      ms += 10;
      if (ms > 80) return;
      await put(store, ms, [patient('a', { birthDate: `19${ms}-01-01` }), female('d'), patient(`n${ms}`)]);
      if (ms === 20) await remove(store, ms + 1, 'Patient', 'gone');
      if (ms === 30) await put(store, ms + 1, [patient('back')]);
      if (ms === 40) await put(store, ms + 1, [patient('gone')]);
    });
    expect(found).toEqual(['a/1', 'b/1', 'c/1', 'gone/1', 'd/1']);
  });

  test('gives of people what is theirs, by their own id or by that of a patient who was joined to them', async () => {
    const store = await open();
    await put(store, 0, [withNhsNumber('a', '9990000018'), contact('ea', 'a'), organization('org')]);
    await put(store, 0, [withNhsNumber('b', '9990000018'), contact('eb', 'b')]);
    await put(store, 0, [patient('c')]);
    const seen = store.seenBy(SEES_ALL);
    const of = async (type: string, people: ExtractQuery['people']) =>
      (await extracted(seen, type, people ? { people } : {})).toSorted();
    expect(await store.personOf(idOf('b'))).toBe(idOf('a'));
    for (const name of ['a', 'b']) {
      expect(await of('Patient', [idOf(name)])).toEqual(['a/1', 'b/1']);
      expect(await of('Encounter', [idOf(name)])).toEqual(['ea/1', 'eb/1']);
    }
    expect(await of('Encounter', [idOf('c'), "'", 'nobody'])).toEqual([]);
    expect(await of('Patient', [])).toEqual([]);
    expect(await of('Patient', 'all')).toEqual(['a/1', 'b/1', 'c/1']);
    expect(await of('Organization', 'all')).toEqual([]);
    expect(await of('Organization', undefined)).toEqual(['org/1']);
  });

  test('holds to what a viewer sees: organisations, scopes, labels and consent', async () => {
    const store = await open();
    await put(store, 0, [patient('a'), contact('ea', 'a')], 'AAA');
    await put(store, 0, [patient('b'), contact('eb', 'b', { status: 'planned' })], 'BBB');
    const as = (more: Partial<Viewer>, type = 'Encounter') => extracted(store.seenBy(viewerOf(more)), type);
    expect(await as({ organisations: ['AAA'] })).toEqual(['ea/1']);
    expect(await as({ organisations: [] })).toEqual([]);
    expect(await as({ types: new Map() })).toEqual([]);
    const planned = { kind: 'token', param: 'status', values: [{ code: 'planned' }] } as const;
    expect(await as({ types: new Map([['Encounter', [[planned]]]]) })).toEqual(['eb/1']);
    expect(await as({ breaksGlass: false, purpose: 'refer' })).toEqual([]);
    await put(store, 5, [consentOf('con', 'b')], 'BBB');
    await store.seenBy(SEES_ALL).read('Consent', idOf('con'));
    expect(await as({ breaksGlass: false, purpose: 'refer' })).toEqual(['eb/1']);
  });

  test('a label on any version hides the versions of then, and what was deleted', async () => {
    const store = await open();
    const labelled = (name: string): Identified => ({
      ...contact(name, 'a', { status: 'in-progress' }),
      meta: { security: [{ system: CONFIDENTIALITY_SYSTEM, code: 'R' }] },
    });
    await put(store, 0, [patient('a'), labelled('ea'), contact('eb', 'a')]);
    await put(store, 10, [contact('ea', 'a')]);
    await put(store, 20, [labelled('eb')]);
    const seen = store.seenBy(viewerOf({ breaksGlass: false }));
    const at = (ms: number, withDeleted = false) =>
      extracted(seen, 'Encounter', { asOfMs: NOW_MS + ms, withDeleted });
    expect(await at(0)).toEqual([]);
    expect(await at(10)).toEqual(['ea/2']);
    await remove(store, 30, 'Encounter', 'eb');
    await remove(store, 30, 'Encounter', 'ea');
    expect(await at(40, true)).toEqual([]);
    const all = await extracted(store.seenBy(SEES_ALL), 'Encounter', { withDeleted: true });
    expect(all).toEqual(['-ea/3', '-eb/3']);
  });

  test('gives what one of the sets of conditions holds for, and is told nothing by a chain of what is hidden', async () => {
    const store = await open();
    await put(store, 0, [patient('a', { gender: 'female' }), contact('ea', 'a')], 'AAA');
    await put(store, 0, [patient('b', { gender: 'male' })], 'BBB');
    await put(store, 0, [contact('eb', 'b', { status: 'planned' })], 'AAA');
    const status = (code: string): SearchClause => ({ kind: 'token', param: 'status', values: [{ code }] });
    const gender = (code: string): SearchClause => {
      const clauses: SearchClause[] = [{ kind: 'token', param: 'gender', values: [{ code }] }];
      return { kind: 'chain', param: 'patient', type: 'Patient', clauses };
    };
    const all = store.seenBy(SEES_ALL);
    const only = (...sets: SearchClause[][]) => extracted(all, 'Encounter', { only: sets });
    expect(await only([status('planned')])).toEqual(['eb/1']);
    expect(await only([status('planned')], [status('finished')])).toEqual(['ea/1', 'eb/1']);
    expect(await only([status('planned'), gender('female')])).toEqual([]);
    expect(await only([gender('male')])).toEqual(['eb/1']);
    expect(await only()).toEqual([]);
    const tenant = store.seenBy(viewerOf({ organisations: ['AAA'] }));
    expect(await extracted(tenant, 'Encounter', { only: [[gender('male')]] })).toEqual([]);
    expect(await extracted(tenant, 'Encounter')).toEqual(['ea/1', 'eb/1']);
  });

  test('gives nothing of who was erased, not even of before', async () => {
    const store = await open();
    await put(store, 0, [patient('a'), contact('ea', 'a')]);
    await store.erasePerson(idOf('a'), 'dpo', NOW_MS + 10);
    const seen = store.seenBy(SEES_ALL);
    expect(await extracted(seen, 'Encounter', { asOfMs: NOW_MS + 5 })).toEqual([]);
    expect(await extracted(seen, 'Encounter')).toEqual([]);
    expect(await extracted(seen, 'Encounter', { withDeleted: true })).toEqual(['-ea/2']);
  });
}
