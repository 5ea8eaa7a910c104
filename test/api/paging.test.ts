/** Paging while others write: nothing twice, and nothing lost of what was there at the start. */
import type { Bundle } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { commit, idOf, patient, recordOf, referral } from '../store/samples.ts';
import { bundleOf, expectOutcome, linkOf, matches, startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';

async function withReferrals(count: number): Promise<TestAdapter> {
  const adapter = await startAdapter();
  const rows = Array.from({ length: count }, (_, i) =>
    recordOf([patient(`p${i}`), referral(`r${i}`, `p${i}`)], { key: `R${i}` }),
  );
  await commit(adapter.store, ...rows);
  return adapter;
}

test.each(['', '&status=active,on-hold', '&authored=2025', '&_lastUpdated=ge2025'])(
  'pages through 1,000 resources while records are added and changed%s',
  async (filter) => {
    const adapter = await withReferrals(1_000);
    const seen: (string | undefined)[] = [];
    let url: string | undefined = `${adapter.url}${BASE}/ServiceRequest?_count=90${filter}`;
    for (let page = 0; url; page++) {
      const bundle: Bundle = await bundleOf(await fetch(url));
      seen.push(...matches(bundle));
      url = linkOf(bundle, 'next');
      const changed = referral(`r${page * 50}`, `p${page * 50}`, { priority: 'urgent' });
      const added = Array.from({ length: 5 }, (_, i) => referral(`new${page}-${i}`, 'p0'));
      await commit(
        adapter.store,
        recordOf([changed], { key: `R${page * 50}` }),
        recordOf(added, { key: `N${page}` }),
      );
      expect(page).toBeLessThan(40);
    }
    expect(new Set(seen).size).toBe(seen.length);
    const missing = Array.from({ length: 1_000 }, (_, i) => idOf(`r${i}`)).filter((id) => !seen.includes(id));
    expect(missing).toEqual([]);
  },
);

test('gives the total of all pages on each page, and no next link on the last', async () => {
  const adapter = await withReferrals(5);
  const first = await bundleOf(await adapter.get(`${BASE}/ServiceRequest?_count=3`));
  expect([first.total, matches(first).length]).toEqual([5, 3]);
  const last = await bundleOf(await fetch(linkOf(first, 'next')!));
  expect([last.total, matches(last).length, linkOf(last, 'next')]).toEqual([5, 2, undefined]);
  expect(linkOf(last, 'self')).toBe(linkOf(first, 'next'));
});

test('refuses a cursor that was altered, or taken from another search', async () => {
  const adapter = await withReferrals(5);
  const next = new URL(linkOf(await bundleOf(await adapter.get(`${BASE}/ServiceRequest?_count=2`)), 'next')!);
  const cursor = next.searchParams.get('_cursor')!;
  const other = cursor.startsWith('A') ? 'B' : 'A';
  const altered = [`${other}${cursor.slice(1)}`, cursor.slice(0, -4), `${cursor}x`, `${cursor} `, '1', ''];
  for (const text of altered) {
    next.searchParams.set('_cursor', text);
    const answer = await fetch(next);
    await expectOutcome(answer, 400, text === '' ? 'api-search-value' : 'api-cursor');
  }
  for (const path of [`ServiceRequest?status=active&_cursor=${cursor}`, `Patient?_cursor=${cursor}`])
    await expectOutcome(await adapter.get(`${BASE}/${path}`), 400, 'api-cursor');
  const wider = await adapter.get(`${BASE}/ServiceRequest?_count=4&_cursor=${cursor}`);
  expect(matches(await bundleOf(wider))).toHaveLength(3);
});

test('never gives a page of more than 500', async () => {
  const adapter = await withReferrals(600);
  const page = await bundleOf(await adapter.get(`${BASE}/Patient?_count=100000`));
  expect([matches(page).length, page.total]).toEqual([500, 600]);
});
