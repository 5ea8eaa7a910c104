/** Turns ValueSets into sets of codes: what they include, filter, import and exclude, or the expansion they are published with. */
import type { ValueSet, ValueSetCompose, ValueSetComposeInclude } from '@medplum/fhirtypes';
import type { Canonicals } from '../../fhir/canonicals.ts';
import { SNOMED_SYSTEM } from '../../fhir/identifiers.ts';
import { LOINC_SYSTEM } from './built-in-systems.ts';
import { CodeSet } from './code-set.ts';
import { canonicalOf } from './code-system.ts';
import { expandedPart } from './expansion.ts';
import { filterTest } from './filter.ts';
import { loincTold } from './loinc.ts';
import {
  allOf,
  and,
  anyOf,
  listedPart,
  type Part,
  type Told,
  testedPart,
  unknownPart,
  without,
} from './part.ts';
import { implicitSnomed } from './snomed.ts';
import type { System, Systems } from './systems.ts';

/** The version that the publisher of FHIR R4 stamps on every canonical, those of value sets with versions of their own too. */
const STAMPED_VERSION = '4.0.1';
/** Value sets that may import each other in a row. */
const DEEPEST = 100;

/** A value set as found: what it holds, and where that is from. */
export interface FoundSet {
  readonly part: Part;
  /** URL|version of what was used; as it was asked for where nothing was found */
  readonly canonical: string;
}

/** Sets of codes by canonical URL, each made once. */
export class ValueSets {
  readonly #canonicals: Canonicals;
  readonly #systems: Systems;
  readonly #made = new Map<string, Part>();
  /** those being made: what imports them meanwhile imports itself */
  readonly #open = new Set<string>();

  constructor(canonicals: Canonicals, systems: Systems) {
    this.#canonicals = canonicals;
    this.#systems = systems;
  }

  /** @param asked `url` or `url|version`; of another version than the one asked for, only what is found is certain */
  find(asked: string): FoundSet {
    const [url = '', version] = asked.split('|');
    const exact = this.#canonicals.find('ValueSet', asked);
    const valueSet = exact ?? this.#canonicals.find('ValueSet', url);
    if (!valueSet)
      return { part: implicitPart(url) ?? unknownPart(`ValueSet ${asked} is not here`), canonical: asked };
    const canonical = canonicalOf(valueSet);
    const part = this.#part(canonical, valueSet);
    if (exact || version === STAMPED_VERSION) return { part, canonical };
    return { part: onlyFound(part, `version ${version} of ValueSet ${url} is not here`), canonical };
  }

  #part(canonical: string, valueSet: ValueSet): Part {
    const before = this.#made.get(canonical);
    if (before) return before;
    if (this.#open.has(canonical)) return unknownPart(`ValueSet ${canonical} imports itself`);
    if (this.#open.size >= DEEPEST) return unknownPart(`ValueSet ${canonical} is imported too deeply`);
    this.#open.add(canonical);
    try {
      const part = this.#make(canonical, valueSet);
      this.#made.set(canonical, part);
      return part;
    } finally {
      this.#open.delete(canonical);
    }
  }

  /**
   * What the definition says and what the published expansion holds count both: either may be older than the other. What the
   * definition cannot tell, an expansion that is whole does.
   */
  #make(canonical: string, { compose, expansion }: ValueSet): Part {
    const composed = compose && this.#composed(compose);
    const matchOf = (system: string) => this.#systems.system(system).usable.match;
    const expanded = expansion && expandedPart(expansion, matchOf, `ValueSet ${canonical}`);
    if (!composed) return expanded ?? unknownPart(`ValueSet ${canonical} is here without its content`);
    if (!expanded) return composed;
    return expanded.listed && !isTold(composed) ? expanded : anyOf([composed, expanded]);
  }

  #composed({ include = [], exclude = [], inactive }: ValueSetCompose): Part {
    const included = anyOf(include.map((one) => this.#included(one, inactive !== false)));
    if (exclude.length === 0) return included;
    return without(included, anyOf(exclude.map((one) => this.#included(one, true))));
  }

  #included(include: ValueSetComposeInclude, hasInactive: boolean): Part {
    const parts = (include.valueSet ?? []).map((one) => this.find(one).part);
    const [url, versionInUrl] = include.system?.split('|') ?? [];
    if (url !== undefined) {
      const system = this.#systems.system(url, include.version ?? versionInUrl);
      parts.unshift(systemPart(url, include, system, hasInactive));
    }
    return parts.length === 0 ? unknownPart('an include names neither system nor value set') : allOf(parts);
  }
}

function isTold({ because }: Part): boolean {
  return because.length === 0;
}

function systemPart(
  url: string,
  include: ValueSetComposeInclude,
  system: System,
  hasInactive: boolean,
): Part {
  const { concept, filter = [] } = include;
  if (concept && filter.length > 0) return unknownPart('an include has both concepts and filters');
  const part = concept
    ? listOf(url, new Set(concept.map(({ code = '' }) => code)), system)
    : filter.length > 0
      ? filteredPart(url, filter, system)
      : wholePart(url, system);
  const inactive = system.table?.inactive;
  return hasInactive || !inactive?.size ? part : without(part, listOf(url, inactive, system));
}

function listOf(url: string, codes: ReadonlySet<string>, { usable }: System): Part {
  return listedPart(new Map([[url, new CodeSet(codes, usable.match)]]));
}

function wholePart(url: string, { usable, gap, told }: System): Part {
  return gap === undefined ? listedPart(new Map([[url, usable]])) : testedPart(url, told, [gap]);
}

function filteredPart(
  url: string,
  filters: NonNullable<ValueSetComposeInclude['filter']>,
  system: System,
): Part {
  const isWhole = system.gap === undefined;
  const on = { system: url, tree: system.tree(), isWhole };
  const tests = filters.map((filter) => filterTest(filter, on));
  const because = tests.flatMap((test) => test.because ?? []);
  if (!isWhole || because.length > 0) {
    const test = (code: string): Told => {
      const passes = and(tests, (one) => one.test(code));
      const isNamed = passes && tests.some(({ isNaming }) => isNaming);
      return and([passes, system.told(code) ?? (isNamed || undefined)], (told) => told);
    };
    return testedPart(url, test, because.length > 0 ? because : [system.gap!]);
  }
  const codes = [...system.usable.codes.keys()].filter((code) => and(tests, ({ test }) => test(code)));
  return listOf(url, new Set(codes), system);
}

/** @returns the value set that a URL means by itself; undefined when it is no such URL */
function implicitPart(url: string): Part | undefined {
  const snomed = implicitSnomed(url);
  if (snomed)
    return testedPart(SNOMED_SYSTEM, snomed, ['SNOMED CT is not here; a terminology server can tell']);
  if (url !== `${LOINC_SYSTEM}/vs`) return undefined;
  return testedPart(LOINC_SYSTEM, loincTold, ['LOINC is not here; a terminology server can tell']);
}

function onlyFound(part: Part, because: string): Part {
  return {
    systems: part.systems,
    isOpen: true,
    has: (system, code) => part.has(system, code) || undefined,
    listed: undefined,
    because: [because, ...part.because],
  };
}
