/** Turns JSON into one canonical text, and that into a digest, so that equal content compares equal whatever its key order. */
import { hash } from 'node:crypto';

/**
 * Canonical JSON: keys sorted by code unit, no white space, absent where undefined.
 * @param value JSON data; `undefined` members are left out
 * @source RFC 8785 (JSON Canonicalization Scheme), as far as JSON.stringify already writes numbers and strings that way
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++)
      text += `${at > 0 ? ',' : ''}${canonicalJson(value[at] ?? null)}`;
    return `[${text}]`;
  }
  const members = value as Record<string, unknown>;
  for (const key of sorted(Object.keys(members))) {
    const member = members[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${named(key)}${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Objects have few members, mostly in order: putting each in its place beats the general sort, up to this many. */
const FEW = 32;

function sorted(keys: string[]): string[] {
  if (keys.length > FEW) return keys.sort();
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at]!;
    let place = at - 1;
    for (; place >= 0 && keys[place]! > key; place--) keys[place + 1] = keys[place]!;
    keys[place + 1] = key;
  }
  return keys;
}

/** Names as they are written, `"status":`: the same few hundred in all records. */
const names = new Map<string, string>();
const MOST_NAMES = 5_000;

function named(key: string): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(key)}:`;
  if (names.size < MOST_NAMES) names.set(key, text);
  return text;
}

/** @returns SHA-256 of the canonical JSON, base64url, 43 characters */
export function digestOf(value: unknown): string {
  return digestOfText(canonicalJson(value));
}

/** @returns SHA-256 of UTF-8 text, base64url, 43 characters */
export function digestOfText(text: string): string {
  return hash('sha256', text, 'base64url');
}
