/** The three-way reconcile: what one side changed is taken, what both changed differently is said. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/fhir/digest.ts';
import { reconcile } from '../../src/store/reconcile.ts';
import type { Identified } from '../../src/store/store.ts';

const patient = (more: object): Identified => ({ resourceType: 'Patient', id: '1', ...more }) as Identified;
const of = (base: object | undefined, ours: object, theirs: object) => {
  const { merged, conflicts } = reconcile({
    base: base && patient(base),
    ours: patient(ours),
    theirs: patient(theirs),
  });
  const { resourceType: _type, id: _id, ...rest } = merged;
  return { merged: rest, paths: conflicts.map((one) => one.path) };
};
const phone = (value: string, more: object = {}) => ({ system: 'phone', use: 'home', value, ...more });

describe('element by element', () => {
  test.each<[string, object | undefined, object, object, object]>([
    [
      'takes what only one side changed',
      { gender: 'unknown', birthDate: '1950' },
      { gender: 'female', birthDate: '1950' },
      { gender: 'unknown', birthDate: '1950-02-01' },
      { gender: 'female', birthDate: '1950-02-01' },
    ],
    [
      'takes what both changed alike',
      { gender: 'unknown' },
      { gender: 'male' },
      { gender: 'male' },
      { gender: 'male' },
    ],
    [
      'takes a removal',
      { gender: 'male', active: true },
      { gender: 'male', active: true },
      { active: true },
      { active: true },
    ],
    [
      'merges a name part by part',
      { name: [{ use: 'official', family: 'A', given: ['B'] }] },
      { name: [{ use: 'official', family: 'X', given: ['B'] }] },
      { name: [{ use: 'official', family: 'A', given: ['Y'] }] },
      { name: [{ use: 'official', family: 'X', given: ['Y'] }] },
    ],
    [
      'takes entries of a list by their keys',
      { telecom: [phone('1')] },
      { telecom: [phone('2')] },
      { telecom: [phone('1'), { system: 'email', value: 'a' }] },
      { telecom: [phone('2'), { system: 'email', value: 'a' }] },
    ],
    [
      'keeps a value and its extras together',
      { birthDate: '1950' },
      { birthDate: '1950', _birthDate: { extension: [{ url: 'u', valueCode: 'a' }] } },
      { birthDate: '1950', gender: 'male' },
      { birthDate: '1950', _birthDate: { extension: [{ url: 'u', valueCode: 'a' }] }, gender: 'male' },
    ],
    [
      'keeps what either says where nothing tells who changed it',
      undefined,
      { gender: 'male' },
      { active: true },
      { gender: 'male', active: true },
    ],
    [
      'leaves version and time aside',
      { meta: { versionId: '1' } },
      { meta: { versionId: '7', lastUpdated: '2025-01-01T00:00:00Z' } },
      { meta: { versionId: '2', source: '#x', tag: [{ code: 't' }] } },
      { meta: { tag: [{ code: 't' }] } },
    ],
  ])('%s', (_name, base, ours, theirs, merged) => {
    expect(of(base, ours, theirs)).toEqual({ merged, paths: [] });
  });

  test.each<[string, object | undefined, object, object, string[]]>([
    [
      'a value that both changed',
      { gender: 'unknown' },
      { gender: 'male' },
      { gender: 'female' },
      ['Patient.gender'],
    ],
    [
      'a value removed here and changed there',
      { gender: 'unknown' },
      {},
      { gender: 'female' },
      ['Patient.gender'],
    ],
    [
      'two numbers for one phone',
      { telecom: [phone('1')] },
      { telecom: [phone('2')] },
      { telecom: [phone('3')] },
      ['Patient.telecom'],
    ],
    [
      'two forms of one choice',
      {},
      { deceasedBoolean: true },
      { deceasedDateTime: '2025' },
      ['Patient.deceased'],
    ],
    [
      'two family names',
      { name: [{ use: 'official', family: 'A' }] },
      { name: [{ use: 'official', family: 'B' }] },
      { name: [{ use: 'official', family: 'C' }] },
      ['Patient.name.family'],
    ],
    [
      'a difference that nothing explains',
      undefined,
      { gender: 'male' },
      { gender: 'female' },
      ['Patient.gender'],
    ],
  ])('calls a conflict %s', (_name, base, ours, theirs, paths) => {
    expect(of(base, ours, theirs).paths).toEqual(paths);
  });

  test('gives both versions of a conflict, and lets the preferred side have its way in the proposal', () => {
    const versions = {
      base: patient({ gender: 'unknown' }),
      ours: patient({ gender: 'male', active: true }),
      theirs: patient({ gender: 'female', birthDate: '1950' }),
    };
    const { merged, conflicts } = reconcile(versions);
    expect(conflicts).toEqual([{ path: 'Patient.gender', base: 'unknown', ours: 'male', theirs: 'female' }]);
    expect(merged).toEqual(patient({ gender: 'male', active: true, birthDate: '1950' }));
    expect(reconcile(versions, 'theirs').merged).toEqual(
      patient({ gender: 'female', active: true, birthDate: '1950' }),
    );
  });
});

const text = fc.constantFrom('a', 'b', 'c');
const ELEMENTS = [
  'gender',
  'birthDate',
  '_birthDate',
  'deceasedBoolean',
  'name',
  'telecom',
  'identifier',
  'generalPractitioner',
  'meta',
] as const;
const anyPatient = fc
  .record(
    {
      gender: fc.constantFrom('male', 'female'),
      birthDate: text,
      _birthDate: fc.record({ id: text }),
      deceasedBoolean: fc.boolean(),
      name: fc.uniqueArray(fc.record({ use: fc.constantFrom('usual', 'official'), family: text }), {
        minLength: 1,
        maxLength: 2,
      }),
      telecom: fc.uniqueArray(
        fc.record({
          system: fc.constantFrom('phone', 'email'),
          use: fc.constantFrom('home', 'work'),
          value: text,
        }),
        {
          minLength: 1,
          maxLength: 4,
          selector: canonicalJson,
        },
      ),
      identifier: fc.uniqueArray(
        fc.record({ system: text, value: text }, { requiredKeys: ['system', 'value'] }),
        { minLength: 1, maxLength: 3, selector: canonicalJson },
      ),
      generalPractitioner: fc.array(fc.record({ reference: text }), { minLength: 1, maxLength: 2 }),
      meta: fc.record({
        tag: fc.uniqueArray(fc.record({ code: text }), { minLength: 1, selector: canonicalJson }),
      }),
    },
    { requiredKeys: [] },
  )
  .map(patient);
const changes = fc.record({ to: anyPatient, elements: fc.subarray([...ELEMENTS]) });
/** A patient, some of whose elements are as in another, or gone. */
const changed = (
  base: Identified,
  { to, elements }: { to: Identified; elements: readonly string[] },
): Identified => {
  const other = Object.entries(to).filter(([name]) => elements.includes(name));
  return {
    ...Object.fromEntries(Object.entries(base).filter(([name]) => !elements.includes(name))),
    ...Object.fromEntries(other),
  } as Identified;
};
const three = fc
  .record({ base: anyPatient, here: changes, there: changes, isKnown: fc.boolean() })
  .map(({ base, here, there, isKnown }) => ({
    base: isKnown ? base : undefined,
    ours: changed(base, here),
    theirs: changed(base, there),
  }));
const same = (a: unknown, b: unknown): void => expect(canonicalJson(a)).toBe(canonicalJson(b));

describe('whatever the versions', () => {
  test('neither side is favoured: places of conflicts, and what is merged without them, are the same either way', () => {
    fc.assert(
      fc.property(three, ({ base, ours, theirs }) => {
        const [here, there] = [
          reconcile({ base, ours, theirs }),
          reconcile({ base, ours: theirs, theirs: ours }),
        ];
        expect(there.conflicts.map((one) => one.path)).toEqual(here.conflicts.map((one) => one.path));
        same(reconcile({ base, ours: theirs, theirs: ours }, 'theirs').merged, here.merged);
        if (here.conflicts.length === 0) same(there.merged, here.merged);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a side that changed nothing gives way whole', () => {
    fc.assert(
      fc.property(anyPatient, anyPatient, (base, changed) => {
        for (const one of [
          reconcile({ base, ours: base, theirs: changed }),
          reconcile({ base, ours: changed, theirs: base }),
          reconcile({ base, ours: changed, theirs: changed }),
        ]) {
          expect(one.conflicts).toEqual([]);
          same(one.merged, changed);
        }
      }),
    );
  });

  test('an object of which each side took out what the other left is not there', () => {
    const tagged = (...codes: string[]) =>
      ({ resourceType: 'Patient', id: '1', meta: { tag: codes.map((code) => ({ code })) } }) as const;
    const { merged } = reconcile({ base: tagged('c', 'b'), ours: tagged('b'), theirs: tagged('c') } as never);
    expect(merged).toEqual({ resourceType: 'Patient', id: '1' });
  });

  test('what was merged stays so: reconciled again with either side it does not change', () => {
    fc.assert(
      fc.property(three, ({ base, ours, theirs }) => {
        const { merged, conflicts } = reconcile({ base, ours, theirs });
        fc.pre(conflicts.length === 0);
        for (const side of [ours, theirs])
          same(reconcile({ base: side, ours: merged, theirs: side }).merged, merged);
      }),
    );
  });

  test('nothing is lost: what a side has that was not there before stands in the merge, or is called a conflict', () => {
    fc.assert(
      fc.property(three, ({ base, ours, theirs }) => {
        const { merged, conflicts } = reconcile({ base, ours, theirs });
        for (const side of [ours, theirs])
          for (const [path, leaf] of leavesOf(side)) {
            if (base && [...leavesOf(base)].some(([at, old]) => at === path && old === leaf)) continue;
            const isThere = [...leavesOf(merged)].some(([at, kept]) => at === path && kept === leaf);
            const isSaid = conflicts.some((one) => `Patient.${path.replace('_', '')}`.startsWith(one.path));
            expect([path, leaf, isThere || isSaid]).toEqual([path, leaf, true]);
          }
      }),
      { numRuns: 300 },
    );
  });
});

/** Every value with the path of its element. */
function* leavesOf(value: unknown, path = ''): Generator<[string, string]> {
  if (Array.isArray(value)) for (const item of value) yield* leavesOf(item, path);
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value))
      yield* leavesOf(member, path === '' ? name : `${path}.${name}`);
  else yield [path, String(value)];
}
