/** The pages as HTML: what they show, that they show nothing of a person, and that what is shown cannot run. */
import { expect, test } from 'vitest';
import { issueOf, outcomeOf } from '../../src/fhir/outcome.ts';
import { startAdapter, type TestAdapter } from '../api/adapter.ts';
import {
  commit,
  deliverAll,
  idOf,
  NOW_MS,
  patient,
  recordOf,
  referral,
  refusedOf,
} from '../store/samples.ts';

async function page(adapter: TestAdapter, path: string): Promise<string> {
  const answer = await adapter.get(path);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  return await answer.text();
}

/** @returns the page's text without its markup */
function wordsOf(html: string): string {
  return html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

function manyRefused(count: number): ReturnType<typeof refusedOf>[] {
  return Array.from({ length: count }, (_, i) => refusedOf({ key: `R${i}`, line: i + 1, payload: { i } }));
}

test('shows an empty adapter without a gap', async () => {
  const words = wordsOf(await page(await startAdapter(), '/'));
  expect(words).toContain('Hedgerow status');
  expect(words).toContain('This is a demonstration.');
  expect(words).toContain('No record has come in yet.');
  expect(words).toContain('Nothing needs a person');
  expect(words).toContain(new Date(NOW_MS).getUTCFullYear().toString());
  expect(words).not.toMatch(/undefined|NaN|null|\[object/);
});

test('shows the flow with its counts, and the latest records with their state and their resources', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p')], { source: 'platform' }));
  const before = wordsOf(await page(adapter, '/'));
  expect(before).toContain('platform 1 kept, 0 rejected');
  expect(before).toContain('2 FHIR resources of 2 types');
  expect(before).toContain('ehr 0 delivered, 2 waiting');
  expect(before).toContain('At ehr Waiting');
  await deliverAll(adapter.store);
  const html = await page(adapter, '/');
  expect(wordsOf(html)).toContain('ehr 2 delivered, 0 waiting');
  expect(wordsOf(html)).toContain('At ehr Delivered');
  expect(html).toContain(`href="/fhir/R4/ServiceRequest/${idOf('r')}"`);
  expect((await adapter.get(`/fhir/R4/ServiceRequest/${idOf('r')}`)).status).toBe(200);
});

const SAFETY = issueOf({
  severity: 'warning',
  rule: 'score-phq-9-item-9',
  diagnostics: 'PHQ-9 calls for a safety check of this person.',
});
const ANSWERS = { resourceType: 'QuestionnaireResponse', id: idOf('answers'), status: 'completed' } as const;

test('puts a person who may come to harm first, with what to do and the answers', async () => {
  const adapter = await startAdapter();
  const warning = issueOf({ severity: 'warning', rule: 'map-x', diagnostics: 'A code has no map.' });
  await commit(adapter.store, refusedOf(), recordOf([patient('p')], { key: 'R2', warnings: [warning] }));
  const more = { key: 'R3', warnings: [warning, SAFETY], file: 'forms.csv', line: 4 };
  await commit(adapter.store, recordOf([ANSWERS], more));
  const html = await page(adapter, '/');
  const titles = [...html.matchAll(/<h3 class="nhsuk-heading-m">([^<]+)<\/h3>/g)].map(([, title]) => title);
  expect(titles).toEqual(['Safety checks of people: 1', 'Rejected records: 1', 'Warnings: 2']);
  expect(wordsOf(html)).toMatch(
    /Safety checks of people: 1 Do this first, today\. .*follow the service’s safety procedure\. .*forms\.csv:4 /,
  );
  const [, path] = /href="(\/work\/[0-9a-f-]{36})"/.exec(html)!;
  const item = await page(adapter, path!);
  expect(wordsOf(item)).toMatch(/Safety check of a person .*Where forms\.csv:4 .*Next step Do this first/);
  expect(item).toContain(`href="/fhir/R4/QuestionnaireResponse/${ANSWERS.id}"`);
  expect(wordsOf(await page(adapter, '/work?kind=safety'))).toContain('1 open. Do this first, today.');
});

test('calls things what their source calls them, and by plain words where it names none', async () => {
  const words = {
    platform: { person: 'young person', 'link worker': 'mentor', questionnaire: 'form', activity: 'session' },
  };
  const adapter = await startAdapter({ words });
  const own = { source: 'platform', kind: 'questionnaire', warnings: [SAFETY] };
  await commit(adapter.store, recordOf([patient('p'), ANSWERS], { ...own, key: 'F1' }));
  await commit(
    adapter.store,
    recordOf([patient('q')], { source: 'platform', kind: 'support', key: 'S1' }),
    recordOf([patient('r'), referral('r1', 'r')], { source: 'spreadsheet', key: 'R1' }),
  );
  const html = await page(adapter, '/');
  const words1 = wordsOf(html);
  expect(words1).toContain('Kind form Resources young person , form');
  expect(words1).toContain('Kind session Resources young person');
  expect(words1).toContain('Source spreadsheet Kind referral Resources person , referral');
  expect(words1).toContain('platform form 1 0');
  expect(words1).toContain('see to it that the mentor of the young person knows');
  const [, path] = /href="(\/work\/[0-9a-f-]{36})"/.exec(html)!;
  expect(wordsOf(await page(adapter, path!))).toMatch(/Kind form .*Read the form, .*the mentor of the young/);
  await commit(adapter.store, recordOf([ANSWERS], { ...own, source: 'spreadsheet', key: 'F2' }));
  expect(wordsOf(await page(adapter, '/'))).toContain('the link worker of the person knows');
});

test('names two resources of one type apart', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p'), patient('q')]));
  expect(wordsOf(await page(adapter, '/'))).toContain('person , person 2');
});

test('shows where a refused record is, which rule it breaks and what to change', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, refusedOf());
  const html = await page(adapter, '/');
  expect(wordsOf(html)).toMatch(
    /Rejected records: 1 .*referrals\.csv:7 .*hr-7 .*Column Need is empty; name a need\./,
  );
  const [, path] = /href="(\/work\/[^"]+)"/.exec(html)!;
  const item = wordsOf(await page(adapter, path!));
  expect(item).toMatch(/Rejected record .*referrals\.csv:7 .*Next step Correct the record at its source/);
  expect(item).not.toContain('To have it tried again');
});

test('shows how to have a parked delivery sent again', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p')]));
  const group = await adapter.store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 });
  const outcome = outcomeOf(issueOf({ rule: 'target-refused', diagnostics: 'The target refused it.' }));
  const parked = group!.entries.map(({ seq }) => ({ kind: 'park' as const, seq, outcome }));
  await adapter.store.settle('ehr', group!.deliveryKey, parked, NOW_MS);
  const html = await page(adapter, '/');
  expect(wordsOf(html)).toContain('At ehr Parked');
  const [, path] = /href="(\/work\/[0-9a-f-]{36})"/.exec(html)!;
  const item = wordsOf(await page(adapter, path!));
  expect(item).toContain(`npm run hedgerow -- replay --target ehr --resource Patient/${idOf('p')}`);
});

test('shows once what is held of a person, and how to have all of it judged again', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p')]));
  const group = await adapter.store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 });
  const outcome = outcomeOf(issueOf({ rule: 'hr-8', diagnostics: 'Not sent: no consent.' }));
  const held = group!.entries.map(({ seq }) => ({ kind: 'hold' as const, seq, outcome }));
  await adapter.store.settle('ehr', group!.deliveryKey, held, NOW_MS);
  const html = await page(adapter, '/');
  expect(wordsOf(html)).toContain('At ehr Held');
  expect(wordsOf(html)).toContain('People whose deliveries are held: 1');
  const [, path] = /href="(\/work\/[0-9a-f-]{36})"/.exec(html)!;
  expect(wordsOf(await page(adapter, path!))).toContain('replay --target ehr --state held');
});

test('shows five of a kind, and pages through all of them', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, ...manyRefused(120));
  const status = await page(adapter, '/');
  expect(status.match(/href="\/work\/[0-9a-f-]{36}"/g)).toHaveLength(5);
  expect(wordsOf(status)).toContain('See all 120');
  const seen = new Set<string>();
  let path: string | undefined = '/work?kind=rejected';
  while (path) {
    const html: string = await page(adapter, path);
    for (const [link] of html.matchAll(/href="\/work\/[0-9a-f-]{36}"/g)) seen.add(link);
    path = /href="(\/work\?kind=rejected&amp;after=[^"]+)"/.exec(html)?.[1]?.replace('&amp;', '&');
  }
  expect(seen.size).toBe(120);
});

test('says that an item was settled', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, refusedOf());
  const [item] = await adapter.store.worklist({ open: true, count: 1 });
  await adapter.store.resolveWork(item!.id, NOW_MS, 'operator');
  expect(wordsOf(await page(adapter, `/work/${item!.id}`))).toContain(
    'This was settled on 3 Mar 2025, 09:00:00 UTC',
  );
  expect(wordsOf(await page(adapter, '/work?kind=rejected'))).toContain('Nothing is open here.');
});

test.each([
  '/work/x',
  `/work/${idOf('none')}`,
  '/work',
  '/work?kind=all',
  '/work?kind=rejected&after=%00',
  '/work/%27',
])('has no page at %s, and says so in HTML', async (path) => {
  const adapter = await startAdapter();
  const answer = await adapter.get(path);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  expect(await answer.text()).toContain('<h1 class="nhsuk-heading-l">Page not found</h1>');
});

test('never shows a name, an NHS number or a record\u2019s key', async () => {
  const adapter = await startAdapter();
  const person = patient('p', {
    identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
  });
  const payload = { name: 'Robin Example', nhs: '9990000018' };
  await commit(adapter.store, recordOf([person], { key: 'KEY-OF-ROBIN', payload }));
  await commit(adapter.store, refusedOf({ key: '9990000026', payload: { name: 'Robin Example' } }));
  const status = await page(adapter, '/');
  const [, path] = /href="(\/work\/[0-9a-f-]{36})"/.exec(status)!;
  const all = [status, await page(adapter, path!), await page(adapter, '/work?kind=rejected')].join('');
  expect(all).not.toMatch(/Robin|999000|KEY-OF/);
});

test('shows markup in a diagnostic or a file name as text', async () => {
  const adapter = await startAdapter();
  const evil = '<script>alert(1)</script>"onload=x';
  const outcome = outcomeOf(issueOf({ rule: 'r-1', diagnostics: evil, expression: evil }));
  await commit(adapter.store, refusedOf({ file: evil, outcome }));
  const status = await page(adapter, '/');
  const [, path] = /href="(\/work\/[0-9a-f-]{36})"/.exec(status)!;
  for (const html of [status, await page(adapter, path!)]) {
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;onload=x');
    expect(html).not.toContain('<script');
  }
});

test('serves its stylesheets and icon, and no address of another host in them', async () => {
  const adapter = await startAdapter();
  const html = await page(adapter, '/');
  const links = [...html.matchAll(/<link [^>]*href="([^"]+)"/g)].map(([, link]) => link!);
  expect(links).toHaveLength(3);
  for (const link of links) {
    const answer = await adapter.get(link);
    expect([link, answer.status]).toEqual([link, 200]);
    if (link.endsWith('.css')) {
      expect(answer.headers.get('content-type')).toContain('text/css');
      expect(await answer.text()).not.toMatch(/url\(["']?(?:https?:)?\/\//);
    }
  }
  expect(html).not.toMatch(/<script|style="|src="http|<img/);
});
