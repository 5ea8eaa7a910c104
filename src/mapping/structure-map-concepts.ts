/** Turns ConceptMaps contained in a StructureMap into inline ones of the map's text, and back. */
import type { ConceptMap, ConceptMapGroup, ConceptMapGroupElement } from '@medplum/fhirtypes';
import { RELATIONS } from './concept-map.ts';
import type { JsonElement } from './structure-map-element.ts';
import type { InlineCode, InlineConceptMap, Word } from './tree.ts';

/** Relationships of R5 by the signs of the text; several signs of R4 say the same there. */
const RELATIONSHIPS: ReadonlyMap<string, string> = new Map([
  ['==', 'equivalent'],
  ['=', 'equivalent'],
  ['-', 'related-to'],
  ['~', 'related-to'],
  ['<=', 'source-is-narrower-than-target'],
  ['<-', 'source-is-narrower-than-target'],
  ['>=', 'source-is-broader-than-target'],
  ['>-', 'source-is-broader-than-target'],
  ['!=', 'not-related-to'],
  ['--', 'not-related-to'],
]);

const SIGNS: ReadonlyMap<string, string> = new Map([
  ...[...RELATIONSHIPS].reverse().map(([sign, code]): [string, string] => [code, sign]),
  ...[...RELATIONS].map(([sign, code]): [string, string] => [code, sign]),
]);

type Target = NonNullable<ConceptMapGroupElement['target']>[number];

/** Prefixes of the systems on either side of the table: `s`, `s2`, …, and `t`, … */
interface Prefixes {
  readonly s: Map<string, string>;
  readonly t: Map<string, string>;
}

/** @param status of the StructureMap; a ConceptMap of the same status does not say it again */
export function readConceptMap(element: JsonElement, status: unknown): InlineConceptMap {
  const prefixes: Prefixes = { s: new Map(), t: new Map() };
  const unmapped: InlineConceptMap['unmapped'][number][] = [];
  element.value('resourceType');
  if (element.peek('status') === (status ?? 'draft')) element.value('status');
  const seen = new Set<string>();
  const codes = element.elements('group').flatMap((group) => {
    const key = JSON.stringify([group.peek('source'), group.peek('target')]);
    if (seen.has(key)) group.fault('has the source and the target of an earlier group; join the two');
    seen.add(key);
    return readGroup(group, prefixes, unmapped);
  });
  const id = element.text('id');
  const url = id === undefined ? element.needed('url') : `#${id}`;
  element.rest(() => true);
  return { url: { text: url, at: element.at }, prefixes: byPrefix(prefixes), unmapped, codes };
}

function byPrefix({ s, t }: Prefixes): Map<string, string> {
  return new Map([...s, ...t].map(([url, prefix]) => [prefix, url]));
}

function readGroup(
  group: JsonElement,
  prefixes: Prefixes,
  unmapped: InlineConceptMap['unmapped'][number][],
): InlineCode[] {
  const source = prefixOf(prefixes, 's', group.needed('source'), group);
  const elements = group.has('element') ? group.elements('element') : [];
  const isTargeted = elements.length > 0 || group.has('target');
  const target = isTargeted ? prefixOf(prefixes, 't', group.needed('target'), group) : source;
  const others = group.child('unmapped');
  const isProvided = others?.code('mode', ['provided', 'use-source-code']) !== undefined;
  const isKnown = unmapped.some(({ prefix }) => prefix.text === source.text);
  if (isProvided && !isKnown) unmapped.push({ prefix: source, mode: { text: 'provided', at: group.at } });
  others?.rest(() => true);
  const seen = new Set<unknown>();
  const codes = elements.flatMap((element) => {
    if (seen.has(element.peek('code'))) element.fault('has the code of an earlier element; join the two');
    seen.add(element.peek('code'));
    return readElement(element, source, target);
  });
  group.rest(() => true);
  return codes;
}

function prefixOf(prefixes: Prefixes, side: 's' | 't', url: string, { at }: JsonElement): Word {
  const known = prefixes[side];
  const text = known.get(url) ?? (known.size === 0 ? side : `${side}${known.size + 1}`);
  known.set(url, text);
  return { text, at };
}

function readElement(element: JsonElement, source: Word, target: Word): InlineCode[] {
  const from = { prefix: source, code: element.needed('code') };
  const none: InlineCode = {
    source: from,
    relation: { text: '--', at: element.at },
    target: { prefix: source, code: '' },
  };
  const isNone = element.value('noMap') === true || !element.has('target');
  const targets = element.has('target') ? element.elements('target') : [];
  const codes = targets.map((one): InlineCode => {
    const relation = { text: relationOf(one), at: one.at };
    const code = relation.text === '--' && !one.has('code') ? '' : one.needed('code');
    one.rest(() => true);
    return { source: from, relation, target: { prefix: code === '' ? source : target, code } };
  });
  element.rest(() => true);
  return isNone ? [none, ...codes] : codes;
}

function relationOf(target: JsonElement): string {
  const name = target.has('relationship') ? 'relationship' : 'equivalence';
  const sign = SIGNS.get(target.needed(name));
  if (sign === undefined) target.fault('is no relation between codes', name);
  return sign ?? '-';
}

/** @returns the contained resource; an R5 one is typed as R4's */
export function writeConceptMap(map: InlineConceptMap, version: 'R4' | 'R5', status: string): ConceptMap {
  const tables = new Tables(map, version);
  const name = /^#?([A-Za-z0-9\-.]{1,64})$/.exec(map.url.text)?.[1];
  return {
    resourceType: 'ConceptMap',
    ...(name === undefined ? { url: map.url.text } : { id: name }),
    status: status as ConceptMap['status'],
    ...(tables.groups.length > 0 ? { group: tables.groups } : {}),
  };
}

/** Groups of one ConceptMap by their systems, and their elements by their codes. */
class Tables {
  readonly groups: ConceptMapGroup[] = [];
  readonly #byPair = new Map<string, ConceptMapGroup>();
  readonly #bySource = new Map<string, ConceptMapGroup[]>();
  readonly #elements = new Map<string, ConceptMapGroupElement>();
  readonly #prefixes: ReadonlyMap<string, string>;
  readonly #version: 'R4' | 'R5';

  constructor(map: InlineConceptMap, version: 'R4' | 'R5') {
    this.#prefixes = map.prefixes;
    this.#version = version;
    // codes without a match name no target system, so the systems of the others are known first
    for (const { source, target } of map.codes)
      if (target.code !== '') this.#group(source.prefix, target.prefix);
    for (const code of map.codes) this.#add(code);
    for (const { prefix } of map.unmapped) this.#addUnmapped(this.#system(prefix));
  }

  #system({ text }: Word): string {
    return this.#prefixes.get(text) ?? text;
  }

  #group(from: Word, to: Word): ConceptMapGroup {
    const [source, target] = [this.#system(from), this.#system(to)];
    const key = JSON.stringify([source, target]);
    const group = this.#byPair.get(key) ?? { source, target, element: [] };
    if (!this.#byPair.has(key)) this.#push(group, key);
    return group;
  }

  #push(group: ConceptMapGroup, key: string): void {
    this.groups.push(group);
    this.#byPair.set(key, group);
    const source = group.source ?? '';
    this.#bySource.set(source, [...(this.#bySource.get(source) ?? []), group]);
  }

  #add({ source, relation, target }: InlineCode): void {
    const isBare = target.code === '';
    const known = isBare ? this.#bySource.get(this.#system(source.prefix))?.[0] : undefined;
    const group = known ?? this.#group(source.prefix, target.prefix);
    const key = JSON.stringify([group.source, group.target, source.code]);
    const element = this.#elements.get(key) ?? { code: source.code };
    if (!this.#elements.has(key)) group.element.push(element);
    this.#elements.set(key, element);
    if (isBare && this.#version === 'R5') Object.assign(element, { noMap: true });
    else element.target = [...(element.target ?? []), this.#target(relation.text, target.code)];
  }

  #target(sign: string, code: string): Target {
    const isR4 = this.#version === 'R4';
    const relation = isR4 ? { equivalence: RELATIONS.get(sign) } : { relationship: RELATIONSHIPS.get(sign) };
    return { ...(code === '' ? {} : { code }), ...relation } as Target;
  }

  #addUnmapped(source: string): void {
    const unmapped = {
      mode: this.#version === 'R4' ? 'provided' : 'use-source-code',
    } as ConceptMapGroup['unmapped'];
    // R4 wants an element in each group; one that only says what is unmapped has none
    if (!this.#bySource.has(source)) this.#push({ source } as ConceptMapGroup, JSON.stringify([source]));
    for (const group of this.#bySource.get(source) ?? []) group.unmapped = unmapped;
  }
}
