/** Turns the discriminators of a slicing into tests that tell of an item whether it belongs to a slice. */
import {
  type Discerning,
  type Found,
  refersNowhere,
  type Step,
  stepsOf,
  valuesAt,
} from './discriminator-path.ts';
import type { Discriminator, ElementRules, Slice, Slicing, TypeRules } from './element-rules.ts';
import { fits, isSame } from './likeness.ts';
import { isPrimitiveType } from './members.ts';
import { type Lookup, typesAt, type Ways, waysTo } from './slice-content.ts';

/** undefined: it cannot be told, because what the item refers to, or a definition, is not at hand */
export type Test = (item: unknown) => boolean | undefined;

/** How one slice is told. */
export interface SliceTest {
  readonly fits: Test;
  /** what the slice says at its discriminators: slices that say the same are not told apart */
  readonly said: string;
  /** it says nothing at any of them, though there are some and all definitions on the way are here */
  readonly isSilent: boolean;
  /** canonicals of definitions that are not here, without which it may not be told */
  readonly missing: readonly string[];
}

/** What a slice says at one discriminator, and the test that it makes of the values there. */
interface Told<Value> {
  readonly said: unknown;
  readonly test: (value: Value) => boolean | undefined;
}

/** @returns a test for each slice, in their order */
export function testsOf(slicing: Slicing, discerning: Discerning): readonly SliceTest[] {
  return slicing.slices.map((slice) => testOf(slicing.discriminators, slice, discerning));
}

/**
 * A discriminator at which the slice says nothing is passed over; a slice that says nothing at any is told by none.
 * @source hl7.org/fhir/R4/profiling.html#discriminator
 */
function testOf(
  discriminators: readonly Discriminator[],
  { rules }: Slice,
  discerning: Discerning,
): SliceTest {
  const lookup: Lookup = { discerning, missing: new Set() };
  const told = discriminators.flatMap((one) => discriminatorTold(one, rules, lookup) ?? []);
  const missing = [...lookup.missing];
  const said = JSON.stringify(told.map((one) => one.said));
  if (told.length === 0)
    return {
      fits: () => undefined,
      said,
      isSilent: discriminators.length > 0 && missing.length === 0,
      missing,
    };
  const fitsAll: Test = (item) => {
    let answer: boolean | undefined = true;
    for (const { test } of told) {
      const one = test(item);
      if (one === false) return false;
      answer &&= one;
    }
    return answer;
  };
  return { fits: fitsAll, said, isSilent: false, missing };
}

function discriminatorTold(
  { type, path }: Discriminator,
  slice: ElementRules,
  lookup: Lookup,
): Told<unknown> | undefined {
  const steps = stepsOf(path);
  const told = steps && foundTold(type, steps, slice, lookup);
  if (!told) return undefined;
  const { discerning } = lookup;
  const isFar = steps.some(({ kind }) => kind === 'resolve');
  return {
    said: [type, path, told.said],
    test: (item) => {
      const found = valuesAt(item, steps, discerning);
      if (!isFar || found.some((one) => one.value !== undefined)) return told.test(found);
      const [only] = found;
      if (only === undefined) return refersNowhere(item, steps, discerning) ? told.test(found) : undefined;
      return type === 'type' ? told.test(found) : undefined;
    },
  };
}

function foundTold(
  type: Discriminator['type'],
  steps: readonly Step[],
  slice: ElementRules,
  lookup: Lookup,
): Told<readonly Found[]> | undefined {
  if (type === 'exists') return existsTold(waysTo(slice, steps, lookup));
  if (type === 'type') return typeTold(typesAt(slice, steps, lookup), lookup);
  if (type === 'profile') return profileTold(typesAt(slice, steps, lookup), lookup);
  return urlTold(steps, slice) ?? valuesTold(waysTo(slice, steps, lookup), lookup);
}

function existsTold([at = []]: Ways): Told<readonly Found[]> | undefined {
  if (at.some(({ max }) => max === 0)) return { said: 'absent', test: (found) => found.length === 0 };
  return at.some(({ min }) => min > 0) ? { said: 'present', test: (found) => found.length > 0 } : undefined;
}

function typeTold(types: readonly TypeRules[], { discerning }: Lookup): Told<readonly Found[]> | undefined {
  const codes = new Set(types.flatMap((one) => codesOf(one, discerning)).filter((code) => code !== ''));
  if (codes.size === 0) return undefined;
  return {
    said: [...codes].sort(),
    test: (found) => found.some((one) => codes.has(one.type ?? '') || isPlain(one, codes)),
  };
}

function profileTold(
  types: readonly TypeRules[],
  { discerning, missing }: Lookup,
): Told<readonly Found[]> | undefined {
  const profiles = types.flatMap(({ profiles: own, targets }) => (own.length > 0 ? own : targets));
  if (profiles.length === 0) return undefined;
  const known = profiles.filter((one) => discerning.book(one) !== undefined);
  const unknown = profiles.filter((one) => !known.includes(one));
  for (const one of unknown) missing.add(one);
  const areAny = (found: readonly Found[], some: readonly string[]): boolean =>
    found.some(({ value }) => some.some((one) => discerning.conforms(value, one)));
  return {
    said: [...profiles].sort(),
    // whatever is asked conforms to a profile that is not here
    test: (found) => areAny(found, known) || (areAny(found, unknown) ? undefined : false),
  };
}

/** @returns a test of the url by which a slice of extensions names their definition, which need not be here */
function urlTold(steps: readonly Step[], { types }: ElementRules): Told<readonly Found[]> | undefined {
  const [step, more] = steps;
  if (more || step?.kind !== 'element' || step.name !== 'url') return undefined;
  const named = types.filter(({ code }) => code === 'Extension').flatMap(({ profiles }) => profiles);
  const urls = new Set(named.map((url) => url.split('|', 1)[0]));
  if (urls.size === 0) return undefined;
  return { said: [...urls].sort(), test: (found) => found.some(({ value }) => urls.has(value as string)) };
}

/** A slice that fixes nothing and has the element, or forbids it, is told by that. */
function valuesTold(ways: Ways, lookup: Lookup): Told<readonly Found[]> | undefined {
  if (ways[0]?.some(({ max }) => max === 0)) return existsTold(ways);
  const told = ways
    .map((way) => way.flatMap((rules) => valueTold(rules, lookup) ?? []))
    .filter((way) => way.length > 0);
  if (told.length === 0) return existsTold(ways);
  return {
    said: told.map((way) => way.map(({ said }) => said)),
    test: (found) => told.some((way) => way.every(({ test }) => found.some(({ value }) => test(value)))),
  };
}

/** @returns a test by what the element fixes; where itself fixes nothing, by what the elements below do */
function valueTold(rules: ElementRules, lookup: Lookup): Told<unknown> | undefined {
  const { fixed, pattern, binding } = rules;
  if (fixed !== undefined) return { said: { fixed }, test: (value) => isSame(value, fixed) };
  if (pattern !== undefined) return { said: { pattern }, test: (value) => fits(value, pattern) };
  if (binding?.strength === 'required')
    return {
      said: binding.valueSet,
      test: (value) => lookup.discerning.isIn(value, binding.valueSet) !== false,
    };
  const below = rules.content.flatMap((one) =>
    demandsOf(one).flatMap((demand) => {
      const told = valueTold(demand, lookup);
      return told ? [{ name: one.name, told }] : [];
    }),
  );
  if (below.length === 0) return undefined;
  return {
    said: below.map(({ name, told }) => [name, told.said]),
    test: (value) =>
      below.every(({ name, told }) =>
        valuesAt(value, [{ kind: 'element', name }], lookup.discerning).some((one) => told.test(one.value)),
      ),
  };
}

/** @returns the rules of an element that each item of a slice must meet: its own, and those of slices that must be there */
function demandsOf(rules: ElementRules): readonly ElementRules[] {
  const isDemanded = rules.min > 0 || rules.fixed !== undefined || rules.pattern !== undefined;
  const slices = rules.types.some(({ code }) => code === 'Extension') ? [] : (rules.slicing?.slices ?? []);
  const required = slices.map((slice) => slice.rules).filter(({ min }) => min > 0);
  return isDemanded ? [rules, ...required] : required;
}

function codesOf({ code, profiles }: TypeRules, discerning: Discerning): readonly string[] {
  const profiled = profiles.flatMap((one) => discerning.book(one)?.type ?? []);
  return code === '' || code === 'Resource' ? [code, ...profiled] : [code];
}

/** JSON does not say the type of a value that is no choice: its form must do. */
function isPlain({ value, type }: Found, codes: ReadonlySet<string>): boolean {
  if (type !== undefined) return false;
  const [only = ''] = codes;
  if (typeof value === 'object') return codes.size === 1 && !isPrimitiveType(only);
  return [...codes].some(
    (code) => isPrimitiveType(code) && (code === 'boolean') === (typeof value === 'boolean'),
  );
}
