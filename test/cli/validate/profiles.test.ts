/** `profiles add`, `list` and `remove`: FHIR packages from the command line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeLock } from '../../../src/cli/lock.ts';
import { addProfiles, listProfiles, removeProfiles } from '../../../src/cli/validate/profiles.ts';
import { archive, folderOf, manifest, valueSet } from '../../fhir/package-files.ts';

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'profiles-'));
const MAIN = join(import.meta.dirname, '../../../src/main.ts');

/** Runs the three words on one data folder, and keeps what they write. */
function command(dataDir: string) {
  const config = { dataDir };
  const run = async (job: (streams: Parameters<typeof listProfiles>[1]) => number | Promise<number>) => {
    const said = { out: '', err: '' };
    const stdout = { write: (text: string) => (said.out += text) };
    const stderr = { write: (text: string) => (said.err += text) };
    const code = await job({ stdout, stderr });
    return { code, ...said };
  };
  return {
    add: (path: string, naming = {}) => run((streams) => addProfiles(path, naming, config, streams)),
    list: () => run((streams) => listProfiles(config, streams)),
    remove: (id: string) => run((streams) => removeProfiles(id, config, streams)),
  };
}

const packed = (name: string, version: string, needs: Record<string, string> = {}): string =>
  archive({
    'package/package.json': manifest(name, version, needs),
    'package/a.json': valueSet('a', version),
    'package/b.json': { ...valueSet('b', version), resourceType: 'CodeSystem' },
    'package/c.json': { ...valueSet('c', version), resourceType: 'SearchParameter' },
  });

test('a package is added, listed with what it holds and where it came from, and removed', async () => {
  const { add, list, remove } = command(join(newFolder(), 'not-made-yet'));
  expect((await list()).out).toMatch(/^No FHIR packages in .*; base R4/);
  const path = packed('a.example', '1.0.0');
  expect(await add(path)).toEqual({
    code: 0,
    out: 'a.example#1.0.0 is installed: 1 CodeSystem, 1 SearchParameter, 1 ValueSet.\n',
    err: '',
  });
  expect(await add(path)).toMatchObject({ code: 0, out: expect.stringContaining('installed already') });
  const { code, out } = await list();
  const cells = out
    .split('\n')
    .find((line) => line.includes('a.example'))!
    .split('│');
  expect([code, ...cells.map((cell) => cell.trim())]).toEqual([
    0,
    '',
    'a.example#1.0.0',
    '0',
    '1',
    '1',
    '1',
    path,
    '',
  ]);
  expect(await remove('a.example#1.0.0')).toEqual({ code: 0, out: 'a.example#1.0.0 is removed.\n', err: '' });
  expect((await list()).out).toMatch(/^No FHIR packages/);
});

test('what is missing is said when a package is added, listed, and when what it needs is removed', async () => {
  const { add, list, remove } = command(newFolder());
  const missing = /^warning {2}package-dependency {2}a#1\.0\.0 needs b#1\.x.*profiles add b-1\.x\.tgz/;
  expect(await add(packed('a', '1.0.0', { b: '1.x' }))).toMatchObject({
    code: 0,
    err: expect.stringMatching(missing),
  });
  expect(await list()).toMatchObject({ code: 0, err: expect.stringMatching(missing) });
  await add(packed('b', '1.3.0'));
  expect((await list()).err).toBe('');
  expect(await remove('b#1.3.0')).toMatchObject({ code: 0, err: expect.stringMatching(missing) });
});

test('faults are said one a line with their rule, and the exit code is 2', async () => {
  const { add, list, remove } = command(newFolder());
  const faulty = await add(folderOf({ 'a.json': '{', 'b.json': { resourceType: 'ValueSet', url: 'a b' } }));
  expect(faulty).toMatchObject({ code: 2, out: '' });
  expect(faulty.err.split('\n').map((line) => line.split('  ')[1])).toEqual([
    'package-json',
    'package-url',
    'package-empty',
    undefined,
  ]);
  expect(await remove('a#1')).toMatchObject({ code: 2, err: expect.stringContaining('package-file') });
  expect((await list()).code).toBe(0);
});

test('a package that cannot be read is named, and the others are listed', async () => {
  const data = newFolder();
  const { add, list } = command(data);
  await add(packed('a', '1.0.0'));
  await add(packed('b', '1.0.0'));
  rmSync(join(data, 'packages/a#1.0.0/package/.index.json'));
  expect(await list()).toMatchObject({
    code: 2,
    out: expect.stringContaining('b#1.0.0'),
    err: expect.stringMatching(/^error {2}package-index {2}a#1\.0\.0/),
  });
});

test('where an adapter runs on the folder, a restart is asked for after each change', async () => {
  const data = newFolder();
  const lock = takeLock(data);
  if (!lock.ok) throw new Error('not taken');
  lock.value.announce('http://127.0.0.1:1');
  const { add, remove } = command(data);
  const asked = new RegExp(`at http://127\\.0\\.0\\.1:1 \\(process ${process.pid}\\) .* restart it`);
  expect((await add(packed('a', '1.0.0'))).out).toMatch(asked);
  expect((await remove('a#1.0.0')).out).toMatch(asked);
  lock.value.release();
  expect((await add(packed('a', '1.0.0'))).out).not.toContain('restart');
});

test('the command line takes name, version and data folder', () => {
  const data = newFolder();
  const folder = folderOf({ 'one.json': valueSet('one', '1') });
  const words = ['--name', 'a.example', '--version', '2.0.0', '--data-dir', data];
  const done = spawnSync(process.execPath, [MAIN, 'profiles', 'add', folder, ...words], { encoding: 'utf8' });
  expect(done).toMatchObject({
    status: 0,
    stdout: 'a.example#2.0.0 is installed: 1 ValueSet.\n',
    stderr: '',
  });
  const listed = spawnSync(process.execPath, [MAIN, 'profiles', 'list', '--data-dir', data], {
    encoding: 'utf8',
  });
  expect(listed.stdout).toContain('a.example#2.0.0');
});

test('a package whose profile cannot be compiled is told of, definition by definition', async () => {
  const { add } = command(newFolder());
  const url = 'https://a.example/StructureDefinition/patient';
  const profile = {
    resourceType: 'StructureDefinition',
    url,
    version: '1.0.0',
    name: 'APatient',
    status: 'active',
    fhirVersion: '4.0.1',
    kind: 'resource',
    abstract: false,
    type: 'Patient',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
    derivation: 'constraint',
    differential: {
      element: [
        {
          id: 'Patient',
          path: 'Patient',
          constraint: [{ key: 'a-1', severity: 'error', human: 'Say so.', expression: 'nmae.exists()' }],
        },
      ],
    },
  };
  const path = archive({
    'package/package.json': manifest('a.example', '1.0.0', {}),
    'package/a.json': profile,
  });
  const { code, out, err } = await add(path);
  expect([code, out]).toEqual([2, 'a.example#1.0.0 is installed: 1 StructureDefinition.\n']);
  expect(err).toMatch(
    /^error {2}profile-invariant {2}.*patient: invariant a-1 on Patient cannot be compiled: .*nmae/,
  );
  expect(err).toContain('Resources that claim these profiles are refused');
});
