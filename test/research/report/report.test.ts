/** The report as a file: what it says of small numbers, what it does with nothing, and that it is written whole or not at all. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { suppressTables } from '../../../src/research/disclosure/suppress.ts';
import { SMALL_NUMBERS } from '../../../src/research/disclosure/table.ts';
import type { ReportTable } from '../../../src/research/report/input.ts';
import { writeReport } from '../../../src/research/report/write.ts';
import { ABOUT, TABLES } from './samples.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hedgerow-report-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, 'report.html');
const page = (): string => readFileSync(path(), 'utf8');
const everything = (): string =>
  [
    page(),
    ...readdirSync(join(folder, 'report.csv')).map((one) =>
      readFileSync(join(folder, 'report.csv', one), 'utf8'),
    ),
  ].join('\n');
const tableOf = (name: string): ReportTable => TABLES.find((one) => one.name === name)!;
const readingOf = (id: string): string =>
  /<p class="reading">([^<]*)<\/p>/.exec(page().split(`aria-labelledby="${id}"`)[1]!)![1]!;

test('the same tables give the same bytes', async () => {
  await writeReport(TABLES, ABOUT, path());
  const first = everything();
  await writeReport(TABLES, ABOUT, path());
  expect(everything()).toBe(first);
  expect(readdirSync(folder).sort()).toEqual(['report.csv', 'report.html']);
});

test('nothing is told of a number that is withheld, not even where its cell still holds it', async () => {
  const secret = { suppressed: true, value: 918_273 } as const;
  const tables = TABLES.map((table) => ({
    ...table,
    rows: table.rows.map((cells) =>
      cells.map((cell) => (typeof cell === 'object' && cell !== null ? secret : cell)),
    ),
  }));
  await writeReport(tables, ABOUT, path());
  expect(everything()).not.toMatch(/918.?273/);
  expect(everything().match(/\[c\]/g)!.length).toBeGreaterThan(20);
});

test('of tables with small numbers, suppressed as they are for publication, no small number is in any byte of text', async () => {
  const funnel = {
    ...tableOf('referral_funnel'),
    rows: [
      ['referred', 64, 71],
      ['accepted', 33, 34],
      ['took part', 3, 4],
    ],
  };
  const columns = funnel.columns.map(({ name, role }) => ({
    name,
    role,
    ...(name === 'stage' && { sums: 'nested' as const }),
  }));
  const [shown] = suppressTables(
    [{ name: funnel.name, columns, rows: funnel.rows as (string | number)[][] }],
    SMALL_NUMBERS,
  );
  await writeReport([{ ...funnel, rows: shown!.rows }], ABOUT, path());
  expect(readFileSync(join(folder, 'report.csv', 'funnel.csv'), 'utf8')).toBe(
    'stage,people,referrals\r\nreferred,65,70\r\naccepted,35,35\r\ntook part,[c],[c]\r\n',
  );
  const told = page().split('aria-labelledby="funnel"')[1]!.split('</article>')[0]!.split('<svg')[0]!;
  expect(told).toContain('How many came as far as “Took part” cannot be told.');
});

test('a small number that was not withheld stops the report, and the one before stays', async () => {
  await writeReport(TABLES, ABOUT, path());
  const before = everything();
  const leaky = { ...tableOf('reach'), rows: [['Riverside', 6_000, 4, 0.7]] };
  await expect(writeReport([leaky], ABOUT, path())).rejects.toMatchObject({
    outcome: { issue: [{ expression: ['reach.referred'], diagnostics: expect.not.stringContaining('4 ') }] },
  });
  const about = { ...ABOUT, population: { ...ABOUT.population, people: 2 } };
  await expect(writeReport(TABLES, about, path())).rejects.toThrow(
    'population.people tells a number below 5',
  );
  expect(everything()).toBe(before);
  expect(readdirSync(folder).sort()).toEqual(['report.csv', 'report.html']);
});

test('a page that cannot be put in its place leaves the tables of the one before', async () => {
  mkdirSync(join(folder, 'report.csv'));
  writeFileSync(join(folder, 'report.csv', 'old.csv'), 'old');
  mkdirSync(path());
  await expect(writeReport(TABLES, ABOUT, path())).rejects.toThrow();
  expect(readdirSync(join(folder, 'report.csv'))).toEqual(['old.csv']);
  expect(readdirSync(folder).sort()).toEqual(['report.csv', 'report.html']);
});

test('a table that is not there, or has no rows, is said to be empty, without a chart', async () => {
  await writeReport([{ ...tableOf('referral_months'), rows: [] }], ABOUT, path());
  expect(page()).not.toContain('<svg');
  expect(page().match(/There is nothing to show/g)!.length).toBe(18);
  expect(readdirSync(join(folder, 'report.csv'))).toEqual([]);
});

test('each chart is read in a sentence, with its numbers', async () => {
  await writeReport(TABLES, ABOUT, path());
  const readings = Object.fromEntries(
    [
      'funnel',
      'referrals-by-month',
      'neighbourhoods',
      'waiting-times',
      'needs',
      'support',
      'change-of-scores',
      'better-same-worse',
      'goals',
      'inequalities-age-band',
      'inequalities-imd-decile',
      'determinants-measured',
      'coding-quality',
      'gp-contacts',
      'frequent-visitors',
    ].map((id) => [id, readingOf(id)]),
  );
  expect(readings).toEqual({
    funnel:
      '245 of 640 people (38%) who were “Referred” came as far as “Took part”. The most stopped between “First contact” and “Plan agreed”: 90 people.',
    'referrals-by-month': 'The most were made in January 2026: 90.',
    neighbourhoods:
      '15.8 of every 1,000 people who live in these neighbourhoods were referred. Clearly below that: Riverside.',
    'waiting-times':
      'The longest wait is at “Plan to first activity”: half waited 21 days or less, and nine in ten 63 days or less.',
    needs: 'Most often: Loneliness, 310 people.',
    support: 'Most often: Coaching, 220 people.',
    'change-of-scores':
      'Changed for the better, on average, by more than chance alone explains: Life satisfaction, Anxiety yesterday, Short Warwick–Edinburgh Mental Wellbeing Scale, metric score, UCLA loneliness, three items and PHQ-9 total.',
    'better-same-worse':
      'By the change that is held to matter, or more, got better: 95 of 180 people (53%) by their score of Life satisfaction at most, and 15 of 55 people (27%) by their score of GAD-7 total at least.',
    goals: '160 of 370 goals (43%) were reached.',
    'inequalities-age-band':
      'Referred: 15.8 in 1,000; clearly more in 65–79 and 80 and over, clearly fewer in 0–17 and 18–39. Declined: 14%; no group clearly differs. Missed appointments: 18%; clearly more in 18–39.',
    'inequalities-imd-decile':
      'Referred: 15.8 in 1,000; clearly more in Decile 1 (most deprived) and Decile 2, clearly fewer in Decile 9 and Decile 10 (least deprived). Declined: 16%; no group clearly differs. Missed appointments: 20%; no group clearly differs.',
    'determinants-measured': '7 of 8 are measured for anybody at all. For nobody: Legal.',
    'coding-quality': 'Most often without a code: need, 120 of 910 entries (13%).',
    'gp-contacts': 'People had 5.1 contacts each before their referral and 3.9 after it (24% fewer).',
    'frequent-visitors':
      'Not referred yet: 250 of 340 people (74%) with 12 to 17 contacts; 80 of 120 people (67%) with 18 to 23 contacts; 20 of 45 people (44%) with 24 or more contacts.',
  });
});

test('what comes from settings and records is text, whatever stands in it', async () => {
  const reach = tableOf('reach');
  const wild = {
    ...reach,
    rows: [
      ['<script>alert(1)</script> & =1+1', 6_000, 45, 7.5],
      ['=cmd|x', 6_000, 50, 8.3],
    ],
  };
  const about = { ...ABOUT, title: '</title><img src=x onerror=alert(1)>', organisations: ['A & B <c>'] };
  await writeReport([wild], about, path());
  expect(page()).not.toMatch(/<script|<img|<c>/);
  expect(readFileSync(join(folder, 'report.csv', 'neighbourhoods.csv'), 'utf8')).toContain(
    "\r\n'=cmd|x,6000,50,8.3\r\n",
  );
});

test('the folder is made where it is not there', async () => {
  await writeReport(TABLES, ABOUT, join(folder, 'new', 'deep', 'r.html'));
  expect(existsSync(join(folder, 'new', 'deep', 'r.csv', 'funnel.csv'))).toBe(true);
});

test('codes are told by their names', async () => {
  const summary = tableOf('outcome_summary');
  const cells = ['ons4', 'ons4-anxiety', ...summary.rows[1]!.slice(2)];
  const inequalities = tableOf('inequalities');
  const group = ['ethnic_category', 'K', ...inequalities.rows[0]!.slice(2)];
  const tables = [
    { ...summary, rows: [cells] },
    { ...inequalities, rows: [group, ['gender', 'K', ...group.slice(2)]] },
  ];
  await writeReport(tables, ABOUT, path());
  const csv = (name: string): string =>
    readFileSync(join(folder, 'report.csv', name), 'utf8').split('\r\n')[1]!;
  expect(csv('change-of-scores.csv')).toMatch(/^ONS4 anxiety,lower,180,/);
  expect(csv('inequalities-ethnic-category.csv')).toMatch(/^Asian or Asian British: Bangladeshi,/);
  expect(csv('inequalities-gender.csv')).toMatch(/^K,/);
});

test('a month without a row is drawn as one in which nobody was referred', async () => {
  const months = tableOf('referral_months');
  const rows = [
    ['2025-11', 40, 40],
    ['2026-02', 30, 30],
  ];
  await writeReport([{ ...months, rows }], ABOUT, path());
  const svg = /<svg[\s\S]*?<\/svg>/.exec(page())![0];
  const texts = [...svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text]) => text);
  expect(texts).toEqual(['40', '0', '0', '30', 'Nov', 'Dec', 'Jan', 'Feb', '2025', '2026']);
});
