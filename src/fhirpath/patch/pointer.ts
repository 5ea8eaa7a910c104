/** Turns JSON Pointers into the places of a JSON document that they lead to. */
import { PatchFault } from './fault.ts';

/** A JSON array or object that holds the value a pointer leads to, and where in it. */
export interface Target {
  readonly holder: unknown[] | Record<string, unknown>;
  /** index, or name of the member; an index that is the length is past the end */
  readonly key: number | string;
  readonly exists: boolean;
}

/** Would reach the prototype in a careless reader of the result; FHIR has no such element. */
export const FORBIDDEN_NAME = '__proto__';
const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/**
 * @param text such as `/name/0/given/-`; the empty text is the whole document
 * @returns its tokens, unescaped
 * @throws PatchFault 400 when it is no pointer
 * @source RFC 6901
 */
export function parsePointer(text: unknown, member: 'path' | 'from'): string[] {
  if (typeof text !== 'string')
    throw new PatchFault(
      400,
      'patch-pointer',
      `it needs a ${member}, a JSON Pointer such as "/name/0/family".`,
    );
  if (text === '') return [];
  if (!text.startsWith('/'))
    throw new PatchFault(
      400,
      'patch-pointer',
      `its ${member} does not begin with "/"; write "/name/0/family".`,
    );
  if (/~(?![01])/.test(text))
    throw new PatchFault(
      400,
      'patch-pointer',
      `its ${member} has a "~" that escapes nothing; write "~0" for "~" and "~1" for "/".`,
    );
  const tokens = text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')); // in this order: ~01 is ~1
  if (tokens.includes(FORBIDDEN_NAME))
    throw new PatchFault(422, 'patch-name', `its ${member} names ${FORBIDDEN_NAME}, which no document has.`);
  return tokens;
}

/**
 * Follows the tokens from the document; only members of the objects' own count, never inherited ones.
 * @param tokens at least one
 * @throws PatchFault 422 when a step before the last leads nowhere, or the last cannot be a key there
 */
export function targetOf(document: unknown, tokens: readonly string[], member: 'path' | 'from'): Target {
  let value = document;
  for (const [at, token] of tokens.slice(0, -1).entries()) {
    const step = keyIn(value, token, member, at);
    if (!step.exists) throw missing(member, at, value);
    value = (step.holder as Record<number | string, unknown>)[step.key];
  }
  return keyIn(value, tokens.at(-1)!, member, tokens.length - 1);
}

/** @throws PatchFault 422 when nothing is there */
export function existing(target: Target, member: 'path' | 'from', depth: number): unknown {
  if (!target.exists) throw missing(member, depth, target.holder);
  return (target.holder as Record<number | string, unknown>)[target.key];
}

function keyIn(value: unknown, token: string, member: string, at: number): Target {
  if (Array.isArray(value)) {
    if (token === '-') return { holder: value, key: value.length, exists: false };
    if (!INDEX.test(token))
      throw new PatchFault(
        422,
        'patch-index',
        `step ${at} of its ${member} stands in an array of ${value.length}; write an index without leading zeros there, or "-" for the end.`,
      );
    const index = Number(token);
    return { holder: value, key: index, exists: index < value.length };
  }
  if (typeof value !== 'object' || value === null)
    throw new PatchFault(
      422,
      'patch-missing',
      `step ${at} of its ${member} stands in a value that has no members; shorten the ${member}.`,
    );
  return {
    holder: value as Record<string, unknown>,
    key: token,
    exists: Object.hasOwn(value, token),
  };
}

function missing(member: string, at: number, holder: unknown): PatchFault {
  const there = Array.isArray(holder)
    ? `the array there has ${holder.length}, counted from 0`
    : 'the object there has no such member';
  return new PatchFault(
    422,
    'patch-missing',
    `step ${at} of its ${member} leads to nothing: ${there}. Read the resource again, or add what is missing first.`,
  );
}
