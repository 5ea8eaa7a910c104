/** Turns value sets and code systems at hand into answers: is the code in the set, not in it, or can that not be told here. */
import type { Canonicals } from '../../fhir/canonicals.ts';
import { ByName } from '../by-name.ts';
import { conceptsOf } from './code-system.ts';
import { contained } from './expansion.ts';
import { partHas } from './part.ts';
import { Systems } from './systems.ts';
import { type FoundSet, ValueSets } from './value-sets.ts';

/** A code that may be used, for messages. */
export interface CodeChoice {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

/** One value set; nothing of it is read before the first question. */
export interface CodeTest {
  /**
   * @param system undefined for an element of type `code`: the code in any system of the set
   * @returns true: in the set; false: surely not in it; undefined: cannot be told here
   */
  has(system: string | undefined, code: string): boolean | undefined;
  /** whether the set lists codes of the system: one that it does not list, of such a system, was left out on purpose */
  draws(system: string): boolean;
  /** all codes, where the set is known whole and has no more than 20 */
  readonly some: readonly CodeChoice[] | undefined;
  /** all codes by system, where the set is known whole */
  readonly listed: ReadonlyMap<string, Iterable<string>> | undefined;
  /** why it cannot be told of some codes: which CodeSystem is not here whole, which filter. Absent where at most letter case is in doubt */
  readonly unknownBecause?: string;
  /** URL|version of what was used; as asked for where nothing was found */
  readonly canonical: string;
}

/** One code system. */
export interface SystemCodes {
  /** false only where the system is here whole, or the code breaks the form of its system */
  has(code: string): boolean | undefined;
  /** the preferred words */
  display(code: string): string | undefined;
  /** whether the text is one of the concept's words, in any language; undefined where none is at hand. Case and spaces do not count */
  isDisplay(code: string, text: string): boolean | undefined;
  readonly isComplete: boolean;
  /**
   * @param towards where its relatives are sought
   * @returns the code and all that stand above or below it; undefined where the system is not here whole, or has no such code
   */
  related(code: string, towards: Towards): readonly string[] | undefined;
}

/** A direction in the hierarchy of a code system. */
export type Towards = 'above' | 'below';

export interface Terminology {
  /** @param valueSet canonical, `|version` allowed */
  codes(valueSet: string): CodeTest;
  /** @param url as in a Coding's system */
  codeSystem(url: string): SystemCodes;
}

/** Value sets that are remembered, known or not: questionnaires within records name sets too. */
const MOST_SETS = 5_000;
/** Codes that a message lists at most. */
const MOST_CHOICES = 20;

/** @param canonicals must not change afterwards: sets that were made are kept */
export function createTerminology(canonicals: Canonicals): Terminology {
  const systems = new Systems(canonicals);
  const valueSets = new ValueSets(canonicals, systems);
  const tests = new ByName<CodeTest>(MOST_SETS);
  return {
    codes: (valueSet) => {
      const before = tests.get(valueSet);
      if (before) return before;
      const test = codeTest(() => valueSets.find(valueSet), canonicals, systems);
      tests.keep(valueSet, test);
      return test;
    },
    codeSystem: (url) => systemCodes(url, canonicals, systems),
  };
}

function codeTest(find: () => FoundSet, canonicals: Canonicals, systems: Systems): CodeTest {
  let found: FoundSet | undefined;
  const set = (): FoundSet => {
    found ??= find();
    return found;
  };
  return {
    has: (system, code) => partHas(set().part, system, code),
    draws: (system) => set().part.listed?.has(system) === true,
    get some() {
      return choices(set(), canonicals, systems);
    },
    get listed() {
      const { listed } = set().part;
      return listed && new Map([...listed].map(([system, { codes }]) => [system, codes.keys()]));
    },
    get unknownBecause() {
      const { because } = set().part;
      return because.length === 0 ? undefined : because.join('; ');
    },
    get canonical() {
      return set().canonical;
    },
  };
}

function choices(
  { part, canonical }: FoundSet,
  canonicals: Canonicals,
  systems: Systems,
): CodeChoice[] | undefined {
  const sets = [...(part.listed ?? [])];
  const size = sets.reduce((sum, [, { codes }]) => sum + codes.size, 0);
  if (!part.listed || size > MOST_CHOICES) return undefined;
  const displays = writtenDisplays(canonical, canonicals);
  return sets.flatMap(([system, { codes }]) =>
    [...codes.keys()].map((code) => {
      const display = displays.get(`${system} ${code}`) ?? systems.system(system).table?.codes.get(code);
      return { system, code, ...(display === undefined ? {} : { display }) };
    }),
  );
}

/** @returns the words that the value set itself gives to its codes */
function writtenDisplays(canonical: string, canonicals: Canonicals): Map<string, string> {
  const { compose, expansion } = canonicals.find('ValueSet', canonical) ?? {};
  const listed = (compose?.include ?? []).flatMap(({ system, concept = [] }) =>
    concept.map(({ code, display }) => ({ system, code, display })),
  );
  const all = [...contained(expansion?.contains), ...listed];
  return new Map(
    all.flatMap(({ system, code, display }) =>
      display === undefined ? [] : [[`${system} ${code}`, display]],
    ),
  );
}

function systemCodes(url: string, canonicals: Canonicals, systems: Systems): SystemCodes {
  const { table, usable, gap, told, tree } = systems.system(url);
  return {
    has: (code) => (table?.abstract.has(code) ? true : told(code)),
    display: (code) => table?.codes.get(code),
    isDisplay: (code, text) => {
      const preferred = table?.codes.get(code);
      if (preferred === undefined) return undefined;
      return (
        sameWords(preferred, text) || designations(url, code, canonicals).some((one) => sameWords(one, text))
      );
    },
    isComplete: gap === undefined && usable.codes.size > 0,
    related: (code, towards) => {
      const whole = gap === undefined && table?.codes.has(code) ? tree() : undefined;
      return whole && [...(towards === 'above' ? whole.above(code) : whole.within(code))];
    },
  };
}

/** Read anew: they are asked for only when a display differs. */
function designations(url: string, code: string, canonicals: Canonicals): readonly string[] {
  for (const concept of conceptsOf(canonicals.find('CodeSystem', url)?.concept))
    if (concept.code === code) return (concept.designation ?? []).map(({ value = '' }) => value);
  return [];
}

function sameWords(one: string, other: string): boolean {
  return plainWords(one) === plainWords(other);
}

function plainWords(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').toLowerCase();
}
