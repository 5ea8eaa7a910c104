/** Looks at what changed, against servers that page, repeat, delete, lie and fail. */
import type { Practitioner } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type { Adapter } from '../../../src/cli/adapter.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Answer, Seen } from '../../servers/scripted.ts';
import { HOOK_SECRET_ENV, hook, startAdapter, until } from './adapters.ts';
import { startHookServer } from './hook-server.ts';

const LOOK = {
  mode: 'subscribe',
  types: ['Practitioner'],
  everySeconds: 3_600,
  overlapSeconds: 60,
  since: '2026-01-01T00:00:00Z',
  secretEnv: HOOK_SECRET_ENV,
};
const doctor = (id: string, version: number, lastUpdated: string): Practitioner => ({
  resourceType: 'Practitioner',
  id,
  meta: { versionId: String(version), lastUpdated },
  name: [{ family: `${id} ${version}` }],
});
const bundle = (resources: readonly Practitioner[], next?: string): Answer => ({
  status: 200,
  headers: { date: 'Sun, 01 Mar 2026 12:00:00 GMT' },
  body: {
    resourceType: 'Bundle',
    type: 'searchset',
    entry: resources.map((resource) => ({ resource })),
    ...(next === undefined ? {} : { link: [{ relation: 'next', url: next }] }),
  },
});
async function families(adapter: Adapter): Promise<(string | undefined)[]> {
  const { versions } = await adapter.store.search({ type: 'Practitioner', clauses: [], count: 50 });
  return versions.map(({ resource }) => (resource as Practitioner).name?.[0]?.family).sort();
}
/** @returns `_lastUpdated` or `_since` of each look */
const windows = (seen: readonly Seen[]): string[] =>
  seen.flatMap(({ path }) => /(?:_lastUpdated=ge|_since=)([^&]+)/.exec(path)?.[1] ?? []);
async function looks(adapter: Adapter, seen: readonly Seen[], count: number): Promise<void> {
  while (windows(seen).length < count) {
    await hook(adapter);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('follows pages, begins again before the last change, and passes over what it has', async () => {
  const ehr = await startHookServer(({ path, headers }) =>
    path.startsWith('/page-2')
      ? bundle([doctor('b', 1, '2026-03-01T10:00:00Z')])
      : bundle([doctor('a', 1, '2026-03-01T09:00:00Z')], `http://${headers.host}/page-2?x=1`),
  );
  const adapter = await startAdapter(ehr, LOOK);
  await until(async () => (await families(adapter)).length === 2);
  await looks(adapter, ehr.seen, 3);
  expect(windows(ehr.seen).slice(0, 3)).toEqual([
    '2025-12-31T23:59:00.000Z',
    '2026-03-01T09:00:00.000Z', // goes on from what it saw last, and follows the next page where that leads no further
    '2026-03-01T09:59:00.000Z',
  ]);
  expect(await families(adapter)).toEqual(['a 1', 'b 1']);
  expect((await adapter.store.counts()).sources.find(({ source }) => source === 'ehr')?.records).toBe(2);
}, 60_000);

const at = (minute: number): string => `2026-03-01T09:${String(minute).padStart(2, '0')}:00Z`;
test.each([
  ['each at a time of its own', (nth: number) => at(nth)],
  ['all at one time', () => at(1)],
])(
  'what changes while pages are read makes nothing fall between them: %s',
  async (_name, timeOf) => {
    let all = ['a', 'b', 'c', 'd', 'e'].map((id, nth) => doctor(id, 1, timeOf(nth + 1)));
    let asked = 0;
    const ehr = await startHookServer(({ path, headers }) => {
      const one = all.find(({ id }) => path === `/Practitioner/${id}`);
      if (one) return { status: 200, body: one };
      if (!path.startsWith('/Practitioner?')) return undefined;
      const query = new URL(path, `http://${headers.host}`).searchParams;
      const offset = Number(query.get('_offset') ?? 0);
      asked += 1;
      // between the first two pages somebody writes what was on the first
      if (asked === 2) all = [...all.slice(1), doctor('a', 2, '2026-03-01T12:00:30Z')];
      const fromMs = Date.parse(query.get('_lastUpdated')!.slice(2));
      const found = all.filter(({ meta }) => Date.parse(meta!.lastUpdated!) >= fromMs);
      query.set('_offset', String(offset + 2));
      const next = offset + 2 < found.length ? `http://${headers.host}/Practitioner?${query}` : undefined;
      return bundle(found.slice(offset, offset + 2), next);
    });
    const adapter = await startAdapter(ehr, LOOK);
    await until(async () => (await families(adapter)).includes('a 2'));
    const before = windows(ehr.seen).length;
    await looks(adapter, ehr.seen, before + 1);
    await until(async () => (await families(adapter)).length === 5);
    expect(await families(adapter)).toEqual(['a 2', 'b 1', 'c 1', 'd 1', 'e 1']);
  },
  60_000,
);

test('a change that is dated in the time to come does not hide those until then', async () => {
  const ehr = await startHookServer(() => bundle([doctor('a', 1, '2027-01-01T00:00:00Z')]));
  const adapter = await startAdapter(ehr, LOOK);
  await until(async () => (await families(adapter)).length === 1);
  await looks(adapter, ehr.seen, 2);
  expect(windows(ehr.seen)[1]).toBe('2026-03-01T11:59:00.000Z');
}, 60_000);

test.each<[string, Answer | ((seen: Seen) => Answer)]>([
  ['an answer that is no Bundle', { status: 200, body: { resourceType: 'Patient', id: 'x' } }],
  ['an entry without a valid id', bundle([doctor('../../x', 1, '2026-03-01T09:00:00Z')])],
  ['an answer that is too large', { status: 200, body: `{"a":"${'x'.repeat(17 * 1024 * 1024)}"}` }],
  [
    'an answer that is nested without end',
    {
      status: 200,
      body: `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Practitioner","id":"a","x":${'['.repeat(5_000)}${']'.repeat(5_000)}}}]}`,
    },
  ],
  ['a next page at another host', bundle([], 'http://elsewhere.example/page')],
  ['pages that lead back to one another', ({ headers, path }) => bundle([], `http://${headers.host}${path}`)],
  ['an answer that is cut off', { cut: 'mid-body' }],
  ['an error', { status: 500 }],
])(
  '%s is refused whole, and the window is read again',
  async (_name, broken) => {
    let isBroken = true;
    const ehr = await startHookServer((seen) =>
      !isBroken
        ? bundle([doctor('a', 1, '2026-03-01T09:00:00Z')])
        : typeof broken === 'function'
          ? broken(seen)
          : broken,
    );
    const adapter = await startAdapter(ehr, LOOK);
    await until(async () => ehr.seen.length > 0);
    isBroken = false;
    await until(async () => (await hook(adapter)).ok && (await families(adapter)).length === 1);
    expect(new Set(windows(ehr.seen).slice(0, 2))).toEqual(new Set(['2025-12-31T23:59:00.000Z']));
  },
  60_000,
);

test('a history tells of a deletion: nothing is deleted here, and a person is told', async () => {
  let isDeleted = false;
  const entries = () => [
    {
      request: { method: 'DELETE', url: 'Practitioner/a' },
      response: { lastModified: '2026-03-01T11:00:00Z' },
    },
    { resource: doctor('a', 2, '2026-03-01T10:00:00Z'), request: { method: 'PUT', url: 'Practitioner/a' } },
    { resource: doctor('a', 1, '2026-03-01T09:00:00Z'), request: { method: 'PUT', url: 'Practitioner/a' } },
  ];
  const ehr = await startHookServer(({ path }) =>
    path.endsWith('/Practitioner/a')
      ? { status: 410 }
      : {
          status: 200,
          body: { resourceType: 'Bundle', type: 'history', entry: entries().slice(isDeleted ? 0 : 1) },
        },
  );
  const adapter = await startAdapter(ehr, { ...LOOK, by: 'history' });
  await until(async () => (await families(adapter)).length === 1);
  expect(await families(adapter)).toEqual(['a 2']);
  isDeleted = true;
  const told = () => adapter.store.worklist({ kind: 'conflict', open: true, count: 5 });
  await until(async () => (await hook(adapter)).ok && (await told()).length > 0);
  expect((await told()).map(({ outcome }) => outcome.issue.map(ruleOf))).toEqual([['store-deleted-there']]);
  expect(await families(adapter)).toEqual(['a 2']);
}, 60_000);
