/** UK Core as published, differentials only, gives snapshots without findings; so do Hedgerow's own definitions. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import type { StructureDefinition } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../../src/fhir/canonicals.ts';
import { snapshotOf } from '../../../src/validation/snapshot/snapshot.ts';

const folder = new URL('../../../../shared/conformance/uk-core/structuredefinitions/', import.meta.url);

function read(path: string | URL): StructureDefinition {
  return JSON.parse(readFileSync(path, 'utf8')) as StructureDefinition;
}

/** @returns what is wrong with each definition, by what it says; empty when nothing is */
function findingsOn(definitions: readonly StructureDefinition[]): string[] {
  const canonicals = baseCanonicals();
  for (const definition of definitions) canonicals.add(definition);
  return definitions.flatMap((definition) => {
    const made = snapshotOf(definition, canonicals);
    return made.ok ? [] : made.outcome.issue.map((issue) => `${issue.diagnostics}`);
  });
}

test('every StructureDefinition of Hedgerow gives a snapshot', () => {
  const own = globSync('profiles/**/StructureDefinition-*.json').concat(globSync('profiles/logical/*.json'));
  expect(own.length).toBeGreaterThan(15);
  expect(findingsOn(own.map(read))).toEqual([]);
});

if (existsSync(folder)) {
  const definitions = globSync('*.json', { cwd: folder }).map((file) => read(new URL(file, folder)));

  test('every StructureDefinition of UK Core gives a snapshot without findings', () => {
    expect(definitions.length).toBeGreaterThanOrEqual(150);
    expect(findingsOn(definitions)).toEqual([]);
  });

  test('UK Core Patient has the NHS number slice with its verification status, and the base constraints', () => {
    const canonicals = baseCanonicals();
    for (const definition of definitions) canonicals.add(definition);
    const patient = canonicals.find(
      'StructureDefinition',
      'https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient',
    )!;
    const made = snapshotOf(patient, canonicals);
    const elements = made.ok ? made.value.snapshot!.element : [];
    const system = elements.find(({ id }) => id === 'Patient.identifier:nhsNumber.system');
    expect(system).toMatchObject({ min: 1, max: '1', fixedUri: 'https://fhir.nhs.uk/Id/nhs-number' });
    const status = elements.find(({ sliceName }) => sliceName === 'nhsNumberVerificationStatus');
    expect(status).toMatchObject({ path: 'Patient.identifier.extension', min: 0, max: '1' });
    expect(elements.find(({ id }) => id === 'Patient.contact')?.constraint?.map(({ key }) => key)).toContain(
      'pat-1',
    );
    expect(elements.every(({ id, base }) => id !== undefined && base !== undefined)).toBe(true);
    expect(new Set(elements.map(({ id }) => id)).size).toBe(elements.length);
  });
} else {
  test('UK Core is not at hand here', () => {
    console.log(`UK Core not read: ${folder.pathname} is missing`);
    expect(existsSync(folder)).toBe(false);
  });
}
