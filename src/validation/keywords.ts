/** Teaches ajv the keywords of `schema.ts`: each becomes code in the one function that ajv writes for a definition. */
import { _, type Ajv, type CodeKeywordDefinition, type KeywordCxt } from 'ajv';
import { bindingTest } from './bindings.ts';
import type { Check, Checking } from './checking.ts';
import type { ElementRules } from './element-rules.ts';
import { areExtensionsFine } from './extensions.ts';
import { fits, isSame } from './likeness.ts';
import { isPrimitive } from './primitive-tests.ts';
import { isInRange } from './ranges.ts';
import { isReferenceFine, targetTypes } from './references.ts';
import { isContained } from './resolve.ts';
import { claimsOf, DEEPEST, type Json, running, within } from './run.ts';
import {
  type BoundTo,
  type ExtensionsOf,
  type InnerResource,
  type Profiled,
  type Schema,
  type SlicedBy,
  statedSchema,
} from './schema.ts';
import { isRemark, sortIntoSlices } from './slices.ts';
import { specialTest } from './special.ts';
import { isStated, type StatedOn, type WholePrimitive } from './stated.ts';
import { wholesTest } from './whole-primitives.ts';

/** Makes a keyword's test from what the schema states. */
type MakeTest = (checks: Checking, stated: never) => Check;

/** Keywords that are a function of the value. */
const TESTS: Readonly<Record<string, MakeTest>> = {
  fhirNever: () => () => false,
  fhirPrimitive: (_checks, code: string) => isPrimitive(code),
  fhirItem: (_checks, code: string) => {
    const test = isPrimitive(code);
    return (value) => value === null || test(value);
  },
  fhirNullOr: (checks, schema: Schema) => {
    const check = checks.compile(schema);
    return (value) => value === null || check(value);
  },
  fhirType: (checks, code: string) => checks.ofType(code),
  fhirProfile: profileTest,
  fhirResource: (checks, inner: InnerResource) => (value) => isResourceFine(checks, value, inner),
  fhirInner: (checks, schema: Schema) => {
    const check = checks.compile(schema);
    return (value) => within(value as Json, isContained(value), () => check(value));
  },
  fhirSame: (checks, rules: ElementRules) => checks.ofContent(rules),
  fhirFixed:
    (_checks, { value: fixed }: { value: unknown }) =>
    (value) =>
      isSame(value, fixed),
  fhirPattern:
    (_checks, { value: pattern }: { value: unknown }) =>
    (value) =>
      fits(value, pattern),
  fhirRange: (_checks, range: NonNullable<Schema['fhirRange']>) => (value) => isInRange(value, range),
  fhirBinding: (checks, bound: BoundTo) => bindingTest(checks.terms, bound),
  fhirReference: (checks, targets: readonly string[]) => {
    const types = targetTypes(targets, checks.books);
    return (value) => isReferenceFine(value, types, checks);
  },
  fhirExtensions: (checks, of: ExtensionsOf) => (value) => areExtensionsFine(value, of, checks),
  fhirSlices: (checks, by: SlicedBy) => slicesTest(checks, by),
  fhirTextInvariants: (checks, stated: StatedOn) => invariantsTest(checks, stated),
};

/** Those that read what stands in an object come after its members are known to be sound. */
const OBJECT_TESTS: Readonly<Record<string, MakeTest>> = {
  fhirSpecial: (checks, type: string) => specialTest(type, checks),
  fhirWholes: (checks, wholes: readonly WholePrimitive[]) => wholesTest(wholes, checks),
  fhirInvariants: (checks, stated: StatedOn) => invariantsTest(checks, stated),
  fhirWhole: wholeTest,
};

/** Adds the keywords to an ajv instance, over these checks. */
export function addKeywords(ajv: Ajv, checks: Checking): void {
  ajv.addKeyword(membersKeyword);
  for (const keyword of ['fhirRequired', 'fhirChoices', 'fhirPairs', 'fhirIsOpen']) ajv.addKeyword(keyword); // read by fhirMembers
  for (const [keyword, make] of Object.entries(TESTS)) ajv.addKeyword(testKeyword(keyword, make, checks));
  for (const [keyword, make] of Object.entries(OBJECT_TESTS))
    ajv.addKeyword({ ...testKeyword(keyword, make, checks), type: 'object' });
}

function testKeyword(keyword: string, make: MakeTest, checks: Checking): CodeKeywordDefinition {
  return {
    keyword,
    code(cxt: KeywordCxt) {
      const test = cxt.gen.scopeValue('func', { ref: make(checks, cxt.schema as never) });
      cxt.fail(_`!${test}(${cxt.data})`);
    },
  };
}

/**
 * One loop over the members that are there: unknown ones fail, and what must be there is ticked off on the way. Asking for each
 * member that may be there would be slower: an extension may have a hundred.
 */
const membersKeyword: CodeKeywordDefinition = {
  keyword: 'fhirMembers',
  type: 'object',
  schemaType: 'object',
  code(cxt: KeywordCxt) {
    const { gen, data, schema, parentSchema } = cxt;
    const {
      fhirRequired = [],
      fhirChoices = [],
      fhirPairs = [],
      fhirIsOpen = false,
    } = parentSchema as Schema;
    const valid = gen.var('valid', true);
    const seen = fhirRequired.map(() => gen.let('seen', false));
    const chosen = fhirChoices.map(() => gen.let('chosen', _`undefined`));
    const any = gen.let('any', false);
    gen.forIn('key', data, (key) => {
      gen.if(_`${data}[${key}] !== undefined`);
      gen.assign(any, true);
      Object.keys(schema as object).forEach((name, index) => {
        const test = _`${key} === ${name}`;
        if (index === 0) gen.if(test);
        else gen.elseIf(test);
        cxt.subschema({ keyword: 'fhirMembers', schemaProp: name, dataProp: name }, valid);
        fhirRequired.forEach((keys, at) => {
          if (keys.includes(name)) gen.assign(seen[at]!, true);
        });
        const stem = name.startsWith('_') ? name.slice(1) : name;
        fhirChoices.forEach((keys, at) => {
          if (!keys.includes(stem)) return;
          gen.if(_`${chosen[at]!} !== undefined && ${chosen[at]!} !== ${stem}`, () =>
            gen.assign(valid, false),
          );
          gen.assign(chosen[at]!, _`${stem}`);
        });
      });
      if (!fhirIsOpen) {
        gen.else();
        gen.assign(valid, false);
      }
      gen.endIf();
      gen.if(_`!${valid}`, () => gen.break());
      gen.endIf();
    });
    cxt.fail(_`!${valid}`);
    cxt.fail(_`!${any}`);
    for (const one of seen) cxt.fail(_`!${one}`);
    if (fhirPairs.length > 0) {
      const pairs = gen.scopeValue('func', { ref: pairsTest(fhirPairs) });
      cxt.fail(_`!${pairs}(${data})`);
    }
  },
};

/** Nulls in a list of primitives stand for values that have an id or extensions only, at the same place of its partner. */
export function arePaired(value: unknown, names: readonly string[]): boolean {
  return pairsTest(names)(value);
}

function pairsTest(names: readonly string[]): Check {
  const pairs = names.map((name) => [name, `_${name}`] as const);
  return (value) => {
    const owner = value as Readonly<Record<string, unknown>>;
    for (const [name, partner] of pairs) {
      const [values, partners] = [owner[name], owner[partner]];
      const length = Math.max(lengthOf(values), lengthOf(partners));
      for (let at = 0; at < length; at++) if (isNothing(values, at) && isNothing(partners, at)) return false;
    }
    return true;
  };
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

function isNothing(list: unknown, at: number): boolean {
  return !Array.isArray(list) || list[at] === null || list[at] === undefined;
}

function wholeTest(checks: Checking, type: string): Check {
  const root = checks.books.type(type)?.root;
  const constraints = root?.constraints.filter(isStated) ?? [];
  if (!root) return () => true;
  return checks.compile({
    ...statedSchema(root),
    ...(constraints.length > 0 && { fhirInvariants: { type, constraints } }),
  });
}

/** Where a profile is not known, its type is left to ask; a resource is asked for what it claims too. */
function profileTest(checks: Checking, { profiles, type }: Profiled): Check {
  const ofType = checks.ofType(type);
  let isResource: boolean | undefined;
  return (value) => {
    isResource ??= checks.books.type(type)?.kind === 'resource';
    if (isResource && !ofType(value)) return false;
    return profiles.some(
      (url) => checks.conforms(value, url) && (isResource || checks.book(url) !== undefined || ofType(value)),
    );
  };
}

function invariantsTest(checks: Checking, stated: StatedOn): Check {
  const rules = checks.rules(stated);
  if (rules.length === 1) return (value) => rules[0]!.holds(value);
  return (value) => {
    for (const rule of rules) if (!rule.holds(value)) return false;
    return true;
  };
}

export function isResourceFine(
  checks: Checking,
  value: unknown,
  { profiles, isContained }: InnerResource,
): boolean {
  const run = running();
  if (!checks.ofResource(value) || run.depth > DEEPEST) return false;
  const steps = isContained ? 1 : 2; // `contained`, or `entry.resource`: as the explanation counts
  run.depth += steps;
  const isFine = within(value as Json, isContained, () => {
    const isSound = run.held.alone(value, () => isSoundResource(checks, value));
    return isSound && (profiles.length === 0 || profiles.some((url) => checks.conforms(value, url)));
  });
  run.depth -= steps;
  return isFine;
}

function isSoundResource(checks: Checking, value: unknown): boolean {
  return (
    checks.ofResource(value)!(value) && claimsOf(value as Json).every((url) => checks.conforms(value, url))
  );
}

function slicesTest(checks: Checking, { slicing }: Pick<SlicedBy, 'slicing'>): Check {
  let items: readonly Check[] | undefined;
  return (value) => {
    const all = Array.isArray(value) ? value : [value];
    const { places, faults } = sortIntoSlices(all, slicing, checks.tests(slicing));
    if (!faults.every(isRemark)) return false;
    items ??= slicing.slices.map(({ rules }) => checks.ofElement(rules));
    for (let at = 0; at < all.length; at++) {
      const place = places[at]!;
      if (place >= 0 && !items[place]!(all[at])) return false;
    }
    return slicing.slices.every(({ rules }, place) => {
      if (!rules.slicing || rules.slicing.slices.length === 0) return true;
      const own = all.filter((_item, at) => places[at] === place);
      return slicesTest(checks, { slicing: rules.slicing })(own);
    });
  };
}
