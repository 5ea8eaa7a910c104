/** How much of what is published can be told here: required bindings of base R4, and the value sets of UK Core. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeSystem, StructureDefinition, ValueSet } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../../src/fhir/canonicals.ts';
import { contained } from '../../../src/validation/terminology/expansion.ts';
import { createTerminology } from '../../../src/validation/terminology/terminology.ts';

const UK_CORE = join(import.meta.dirname, '../../../../shared/conformance/uk-core');

/** @returns how often each value set is bound as required */
function requiredSets(definitions: Iterable<StructureDefinition>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { snapshot, differential } of definitions)
    for (const { binding } of (snapshot ?? differential)?.element ?? [])
      if (binding?.strength === 'required' && binding.valueSet)
        counts.set(binding.valueSet, (counts.get(binding.valueSet) ?? 0) + 1);
  return counts;
}

/** Told by a test: some codes are in, some are surely not, some may be. */
const BY_FORM = /^a code of good form may be in|^a unit with a space/;

test('of 259 value sets that base R4 binds as required, 250 are told whole, four by form, and five are of other releases', () => {
  const canonicals = baseCanonicals();
  const terminology = createTerminology(canonicals);
  const bound = requiredSets(canonicals.all('StructureDefinition'));
  const open = [...bound.keys()].filter((url) => terminology.codes(url).unknownBecause !== undefined);
  const byForm = open.filter((url) => BY_FORM.test(terminology.codes(url).unknownBecause ?? ''));
  expect([bound.size, bound.size - open.length]).toEqual([259, 250]);
  expect(byForm.sort()).toEqual([
    'http://hl7.org/fhir/ValueSet/currencies|4.0.1',
    'http://hl7.org/fhir/ValueSet/mimetypes|4.0.1',
    'http://hl7.org/fhir/ValueSet/timezones|4.0.1',
    'http://hl7.org/fhir/ValueSet/ucum-units|4.0.1',
  ]);
  const reasons = open
    .filter((url) => !byForm.includes(url))
    .map((url) => [url, terminology.codes(url).unknownBecause]);
  expect(Object.fromEntries(reasons)).toEqual({
    'http://hl7.org/fhir/ValueSet/characteristic-combination|5.0.0':
      'ValueSet http://hl7.org/fhir/ValueSet/characteristic-combination|5.0.0 is not here',
    'http://hl7.org/fhir/ValueSet/publication-status|5.0.0':
      'version 5.0.0 of ValueSet http://hl7.org/fhir/ValueSet/publication-status is not here',
    'http://loinc.org/vs/LL379-9|4.0.1': 'ValueSet http://loinc.org/vs/LL379-9|4.0.1 is not here',
    'http://hl7.org/fhir/ValueSet/subscription-status|4.3.0':
      'version 4.3.0 of ValueSet http://hl7.org/fhir/ValueSet/subscription-status is not here',
    'http://hl7.org/fhir/ValueSet/subscription-notification-type|4.3.0':
      'ValueSet http://hl7.org/fhir/ValueSet/subscription-notification-type|4.3.0 is not here',
  });
});

test('every set that is told whole has a code, and takes none that is made up', () => {
  const canonicals = baseCanonicals();
  const terminology = createTerminology(canonicals);
  for (const url of requiredSets(canonicals.all('StructureDefinition')).keys()) {
    const codes = terminology.codes(url);
    if (codes.unknownBecause === undefined)
      expect([url, codes.has(undefined, 'no such code')]).toEqual([url, false]);
    for (const { system, code } of codes.some ?? []) expect(codes.has(system, code)).toBe(true);
    expect(codes.some?.length).not.toBe(0);
  }
});

function read<Type>(folder: string): Type[] {
  const path = join(UK_CORE, folder);
  return readdirSync(path).map((file) => JSON.parse(readFileSync(join(path, file), 'utf8')) as Type);
}

if (existsSync(UK_CORE)) {
  const valueSets = read<ValueSet>('valuesets');
  const canonicals = baseCanonicals();
  for (const one of [...read<CodeSystem>('codesystems'), ...valueSets]) canonicals.add(one);
  const terminology = createTerminology(canonicals);

  test('of the eight value sets that UK Core itself binds as required, three are not in base R4, and two are told by form', () => {
    const bound = [...requiredSets(read<StructureDefinition>('structuredefinitions')).keys()];
    const open = bound.filter((url) => terminology.codes(url).unknownBecause !== undefined);
    expect(bound).toHaveLength(8);
    expect(open.sort()).toEqual([
      'http://hl7.org/fhir/ValueSet/all-distance-units',
      'http://hl7.org/fhir/ValueSet/all-languages',
      'http://hl7.org/fhir/ValueSet/observation-triggeredbytype',
      'http://hl7.org/fhir/ValueSet/patient-fetalstatus',
      'http://hl7.org/fhir/ValueSet/subscription-payload-content',
    ]);
  });

  test('of 134 value sets of UK Core 88 are told whole; the others need SNOMED CT, dm+d or a system without content', () => {
    const open = valueSets.filter(({ url = '' }) => terminology.codes(url).unknownBecause !== undefined);
    expect([valueSets.length, valueSets.length - open.length]).toEqual([134, 88]);
    const reason =
      /snomed\.info|SNOMED CT is not here|dmd\.nhs\.uk|UKCore-MessageHeaderInstruction\|1\.0\.0 is here as not-present/;
    expect(open.filter(({ url = '' }) => !reason.test(terminology.codes(url).unknownBecause ?? ''))).toEqual(
      [],
    );
  });

  test('no code that UK Core lists in an expansion is refused', () => {
    const refused = valueSets.flatMap(({ url = '', expansion }) =>
      [...contained(expansion?.contains)]
        .filter(({ system, code = '' }) => !terminology.codes(url).has(system, code))
        .map(({ code }) => `${url} ${code}`),
    );
    expect(refused).toEqual([]);
  });
} else {
  test('UK Core is not checked: its definitions are not beside this project', () => {
    expect(existsSync(UK_CORE)).toBe(false);
  });
}
