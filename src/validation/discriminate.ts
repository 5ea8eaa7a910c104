/** Turns the discriminators of a slicing into tests that tell of an item whether it belongs to a slice. */
import type { Discriminator, ElementRules, Slice, Slicing, TypeBook, TypeRules } from './element-rules.ts';
import { fits, isSame } from './likeness.ts';
import { isPrimitiveType } from './members.ts';
import type { Json } from './run.ts';

/** What tests ask of the validator around them. */
export interface Discerning {
  /** rules of a type or a profile; undefined when it is not known */
  book(canonical: string): Pick<TypeBook, 'type' | 'kind' | 'root'> | undefined;
  /** whether a value conforms to a profile */
  conforms(value: unknown, canonical: string): boolean;
  /** whether a code, Coding or CodeableConcept is in a value set; undefined: nobody here knows */
  isIn(value: unknown, valueSet: string): boolean | undefined;
  /** the resource that a Reference points to, where it is at hand */
  resolve(reference: unknown): Json | undefined;
  /** the type that a Reference says it points to */
  typeReferredTo(reference: unknown): string | undefined;
}

/** undefined: it cannot be told, because what the item refers to is not at hand */
export type Test = (item: unknown) => boolean | undefined;

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
function stepsOf(path: string): readonly Step[] | undefined {
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
  return (item) => {
    let answer: boolean | undefined = true;
    for (const test of tests) {
      const one = test(item);
      if (one === false) return false;
      answer &&= one;
    }
    return answer;
  };
}

function discriminatorTest({ type, path }: Discriminator, slice: ElementRules, discerning: Discerning): Test {
  const steps = stepsOf(path);
  if (!steps) return () => false;
  const test = foundTest(type, steps, slice, discerning);
  const isFar = steps.some(({ kind }) => kind === 'resolve');
  return (item) => {
    const found = valuesAt(item, steps, discerning);
    if (!isFar || found.some((one) => one.value !== undefined)) return test(found);
    const [only] = found;
    if (only === undefined) return refersNowhere(item, steps, discerning) ? test(found) : undefined;
    return type === 'type' ? test(found) : undefined;
  };
}

function foundTest(
  type: Discriminator['type'],
  steps: readonly Step[],
  slice: ElementRules,
  discerning: Discerning,
): (found: readonly Found[]) => boolean {
  const at = rulesAt(slice, steps, discerning);
  if (type === 'exists') {
    if (at.some(({ max }) => max === 0)) return (found) => found.length === 0;
    return at.some(({ min }) => min > 0) ? (found) => found.length > 0 : () => true;
  }
  const types = typesAt(slice, steps, at, discerning);
  if (type === 'type') {
    const codes = new Set(types.flatMap((one) => codesOf(one, discerning)));
    return (found) => found.some((one) => codes.has(one.type ?? '') || isPlain(one, codes));
  }
  if (type === 'profile') {
    const profiles = types.flatMap(({ profiles: own, targets }) => (own.length > 0 ? own : targets));
    return (found) => found.some(({ value }) => profiles.some((one) => discerning.conforms(value, one)));
  }
  const tests = at.map((rules) => valueTest(rules, discerning)).filter((test) => test !== undefined);
  if (tests.length === 0) return isUrl(steps, slice) ?? ((found) => found.length > 0);
  return (found) => found.some(({ value }) => tests.every((test) => test(value)));
}

/** @returns for extensions that are not known here a test of the url by which a profile names them */
function isUrl(
  steps: readonly Step[],
  { types }: ElementRules,
): ((found: readonly Found[]) => boolean) | undefined {
  const [step, more] = steps;
  if (more || step?.kind !== 'element' || step.name !== 'url') return undefined;
  const urls = types.filter(({ code }) => code === 'Extension').flatMap(({ profiles }) => profiles);
  if (urls.length === 0) return undefined;
  return (found) => found.some(({ value }) => urls.some((url) => url.split('|', 1)[0] === value));
}

/** @returns a test by what the element fixes; where itself fixes nothing, by what the elements below do */
function valueTest(rules: ElementRules, discerning: Discerning): ((value: unknown) => boolean) | undefined {
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
    if (target) return [{ value: target, type: resourceType(target) }];
    const type = discerning.typeReferredTo(from.value);
    return type === undefined ? [] : [{ value: undefined, type }];
  }
  if (typeof from.value !== 'object' || from.value === null) return [];
  const owner = from.value as Json;
  if (step.kind === 'extension')
    return listOf(owner.extension)
      .filter((one) => (one as Json | null)?.url === step.url)
      .map((value) => ({ value, type: undefined }));
  if (owner[step.name] !== undefined || owner[`_${step.name}`] !== undefined)
    return membersOf(owner, step.name).map((value) => ({ value, type: resourceType(value) }));
  for (const key in owner) {
    const name = key.startsWith('_') ? key.slice(1) : key;
    const type = name.startsWith(step.name) ? typeNamed(name.slice(step.name.length), discerning) : undefined;
    if (type !== undefined) return membersOf(owner, name).map((value) => ({ value, type }));
  }
  return [];
}

/** @returns the type that the name of a choice's member ends with: `valueString`, and not `statusReason` */
function typeNamed(ending: string, discerning: Discerning): string | undefined {
  if (!/^[A-Z]/.test(ending)) return undefined;
  const lower = ending[0]!.toLowerCase() + ending.slice(1);
  return [ending, lower].find((type) => {
    const kind = discerning.book(urlOfType(type))?.kind;
    return kind === 'complex-type' || kind === 'primitive-type';
  });
}

/** @returns the values of a member; undefined stands for a primitive that has an id or extensions only */
function membersOf(owner: Json, name: string): readonly unknown[] {
  const values = listOf(owner[name]);
  return values.length > 0 || owner[`_${name}`] === undefined ? values : [undefined];
}

/** @returns true where there is no reference at the end of the path that could be followed */
function refersNowhere(item: unknown, steps: readonly Step[], discerning: Discerning): boolean {
  const first = steps.findIndex(({ kind }) => kind === 'resolve');
  return valuesAt(item, steps.slice(0, first), discerning).length === 0;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function resourceType(value: unknown): string | undefined {
  const type = (value as Json | null | undefined)?.resourceType;
  return typeof type === 'string' ? type : undefined;
}
