/** Finds what is known of a code system: its table from a CodeSystem at hand, its concepts for filters, or a test that is built in. */
import type { CodeSystem } from '@medplum/fhirtypes';
import type { Canonicals } from '../../fhir/canonicals.ts';
import { type BuiltInSystem, builtInSystems } from './built-in-systems.ts';
import { CodeSet, type Match } from './code-set.ts';
import { canonicalOf, type SystemTable, systemTable } from './code-system.ts';
import { type ConceptTree, conceptTree } from './concept-tree.ts';
import type { Told } from './part.ts';

const COUNTRIES = 'http://hl7.org/fhir/ValueSet/iso3166-1-2';

/** A code system as far as it is known. */
export interface System {
  /** codes at hand that may be used: abstract ones left out */
  readonly usable: CodeSet;
  /** undefined where no CodeSystem is at hand */
  readonly table: SystemTable | undefined;
  /** why it cannot be told of some codes; undefined where the table is whole */
  readonly gap: string | undefined;
  /** whether a code exists and may be used */
  told(code: string): Told;
  /** the concepts, read anew */
  tree(): ConceptTree | undefined;
}

/** Code systems by URL and version, each read once. */
export class Systems {
  readonly #canonicals: Canonicals;
  readonly #builtIn: ReadonlyMap<string, BuiltInSystem>;
  readonly #known = new Map<string, System>();
  #countries: ReadonlySet<string> | undefined;

  constructor(canonicals: Canonicals) {
    this.#canonicals = canonicals;
    this.#builtIn = builtInSystems(() => this.#countryCodes());
  }

  /**
   * @param url may hold the version itself, after a bar
   * @param version where it is not at hand, another one serves; then only what is found is certain
   */
  system(url: string, version?: string): System {
    const codeSystem = this.#find(url, version);
    if (!codeSystem) return this.#withoutTable(url);
    const isOther = version !== undefined && codeSystem.version !== version;
    const key = `${canonicalOf(codeSystem)}${isOther ? ` for ${version}` : ''}`;
    const before = this.#known.get(key);
    if (before) return before;
    const gap = isOther
      ? `version ${version} of CodeSystem ${url} is not here, only ${codeSystem.version ?? 'one without version'}`
      : undefined;
    const system = this.#withTable(url, codeSystem, gap);
    this.#known.set(key, system);
    return system;
  }

  /** A supplement adds words to a system, and no codes: it never stands for one. */
  #find(url: string, version: string | undefined): CodeSystem | undefined {
    const exact =
      version === undefined ? undefined : this.#canonicals.find('CodeSystem', `${url}|${version}`);
    const found = exact ?? this.#canonicals.find('CodeSystem', url);
    return found?.content === 'supplement' ? undefined : found;
  }

  #withTable(url: string, codeSystem: CodeSystem, otherVersion: string | undefined): System {
    const table = systemTable(codeSystem);
    const builtIn = this.#builtIn.get(url);
    const gap = otherVersion ?? (table.gap === undefined ? undefined : (builtIn?.because ?? table.gap));
    const usable = new CodeSet(withoutAbstract(table), table.match);
    const all = new CodeSet(table.codes, table.match);
    const canonical = canonicalOf(codeSystem);
    const told = (code: string): Told => {
      const here = usable.has(code);
      if (here !== false || gap === undefined || all.has(code)) return here;
      return builtIn ? builtIn.test(code) : undefined;
    };
    const tree = (): ConceptTree | undefined => {
      const again = table.codes.size > 0 ? this.#canonicals.find('CodeSystem', canonical) : undefined;
      return again && conceptTree(again);
    };
    return { usable, table, gap, told, tree };
  }

  #withoutTable(url: string): System {
    const builtIn = this.#builtIn.get(url);
    const match: Match = builtIn?.match ?? 'unsure';
    return {
      usable: new CodeSet(new Set(), match),
      table: undefined,
      gap: builtIn?.because ?? `CodeSystem ${url} is not here`,
      told: builtIn?.test ?? (() => undefined),
      tree: () => undefined,
    };
  }

  #countryCodes(): ReadonlySet<string> | undefined {
    this.#countries ??= new Set(
      this.#canonicals
        .find('ValueSet', COUNTRIES)
        ?.compose?.include?.flatMap(({ concept = [] }) => concept.map(({ code = '' }) => code)),
    );
    return this.#countries.size === 0 ? undefined : this.#countries;
  }
}

/** Shares the table where there is nothing to leave out. */
function withoutAbstract({ codes, abstract }: SystemTable): CodeSet['codes'] {
  if (abstract.size === 0) return codes;
  return new Set([...codes.keys()].filter((code) => !abstract.has(code)));
}
