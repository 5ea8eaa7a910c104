/** Turns the discriminators of a slicing into tests that tell of an item whether it belongs to a slice. */
import type { Discriminator, ElementRules, Slice, Slicing, TypeRules } from './element-rules.ts';
import { fits, isSame } from './likeness.ts';
import type { Json } from './run.ts';
import { isPrimitiveType } from './schema.ts';

/** What tests ask of the validator around them. */
export interface Discerning {
  /** rules of a type or a profile; undefined when it is not known */
  book(canonical: string): { readonly type: string; readonly root: ElementRules } | undefined;
  /** whether a value conforms to a profile */
  conforms(value: unknown, canonical: string): boolean;
  /** whether a code, Coding or CodeableConcept is in a value set; undefined: nobody here knows */
  isIn(value: unknown, valueSet: string): boolean | undefined;
  /** the resource that a Reference points to, where it is at hand */
  resolve(reference: unknown): Json | undefined;
}

export type Test = (item: unknown) => boolean;

type Step =
  | { readonly kind: 'element'; readonly name: string }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'resolve' };

/** A value found by a path; the type where the JSON says it: that of a choice, or of a resource. */
interface Found {
  readonly value: unknown;
  readonly type: string | undefined;
}

const STEP = /^(?:extension\('([^']+)'\)|ofType\(([A-Za-z]+)\)|(resolve)\(\)|([A-Za-z]+)(?:\[x\])?)(?:\.|$)/;

/** @returns the steps of a discriminator's path; undefined when it is none that FHIR allows there */
export function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  let rest = path.replace(/^\$this(?:\.|$)/, '');
  while (rest !== '') {
    const [all = '', url, type, resolves, name] = STEP.exec(rest) ?? [];
    if (all === '') return undefined;
    if (url !== undefined) steps.push({ kind: 'extension', url });
    else if (type !== undefined) steps.push({ kind: 'type', type });
    else if (resolves) steps.push({ kind: 'resolve' });
    else steps.push({ kind: 'element', name: name! });
    rest = rest.slice(all.length);
  }
  return steps;
}

/** @returns a test for each slice, in their order */
export function testsOf(slicing: Slicing, discerning: Discerning): readonly Test[] {
  return slicing.slices.map((slice) => testOf(slicing.discriminators, slice, discerning));
}

function testOf(discriminators: readonly Discriminator[], { rules }: Slice, discerning: Discerning): Test {
  const tests = discriminators.map((one) => discriminatorTest(one, rules, discerning));
  return (item) => tests.every((test) => test(item));
}

function discriminatorTest({ type, path }: Discriminator, slice: ElementRules, discerning: Discerning): Test {
  const steps = stepsOf(path);
  if (!steps) return () => false;
  const at = rulesAt(slice, steps, discerning);
  const find: (item: unknown) => readonly Found[] = (item) => valuesAt(item, steps, discerning);
  if (type === 'exists') {
    if (at.some(({ max }) => max === 0)) return (item) => find(item).length === 0;
    return at.some(({ min }) => min > 0) ? (item) => find(item).length > 0 : () => true;
  }
  const types = typesAt(slice, steps, at, discerning);
  if (type === 'type') {
    const codes = new Set(types.flatMap((one) => codesOf(one, discerning)));
    return (item) => find(item).some((found) => codes.has(found.type ?? '') || isPlain(found, codes));
  }
  if (type === 'profile') {
    const profiles = types.flatMap(({ profiles: own, targets }) => (own.length > 0 ? own : targets));
    return (item) => find(item).some(({ value }) => profiles.some((one) => discerning.conforms(value, one)));
  }
  const tests = at.map((rules) => valueTest(rules, discerning)).filter((test) => test !== undefined);
  if (tests.length === 0) return (item) => find(item).length > 0;
  return (item) => find(item).some(({ value }) => tests.every((test) => test(value)));
}

/** @returns a test by what the element fixes; where itself fixes nothing, by what the elements below do */
function valueTest(rules: ElementRules, discerning: Discerning): Test | undefined {
  const { fixed, pattern, binding } = rules;
  if (fixed !== undefined) return (value) => isSame(value, fixed);
  if (pattern !== undefined) return (value) => fits(value, pattern);
  if (binding?.strength === 'required') return (value) => discerning.isIn(value, binding.valueSet) !== false;
  const below = rules.content.flatMap((one) => {
    const test =
      one.min > 0 || one.fixed !== undefined || one.pattern !== undefined
        ? valueTest(one, discerning)
        : undefined;
    return test ? [{ name: one.name, test }] : [];
  });
  if (below.length === 0) return undefined;
  return (value) =>
    below.every(({ name, test }) =>
      valuesAt(value, [{ kind: 'element', name }], discerning).some((one) => test(one.value)),
    );
}

/** @returns the rules that a path leads to within a slice: several where slices of the way state it */
function rulesAt(
  slice: ElementRules,
  steps: readonly Step[],
  discerning: Discerning,
): readonly ElementRules[] {
  let at: readonly ElementRules[] = [slice];
  for (const step of steps) {
    if (step.kind === 'resolve' || step.kind === 'type') continue;
    const name = step.kind === 'extension' ? 'extension' : step.name;
    at = at.flatMap((rules) => contentOf(rules, discerning).filter((one) => one.name === name));
    if (step.kind === 'extension')
      at = at.flatMap(({ slicing }) =>
        (slicing?.slices ?? [])
          .map(({ rules }) => rules)
          .filter((rules) => isExtension(rules, step.url, discerning)),
      );
  }
  return at;
}

function isExtension(rules: ElementRules, url: string, discerning: Discerning): boolean {
  if (rules.types.some(({ profiles }) => profiles.includes(url))) return true;
  return contentOf(rules, discerning).some((one) => one.name === 'url' && one.fixed === url);
}

function contentOf(rules: ElementRules, discerning: Discerning): readonly ElementRules[] {
  if (rules.content.length > 0) return rules.content;
  const [type] = rules.types;
  if (!type) return [];
  return discerning.book(type.profiles[0] ?? urlOfType(type.code))?.root.content ?? [];
}

export function urlOfType(code: string): string {
  return code.includes('/') ? code : `http://hl7.org/fhir/StructureDefinition/${code}`;
}

/** Types of what the path leads to; behind `resolve()` those of the targets. */
function typesAt(
  slice: ElementRules,
  steps: readonly Step[],
  at: readonly ElementRules[],
  discerning: Discerning,
): readonly TypeRules[] {
  const last = steps.at(-1);
  if (last?.kind === 'type') return [{ code: last.type, profiles: [], targets: [] }];
  const types = (steps.length === 0 ? [slice] : at).flatMap((rules) => rules.types);
  if (last?.kind !== 'resolve') return types;
  return types.flatMap(({ targets }) =>
    targets.map((target) => ({ code: discerning.book(target)?.type ?? '', profiles: [target], targets: [] })),
  );
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

function valuesAt(item: unknown, steps: readonly Step[], discerning: Discerning): readonly Found[] {
  let found: readonly Found[] = [{ value: item, type: resourceType(item) }];
  for (const step of steps) found = found.flatMap((one) => take(one, step, discerning));
  return found;
}

function take(from: Found, step: Step, discerning: Discerning): readonly Found[] {
  if (step.kind === 'type') return from.type === undefined || from.type === step.type ? [from] : [];
  if (step.kind === 'resolve') {
    const target = discerning.resolve(from.value);
    return target ? [{ value: target, type: resourceType(target) }] : [];
  }
  if (typeof from.value !== 'object' || from.value === null) return [];
  const owner = from.value as Json;
  if (step.kind === 'extension')
    return listOf(owner.extension)
      .filter((one) => (one as Json | null)?.url === step.url)
      .map((value) => ({ value, type: undefined }));
  const plain = owner[step.name];
  if (plain !== undefined) return listOf(plain).map((value) => ({ value, type: resourceType(value) }));
  for (const key in owner) {
    const type = key.startsWith(step.name) ? key.slice(step.name.length) : '';
    if (!/^[A-Z]/.test(type)) continue;
    const lower = type[0]!.toLowerCase() + type.slice(1);
    const isPrimitive = typeof owner[key] !== 'object';
    return listOf(owner[key]).map((value) => ({ value, type: isPrimitive ? lower : type }));
  }
  return [];
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function resourceType(value: unknown): string | undefined {
  const type = (value as Json | null | undefined)?.resourceType;
  return typeof type === 'string' ? type : undefined;
}
