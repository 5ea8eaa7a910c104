/** Installed packages: their order, what is missing, and their definitions by canonical URL. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValueSet } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals, Canonicals } from '../../src/fhir/canonicals.ts';
import { AdapterError, ruleOf } from '../../src/fhir/outcome.ts';
import { addPackage } from '../../src/fhir/package-install.ts';
import {
  addPackages,
  installedPackages,
  missingDependencies,
  removePackage,
} from '../../src/fhir/packages.ts';
import { archive, folderOf, manifest, newFolder, valueSet } from './package-files.ts';

const UK_CORE = join(import.meta.dirname, '../../../shared/conformance/uk-core');

interface Wanted {
  readonly name: string;
  readonly version: string;
  readonly needs?: Record<string, string>;
  readonly sets?: readonly object[];
}

async function dataOf(...wanted: readonly Wanted[]): Promise<string> {
  const data = newFolder();
  for (const { name, version, needs = {}, sets = [] } of wanted) {
    const files = Object.fromEntries(sets.map((set, at) => [`package/${at}.json`, set]));
    const done = await addPackage(
      archive({ 'package/package.json': manifest(name, version, needs), ...files }),
      data,
    );
    if (!done.ok) throw new Error(JSON.stringify(done.outcome));
  }
  return data;
}

const ids = (data: string): string[] => installedPackages(data).packages.map(({ id }) => id);

test('packages come after those that they need, whatever their names, and in circles still each once', async () => {
  const data = await dataOf(
    { name: 'a', version: '1.0.0', needs: { b: '1.x', c: 'latest' } },
    { name: 'b', version: '1.10.0', needs: { c: '1.0.0' } },
    { name: 'b', version: '1.9.0' },
    { name: 'c', version: '1.0.0', needs: { a: '1.0.0' } },
  );
  expect(ids(data)).toEqual(['c#1.0.0', 'b#1.10.0', 'a#1.0.0', 'b#1.9.0']);
  expect(ids(newFolder())).toEqual([]);
});

test('a dependency that is missing is a warning with the command that adds it; base R4 is there', async () => {
  const data = await dataOf({
    name: 'a',
    version: '1',
    needs: { 'b.example': '2.1.x', 'hl7.fhir.r4.expansions': '4.0.1' },
  });
  const { packages } = installedPackages(data);
  expect(missingDependencies(packages, packages)).toEqual([
    expect.objectContaining({
      severity: 'warning',
      diagnostics: expect.stringContaining('profiles add b.example-2.1.x.tgz'),
    }),
  ]);
  expect(addPackages(new Canonicals(), data).faults.map(ruleOf)).toEqual(['package-dependency']);
});

test('each version is found by canonical|version, and without one the highest of all packages', async () => {
  const data = await dataOf(
    {
      name: 'a',
      version: '2.0.0',
      sets: [valueSet('one', '1.10.0', 'ten'), valueSet('two', '1.0.0', 'of a')],
    },
    { name: 'a', version: '1.0.0', sets: [valueSet('one', '1.9.0', 'nine')] },
    { name: 'b', version: '1.0.0', needs: { a: '2.0.0' }, sets: [valueSet('two', '1.0.0', 'of b')] },
  );
  const canonicals = new Canonicals();
  addPackages(canonicals, data);
  const title = (canonical: string): string | undefined =>
    canonicals.find('ValueSet', `https://a.example/ValueSet/${canonical}`)?.title;
  expect(title('one')).toBe('ten');
  expect(title('one|1.9.0')).toBe('nine');
  expect(title('one|1.10.0')).toBe('ten');
  expect(title('one|1.8.0')).toBeUndefined();
  expect(title('two')).toBe('of b');
  expect([...canonicals.all('ValueSet')].map((one) => one.title).sort()).toEqual(['nine', 'of b', 'ten']);
});

test('what is at hand goes before packages, and packages before base R4, whatever their versions', async () => {
  const base = { ...valueSet('x', '0.1.0', 'package'), url: 'http://hl7.org/fhir/ValueSet/request-status' };
  const data = await dataOf({
    name: 'a',
    version: '1.0.0',
    sets: [base, valueSet('one', '2.0.0', 'package')],
  });
  const canonicals = baseCanonicals();
  canonicals.add(valueSet('one', '1.0.0', 'at hand') as ValueSet);
  addPackages(canonicals, data);
  expect(canonicals.find('ValueSet', 'https://a.example/ValueSet/one')?.title).toBe('at hand');
  expect(canonicals.find('ValueSet', 'https://a.example/ValueSet/one|2.0.0')?.title).toBe('package');
  expect(canonicals.find('ValueSet', base.url)?.title).toBe('package');
  expect(canonicals.find('ValueSet', `${base.url}|4.0.1`)?.title).toBe('RequestStatus');
  expect(canonicals.find('ValueSet', base.url)?.title).toBe('package');
});

test('a definition is read when it is asked for; one that is gone since is said with what to do', async () => {
  const data = await dataOf({ name: 'a', version: '1', sets: [valueSet('one', '1'), valueSet('two', '1')] });
  const canonicals = new Canonicals();
  addPackages(canonicals, data);
  rmSync(join(data, 'packages/a#1/package/0.json'));
  expect(canonicals.find('ValueSet', 'https://a.example/ValueSet/two')?.id).toBe('two');
  expect(() => canonicals.find('ValueSet', 'https://a.example/ValueSet/one')).toThrow(AdapterError);
});

test('a package without a usable index is a fault that says what to do, and the others are there', async () => {
  const data = await dataOf(
    { name: 'a', version: '1' },
    { name: 'b', version: '1' },
    { name: 'c', version: '1' },
  );
  writeFileSync(join(data, 'packages/a#1/package/.index.json'), '{"index-version": 2, "files": [{');
  writeFileSync(
    join(data, 'packages/b#1/package/.index.json'),
    JSON.stringify({ 'index-version': 2, files: [{ filename: '../../up.json', resourceType: 'ValueSet' }] }),
  );
  mkdirSync(join(data, 'packages/d#1/package'), { recursive: true });
  mkdirSync(join(data, 'packages/.adding-x/package'), { recursive: true });
  const { packages, faults } = installedPackages(data);
  expect(packages.map(({ id }) => id)).toEqual(['c#1']);
  expect(faults.map(ruleOf)).toEqual(['package-index', 'package-index', 'package-manifest']);
  expect(faults[0]?.diagnostics).toContain('profiles remove a#1');
});

test('a package is removed wholly, those that needed it are named, and nothing else can be removed', async () => {
  const data = await dataOf(
    { name: 'a', version: '1.0.0', needs: { b: '1.x' } },
    { name: 'b', version: '1.0.0' },
  );
  writeFileSync(join(data, 'keep.txt'), 'x');
  for (const id of ['c#1', '..', '.', '', 'a#../..', '../packages/a#1.0.0', 'a']) {
    const refused = removePackage(data, id);
    expect(refused.ok ? id : refused.outcome.issue.map(ruleOf)).toEqual(['package-file']);
  }
  const removed = removePackage(data, 'b#1.0.0');
  expect(removed.ok && removed.value.map(({ id }) => id)).toEqual(['a#1.0.0']);
  expect(readdirSync(join(data, 'packages'))).toEqual(['a#1.0.0']);
  expect(readdirSync(data).sort()).toEqual(['keep.txt', 'packages']);
});

if (existsSync(UK_CORE)) {
  test('UK Core as published is installed and found by canonical', async () => {
    const data = newFolder();
    const done = await addPackage(UK_CORE, data, { name: 'fhir.r4.ukcore', version: '2.0.0' });
    expect(done.ok && done.value.installed.entries.length).toBe(380);
    const canonicals = baseCanonicals();
    expect(addPackages(canonicals, data).faults).toEqual([]);
    const url = 'https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient';
    expect(canonicals.find('StructureDefinition', `${url}|2.6.1`)).toBe(
      canonicals.find('StructureDefinition', url),
    );
    expect(
      canonicals.find('StructureDefinition', 'http://hl7.org/fhir/StructureDefinition/Patient')?.kind,
    ).toBe('resource');
  });
} else {
  test('UK Core was not at hand: its package was not tried', () => {
    expect(existsSync(UK_CORE)).toBe(false);
  });
}

test('definitions of a folder that was edited by hand are those of its index', async () => {
  const data = newFolder();
  const folder = folderOf({ 'one.json': valueSet('one', '1') });
  const done = await addPackage(folder, data, { name: 'a', version: '1' });
  if (!done.ok) throw new Error('not added');
  writeFileSync(join(done.value.installed.folder, 'stray.json'), JSON.stringify(valueSet('stray', '1')));
  const canonicals = new Canonicals();
  addPackages(canonicals, data);
  expect(canonicals.find('ValueSet', 'https://a.example/ValueSet/stray')).toBeUndefined();
});
