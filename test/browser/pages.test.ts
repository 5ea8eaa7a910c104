/** The pages in a real browser: WCAG 2.2 AA by axe-core, nothing asked of another host, and room on a phone. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueOf, outcomeOf } from '../../src/fhir/outcome.ts';
import type { TerminologyState } from '../../src/wire/terminology-server.ts';
import { startAdapter, type TestAdapter } from '../api/adapter.ts';
import { commit, idOf, NOW_MS, patient, recordOf, referral, refusedOf } from '../store/samples.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SIZES = [
  ['desktop', 1_200, 900],
  ['phone', 375, 800],
] as const;
/** What a page must do without scrolling sideways. @source WCAG 2.2, 1.4.10 */
const NARROWEST = 320;

const isMissing = !existsSync(CHROMIUM);
if (isMissing)
  console.warn(`The browser tests are skipped: there is no ${CHROMIUM}. Install the package chromium.`);

let browser: Browser | undefined;
beforeAll(async () => {
  if (!isMissing) browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
});
afterAll(async () => await browser?.close());

/** An adapter with something in every part of its pages. */
async function busyAdapter(): Promise<TestAdapter> {
  const words = { platform: { person: 'young person', 'link worker': 'mentor' } };
  const terminology = (): TerminologyState => ({
    circuit: 'open',
    lastFailure: { atMs: NOW_MS, reason: 'status 503' },
    held: 7,
    counts: { sent: 12, kept: 3, unknown: 1, failed: 5, skipped: 9 },
  });
  const adapter = await startAdapter({ words, terminology });
  const { store } = adapter;
  await commit(store, recordOf([patient('p'), referral('r', 'p')], { source: 'platform' }));
  const group = await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 });
  const outcome = outcomeOf(issueOf({ rule: 'target-refused', diagnostics: 'The target refused it.' }));
  const parked = group!.entries.map(({ seq }) => ({ kind: 'park' as const, seq, outcome }));
  await store.settle('ehr', group!.deliveryKey, parked, NOW_MS);
  const refused = Array.from({ length: 60 }, (_, i) =>
    refusedOf({ key: `R${i}`, line: i + 1, payload: { i } }),
  );
  await commit(store, ...refused);
  const rule = 'score-phq-9-item-9';
  const issue = issueOf({ severity: 'warning', rule, diagnostics: 'PHQ-9 calls for a safety check.' });
  const answers = { resourceType: 'QuestionnaireResponse', id: idOf('a'), status: 'completed' } as const;
  const from = { source: 'platform', kind: 'questionnaire', key: 'F1', file: 'forms.ndjson', line: 3 };
  await commit(store, recordOf([answers], { ...from, warnings: [issue] }));
  return adapter;
}

/** Opens a page, and holds it to ask nothing of another host and to complain of nothing. */
async function open(url: string, width: number, height: number): Promise<Page> {
  const page = await browser!.newPage({
    viewport: { width, height },
    javaScriptEnabled: true,
    bypassCSP: true,
  });
  const strange: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin)) strange.push(request.url());
  });
  page.on('console', (message) => strange.push(message.text()));
  page.on('requestfailed', (request) => strange.push(`failed: ${request.url()}`));
  await page.goto(url);
  expect(strange).toEqual([]);
  return page;
}

async function widthOf(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const { document } = globalThis as unknown as { document: { documentElement: { scrollWidth: number } } };
    return document.documentElement.scrollWidth;
  });
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(
    async (tags) =>
      await (
        globalThis as unknown as {
          axe: { run(o: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        }
      ).axe.run({ runOnly: tags }),
    WCAG,
  );
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`);
}

test.skipIf(isMissing).each(SIZES)('meets WCAG 2.2 AA on every page (%s)', async (_name, width, height) => {
  const adapter = await busyAdapter();
  const [rejected] = await adapter.store.worklist({ kind: 'rejected', open: true, count: 1 });
  const [parked] = await adapter.store.worklist({ kind: 'parked', open: true, count: 1 });
  const [safety] = await adapter.store.worklist({ kind: 'safety', open: true, count: 1 });
  const paths = [
    '/',
    '/work?kind=rejected',
    ...[rejected, parked, safety].map((item) => `/work/${item!.id}`),
  ];
  for (const path of paths) {
    const page = await open(adapter.url + path, width, height);
    expect([path, await violations(page)]).toEqual([path, []]);
    expect(await page.title()).toMatch(/^[A-Z].+ – Hedgerow$/);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await page.locator('h1').count()).toBe(1);
    expect([path, await widthOf(page)]).toEqual([path, width]);
    await page.close();
  }
});

test.skipIf(isMissing)('leads first to who needs a safety check, in the words of the source', async () => {
  const adapter = await busyAdapter();
  const page = await open(`${adapter.url}/`, 1_200, 900);
  const groups = page.locator('.hedgerow-group');
  expect(await groups.first().getByRole('heading').textContent()).toBe('Safety checks of people: 1');
  expect(await groups.first().textContent()).toContain('the mentor of the young person knows');
  const latest = page.getByRole('table', { name: 'The newest records and what became of them' });
  expect(await latest.getByRole('link', { name: 'young person', exact: true }).isVisible()).toBe(true);
  await page.getByRole('link', { name: 'forms.ndjson:3', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Safety check of a person' }).waitFor();
  expect(await page.getByText('Do this first, today.').textContent()).toContain(
    'the mentor of the young person',
  );
  const answers = page.getByRole('link', { name: /^QuestionnaireResponse\// });
  expect(await answers.getAttribute('href')).toBe(`/fhir/R4/QuestionnaireResponse/${idOf('a')}`);
  await page.close();
});

test.skipIf(isMissing)('needs no scrolling sideways on the narrowest screen', async () => {
  const adapter = await busyAdapter();
  for (const path of ['/', '/work?kind=parked']) {
    const page = await open(adapter.url + path, NARROWEST, 640);
    expect([path, await widthOf(page)]).toEqual([path, NARROWEST]);
    await page.close();
  }
});

test.skipIf(isMissing)('is an empty page without a fault, too', async () => {
  const adapter = await startAdapter({ targets: [] });
  const page = await open(`${adapter.url}/`, 375, 800);
  expect(await violations(page)).toEqual([]);
  await page.goto(`${adapter.url}/work/${idOf('none')}`);
  expect(await violations(page)).toEqual([]);
  await page.close();
});

test.skipIf(isMissing)(
  'leads from the status page to an item and back by keyboard, without scripts',
  async () => {
    const adapter = await busyAdapter();
    const page = await browser!.newPage({ javaScriptEnabled: false });
    await page.goto(`${adapter.url}/`);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to main content');
    await page.getByRole('link', { name: /^See all 60/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Rejected records' }).waitFor();
    await page.getByRole('link', { name: 'referrals.csv:1', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Rejected record', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Status', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Hedgerow status' }).waitFor();
    await page.getByRole('link', { name: 'referral', exact: true }).first().click();
    expect(new URL(page.url()).pathname).toBe(`/fhir/R4/ServiceRequest/${idOf('r')}`);
    await page.close();
  },
);
