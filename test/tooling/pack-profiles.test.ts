/** Our own definitions as a FHIR package: the same bytes every time, and installed like any other. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { Canonicals } from '../../src/fhir/canonicals.ts';
import { addPackage } from '../../src/fhir/package-install.ts';
import { addPackages } from '../../src/fhir/packages.ts';
import { packProfiles } from '../../tooling/pack-profiles.ts';

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'pack-profiles-'));
const BASE = 'https://hedgerow.example/fhir';

test('the package is the same every time, is installed without a fault, and its definitions are found with snapshots', async () => {
  const { path, count } = await packProfiles(join(newFolder(), 'new'));
  expect(basename(path)).toBe('hedgerow.social-prescribing-0.1.0.tgz');
  expect(readFileSync((await packProfiles(newFolder())).path).equals(readFileSync(path))).toBe(true);
  const data = newFolder();
  const added = await addPackage(path, data);
  expect(added.ok && added.value).toMatchObject({
    notes: [],
    installed: { id: 'hedgerow.social-prescribing#0.1.0', canonical: BASE, fhirVersions: ['4.0.1'] },
  });
  const canonicals = new Canonicals();
  const { packages, faults } = addPackages(canonicals, data);
  expect([faults, packages[0]?.entries.length]).toEqual([[], count]);
  const guide = canonicals.find('ImplementationGuide', `${BASE}/ImplementationGuide/hedgerow`);
  expect(guide?.definition?.resource).toHaveLength(count - 1);
  const structures = [...canonicals.all('StructureDefinition')];
  expect(structures.filter(({ snapshot }) => !snapshot).map(({ url }) => url)).toEqual([]);
  for (const kind of ['resource', 'complex-type', 'logical'])
    expect(structures.some((one) => one.kind === kind)).toBe(true);
  expect(canonicals.find('ConceptMap', `${BASE}/ConceptMap/need-to-snomed|0.1.0`)?.id).toBe('need-to-snomed');
  expect(canonicals.find('Questionnaire', `${BASE}/Questionnaire/ons4`)?.item).not.toHaveLength(0);
});
