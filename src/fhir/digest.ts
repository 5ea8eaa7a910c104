/** Turns JSON into one canonical text, and that into a digest, so that equal content compares equal whatever its key order. */
import { hash } from 'node:crypto';

/**
 * Canonical JSON: keys sorted by code unit, no white space, absent where undefined.
 * @param value JSON data; `undefined` members are left out
 * @source RFC 8785 (JSON Canonicalization Scheme), as far as JSON.stringify already writes numbers and strings that way
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  const members = value as Record<string, unknown>;
  const keys = Object.keys(members)
    .filter((key) => members[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(members[key])}`).join(',')}}`;
}

/** @returns SHA-256 of the canonical JSON, base64url, 43 characters */
export function digestOf(value: unknown): string {
  return digestOfText(canonicalJson(value));
}

/** @returns SHA-256 of UTF-8 text, base64url, 43 characters */
export function digestOfText(text: string): string {
  return hash('sha256', text, 'base64url');
}
