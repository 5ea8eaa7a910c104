/** The Measures that are published, and the MeasureReports made of tables: valid FHIR, in step with each other, and silent where the tables are. */
import { globSync, readFileSync } from 'node:fs';
import type {
  CodeSystem,
  Measure,
  MeasureReport,
  MeasureReportGroup,
  OperationOutcomeIssue,
  Resource,
} from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../../src/fhir/canonicals.ts';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { measureReports } from '../../../src/research/measures/measure-reports.ts';
import { createValidator } from '../../../src/validation/validator.ts';
import { ABOUT, HIDDEN, TABLES } from '../report/samples.ts';

const published = globSync('measures/*.json')
  .sort()
  .map((file) => [file, JSON.parse(readFileSync(file, 'utf8')) as Measure | CodeSystem] as const);
const measures = published.flatMap(([, one]) => (one.resourceType === 'Measure' ? [one] : []));
const codeSystem = published.find(([, one]) => one.resourceType === 'CodeSystem')![1] as CodeSystem;
const canonicals = baseCanonicals();
canonicals.add(codeSystem);
const validator = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });
const reports = measureReports(TABLES, ABOUT);

/** SQL is none of the languages that FHIR lists, which it allows: that warning stands. */
const isOfSql = ({ severity, expression }: OperationOutcomeIssue): boolean =>
  severity === 'warning' && expression![0]!.endsWith('.criteria.language');
const faults = (resource: Resource) =>
  validator
    .validate(resource, { isThorough: true })
    .filter((issue) => issue.severity !== 'information' && !isOfSql(issue));
const reportOf = (id: string): MeasureReport =>
  reports.find(({ measure }) => measure.includes(`/Measure/${id}|`))!;
const groupOf = (id: string, code: string): MeasureReportGroup =>
  reportOf(id).group!.find((group) => group.code!.coding![0]!.code === code)!;
const stratumOf = (group: MeasureReportGroup, stratifier: string, value: string) =>
  group
    .stratifier!.find(({ code }) => code![0]!.coding![0]!.code === stratifier)!
    .stratum!.find((one) => one.value!.text === value)!;

test.each(published)('%s is valid FHIR, in a file of its own name', (file, resource) => {
  expect(faults(resource)).toEqual([]);
  expect(file).toBe(`measures/${resource.resourceType}-${resource.id}.json`);
  expect(resource.url).toBe(`https://hedgerow.example/fhir/${resource.resourceType}/${resource.id}`);
});

test.each(reports.map((report) => [report.measure, report] as const))('%s is valid FHIR', (_, report) => {
  expect(faults(report)).toEqual([]);
});

test('each Measure is reported, and each group and stratifier of it, in its order', () => {
  expect(reports.map(({ measure }) => measure).sort()).toEqual(
    measures.map(({ url, version }) => `${url}|${version}`).sort(),
  );
  for (const { id, group } of measures) {
    const codes = group!.map(({ code, stratifier }) => [
      code!.coding![0]!.code,
      stratifier!.map((one) => one.code!.coding![0]!.code),
    ]);
    const reported = reportOf(id!).group!.map(({ code, stratifier }) => [
      code!.coding![0]!.code,
      stratifier!.map((one) => one.code![0]!.coding![0]!.code),
    ]);
    expect({ id, codes: reported }).toEqual({ id, codes });
  }
});

test('every part of a measure is a code that the CodeSystem defines, and none is defined for nothing', () => {
  const used = measures.flatMap(({ group }) =>
    group!.flatMap(({ code, stratifier }) => [
      code!.coding![0]!.code,
      ...stratifier!.map((one) => one.code!.coding![0]!.code),
    ]),
  );
  expect([...new Set(used)].sort()).toEqual(codeSystem.concept!.map(({ code }) => code).sort());
});

test('counts are those of the tables, and the score is the share', () => {
  const group = groupOf('outcomes', 'improved');
  expect(stratumOf(group, 'score', 'Life satisfaction')).toEqual({
    value: { text: 'Life satisfaction' },
    population: [
      { code: expect.anything(), count: 180 },
      { code: expect.anything(), count: 95 },
    ],
    measureScore: { value: 0.528 },
  });
  const all = groupOf('support', 'stage-reached');
  expect(all.population!.map(({ count }) => count)).toEqual([640, 245]);
  expect(all.measureScore!.value).toBe(0.383);
});

test('the period, the day and who reports are said', () => {
  const { period, date, reporter, type, status } = reportOf('reach');
  expect({ period, date, reporter: reporter!.display, type, status }).toEqual({
    period: { start: '2025-04-01', end: '2026-03-31' },
    date: '2026-05-12',
    reporter: 'Hedgerow Primary Care Network (Y99999) and Thornbury Community Trust',
    type: 'summary',
    status: 'complete',
  });
});

test('a number that is withheld has no count, is said to be masked, and no total gives it away', () => {
  const group = groupOf('reach', 'referred');
  const masked = { extension: [{ url: expect.stringContaining('data-absent-reason'), valueCode: 'masked' }] };
  expect(stratumOf(group, 'neighbourhood', 'Upper Fold')).toEqual({
    value: { text: 'Upper Fold' },
    population: [
      { code: expect.anything(), count: 480 },
      { code: expect.anything(), _count: masked },
    ],
    measureScore: masked,
  });
  expect(group.population).toBeUndefined();
  expect(group.measureScore).toBeUndefined();
});

test('a number that is not known has neither a count nor a reason', () => {
  const { population, measureScore } = stratumOf(groupOf('reach', 'referred'), 'gender', 'other');
  expect(population!.map(({ count }) => count)).toEqual([undefined, 10]);
  expect(population![0]).not.toHaveProperty('_count');
  expect(measureScore).toBeUndefined();
});

test('of tables that are not there, nothing is reported', () => {
  expect(measureReports([], ABOUT)).toEqual([]);
  const only = measureReports(
    TABLES.filter(({ name }) => name === 'gp_contacts'),
    ABOUT,
  );
  expect(only.map(({ measure }) => measure.split('/').at(-1))).toEqual(['use-of-health-services|0.1.0']);
  expect(only[0]!.group![0]!.stratifier![0]!.stratum![1]!.measureScore).toEqual({ value: 3.9 });
});

test('a small number that was not withheld is refused, by table and column, and is not said', () => {
  const funnel = TABLES.find(({ name }) => name === 'referral_funnel')!;
  const leaky = {
    ...funnel,
    rows: [
      ['referred', 640, 690],
      ['took part', 3, HIDDEN],
    ],
  };
  expect(() => measureReports([leaky], ABOUT)).toThrow(
    'referral_funnel.people tells a number below 5; suppress small numbers before a report is made of them.',
  );
});
