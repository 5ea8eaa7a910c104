/** Turns a filter of a ValueSet into a test of one code, as far as what is at hand of its system allows. */
import type { ValueSetComposeIncludeFilter } from '@medplum/fhirtypes';
import { SNOMED_SYSTEM } from '../../fhir/identifiers.ts';
import { EvaluationFault } from '../../fhirpath/fault.ts';
import { patternFault, search, wholeOf } from '../../fhirpath/pattern.ts';
import { unitOf } from '../../fhirpath/units.ts';
import { UCUM_SYSTEM } from './built-in-systems.ts';
import type { ConceptTree } from './concept-tree.ts';
import { or, type Told } from './part.ts';
import { enumeratedConcepts } from './snomed.ts';

/** What the filter runs on. */
export interface Filtered {
  readonly system: string;
  /** what is at hand of the system's concepts; undefined: none */
  readonly tree: ConceptTree | undefined;
  /** whether that is all of them */
  readonly isWhole: boolean;
}

export interface FilterTest {
  test(code: string): Told;
  /** whether a code that passes is named by the filter itself, and so exists */
  readonly isNaming?: boolean;
  /** why the test cannot tell of some codes */
  readonly because?: string;
}

const HIERARCHY = new Set(['is-a', 'descendent-of', 'is-not-a', 'generalizes']);

/** @source hl7.org/fhir/R4/valueset-filter-operator.html */
export function filterTest(filter: ValueSetComposeIncludeFilter, on: Filtered): FilterTest {
  const { property = '', op = '=', value = '' } = filter;
  const untold = `filter "${property} ${op}" on ${on.system} needs the whole CodeSystem`;
  if (isOfCode(property) && !isOfReferenceSet(op, on)) {
    if (HIERARCHY.has(op)) return hierarchyTest(op, value, on, untold);
    const test = valueTest(op, value);
    return test
      ? { test: (code) => test([code]), isNaming: op === '=' || op === 'in' }
      : unsupported(filter, on);
  }
  if (on.tree && on.isWhole) return propertyTest(filter, on, on.tree);
  return specialTest(property, op, value, on) ?? { test: () => undefined, because: untold };
}

/** SNOMED CT alone takes `in` for membership in a reference set, where others take it for a list. */
function isOfReferenceSet(op: string, { system }: Filtered): boolean {
  return system === SNOMED_SYSTEM && (op === 'in' || op === 'not-in');
}

function isOfCode(property: string): boolean {
  return property === 'concept' || property === 'code';
}

/** Of a system that is not whole: what is seen to stand below does; what is not seen may. */
function hierarchyTest(op: string, value: string, on: Filtered, untold: string): FilterTest {
  const { tree, isWhole } = on;
  if (isWhole && !tree?.has(value))
    return { test: () => undefined, because: `filter "${op}" names a code that ${on.system} has not` };
  const seen = op === 'generalizes' ? tree?.above(value) : tree?.within(value);
  const isInverse = op === 'is-not-a';
  return {
    test: (code) => {
      const isSelf = code === value;
      if (op === 'descendent-of' && isSelf) return false;
      if (isSelf || seen?.has(code)) return !isInverse;
      return isWhole ? isInverse : undefined;
    },
    isNaming: !isInverse,
    ...(isWhole ? {} : { because: untold }),
  };
}

function propertyTest(filter: ValueSetComposeIncludeFilter, on: Filtered, tree: ConceptTree): FilterTest {
  const { property = '', op = '=', value = '' } = filter;
  const test = tree.declares(property) ? valueTest(op, value) : undefined;
  return test ? { test: (code) => test(tree.values(code, property)) } : unsupported(filter, on);
}

/** @returns a test of all the values that a code has for the property; undefined for an operator that compares no values */
function valueTest(op: string, value: string): ((values: readonly string[]) => Told) | undefined {
  const list = new Set(value.split(',').map((one) => one.trim()));
  switch (op) {
    case '=':
      return (values) => values.includes(value);
    case 'in':
      return (values) => values.some((one) => list.has(one));
    case 'not-in':
      return (values) => !values.some((one) => list.has(one));
    case 'exists':
      return (values) => values.length > 0 === (value === 'true');
    case 'regex':
      return patternFault(wholeOf(value)) === undefined
        ? (values) => or(values, (one) => matches(value, one))
        : undefined;
    default:
      return undefined;
  }
}

/** A filter's pattern takes the whole value. @returns undefined where the search could run away on the value */
function matches(pattern: string, text: string): Told {
  try {
    return search(wholeOf(pattern), text);
  } catch (error) {
    if (error instanceof EvaluationFault) return undefined;
    throw error;
  }
}

/** Filters that can be told without the CodeSystem. */
function specialTest(property: string, op: string, value: string, on: Filtered): FilterTest | undefined {
  if (op !== '=') return undefined;
  if (on.system === UCUM_SYSTEM && property === 'canonical') {
    const dimension = unitOf(value)?.dimension;
    if (dimension !== undefined) return { test: (code) => unitOf(code)?.dimension === dimension };
  }
  if (on.system === SNOMED_SYSTEM && (property === 'constraint' || property === 'expression')) {
    const concepts = enumeratedConcepts(value);
    if (concepts) return { test: (code) => concepts.has(code), isNaming: true };
  }
  return undefined;
}

function unsupported({ property, op }: ValueSetComposeIncludeFilter, { system }: Filtered): FilterTest {
  return {
    test: () => undefined,
    because: `filter "${property} ${op}" on ${system} is not one that can be computed here`,
  };
}
