/** The report in a real browser, from the file: it asks for nothing, everybody can read it, and its charts show what its tables say. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeReport } from '../../../src/research/report/write.ts';
import { barWidths, CHART_FAULTS, CUT_TEXT, SHOWN_TABLES, TOO_WIDE } from './look.ts';
import { ODD } from './odd.ts';
import { ABOUT, TABLES } from './samples.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** @source WCAG 2.2, 1.4.10 */
const NARROWEST = 320;

const isMissing = !existsSync(CHROMIUM);
if (isMissing) console.warn(`The report is not looked at: there is no ${CHROMIUM}.`);

let browser: Browser | undefined;
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-report-'));
const path = join(folder, 'report.html');
beforeAll(async () => {
  await writeReport(TABLES, ABOUT, path);
  if (!isMissing) browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** @returns the page, and what it asked for or complained of */
async function open(width: number, bypassCSP = false, at = path): Promise<{ page: Page; strange: string[] }> {
  const page = await browser!.newPage({ viewport: { width, height: 900 }, bypassCSP });
  const strange: string[] = [];
  page.on('request', (request) => strange.push(request.url()));
  page.on('console', (message) => strange.push(message.text()));
  page.on('pageerror', (error) => strange.push(error.message));
  await page.goto(pathToFileURL(at).href);
  return { page, strange };
}

test.skipIf(isMissing)('asks for nothing but itself, and complains of nothing', async () => {
  const { page, strange } = await open(1_280);
  expect(strange).toEqual([pathToFileURL(path).href]);
  expect(await page.title()).toBe('Who is reached, and what it changed, 1 April 2025 to 31 March 2026');
  await page.close();
});

test.skipIf(isMissing).each([
  ['desktop', 1_280, 'screen'],
  ['phone', 375, 'screen'],
  ['paper', 690, 'print'],
] as const)('has no fault of access on a %s', async (_, width, media) => {
  const { page } = await open(width, true);
  await page.emulateMedia({ media });
  await page.evaluate(AXE);
  const found = await page.evaluate(
    `axe.run({ runOnly: ${JSON.stringify(WCAG)} }).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`,
  );
  expect(found).toEqual([]);
  await page.close();
});

test.skipIf(isMissing).each([
  ['desktop', 1_280, 'screen'],
  ['phone', 375, 'screen'],
  ['paper', 690, 'print'],
] as const)(
  'every chart is drawn on a %s: no text is cut or covered, nothing lies outside',
  async (_, width, media) => {
    const { page } = await open(width);
    await page.emulateMedia({ media });
    expect(await page.evaluate(CHART_FAULTS)).toEqual([]);
    expect(await page.evaluate(CUT_TEXT)).toEqual([]);
    if (width > 375) expect(await page.evaluate(TOO_WIDE)).toEqual([]);
    await page.close();
  },
);

test.skipIf(isMissing).each(Object.entries(ODD))('charts hold: %s', async (name, tables) => {
  const at = join(folder, `${name.replaceAll(' ', '-')}.html`);
  await writeReport(tables, ABOUT, at);
  const { page } = await open(1_280, false, at);
  expect(await page.evaluate(CHART_FAULTS)).toEqual([]);
  await page.close();
});

test.skipIf(isMissing)(
  'does not scroll sideways on the narrowest screen, but its tables and charts do',
  async () => {
    const { page } = await open(NARROWEST);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(NARROWEST);
    const scrolling = await page.evaluate(
      `[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth).length`,
    );
    expect(scrolling).toBeGreaterThan(10);
    await page.close();
  },
);

/** As the page writes them: thousands apart, a real minus, a dash for what is not known, a month in words. */
const asShown = (text: string): string => text.replaceAll(',', '').replace('\u2212', '-').replace(/^–$/, '');
const isFigure = (text: string): boolean => /^(?:-?\d+(?:\.\d+)?|\[c\]|)$/.test(text);

test.skipIf(isMissing)(
  'each table says, figure for figure, what its link saves and what lies beside the page',
  async () => {
    const { page } = await open(1_280);
    const shown = (await page.evaluate(SHOWN_TABLES)) as { id: string; rows: string[][]; saved: string }[];
    expect(shown.length).toBe(18);
    for (const { id, rows, saved } of shown) {
      expect(readFileSync(join(folder, 'report.csv', `${id}.csv`), 'utf8')).toBe(saved);
      const lines = saved.trimEnd().split('\r\n').slice(1);
      expect(lines.length).toBe(rows.length);
      for (const [at, line] of lines.entries()) {
        const cells = rows[at]!.map(asShown);
        const figures = line.split(',').filter(isFigure);
        expect({ id, cells: cells.filter(isFigure) }).toEqual({ id, cells: figures });
      }
    }
    await page.close();
  },
);

test.skipIf(isMissing)('bars are as long as their numbers', async () => {
  const { page } = await open(1_280);
  const widths = (await page.evaluate(barWidths('funnel'))) as number[];
  const people = [640, 560, 480, 390, 310, 245];
  expect(widths.length).toBe(people.length);
  for (const [at, count] of people.entries())
    expect(widths[at]! / widths[0]!).toBeCloseTo(count / people[0]!, 2);
  await page.close();
});

test.skipIf(isMissing)('the link saves the table as a file', async () => {
  const { page } = await open(1_280);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('article[aria-labelledby="gp-contacts"] a.csv').click(),
  ]);
  expect(download.suggestedFilename()).toBe('gp-contacts.csv');
  expect(readFileSync(await download.path(), 'utf8')).toContain('before,210,1070,5.1');
  await page.close();
});
