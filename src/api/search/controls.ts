/** Reads the parameters of a search that say how its answer is laid out: pages, order, totals, summaries, what comes along. */
import type { StoredType } from '../../fhir/definitions.ts';
import type { SortKey } from '../../store/store.ts';
import { CURSOR } from '../cursor.ts';
import { followedOf, isFollowed, isStored, type ServedParameter, type ServedSearch } from './served.ts';

/** `true`: elements that R4 marks so; `text`: narrative and what must be there; `data`: all but the narrative. */
export type Summary = 'true' | 'text' | 'data' | 'count' | 'false';

/** References to follow: from the matches, or to them. */
export interface Include {
  /** the references of others to what is here: `_revinclude` */
  readonly isReverse: boolean;
  /** also from and to what came along */
  readonly isIterated: boolean;
  /** type that refers; `*`: any */
  readonly source: StoredType | '*';
  /** code of the parameter; undefined: all of them */
  readonly code: string | undefined;
  /** only targets of this type, where the client named one */
  readonly target: string | undefined;
}

/** How an answer is laid out. */
export interface Controls {
  count: number;
  /** `none` saves the counting */
  /** `few`: where there are few enough to count */
  total: 'accurate' | 'few' | 'none';
  summary: Summary;
  /** names of elements; undefined: all */
  elements: readonly string[] | undefined;
  readonly sort: SortKey[];
  readonly includes: Include[];
  cursor: string | undefined;
}

/** What is searched. */
export interface Searched {
  readonly served: ServedSearch;
  /** one; or several, of which only what all of them have is asked */
  readonly types: readonly StoredType[];
}

const DEFAULT_COUNT = 50;
export const LARGEST_COUNT = 500;
const MOST_SORTS = 5;
const MOST_ELEMENTS = 100;

export function newControls(): Controls {
  return {
    count: DEFAULT_COUNT,
    total: 'few',
    summary: 'false',
    elements: undefined,
    sort: [],
    includes: [],
    cursor: undefined,
  };
}

/** @returns what is wrong with the value, or undefined */
export type ReadControl = (controls: Controls, value: string, searched: Searched) => string | undefined;

/** By name, with its modifier. @source FHIR R4, 3.1.1.5 */
export const CONTROLS: ReadonlyMap<string, ReadControl> = new Map<string, ReadControl>([
  ['_count', readCount],
  ['_total', readTotal],
  ['_summary', readSummary],
  ['_elements', readElements],
  ['_sort', readSort],
  ['_include', (controls, value, searched) => readInclude(controls, value, searched, false)],
  ['_include:iterate', (controls, value, searched) => readInclude(controls, value, searched, true)],
  ['_revinclude', (controls, value, searched) => readRevinclude(controls, value, searched, false)],
  ['_revinclude:iterate', (controls, value, searched) => readRevinclude(controls, value, searched, true)],
  ['_format', () => undefined], // settled before a search is read
  ['_pretty', () => undefined],
  [
    CURSOR,
    (controls, value) => {
      controls.cursor = value;
      return undefined;
    },
  ],
]);

/** They do not say what is found, so pages with another setting are pages of the same search. */
export function isLayout(name: string): boolean {
  return CONTROLS.has(name) && name !== '_sort';
}

function readCount(controls: Controls, value: string): string | undefined {
  if (!/^\d{1,9}$/.test(value)) return 'write a number from 0 on';
  controls.count = Math.min(Number(value), LARGEST_COUNT);
  return undefined;
}

function readTotal(controls: Controls, value: string): string | undefined {
  if (!/^(none|estimate|accurate)$/.test(value)) return 'write none, estimate or accurate';
  controls.total = value === 'none' ? 'none' : 'accurate';
  return undefined;
}

function readSummary(controls: Controls, value: string): string | undefined {
  if (!/^(true|text|data|count|false)$/.test(value)) return 'write true, text, data, count or false';
  controls.summary = value as Summary;
  return undefined;
}

/** Names of elements at the root; `Type.name` where several types are searched. */
function readElements(controls: Controls, value: string): string | undefined {
  const names = value.split(',');
  if (names.length > MOST_ELEMENTS) return `give at most ${MOST_ELEMENTS} names`;
  if (!names.every((name) => /^(?:[A-Z][A-Za-z]{1,63}\.)?[a-z][A-Za-z]{0,63}$/.test(name)))
    return 'write names of elements at the root of the resource, parted by commas';
  controls.elements = [...(controls.elements ?? []), ...names];
  return undefined;
}

function readSort(controls: Controls, value: string, { served, types }: Searched): string | undefined {
  const [type = '', ...others] = types;
  const all = others.length === 0 ? type : 'all types that are searched, and alike in each of them';
  for (const written of value.split(',')) {
    const code = written.replace(/^-/, '');
    const kinds = new Set(types.map((one) => served.get(one)?.get(code)?.kind));
    const isCommon = code === '_id' || code === '_lastUpdated';
    if (!isCommon && (kinds.size !== 1 || kinds.has(undefined) || kinds.has('composite')))
      return `write search parameters that are served for ${all}, such as _lastUpdated, with - before one that is to descend`;
    controls.sort.push({ param: code, descending: written.startsWith('-') });
  }
  return controls.sort.length > MOST_SORTS ? `sort by at most ${MOST_SORTS} parameters` : undefined;
}

/** `Type:parameter`, `Type:parameter:TargetType`, `Type:*` or `*`. */
function readInclude(
  controls: Controls,
  value: string,
  { served, types }: Searched,
  isIterated: boolean,
): string | undefined {
  const common = { isReverse: false, isIterated };
  if (value === '*') return void controls.includes.push({ ...common, ...EVERYTHING });
  const [source = '', code = '', target, ...rest] = value.split(':');
  const isAsked = isStored(source) && (isIterated || types.includes(source));
  const parameter = isStored(source) ? served.get(source)?.get(code) : undefined;
  if (isAsked && code === '*' && target === undefined)
    return void controls.includes.push({ ...common, ...EVERYTHING, source });
  if (isAsked && parameter && isFollowed(parameter) && leadsTo(parameter, target) && rest.length === 0)
    return void controls.includes.push({ ...common, source, code: parameter.code, target });
  const forms = types.flatMap((type) => followedOf(served, type).map((one) => `${type}:${one.code}`));
  return forms.length === 0 ? 'this type has no references that are served' : `write ${forms.join(', ')}`;
}

/** `Type:parameter`, `Type:parameter:TargetType`, `Type:*` or `*`: who refers to what was found. */
function readRevinclude(
  controls: Controls,
  value: string,
  { served, types }: Searched,
  isIterated: boolean,
): string | undefined {
  const common = { isReverse: true, isIterated };
  if (value === '*') return void controls.includes.push({ ...common, ...EVERYTHING });
  const [source = '', code = '', target, ...rest] = value.split(':');
  const parameter = isStored(source) ? served.get(source)?.get(code) : undefined;
  if (isStored(source) && code === '*' && target === undefined)
    return void controls.includes.push({ ...common, ...EVERYTHING, source });
  const isHere = (type: string): boolean => isIterated || types.includes(type as StoredType);
  if (
    isStored(source) &&
    parameter &&
    isFollowed(parameter) &&
    (target === undefined ? parameter.targets.some(isHere) : leadsTo(parameter, target) && isHere(target)) &&
    rest.length === 0
  )
    return void controls.includes.push({ ...common, source, code: parameter.code, target });
  return 'write Type:parameter, where a reference of Type by that parameter leads to what is searched';
}

const EVERYTHING = { source: '*', code: undefined, target: undefined } as const;

function leadsTo(parameter: ServedParameter, target: string | undefined): boolean {
  return target === undefined || parameter.targets.includes(target);
}
