/** Archives from elsewhere: damaged, too large or hostile ones are refused, and leave nothing behind. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addPackage } from '../../src/fhir/package-install.ts';
import {
  added,
  type Entry,
  manifest,
  newFolder,
  refused,
  tarOf,
  valueSet,
  written,
} from './package-files.ts';

const GOOD = ['package/package.json', { content: JSON.stringify(manifest('a', '1')) }] as const;
test.each<[string, string, Entry, string]>([
  ['a path upwards', 'package/../../evil.json', { content: '{}' }, 'package-entry'],
  ['an absolute path', '/etc/evil.json', { content: '{}' }, 'package-entry'],
  ['a path of another system', 'package/..\\evil.json', { content: '{}' }, 'package-entry'],
  ['a drive', 'package/c:evil.json', { content: '{}' }, 'package-entry'],
  ['a symbolic link', 'package/l.json', { type: 'SymbolicLink', linkpath: '/etc/passwd' }, 'package-entry'],
  ['a hard link', 'package/l.json', { type: 'Link', linkpath: 'package/package.json' }, 'package-entry'],
  ['a device', 'package/d.json', { type: 'CharacterDevice' }, 'package-entry'],
  ['a file that is too large', 'package/big.json', { content: ' '.repeat(2001) }, 'package-size'],
])('an archive with %s is refused', async (_, path, entry, rule) => {
  const archived = written(gzipSync(tarOf([GOOD, [path, entry]])));
  expect(await refused(archived, { limits: { file: 2000 } })).toEqual([expect.stringMatching(`^${rule}: `)]);
});

test('archives that unpack to too much are refused before they do: many files, large ones, endless padding', async () => {
  const many = Array.from(
    { length: 30 },
    (_, at) => [`package/f${at}.txt`, { content: 'x'.repeat(900) }] as const,
  );
  const all = written(gzipSync(tarOf([GOOD, ...many])));
  expect(await refused(all, { limits: { entries: 20 } })).toEqual([expect.stringMatching(/^package-size: /)]);
  expect(await refused(all, { limits: { total: 20_000 } })).toEqual([
    expect.stringMatching(/^package-size: /),
  ]);
  const padded = written(gzipSync(Buffer.concat([tarOf([GOOD]), Buffer.alloc(2 ** 22)])));
  expect(await refused(padded, { limits: { total: 2 ** 20, entries: 100 } })).toEqual([
    expect.stringMatching(/^package-size: /),
  ]);
  expect((await added(all)).installed.entries).toEqual([]);
});

test.each<[string, () => Buffer]>([
  ['no gzip', () => Buffer.from('not an archive')],
  ['no tar', () => gzipSync('not an archive, but long enough for a header '.repeat(40))],
  ['empty', () => Buffer.alloc(0)],
  [
    'cut off',
    () => gzipSync(tarOf([GOOD, ['package/a.json', { content: 'x'.repeat(9000) }]])).subarray(0, -40),
  ],
  [
    'cut off inside',
    () => gzipSync(tarOf([GOOD, ['package/a.json', { content: 'x'.repeat(9000) }]]).subarray(0, 3000)),
  ],
  ['gzip within gzip', () => gzipSync(gzipSync(Buffer.from('x'.repeat(5000))))],
])('an archive that is damaged (%s) is refused', async (_, bytes) => {
  expect(await refused(written(bytes()))).toEqual([expect.stringMatching(/^package-(archive|manifest): /)]);
});

test('an archive with any one byte changed is installed or refused, and never half', async () => {
  const tar = tarOf([GOOD, ['package/one.json', { content: JSON.stringify(valueSet('one', '1')) }]]);
  const change = fc.tuple(fc.nat(tar.length - 1), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(change, async ([at, by]) => {
      const changed = Buffer.from(tar);
      changed[at]! ^= by;
      const data = newFolder();
      const result = await addPackage(written(gzipSync(changed)), data);
      const names = result.ok ? [result.value.installed.id] : [];
      expect(readdirSync(join(data, 'packages'))).toEqual(names);
      expect(readdirSync(data)).toEqual(['packages']);
    }),
    { seed: 4, numRuns: 200 },
  );
});

test('an archive may name its own root and folders, and start its paths with it', async () => {
  const path = written(
    gzipSync(
      tarOf([
        ['./', { type: 'Directory' }],
        ['./package/', { type: 'Directory' }],
        ['./package/package.json', { content: JSON.stringify(manifest('a', '1')) }],
        ['./package/one.json', { content: JSON.stringify(valueSet('one', '1')) }],
      ]),
    ),
  );
  expect((await added(path)).installed.entries).toHaveLength(1);
});
