/** Slices that cannot be told from each other are said when a profile is compiled, and slices of published profiles can. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { knownCanonicals, ROOT } from '../../src/cli/load.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Json } from '../../src/validation/run.ts';
import { profiledValidator } from './catches/profiled.ts';
import { knownValidator } from './known.ts';
import { observation } from './oracle/parts.ts';
import { OWN, R4 } from './snapshot/profiles.ts';
import { linesOf } from './verdicts.ts';

test('every profile and extension of base R4 and of ours can be compiled, and each of its slices can be told', () => {
  let count = 0;
  for (const { url, derivation } of knownCanonicals(ROOT).all('StructureDefinition')) {
    if (derivation !== 'constraint') continue;
    count++;
    expect(knownValidator().prepare(url), url).toEqual({ ok: true, value: true });
  }
  expect(count).toBeGreaterThan(400);
});

test('a slice that says nothing at its discriminator is said when its profile is compiled', () => {
  const prepared = profiledValidator().prepare(`${OWN}catch-service`);
  const issues = prepared.ok ? [] : prepared.outcome.issue;
  expect(issues.map(ruleOf)).toEqual(['profile-slice-discriminator']);
  expect(issues[0]!.diagnostics).toContain('slice any of HealthcareService.specialty says nothing at text');
});

const LOINC = 'http://loinc.org';
const coded = (code: string, display?: string) => ({
  coding: [{ system: LOINC, code, ...(display && { display }) }],
});
const component = (code: string) => ({
  code: coded(code),
  valueQuantity: { value: 90, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
});
const bloodPressure = (...codes: readonly string[]): Json =>
  observation({
    meta: { profile: [`${R4}bp`] },
    category: [
      {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' },
        ],
      },
    ],
    code: coded('85354-9'),
    subject: { reference: 'Patient/p-1' },
    effectiveDateTime: '2026-01-01',
    component: codes.map(component),
  });

test('the parts of a blood pressure are told by the slices within their codes', () => {
  expect(linesOf(bloodPressure('8480-6', '8462-4'))).toEqual([]);
  expect(linesOf(bloodPressure('8462-4', '8480-6'))).toEqual([]);
  expect(linesOf(bloodPressure('8480-6', '8480-6'))).toEqual([
    'error profile-slice-max Observation.component',
    'error profile-slice-required Observation.component',
  ]);
});

const RESULTS = [
  ['35200-5', 'Cholesterol [Moles/\u200bvolume] in Serum or Plasma'],
  ['35217-9', 'Triglyceride [Moles/\u200bvolume] in Serum or Plasma'],
  ['2085-9', 'HDL Cholesterol'],
] as const;
const lipids = (order: readonly number[]): Json => ({
  resourceType: 'DiagnosticReport',
  status: 'final',
  code: coded('57698-3', 'Lipid panel with direct LDL - Serum or Plasma'),
  contained: RESULTS.map(([code, display], at) => ({
    ...observation({ code: coded(code, display), referenceRange: [{ high: { value: 5 } }] }),
    id: `r${at}`,
    valueQuantity: { value: 4, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
  })),
  result: order.map((at) => ({ reference: `#r${at}` })),
});

test('results of a lipid profile are told by the codes that the profiles of their targets fix', () => {
  const lines = (order: readonly number[]) =>
    knownValidator()
      .validate(lipids(order) as unknown as Resource, { profiles: [`${R4}lipidprofile`] })
      .map((issue) => `${ruleOf(issue)} ${issue.expression?.[0]}`)
      .filter((line) => line.includes('slice'));
  expect(lines([0, 1, 2])).toEqual([]);
  expect(lines([1, 0, 2])).toEqual(['profile-slice-order DiagnosticReport.result[1]']);
  expect(lines([0, 0, 2])).toEqual([
    'profile-slice-max DiagnosticReport.result',
    'profile-slice-required DiagnosticReport.result',
  ]);
});
