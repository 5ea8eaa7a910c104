/** The report and the MeasureReports of a made-up population, through the shipped tables and the suppression of small numbers. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { suppressTables } from '../../../src/research/disclosure/suppress.ts';
import type { CountTable } from '../../../src/research/disclosure/table.ts';
import { measureReports } from '../../../src/research/measures/measure-reports.ts';
import { readPlaces, withPlace } from '../../../src/research/places/places.ts';
import type { ReportTable } from '../../../src/research/report/input.ts';
import { writeReport } from '../../../src/research/report/write.ts';
import { PLACES, placesCsv, population, TODAY } from '../population.ts';
import { derived, rowsOf, SETTINGS, shippedTables } from '../tables/bench.ts';
import { emptyFolder } from '../tables/folder.ts';
import { CHART_FAULTS, TOO_WIDE } from './look.ts';
import { ABOUT } from './samples.ts';

const CHROMIUM = '/usr/bin/chromium';

/** @returns every table of counts that is shipped, as it may be published */
async function published(people: number): Promise<ReportTable[]> {
  const file = join(emptyFolder(), 'places.csv');
  writeFileSync(file, placesCsv());
  const places = await readPlaces({ path: file });
  const nowMs = Date.parse(TODAY);
  const held = [...population({ people })].map((one) => withPlace(one, places, nowMs).resource);
  const { derived: all } = await shippedTables();
  const tables = [...all.values()].filter(({ kind }) => kind === 'aggregate');
  const living = [...new Set(PLACES.map(({ neighbourhood }) => neighbourhood))];
  const settings = {
    ...SETTINGS,
    population: living.map((name) => ['neighbourhood', name, 5_000] as const),
  };
  const rows = await derived(
    tables.map(({ name }) => name),
    await rowsOf(held),
    settings,
  );
  const counts = tables.map(
    ({ name, columns }): CountTable => ({
      name,
      columns,
      rows: rows[name]!.map((row) =>
        columns.map((column) => (row[column.name] ?? null) as string | number | null),
      ),
    }),
  );
  const shown = suppressTables(counts, ABOUT.smallNumbers);
  return tables.map((table, at) => ({ ...table, rows: shown[at]!.rows }));
}

test('every part has something to show, every chart holds, and no small number is told', async () => {
  const tables = await published(1_500);
  const folder = emptyFolder();
  const path = join(folder, 'report.html');
  await writeReport(tables, ABOUT, path);
  expect(readFileSync(path, 'utf8')).not.toContain('There is nothing to show');
  expect(readFileSync(path, 'utf8').match(/<svg/g)!.length).toBe(18);
  for (const file of readdirSync(join(folder, 'report.csv')))
    expect(readFileSync(join(folder, 'report.csv', file), 'utf8'), file).not.toContain('undefined');
  if (!existsSync(CHROMIUM)) return;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--headless', '--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
  await page.goto(pathToFileURL(path).href);
  expect(await page.evaluate(CHART_FAULTS)).toEqual([]);
  expect(await page.evaluate(TOO_WIDE)).toEqual([]);
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 690, height: 990 });
  expect(await page.evaluate(TOO_WIDE)).toEqual([]);
});

test('every measure is reported, with counts that the tables tell', async () => {
  const tables = await published(400);
  const reports = measureReports(tables, ABOUT);
  expect(reports.map(({ measure }) => measure.replace(/^.*\/([\w-]+)\|.*$/, '$1'))).toEqual([
    'reach',
    'needs',
    'support',
    'outcomes',
    'use-of-health-services',
    'frequent-visitors',
  ]);
  const told = new Set(tables.flatMap(({ rows }) => rows.flat()).filter((cell) => typeof cell === 'number'));
  const goals = tables.find(({ name }) => name === 'goal_attainment')!;
  const at = goals.columns.findIndex(({ name }) => name === 'goals');
  told.add(goals.rows.reduce((total, row) => total + Number(row[at]), 0));
  const counts = reports.flatMap(({ group }) =>
    group!.flatMap(({ stratifier }) =>
      stratifier!.flatMap(({ stratum }) =>
        stratum!.flatMap(({ population: of }) => of!.map(({ count }) => count)),
      ),
    ),
  );
  expect(counts.length).toBeGreaterThan(100);
  expect(counts.filter((count) => count !== undefined && !told.has(count))).toEqual([]);
});
