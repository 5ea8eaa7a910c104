/** The functions that FHIR adds: children, extensions, primitives' values, types, references, the clock and variables. */

import { EMPTY } from './collection.ts';
import type { Variables } from './evaluate.ts';
import { EvaluationFault } from './fault.ts';
import { containedIn, resolveAll } from './functions-host.ts';
import type { Host } from './host.ts';
import { boxStep, Item, pushItems, resourceTypeOf, unbox } from './item.ts';
import { visit } from './limits.ts';
import { Quantity } from './quantity.ts';
import { parseTemporal, Temporal, temporalOfMs } from './temporal.ts';
import { systemType, type TypeSystem } from './types.ts';

type Values = readonly unknown[];

/** Longest text, in characters, that is searched for the type it refers to. */
const LONGEST_REFERENCE = 4096;
/** Deepest nesting that `descendants` follows. */
const MAX_LEVELS = 200;

/** @returns every direct child, with its type where the tables know it */
export function children(types: TypeSystem, items: Values, type?: string): Item[] {
  const out: Item[] = [];
  for (const item of items)
    eachMember(types, item, type, (owner, name, own) => {
      pushItems(out, owner, name, own);
    });
  visit(out.length);
  return out;
}

/** `children().count()`, without the children */
export function countChildren(types: TypeSystem, items: Values, type?: string): number {
  let count = 0;
  for (const item of items) count += countChildrenOf(types, item, type);
  return count;
}

/** `children().count()` of one item, which may be absent */
export function countChildrenOf(types: TypeSystem, item: unknown, type?: string): number {
  let count = 0;
  eachMember(types, item, type, (owner, name) => {
    const value = owner[name];
    if (value !== null && typeof value === 'object') count += countIn(owner, name, value);
    else if (value !== undefined && value !== null) count++;
    else if (owner[`_${name}`]) count += countIn(owner, name, EMPTY);
  });
  visit(count);
  return count;
}

/** How many of a member's values are there: a primitive has a value, or a sibling with extensions. */
function countIn(owner: Record<string, unknown>, name: string, value: object): number {
  if (!Array.isArray(value)) return 1;
  const siblings = owner[`_${name}`];
  if (siblings === undefined && !value.includes(null)) return value.length;
  const found: Item[] = [];
  pushItems(found, owner, name, undefined);
  return found.length;
}

type OnMember = (owner: Record<string, unknown>, name: string, type: string | undefined) => void;

/** Calls for each member that an item has, in the order of its JSON; a member and its `_` sibling count once. */
function eachMember(types: TypeSystem, item: unknown, stated: string | undefined, call: OnMember): void {
  const value = unbox(item);
  const extra = item instanceof Item ? item.extra : undefined;
  if (typeof extra === 'object' && extra !== null) eachOf(extra as Record<string, unknown>, undefined, call);
  if (typeof value !== 'object' || value === null || value instanceof Temporal || value instanceof Quantity)
    return;
  const type = resourceTypeOf(value) ?? (item instanceof Item ? item.type : undefined) ?? stated;
  eachOf(value as Record<string, unknown>, type === undefined ? undefined : types.members(type), call);
}

function eachOf(
  owner: Record<string, unknown>,
  members: ReadonlyMap<string, string | undefined> | undefined,
  call: OnMember,
): void {
  for (const name of Object.keys(owner)) {
    if (name === 'resourceType' || (members && !members.has(name))) continue;
    const type = members?.get(name);
    if (!name.startsWith('_')) call(owner, name, type);
    else if (!Object.hasOwn(owner, name.slice(1))) call(owner, name.slice(1), type);
  }
}

/** @throws EvaluationFault below 200 levels */
export function descendants(types: TypeSystem, items: Values, type?: string): Item[] {
  const out: Item[] = [];
  let round = children(types, items, type);
  for (let level = 0; round.length > 0; level++) {
    if (level > MAX_LEVELS) throw new EvaluationFault(`data is nested deeper than ${MAX_LEVELS} levels`);
    for (const item of round) out.push(item);
    round = children(types, round);
  }
  return out;
}

/** @returns the extensions with this URL, of objects and of primitives */
export function extension(items: Values, url: unknown): Values {
  return boxStep(items, { name: 'extension', type: undefined, choices: undefined })
    .map((item) => item.value)
    .filter((value) => (value as { url?: unknown } | undefined)?.url === url && url !== undefined);
}

/** True for exactly one primitive that has a value, not only extensions. */
export function hasValue(items: Values): boolean {
  if (items.length !== 1) return false;
  const value = unbox(items[0]);
  return value !== undefined && value !== null && (typeof value !== 'object' || value instanceof Temporal);
}

export function getValue(items: Values): unknown {
  return hasValue(items) ? unbox(items[0]) : undefined;
}

/** @returns `{ namespace, name }` of each item's type */
export function typeOf(items: Values): unknown[] {
  return items.map((item) => {
    const value = unbox(item);
    const known =
      (item instanceof Item ? item.type : undefined) ?? systemType(value) ?? resourceTypeOf(value);
    if (known?.startsWith('System.')) return { namespace: 'System', name: known.slice('System.'.length) };
    if (known !== undefined) return { namespace: 'FHIR', name: known };
    if (typeof value === 'number')
      return { namespace: 'System', name: Number.isInteger(value) ? 'Integer' : 'Decimal' };
    if (typeof value === 'string') return { namespace: 'System', name: 'String' };
    return typeof value === 'boolean'
      ? { namespace: 'System', name: 'Boolean' }
      : { namespace: 'FHIR', name: 'Element' };
  });
}

/**
 * Whether a reference points to a type, by its text alone: `Patient/1`, `https://…/Patient/1/_history/2`, `Patient?…`.
 * @param item a Reference, or the text of one
 * @param container the resource that holds the contained ones
 * @returns false where neither the text nor `Reference.type` names a type
 */
export function refersTo(
  types: TypeSystem,
  item: unknown,
  type: string,
  container: unknown,
): boolean | undefined {
  const value = unbox(item);
  if (value === undefined || value === null) return undefined;
  return refersByText(types, value, type, container) ?? isStated(types, value, type);
}

/** `refersTo`; a resource is looked for where the text names no type. */
export function resolvesTo(
  types: TypeSystem,
  host: Host,
  item: unknown,
  type: string,
  container: unknown,
): boolean | undefined {
  const value = unbox(item);
  if (value === undefined || value === null) return undefined;
  const named = refersByText(types, value, type, container);
  if (named !== undefined) return named;
  const [found] = resolveAll(host, [value], container);
  return found ? found.type !== undefined && types.isA(found.type, type) : isStated(types, value, type);
}

/** @returns undefined where the text names no type */
function refersByText(
  types: TypeSystem,
  value: unknown,
  type: string,
  container: unknown,
): boolean | undefined {
  const text = typeof value === 'object' ? (value as { reference?: unknown }).reference : value;
  if (typeof text !== 'string') return undefined;
  const named = text.startsWith('#')
    ? (resourceTypeOf(containedIn(container, text.slice(1))) ?? '')
    : typeOfReference(text);
  return named === undefined ? undefined : named === type || types.isA(named, type);
}

/** Whether `Reference.type` says so. */
function isStated(types: TypeSystem, value: unknown, type: string): boolean {
  const { type: stated } = value as { type?: unknown };
  return typeof stated === 'string' && types.isA(stated.slice(stated.lastIndexOf('/') + 1), type);
}

/** @returns the type that the text of a reference names */
function typeOfReference(reference: string): string | undefined {
  const slash = reference.indexOf('/');
  if (reference.length > LONGEST_REFERENCE || (slash < 0 && !reference.includes('?'))) return undefined;
  // `Patient/1`, which most are, needs no search
  if (
    slash > 0 &&
    slash === reference.lastIndexOf('/') &&
    slash < reference.length - 1 &&
    isTypeName(reference, slash)
  )
    return reference.slice(0, slash);
  return /(?:^|\/)([A-Z][A-Za-z]+)(?:\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?|\?.*)$/.exec(
    reference,
  )?.[1];
}

/** Whether the text up to `end` is a capital letter and letters. */
function isTypeName(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code < 65 || code > 122 || (code > 90 && (i === 0 || code < 97))) return false;
  }
  return true;
}

/** A path that starts with a type's name: the focus itself when it is of that type; a member of that name in plain data. */
export function rooted(types: TypeSystem, focus: unknown, name: string): unknown {
  const value = unbox(focus);
  const type = focus instanceof Item ? (focus.type ?? resourceTypeOf(value)) : resourceTypeOf(value);
  if (type !== undefined) return types.isA(type, name) ? focus : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** @returns a variable that was given, else the fallback */
export function variable(variables: Variables | undefined, name: string, fallback: unknown): unknown {
  return variables && Object.hasOwn(variables, name) ? variables[name] : fallback;
}

/**
 * The clock: the variable `now`, epoch milliseconds (read in UTC) or an ISO dateTime with its zone.
 * @throws EvaluationFault when it was not given
 */
export function now(variables: Variables | undefined): Temporal {
  const given = variable(variables, 'now', undefined);
  if (typeof given === 'number') return temporalOfMs(given, 0);
  const time = typeof given === 'string' ? parseTemporal(given, 'DateTime') : undefined;
  if (!time)
    throw new EvaluationFault(
      'now(), today() and timeOfDay() need the variable now: epoch milliseconds or an ISO time',
    );
  return time;
}

export function today(variables: Variables | undefined): Temporal {
  return parseTemporal(now(variables).text.slice(0, 10), 'Date')!;
}

export function timeOfDay(variables: Variables | undefined): Temporal {
  return parseTemporal(
    now(variables)
      .text.slice(11)
      .replace(/(?:Z|[+-]\d\d:\d\d)$/, ''),
    'Time',
  )!;
}

/** Takes a step from every owner, by the owner's own type. */
export function openStep(types: TypeSystem, owners: Values, name: string): Item[] {
  return owners.flatMap((owner) => boxStep([owner], types.stepOf(owner, name)));
}
