/** Every differential of base R4 gives the snapshot that is published with it, except for listed differences. */
import type { ElementDefinition, ElementDefinitionType, StructureDefinition } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../../src/fhir/canonicals.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { snapshotOf } from '../../../src/validation/snapshot/snapshot.ts';
import { PROFILE_DIFFERENCES, REFUSED, TYPE_DIFFERENCES } from './differences.ts';

/** What is compared of an element, written so that equal meaning is equal text. */
const FIELDS: Readonly<Record<string, (element: ElementDefinition) => unknown>> = {
  min: ({ min }) => min,
  max: ({ max }) => max,
  types: ({ type }) => type?.map((one) => [typeName(one), one.profile ?? [], one.targetProfile ?? []]),
  fixed: (element) =>
    Object.entries(element)
      .filter(([key]) => /^(fixed|pattern|minValue|maxValue|maxLength)/.test(key))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  binding: ({ binding }) => binding && [binding.strength, binding.valueSet],
  constraint: ({ constraint }) => constraint?.map(({ key }) => key).sort(),
  isModifier: ({ isModifier }) => isModifier ?? false,
  mustSupport: ({ mustSupport }) => mustSupport ?? false,
  isSummary: ({ isSummary }) => isSummary ?? false,
  base: ({ base }) => base,
  contentReference: ({ contentReference }) => contentReference,
};

/** Resources’ own snapshots leave out that extensions are sliced, and the base says it: only profiles are compared. */
const slicing = ({ slicing: one }: ElementDefinition): unknown =>
  one && [one.discriminator ?? [], one.rules, one.ordered ?? false];

/** `url` of an extension is published with FHIR’s or with FHIRPath’s name of its type. */
function typeName({ code, extension }: ElementDefinitionType): string {
  return extension?.find(({ url }) => url.endsWith('structuredefinition-fhir-type'))?.valueUrl ?? code;
}

interface Compared {
  readonly count: number;
  readonly differences: readonly string[];
  readonly refused: Readonly<Record<string, readonly string[]>>;
}

function compareAll(
  isCompared: (definition: StructureDefinition) => boolean,
  fields: typeof FIELDS,
  canonicals = baseCanonicals(),
): Compared {
  const differences: string[] = [];
  const refused: Record<string, string[]> = {};
  let count = 0;
  for (const published of baseCanonicals().all('StructureDefinition')) {
    if (!isCompared(published)) continue;
    count++;
    const name = published.url.slice(published.url.lastIndexOf('/') + 1);
    const made = snapshotOf({ ...published, snapshot: undefined }, canonicals);
    if (made.ok)
      differences.push(
        ...differencesOf(made.value.snapshot!.element, published.snapshot!.element, fields).map(
          (one) => `${name} ${one}`,
        ),
      );
    else refused[name] = [...new Set(made.outcome.issue.map((issue) => ruleOf(issue)!))].sort();
  }
  return { count, differences, refused };
}

function differencesOf(
  made: readonly ElementDefinition[],
  published: readonly ElementDefinition[],
  fields: typeof FIELDS,
): string[] {
  const found: string[] = [];
  const idsOf = (list: readonly ElementDefinition[]): string => list.map(({ id }) => id).join('\n');
  if (idsOf(made) !== idsOf(published)) found.push('ids');
  const byId = new Map(published.map((element) => [element.id, element]));
  for (const element of made) {
    const other = byId.get(element.id);
    if (!other) continue;
    for (const [field, read] of Object.entries(fields))
      if (JSON.stringify(read(element)) !== JSON.stringify(read(other))) found.push(`${element.id} ${field}`);
  }
  return found;
}

/** @returns the rules of the refusals that are listed for definitions of one kind */
function listed(names: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(names.map((name) => [name, REFUSED[name]!.slice(1)]));
}

const TYPES = ['positiveInt', 'unsignedInt'];

test('every profile and extension of base R4 gets its published snapshot, except for the listed differences', () => {
  const { count, differences, refused } = compareAll(({ derivation }) => derivation === 'constraint', {
    ...FIELDS,
    slicing,
  });
  expect(count).toBe(439);
  expect([...differences].sort()).toEqual(Object.keys(PROFILE_DIFFERENCES).sort());
  expect(refused).toEqual(listed(Object.keys(REFUSED).filter((name) => !TYPES.includes(name))));
});

test('every resource and data type of base R4 gets its published snapshot, except for the listed differences', () => {
  const { count, differences, refused } = compareAll(({ derivation }) => derivation !== 'constraint', FIELDS);
  expect(count).toBe(211);
  expect([...differences].sort()).toEqual(Object.keys(TYPE_DIFFERENCES).sort());
  expect(refused).toEqual(listed(TYPES));
});

test('profiles on profiles and extensions get the same where those have no snapshots either', () => {
  const bare = baseCanonicals();
  const isProfile = ({ url, derivation }: StructureDefinition): boolean =>
    derivation === 'constraint' && !Object.keys(REFUSED).some((one) => url.endsWith(`/${one}`));
  for (const published of baseCanonicals().all('StructureDefinition'))
    if (isProfile(published)) bare.add({ ...published, snapshot: undefined });
  const { differences, refused } = compareAll(isProfile, { ...FIELDS, slicing }, bare);
  expect([...differences].sort()).toEqual(Object.keys(PROFILE_DIFFERENCES).sort());
  expect(refused).toEqual({});
});
