/** FHIR packages into the data folder: wholly, or not at all and with every reason. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { addPackage } from '../../src/fhir/package-install.ts';
import { added, archive, folderOf, manifest, newFolder, refused, valueSet } from './package-files.ts';

const PACKAGE = {
  'package/package.json': manifest('a.example', '1.0.0'),
  'package/.index.json': { 'index-version': 1, files: [{ filename: 'none.json', resourceType: 'ValueSet' }] },
  'package/ValueSet-one.json': `\ufeff${JSON.stringify(valueSet('one', '1.0.0'))}`,
  'package/Patient-example.json': { resourceType: 'Patient', id: 'example' },
  'package/example/ValueSet-two.json': valueSet('two', '1.0.0'),
  'package/other/spec.html': '<html>',
  'outside.json': valueSet('three', '1.0.0'),
};

test('a published package stands in the data folder as in the FHIR package cache, with an index of its own', async () => {
  const data = newFolder();
  const path = archive(PACKAGE);
  const { installed, isNew, notes } = await added(path, data);
  expect(isNew).toBe(true);
  expect(installed).toMatchObject({ id: 'a.example#1.0.0', from: path });
  const folder = join(data, 'packages/a.example#1.0.0/package');
  expect(readdirSync(folder).sort()).toEqual(['.index.json', 'ValueSet-one.json', 'package.json']);
  expect(JSON.parse(readFileSync(join(folder, '.index.json'), 'utf8'))).toEqual({
    'index-version': 2,
    files: [
      {
        filename: 'ValueSet-one.json',
        resourceType: 'ValueSet',
        id: 'one',
        url: 'https://a.example/ValueSet/one',
        version: '1.0.0',
      },
    ],
  });
  expect(notes.map(ruleOf)).toEqual(['package-left-out']);
  expect(notes[0]?.diagnostics).toMatch(/^2 files were left out/);
  expect(readdirSync(join(data, 'packages'))).toEqual(['a.example#1.0.0']);
});

test('the same package again is no news, other content under its name and version is refused, another version stands beside it', async () => {
  const data = newFolder();
  await added(archive(PACKAGE), data);
  expect((await added(archive(PACKAGE), data)).isNew).toBe(false);
  const other = { ...PACKAGE, 'package/ValueSet-one.json': valueSet('one', '1.0.0', 'Other') };
  expect(await refused(archive(other), {}, data)).toEqual([
    expect.stringMatching(/^package-conflict: .*profiles remove a\.example#1\.0\.0/),
  ]);
  await added(archive({ ...other, 'package/package.json': manifest('a.example', '1.1.0') }), data);
  expect(readdirSync(join(data, 'packages')).sort()).toEqual(['a.example#1.0.0', 'a.example#1.1.0']);
});

test('a package unpacked into a folder is the same package', async () => {
  const data = newFolder();
  await added(archive(PACKAGE), data);
  expect((await added(folderOf(PACKAGE), data)).isNew).toBe(false);
  expect((await added(join(folderOf(PACKAGE), 'package'), data)).isNew).toBe(false);
});

test('a folder without package.json takes name and version from its guide, or as given; subfolders are flattened', async () => {
  const guide = {
    resourceType: 'ImplementationGuide',
    url: 'https://a.example/ImplementationGuide/g',
    packageId: 'a.guide',
    version: '0.3.0',
    fhirVersion: ['4.0.1'],
    dependsOn: [{ packageId: 'b.guide', version: '2.x', uri: 'https://b.example' }, null, { packageId: 7 }],
  };
  const files = {
    'sets/one.json': valueSet('one', '1'),
    'more/one.json': valueSet('two', '1'),
    'deep/er/Two.json': valueSet('three', '1'),
    'examples/p.json': { resourceType: 'Patient' },
  };
  const data = newFolder();
  const derived = await added(folderOf({ ...files, 'guide.json': guide }), data);
  expect(derived.installed).toMatchObject({
    id: 'a.guide#0.3.0',
    canonical: 'https://a.example',
    dependencies: { 'b.guide': '2.x' },
  });
  expect(derived.notes.map(ruleOf)).toEqual(['package-name', 'package-left-out', 'package-dependency']);
  const given = await added(folderOf(files), data, { name: 'c', version: '1' });
  expect(given.installed.id).toBe('c#1');
  expect(given.installed.entries.map((one) => one.filename)).toEqual([
    'Two.json',
    'one.json',
    'sets-one.json',
  ]);
  expect(await refused(folderOf(files))).toEqual([expect.stringContaining('give --name and --version')]);
  expect(await refused(folderOf(files), { name: '../c', version: '1' })).toEqual([
    expect.stringMatching(/^package-manifest: .*name: letters, digits/),
  ]);
});

test('every faulty file is named, and nothing is installed', async () => {
  const reasons = await refused(
    archive({
      'package/package.json': manifest('a', '1'),
      'package/cut.json': '{"resourceType": "ValueSet", "secret": "x", }',
      'package/one.json': valueSet('one', '1'),
      'package/same.json': valueSet('one', '1'),
      'package/twice.json': valueSet('one', '1', 'Other'),
      'package/pipe.json': { resourceType: 'ValueSet', url: 'https://a.example/a|1' },
      'package/number.json': { resourceType: 'ValueSet', url: 'https://a.example/b', version: 2 },
    }),
  );
  expect(reasons).toEqual([
    expect.stringMatching(/^package-json: cut\.json is not JSON/),
    'package-duplicate: twice.json and one.json both define https://a.example/ValueSet/one|1, each in its own way: take one of them out.',
    expect.stringMatching(/^package-url: pipe\.json: url/),
    expect.stringMatching(/^package-url: number\.json: version/),
  ]);
  expect(reasons.join()).not.toContain('secret');
});

test.each<[string, object, string]>([
  ['4.3.0', { fhirVersions: ['4.3.0'] }, 'package-fhir-version: a#1 is for FHIR 4.3.0; only R4 (4.0.x)'],
  ['5.0.0', { 'fhir-version-list': ['5.0.0'] }, 'package-fhir-version: a#1 is for FHIR 5.0.0'],
  [
    'R5 by its core',
    { dependencies: { 'hl7.fhir.r5.core': '5.0.0' } },
    'package-fhir-version: a#1 is for FHIR 5',
  ],
  [
    'base R4',
    { name: 'hl7.fhir.r4.core', version: '4.0.1' },
    'package-built-in: hl7.fhir.r4.core#4.0.1 is base',
  ],
  ['no version', { version: undefined }, 'package-manifest: package/package.json is not'],
  ['a path for a name', { name: '../../a' }, 'package-manifest: package/package.json is not'],
])('a package for %s is refused with the reason', async (_, said, reason) => {
  const path = archive({ 'package/package.json': { name: 'a', version: '1', ...said } });
  expect(await refused(path)).toEqual([expect.stringContaining(reason)]);
});

test('definitions of another FHIR version and of base types are left out of a package for R4, and named', async () => {
  const base = { resourceType: 'StructureDefinition', kind: 'resource', derivation: 'specialization' };
  const { installed, notes } = await added(
    archive({
      'package/package.json': { ...manifest('a', '1'), fhirVersions: ['4.0.1', '5.0.0'] },
      'package/r5.json': { ...base, url: 'https://a.example/r5', fhirVersion: '5.0.0' },
      'package/patient.json': { ...base, url: 'http://hl7.org/fhir/StructureDefinition/Patient' },
      'package/logical.json': { ...base, kind: 'logical', url: 'https://a.example/l', fhirVersion: '4.0.0' },
    }),
  );
  expect(installed.entries.map(({ filename }) => filename)).toEqual(['logical.json']);
  expect(notes.map(ruleOf)).toEqual(['package-fhir-version', 'package-built-in']);
});

test('a folder with a link is refused, hidden files and node_modules are passed over', async () => {
  const folder = folderOf({
    'one.json': valueSet('one', '1'),
    '.hidden/two.json': '{',
    'node_modules/x/package.json': '{',
  });
  const naming = { name: 'a', version: '1' };
  expect((await added(folder, newFolder(), naming)).installed.entries).toHaveLength(1);
  symlinkSync('/etc/passwd', join(folder, 'link.json'));
  expect(await refused(folder, naming)).toEqual([expect.stringMatching(/^package-entry: .*link\.json/)]);
});

test("a path that is not there, a folder of no definitions and a name that is not the package's own are refused", async () => {
  expect(await refused('no-such.tgz')).toEqual([expect.stringMatching(/^package-file: /)]);
  expect(await refused(folderOf({ 'a.json': [] }))).toEqual([expect.stringMatching(/^package-empty: /)]);
  expect(await refused(archive(PACKAGE), { name: 'b.example' })).toEqual([
    expect.stringMatching(/^package-name: .*a\.example#1\.0\.0/),
  ]);
});

test('what a killed process left behind is swept a day later, and nothing before', async () => {
  const data = newFolder();
  const yesterday = new Date(Date.now() - 90_000_000);
  for (const name of ['.adding-old', '.adding-new'])
    mkdirSync(join(data, 'packages', name), { recursive: true });
  utimesSync(join(data, 'packages/.adding-old'), yesterday, yesterday);
  await added(archive(PACKAGE), data);
  expect(readdirSync(join(data, 'packages')).sort()).toEqual(['.adding-new', 'a.example#1.0.0']);
});

test('a disk that cannot be written is thrown, and no fault of the package', async () => {
  const data = newFolder();
  writeFileSync(join(data, 'packages'), '');
  await expect(addPackage(archive(PACKAGE), data)).rejects.toThrow('EEXIST');
});

test('names of files that some systems take for one, or that are too long, are refused', async () => {
  const folder = folderOf({ 'a/One.json': valueSet('one', '1'), 'b/one.json': valueSet('two', '1') });
  const { installed } = await added(folder, newFolder(), { name: 'a', version: '1' });
  expect(installed.entries.map(({ filename }) => filename)).toEqual(['One.json', 'b-one.json']);
  const files = { 'package/One.json': valueSet('one', '1'), 'package/one.json': valueSet('two', '1') };
  expect(await refused(archive({ 'package/package.json': manifest('a', '1'), ...files }))).toEqual([
    expect.stringMatching(/^package-entry: one\.json: another file has the same name/),
  ]);
  const long = folderOf({ [`${'x'.repeat(210)}.json`]: valueSet('three', '1') });
  expect(await refused(long, { name: 'a', version: '1' })).toEqual([
    expect.stringMatching(/^package-entry: x+\.json: its name is too long/),
  ]);
});

test('two processes that add one package at once both find it installed', async () => {
  const data = newFolder();
  const path = archive(PACKAGE);
  const both = await Promise.all([added(path, data), added(path, data)]);
  expect(both.map(({ isNew }) => isNew).sort()).toEqual([false, true]);
  expect(readdirSync(join(data, 'packages'))).toEqual(['a.example#1.0.0']);
});
