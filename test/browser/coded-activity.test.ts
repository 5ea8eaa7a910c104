/** The page of coded activity in a real browser: WCAG 2.2 AA by axe-core, and room on a phone. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAdapter, type TestAdapter } from '../api/adapter.ts';
import { agreed, openDesk, PLACES, PRACTICE, referred, registered } from '../target/coded/harness.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const isMissing = !existsSync(CHROMIUM);
if (isMissing) console.warn(`The page of coded activity is not looked at: there is no ${CHROMIUM}.`);

let browser: Browser | undefined;
beforeAll(async () => {
  if (!isMissing) browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
});
afterAll(async () => await browser?.close());

/** Entries of several practices, for several reasons. */
async function busyAdapter(): Promise<TestAdapter> {
  const adapter = await startAdapter();
  const desk = openDesk(adapter.store);
  await desk.commit([...PLACES, registered('p', '9990000018'), agreed('p'), referred('r', 'p')], {
    key: 'P',
  });
  await desk.lists.next(PRACTICE, '2025-03-01');
  const other = { practice: 'other-practice' };
  await desk.commit([registered('q', '9990000026', other), agreed('q'), referred('s', 'q')], { key: 'Q' });
  await desk.commit([registered('u', '9990000034', { status: '02' }), referred('t', 'u')], { key: 'U' });
  return adapter;
}

test.runIf(!isMissing).each([
  ['desktop', 1_200, 900],
  ['phone', 375, 800],
])('shows what is not in the record, without a fault of access, on a %s', async (_name, width, height) => {
  const adapter = await busyAdapter();
  const page = await browser!.newPage({ viewport: { width, height }, bypassCSP: true });
  await page.goto(`${adapter.url}/coded-activity`);
  const text = await page.locator('main').innerText();
  expect(text).toContain('3 entries are not in the GP record yet');
  expect(text).toContain('No verified NHS number');
  expect(text).toContain('Y99999');
  expect(text).not.toMatch(/9990000018|Robin/);
  await page.addScriptTag({ content: AXE });
  const found = (await page.evaluate(
    `axe.run({ runOnly: ${JSON.stringify(WCAG)} }).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`,
  )) as string[];
  expect(found).toEqual([]);
  const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
  expect(wide).toBeLessThanOrEqual(width);
  await page.close();
});
