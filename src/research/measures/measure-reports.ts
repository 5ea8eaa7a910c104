/** Turns tables of counts into MeasureReports of the common evaluation framework, which tell no number that the tables withhold. */
import type {
  CodeableConcept,
  MeasureReport,
  MeasureReportGroup,
  MeasureReportGroupPopulation,
  MeasureReportGroupStratifier,
  Quantity,
} from '@medplum/fhirtypes';
import { isSuppressed } from '../disclosure/table.ts';
import { cellText, listed } from '../report/figures.ts';
import { numberOf, type ReportAbout, type ReportTable, Tables } from '../report/input.ts';
import { type Counts, framework, type Group, type Measured, type Stratifier } from './framework.ts';

const BASE = 'https://hedgerow.example/fhir';
const VERSION = '0.1.0';
const PARTS = `${BASE}/CodeSystem/measure-part`;
const POPULATIONS = 'http://terminology.hl7.org/CodeSystem/measure-population';
const ABSENT = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';
const MASKED = { extension: [{ url: ABSENT, valueCode: 'masked' }] };

/** Its score is no share, but a mean. */
const CONTINUOUS = 'use-of-health-services';

/**
 * @param tables small numbers suppressed
 * @returns a summary for each measure that the tables tell anything of
 * @throws AdapterError where a table tells a small number
 */
export function measureReports(tables: readonly ReportTable[], about: ReportAbout): MeasureReport[] {
  return framework(new Tables(tables, about)).map((measured) => reportOf(measured, about));
}

function reportOf({ measure, groups }: Measured, about: ReportAbout): MeasureReport {
  const { period, madeOn, organisations } = about;
  return {
    resourceType: 'MeasureReport',
    status: 'complete',
    type: 'summary',
    measure: `${BASE}/Measure/${measure}|${VERSION}`,
    date: madeOn,
    ...(organisations.length === 0
      ? {}
      : { reporter: { type: 'Organization', display: listed(organisations) } }),
    period: { ...period },
    group: groups.map((group) => groupOf(group, measure)),
  };
}

function groupOf({ code, all, stratifiers }: Group, measure: string): MeasureReportGroup {
  return {
    code: partOf(code),
    ...(all === undefined ? {} : countsOf(all, measure)),
    stratifier: stratifiers
      .filter(({ strata }) => strata.length > 0)
      .map((one) => stratifierOf(one, measure)),
  };
}

function stratifierOf({ code, strata }: Stratifier, measure: string): MeasureReportGroupStratifier {
  return {
    code: [partOf(code)],
    stratum: strata.map((stratum) => ({ value: { text: stratum.value }, ...countsOf(stratum, measure) })),
  };
}

function countsOf(counts: Counts, measure: string) {
  const { numerator, denominator, score } = counts;
  const [whole, part] =
    measure === CONTINUOUS ? ['measure-population', 'measure-observation'] : ['denominator', 'numerator'];
  const measureScore = measure === CONTINUOUS ? quantity(score) : quantity(shareOf(counts));
  return {
    population: [populationOf(whole!, denominator), populationOf(part!, numerator)],
    ...(measureScore === undefined ? {} : { measureScore }),
  };
}

/** A count that is not told is said to be masked: absent alone would read as none. */
function populationOf(code: string, cell: unknown): MeasureReportGroupPopulation {
  const count = numberOf(cell);
  const coded = { code: { coding: [{ system: POPULATIONS, code }] } };
  if (count !== undefined) return { ...coded, count };
  return (isSuppressed(cell) ? { ...coded, _count: MASKED } : coded) as MeasureReportGroupPopulation;
}

function shareOf({ numerator, denominator }: Counts): unknown {
  const [part, whole] = [numberOf(numerator), numberOf(denominator)];
  if (part !== undefined && whole !== undefined) return whole === 0 ? undefined : part / whole;
  return [numerator, denominator].find(isSuppressed);
}

function quantity(cell: unknown): Quantity | undefined {
  if (isSuppressed(cell)) return { ...MASKED };
  return numberOf(cell) === undefined ? undefined : { value: Number(cellText(cell)) };
}

function partOf(code: string): CodeableConcept {
  return { coding: [{ system: PARTS, code }] };
}
