/** Turns ConceptMaps, from files or inline, into tables that compiled maps look codes up in. */
import type { CodeableConcept, Coding, ConceptMap, ConceptMapGroup } from '@medplum/fhirtypes';
import { charge, type Run, report } from './runtime.ts';
import type { InlineConceptMap } from './tree.ts';

/** What a code becomes. */
export interface Translation {
  readonly system: string | undefined;
  readonly code: string;
  readonly display: string | undefined;
}

/** What happens to a code that no element lists. */
interface Unmapped {
  readonly mode: 'provided' | 'fixed' | 'other-map';
  readonly translation: Translation | undefined;
  readonly url: string | undefined;
}

interface Table {
  readonly system: string | undefined;
  readonly target: string | undefined;
  readonly codes: ReadonlyMap<string, readonly Translation[]>;
  readonly unmapped: Unmapped | undefined;
}

/** One ConceptMap, ready for use. */
export interface CodeMap {
  readonly url: string;
  /** file that it stands in, for messages */
  readonly file: string;
  readonly tables: readonly Table[];
  /** codes of any system, where they become one code: the usual case, found in one step */
  readonly direct: ReadonlyMap<string, readonly Translation[]>;
  /** the first code of each of `direct` */
  readonly codes: ReadonlyMap<unknown, string>;
  /** codes that the map is for, where it is for some of a CodeSystem only: the contained ValueSet that its source names */
  readonly scope?: ReadonlySet<string> | undefined;
  /** other ConceptMaps by URL, for `unmapped.mode` other-map */
  readonly others: ReadonlyMap<string, CodeMap>;
}

/** Codes that one issue names. */
const MOST_NAMED = 8;

/** Equivalences of R4, and the relationship of R5, that say there is no such thing in the target system. */
const NO_MATCH = new Set(['unmatched', 'disjoint', 'not-related-to']);

/** What R5 writes in place of R4's members. @source hl7.org/fhir/R5/conceptmap.html */
interface R5Element {
  readonly noMap?: boolean;
  readonly relationship?: string;
  readonly otherMap?: string;
  readonly sourceScopeUri?: string;
  readonly sourceScopeCanonical?: string;
}

/** R5's names for what happens to a code that no element lists; `fixed` and `other-map` are R4's. */
const R5_MODES: ReadonlyMap<string, Unmapped['mode']> = new Map([['use-source-code', 'provided']]);

/** What the relations of an inline table say, as equivalences. @source FHIR R4 mapping-language.html, ConceptMapEquivalence */
export const RELATIONS: ReadonlyMap<string, string> = new Map([
  ['-', 'relatedto'],
  ['=', 'equal'],
  ['==', 'equivalent'],
  ['!=', 'disjoint'],
  ['--', 'unmatched'],
  ['<=', 'wider'],
  ['<-', 'subsumes'],
  ['>=', 'narrower'],
  ['>-', 'specializes'],
  ['~', 'inexact'],
]);

/** @param others all ConceptMaps of the set by URL; may be filled later */
export function codeMapOf(map: ConceptMap, file: string, others: ReadonlyMap<string, CodeMap>): CodeMap {
  const tables = tableSet(map.url ?? '', file, (map.group ?? []).map(tableOf), others);
  return { ...tables, scope: scopeOf(map) };
}

function scopeOf({
  contained = [],
  sourceCanonical,
  sourceUri,
  sourceScopeCanonical,
  sourceScopeUri,
}: ConceptMap & R5Element): ReadonlySet<string> | undefined {
  const source = sourceCanonical ?? sourceUri ?? sourceScopeCanonical ?? sourceScopeUri;
  const found = contained.find(({ resourceType, id }) => resourceType === 'ValueSet' && source === `#${id}`);
  if (found?.resourceType !== 'ValueSet') return undefined;
  const concepts = (found.compose?.include ?? []).flatMap(({ concept = [] }) => concept);
  return new Set(concepts.flatMap(({ code }) => code ?? []));
}

/** @returns the table of `conceptmap "#name" { … }` */
export function codeMapOfInline(map: InlineConceptMap, others: ReadonlyMap<string, CodeMap>): CodeMap {
  const groups = new Map<string, { from: string; to: string; codes: Map<string, Translation[]> }>();
  for (const { source, relation, target } of map.codes) {
    const [from, to] = [source.prefix.text, target.prefix.text];
    const key = JSON.stringify([from, to]);
    const { codes } = groups.get(key) ?? { codes: new Map<string, Translation[]>() };
    groups.set(key, { from, to, codes });
    const system = map.prefixes.get(target.prefix.text);
    const equivalence = RELATIONS.get(relation.text);
    addTarget(codes, source.code, { system, code: target.code, display: undefined }, equivalence);
  }
  const kept = new Set(map.unmapped.map(({ prefix }) => prefix.text));
  const tables = [...groups.values()].map(({ from, to, codes }): Table => {
    const provided = kept.has(from);
    const unmapped: Unmapped = { mode: 'provided', translation: undefined, url: undefined };
    return {
      system: map.prefixes.get(from),
      target: map.prefixes.get(to),
      codes,
      unmapped: provided ? unmapped : undefined,
    };
  });
  return tableSet(map.url.text, map.url.at.file, tables, others);
}

/**
 * Translates a code, a Coding or a CodeableConcept.
 * @returns what it becomes; none, with an issue, when the map lists no such code
 */
export function lookUp(run: Run, at: number, map: CodeMap, value: unknown): readonly Translation[] {
  if (typeof value === 'string') {
    const found = map.direct.get(value);
    if (found) return found;
  }
  const codings = codingsOf(value);
  charge(run, at, codings.length * map.tables.length);
  const found = codings.flatMap((coding) => find(map, coding, 0) ?? []);
  if (found.length === 0 && !codings.some((coding) => find(map, coding, 0)))
    reportUnmapped(run, at, map, codings);
  return found;
}

/** The usual case at once: a text that becomes a code. */
export function lookUpCode(run: Run, at: number, map: CodeMap, value: unknown): string | undefined {
  return map.codes.get(value) ?? lookUp(run, at, map, value)[0]?.code;
}

/** The forms in which a translation is written; undefined when there is none. */
export function asSystem(found: readonly Translation[]): string | undefined {
  return found[0]?.system;
}

export function asDisplay(found: readonly Translation[]): string | undefined {
  return found[0]?.display;
}

export function asCoding(found: readonly Translation[]): Coding | undefined {
  return found[0] && codingOf(found[0]);
}

export function asCodeableConcept(found: readonly Translation[]): CodeableConcept | undefined {
  return found.length === 0 ? undefined : { coding: found.map(codingOf) };
}

function codingOf({ system, code, display }: Translation): Coding {
  if (system === undefined) return display === undefined ? { code } : { code, display };
  return display === undefined ? { system, code } : { system, code, display };
}

interface SourceCoding {
  readonly system: string | undefined;
  readonly code: string;
}

function find(map: CodeMap, coding: SourceCoding, depth: number): readonly Translation[] | undefined {
  const tables = map.tables.filter(
    (table) => !coding.system || !table.system || table.system === coding.system,
  );
  const listed = tables.flatMap(({ codes }) => (codes.has(coding.code) ? [codes.get(coding.code)!] : []));
  if (listed.length > 0) return listed.find((targets) => targets.length > 0) ?? [];
  for (const { unmapped, target } of tables) {
    if (unmapped?.mode === 'fixed' && unmapped.translation) return [unmapped.translation];
    if (unmapped?.mode === 'provided')
      return [{ system: coding.system ?? target, code: coding.code, display: undefined }];
    const other = unmapped?.url === undefined ? undefined : map.others.get(unmapped.url);
    if (other && depth < 5) return find(other, coding, depth + 1);
  }
  return undefined;
}

function reportUnmapped(run: Run, at: number, map: CodeMap, codings: readonly SourceCoding[]): void {
  const codes = codings
    .slice(0, MOST_NAMED)
    .map(({ code }) => (/^\S{1,40}$/.test(code) ? `"${code}"` : 'a text that is no code'));
  const what = codes.length === 0 ? 'a value that is no code' : codes.join(', ');
  const message = `${what} is not in ${map.url} (${map.file}); add an element for it to that file`;
  report(run, at, 'map-unmapped-code', message, { severity: 'warning', code: 'code-invalid' });
}

function codingsOf(value: unknown): SourceCoding[] {
  if (typeof value === 'string') return [{ system: undefined, code: value }];
  if (typeof value === 'number' || typeof value === 'boolean')
    return [{ system: undefined, code: `${value}` }];
  const { code, system, coding } = Object(value) as { code?: unknown; system?: unknown; coding?: unknown };
  if (Array.isArray(coding))
    return coding.flatMap((item) => (Array.isArray(item?.coding) ? [] : codingsOf(item)));
  if (typeof code !== 'string') return [];
  return [{ system: typeof system === 'string' ? system : undefined, code }];
}

function tableOf(group: ConceptMapGroup): Table {
  const codes = new Map<string, Translation[]>();
  for (const element of group.element ?? []) {
    const { code, target, noMap }: typeof element & R5Element = element;
    if (code === undefined || (target === undefined && noMap !== true)) continue;
    codes.set(code, []); // listed without a match: the author's decision, not an unmapped code
    for (const one of target ?? []) {
      const { code: to, display, equivalence, relationship }: typeof one & R5Element = one;
      const translation = to === undefined ? undefined : { system: group.target, code: to, display };
      if (translation) addTarget(codes, code, translation, equivalence ?? relationship);
    }
  }
  return { system: group.source, target: group.target, codes, unmapped: unmappedOf(group) };
}

function unmappedOf(group: ConceptMapGroup): Unmapped | undefined {
  const { unmapped } = group;
  if (!unmapped?.mode) return undefined;
  const { code, display, mode, url, otherMap }: typeof unmapped & R5Element = unmapped;
  const translation = code === undefined ? undefined : { system: group.target, code, display };
  return { mode: R5_MODES.get(mode) ?? mode, translation, url: url ?? otherMap };
}

function tableSet(url: string, file: string, tables: Table[], others: ReadonlyMap<string, CodeMap>): CodeMap {
  const direct = new Map<string, readonly Translation[]>();
  for (const table of tables)
    for (const [code, found] of table.codes) if (!direct.get(code)?.length) direct.set(code, found);
  const codes = new Map([...direct].flatMap(([code, [first]]) => (first ? [[code, first.code]] : [])));
  return { url, file, tables, direct, codes, others };
}

/** A code whose targets all say `no match` is listed without any. */
function addTarget(
  codes: Map<string, Translation[]>,
  code: string,
  translation: Translation,
  equivalence: string | undefined,
): void {
  const list = codes.get(code) ?? [];
  if (!NO_MATCH.has(equivalence ?? '')) list.push(translation);
  codes.set(code, list);
}
