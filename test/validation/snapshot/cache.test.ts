/** Generated snapshots in a folder: taken from there while nothing that they were made of has changed. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StructureDefinition } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { Canonicals } from '../../../src/fhir/canonicals.ts';
import { refuse } from '../../../src/fhir/outcome.ts';
import { cachedSnapshots } from '../../../src/validation/snapshot/cache.ts';
import { snapshotOf } from '../../../src/validation/snapshot/snapshot.ts';

const URL = 'https://a.example/StructureDefinition';
const newFolder = (): string => join(mkdtempSync(join(tmpdir(), 'snapshots-')), 'snapshots');

function profile(name: string, baseDefinition: string, max: string): StructureDefinition {
  return {
    resourceType: 'StructureDefinition',
    url: `${URL}/${name}`,
    version: '1.0.0',
    name,
    status: 'draft',
    kind: 'resource',
    abstract: false,
    type: 'Flag',
    baseDefinition,
    derivation: 'constraint',
    differential: {
      element: [
        { id: 'Flag', path: 'Flag' },
        { id: 'Flag.category', path: 'Flag.category', max },
      ],
    },
  };
}

const { differential: _, ...bare } = profile('flag', 'http://hl7.org/fhir/StructureDefinition/Flag', '*');
const flag: StructureDefinition = {
  ...bare,
  snapshot: {
    element: [
      { id: 'Flag', path: 'Flag', min: 0, max: '*' },
      { id: 'Flag.category', path: 'Flag.category', min: 0, max: '*', type: [{ code: 'CodeableConcept' }] },
    ],
  },
};
const base = profile('base', flag.url, '3');
const derived = profile('derived', base.url, '2');

/** The cache with a generator that counts. */
function counting(folder: string, canonicals: Canonicals) {
  const made: string[] = [];
  const snapshots = cachedSnapshots(folder, canonicals, (definition, known) => {
    made.push(definition.url);
    return snapshotOf(definition, known);
  });
  const max = (definition: StructureDefinition): string | undefined => {
    const result = snapshots(definition);
    if (!result.ok) throw new Error(JSON.stringify(result.outcome));
    return result.value.snapshot?.element.find(({ path }) => path === 'Flag.category')?.max;
  };
  return { made, max, snapshots };
}

function canonicalsOf(...definitions: StructureDefinition[]): Canonicals {
  const canonicals = new Canonicals();
  for (const one of [flag, ...definitions]) canonicals.add(one);
  return canonicals;
}

test('a snapshot is generated once, and equal to the one that is kept; another process finds it', () => {
  const folder = newFolder();
  const first = counting(folder, canonicalsOf(base));
  const generated = first.snapshots(derived);
  expect(first.snapshots(derived)).toEqual(generated);
  const second = counting(folder, canonicalsOf(base));
  expect(second.snapshots(derived)).toEqual(generated);
  expect([first.made, second.made]).toEqual([[derived.url], []]);
  expect(generated).toEqual(snapshotOf(derived, canonicalsOf(base)));
});

test('it is generated anew when the definition, or one that it builds on, is another; and when one comes that was missing', () => {
  const folder = newFolder();
  counting(folder, canonicalsOf(base)).max(derived);
  const changed = counting(folder, canonicalsOf(base));
  expect(changed.max(profile('derived', base.url, '1'))).toBe('1');
  const rebased = counting(folder, canonicalsOf({ ...base, title: 'Other' }));
  expect(rebased.max(profile('derived', base.url, '1'))).toBe('1');
  expect([changed.made, rebased.made]).toEqual([[derived.url], [derived.url]]);
  const lone = counting(folder, canonicalsOf());
  expect(lone.snapshots(derived).ok).toBe(false);
  expect(counting(folder, canonicalsOf(base)).max(derived)).toBe('2');
  expect(readdirSync(folder)).toHaveLength(1);
});

test('a damaged file is passed over and written anew, wherever it is damaged', () => {
  const folder = newFolder();
  counting(folder, canonicalsOf(base)).max(derived);
  const path = join(folder, readdirSync(folder)[0]!);
  const whole = readFileSync(path, 'utf8');
  const half = whole.length / 2;
  const damaged = [
    '',
    '\n',
    'null\n[]',
    whole.slice(0, half),
    whole.replace('"max":"2"', '"max":"9"'),
    whole.replace('"asked":[', '"asked":[1,'),
    whole.slice(whole.indexOf('\n')),
  ];
  for (const text of damaged) {
    writeFileSync(path, text);
    const { made, max } = counting(folder, canonicalsOf(base));
    expect([max(derived), made]).toEqual(['2', [derived.url]]);
    expect(readFileSync(path, 'utf8')).toBe(whole);
  }
});

test('what cannot be generated is refused each time and not kept; a snapshot that is there stays; a folder that cannot be written is no fault', () => {
  const folder = newFolder();
  const refusing = cachedSnapshots(folder, canonicalsOf(), () =>
    refuse({ rule: 'snapshot-base', diagnostics: 'no base' }),
  );
  expect(refusing(derived).ok).toBe(false);
  const own: StructureDefinition = { ...derived, snapshot: { element: [{ path: 'Flag' }] } };
  expect(refusing(own)).toEqual({ ok: true, value: own });
  const file = join(mkdtempSync(join(tmpdir(), 'snapshots-')), 'file');
  writeFileSync(file, '');
  expect(counting(join(file, 'below'), canonicalsOf(base)).max(derived)).toBe('2');
});

test('two versions of a definition are kept beside each other', () => {
  const folder = newFolder();
  const { made, max } = counting(folder, canonicalsOf(base));
  const newer = { ...profile('derived', base.url, '1'), version: '2.0.0' };
  expect([max(derived), max(newer), max(derived), max(newer)]).toEqual(['2', '1', '2', '1']);
  expect(made).toHaveLength(2);
});
