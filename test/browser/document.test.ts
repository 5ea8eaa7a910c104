/** A document in a real browser: WCAG 2.2 AA by axe-core, nothing fetched or run, no sideways scrolling, two sheets of A4 at most. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  AT_RISK,
  AT_RISK_REQUEST,
  assembled,
  CLOSED,
  CLOSED_REQUEST,
  documentOf,
} from '../target/document/samples.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const isMissing = !existsSync(CHROMIUM);
if (isMissing)
  console.warn(`The browser tests are skipped: there is no ${CHROMIUM}. Install the package chromium.`);

let browser: Browser | undefined;
beforeAll(async () => {
  if (!isMissing) browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
});
afterAll(async () => await browser?.close());

const CASES = [
  ['a closed referral', CLOSED, CLOSED_REQUEST, { trigger: 'closed' }],
  ['a closed referral in codes only', CLOSED, CLOSED_REQUEST, { trigger: 'closed', isCodedOnly: true }],
  ['a person at risk', AT_RISK, AT_RISK_REQUEST, { trigger: 'action' }],
] as const;

test.skipIf(isMissing).each(CASES)(
  'the page of %s can be read by everybody, and printed',
  async (_name, folders, key, options) => {
    const { html } = await documentOf(assembled(...folders), key, options);
    const page = await browser!.newPage({ viewport: { width: 320, height: 800 }, bypassCSP: true });
    const strange: string[] = [];
    page.on('request', (request) => strange.push(request.url()));
    page.on('console', (message) => strange.push(message.text()));
    await page.setContent(html);
    expect(strange.filter((one) => one !== 'about:blank')).toEqual([]);
    const wide = await page.evaluate(
      () =>
        (globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }).document
          .documentElement.scrollWidth,
    );
    expect(wide).toBeLessThanOrEqual(320);
    await page.evaluate(AXE);
    const violations = await page.evaluate(async (tags) => {
      const { axe } = globalThis as unknown as {
        axe: { run(o: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      return (await axe.run({ runOnly: tags })).violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
    }, WCAG);
    expect(violations).toEqual([]);
    const printed = await page.pdf({ preferCSSPageSize: true });
    const pages = printed.toString('latin1').match(/\/Type\s*\/Page\b/g)!.length;
    expect(pages).toBeLessThanOrEqual(2);
    await page.close();
  },
);
