/** Turns SMART scopes into what they allow, cuts what is asked for down to what may be had, and writes it as scopes again. */
import type { Right } from '../access.ts';
import type { Pairs } from '../address.ts';
import { queryOf } from '../address.ts';

/** `system/{type}.{rights}?{conditions}`. */
export interface Scope {
  /** resource type, or `*` for every type */
  readonly type: string;
  readonly rights: ReadonlySet<Right>;
  /** search parameters that must hold, all of them; they narrow reading and searching alone */
  readonly conditions: Pairs;
}

const LETTERS: readonly (readonly [string, Right])[] = [
  ['c', 'create'],
  ['r', 'read'],
  ['u', 'update'],
  ['d', 'delete'],
  ['s', 'search'],
];
/** Version 1 of SMART. @source SMART App Launch 2, Scopes for requesting FHIR resources, v1 compatibility */
const OLD: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };
const FORM = /^system\/(\*|[A-Z][A-Za-z]{1,60})\.(read|write|\*|[a-z]{1,5})(\?.+)?$/;
/** What narrows nothing, or says how an answer looks, is no condition. */
const NO_CONDITION =
  /^(_count|_sort|_total|_summary|_elements|_format|_pretty|_include|_revinclude|_cursor)(:|$)/;

/** @returns the scope; or, as a sentence, why it cannot be granted */
export function readScope(text: string): Scope | string {
  const found = FORM.exec(text);
  if (!found)
    return /^(patient|user|launch|openid|fhirUser|profile|offline_access|online_access)\b/.test(text)
      ? 'is for people who sign in: systems ask for system/…'
      : 'is no scope of the form system/Type.cruds';
  const [, type = '', written = '', query] = found;
  const letters = OLD[written] ?? written;
  if (!isInOrder(letters)) return 'names its rights by other letters than c, r, u, d, s, or in another order';
  const rights = new Set(LETTERS.flatMap(([letter, right]) => (letters.includes(letter) ? right : [])));
  const conditions = query === undefined ? undefined : queryOf(query);
  if (conditions === undefined) return { type, rights, conditions: [] };
  if (!conditions.ok || conditions.value.length === 0) return 'has conditions that cannot be decoded';
  if (conditions.value.some(([name]) => NO_CONDITION.test(name)))
    return 'has a parameter that is no condition on what is seen';
  if (rights.has('create') || rights.has('update') || rights.has('delete'))
    return 'has conditions on writing: those narrow r and s alone, so write rights stand in a scope of their own';
  return { type, rights, conditions: conditions.value };
}

/** Each letter once, in the order of `cruds`. */
function isInOrder(letters: string): boolean {
  return /^c?r?u?d?s?$/.test(letters);
}

/** @returns the scope as it is written, rights in order */
export function writeScope({ type, rights, conditions }: Scope): string {
  const letters = LETTERS.flatMap(([letter, right]) => (rights.has(right) ? letter : [])).join('');
  const query = conditions.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  return `system/${type}.${letters}${query === '' ? '' : `?${query}`}`;
}

/** As in a query, but for what is plain to read there and parts nothing. */
function encode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%3A', ':')
    .replaceAll('%2F', '/')
    .replaceAll('%2C', ',')
    .replaceAll('%7C', '|');
}

/**
 * What of a scope asked for lies within one that may be had: conditions of both hold then.
 * @returns undefined where nothing does
 */
export function narrowed(asked: Scope, allowed: Scope): Scope | undefined {
  const type = asked.type === '*' ? allowed.type : asked.type;
  if (allowed.type !== '*' && allowed.type !== type) return undefined;
  const rights = new Set([...asked.rights].filter((right) => allowed.rights.has(right)));
  const conditions = both(allowed.conditions, asked.conditions);
  if (conditions.length > 0)
    for (const right of ['create', 'update', 'delete'] as const) rights.delete(right);
  return rights.size === 0 ? undefined : { type, rights, conditions };
}

function both(one: Pairs, other: Pairs): Pairs {
  const known = new Set(one.map((pair) => JSON.stringify(pair)));
  return [...one, ...other.filter((pair) => !known.has(JSON.stringify(pair)))];
}

/**
 * @param asked texts of scopes; those that are none, or none of ours, are passed over
 * @returns what is granted: each scope asked for, as far as it may be had
 */
export function grantedOf(asked: readonly string[], allowed: readonly Scope[]): readonly Scope[] {
  const granted = new Map<string, Scope>();
  for (const text of asked) {
    const scope = readScope(text);
    if (typeof scope === 'string') continue;
    for (const one of allowed) {
      const common = narrowed(scope, one);
      if (common) granted.set(writeScope(common), common);
    }
  }
  return [...granted.values()];
}
