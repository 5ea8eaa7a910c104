/** The functions that FHIR adds: children, extensions, primitives' values, types, references, the clock and variables. */
import { list } from './collection.ts';
import type { Variables } from './evaluate.ts';
import { EvaluationFault } from './fault.ts';
import { box, boxStep, Item, pushItems, resourceTypeOf, unbox } from './item.ts';
import { Quantity } from './quantity.ts';
import { parseTemporal, Temporal, temporalOfMs } from './temporal.ts';
import { stepOfElement, systemType, type TypeSystem } from './types.ts';

type Values = readonly unknown[];

/** Deepest nesting that `descendants` follows. */
const MAX_LEVELS = 200;

/** @returns every direct child, with its type where the tables know it */
export function children(types: TypeSystem, items: Values): Item[] {
  const out: Item[] = [];
  for (const item of items) {
    const value = unbox(item);
    const extra = item instanceof Item ? item.extra : undefined;
    if (typeof extra === 'object' && extra !== null) pushAll(out, extra as Record<string, unknown>);
    if (typeof value !== 'object' || value === null || value instanceof Temporal || value instanceof Quantity)
      continue;
    const type = resourceTypeOf(value) ?? (item instanceof Item ? item.type : undefined);
    const elements = type === undefined ? undefined : types.allElements(type);
    if (!elements) pushAll(out, value as Record<string, unknown>);
    else
      for (const element of elements)
        for (const child of boxStep([item], stepOfElement(element))) out.push(child);
  }
  return out;
}

function pushAll(out: Item[], members: Record<string, unknown>): void {
  for (const name of Object.keys(members)) {
    if (name === 'resourceType') continue;
    if (!name.startsWith('_')) pushItems(out, members, name, undefined);
    else if (!Object.hasOwn(members, name.slice(1))) pushItems(out, members, name.slice(1), undefined);
  }
}

/** @throws EvaluationFault below 200 levels */
export function descendants(types: TypeSystem, items: Values): Item[] {
  const out: Item[] = [];
  let round = children(types, items);
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
 * @returns false where neither the text nor `Reference.type` names a type
 */
export function refersTo(
  types: TypeSystem,
  item: unknown,
  type: string,
  resource: unknown,
): boolean | undefined {
  const value = unbox(item);
  if (value === undefined || value === null) return undefined;
  const { reference, type: stated } = (typeof value === 'object' ? value : { reference: value }) as Record<
    string,
    unknown
  >;
  if (typeof reference === 'string') {
    if (reference.startsWith('#')) return isContained(types, resource, reference.slice(1), type);
    const match =
      /(?:^|\/)([A-Z][A-Za-z]+)(?:\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?|\?.*)$/.exec(
        reference,
      );
    if (match) return types.isA(match[1]!, type);
  }
  return typeof stated === 'string' && types.isA(stated.slice(stated.lastIndexOf('/') + 1), type);
}

function isContained(types: TypeSystem, resource: unknown, id: string, type: string): boolean {
  const contained = (resource as { contained?: unknown } | undefined)?.contained;
  const found = list(contained).find((other) => (other as { id?: unknown }).id === id);
  const named = id === '' ? resourceTypeOf(resource) : resourceTypeOf(found);
  return named !== undefined && types.isA(named, type);
}

/** Follows references through the given function; what it does not find is left out. */
export function resolveAll(resolve: (reference: string) => unknown, items: Values): Item[] {
  return items.flatMap((item) => {
    const value = unbox(item);
    const text = typeof value === 'string' ? value : (value as { reference?: unknown }).reference;
    const found = typeof text === 'string' ? resolve(text) : undefined;
    return found === undefined || found === null ? [] : [box(found, undefined)];
  });
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
