/** Turns a regular expression of FHIRPath into a search that cannot run away. */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { EvaluationFault } from './fault.ts';
import { build, visit } from './limits.ts';

/** Longest pattern, in characters. */
const MAX_PATTERN = 1024;
/** Steps that JavaScript's own search may take in the worst case; about a millisecond. */
const MAX_STEPS = 200_000;
/** Steps of a search that count as one visited item. */
const STEPS_A_VISIT = 256;
const LINEAR_STEPS_A_VISIT = 16;
const CACHE_SIZE = 500;
/** What the linear search has not; asked first, for it is loaded late. */
const LOOKS_AROUND = /\(\?<?[=!]|\\[1-9k]/;
/** A pattern of an expression must do for any text of this length; longer ones it may refuse when it meets them. */
const TEXT_LENGTH = 400;
/** What `\s` and `\S` are in JavaScript; the linear search takes other characters for them. */
const SPACES =
  '\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const NO_SPACES =
  '\\x{0}-\\x08\\x0e-\\x1f\\x21-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}';

/** A pattern that is ready to search. */
interface Pattern {
  readonly native: RegExp;
  readonly growth: Growth;
  /** the same pattern for an engine in linear time, made when it is needed; undefined where that engine has no such pattern */
  linear?: RE2JS | undefined;
  isLinearMade: boolean;
}

const cache = new Map<string, Pattern>();

/**
 * @param text the pattern as written in the expression; `.` matches line breaks too
 * @param input what is searched
 * @returns whether a part of the input matches
 * @throws EvaluationFault for a pattern that is wrong, too long, or could run away and cannot be searched in linear time
 */
export function search(text: string, input: string): boolean {
  const pattern = patternFor(text, input);
  if (!isSlow(pattern, input.length)) return pattern.native.test(input);
  return linearFor(pattern, text, input).matcher(input).find();
}

/**
 * @param substitution `$1`, `${name}` and `$<name>` stand for groups
 * @returns the input with every match replaced
 * @throws like `search`
 */
export function replaced(text: string, input: string, substitution: string): string {
  const pattern = patternFor(text, input);
  const groups = substitution.split('$').length - 1;
  build(input.length * (1 + groups) + (input.length + 1) * substitution.length);
  // only groups are FHIRPath's; what stands before and after a match is JavaScript's
  const plain = substitution.replaceAll(/\$(?=[`'])/g, '$$$$');
  const put = plain.replaceAll(/\$\{(\w+)\}/g, (whole, name) =>
    text.includes(`(?<${name}>`) ? `$<${name}>` : whole,
  );
  if (!isSlow(pattern, input.length)) return input.replace(pattern.native, put);
  return linearFor(pattern, text, input).matcher(input).replaceAll(put, false);
}

/** @returns the pattern that takes a whole text where the given one takes a part */
export function wholeOf(text: string): string {
  return `^(?:${text})$`;
}

/** @returns why a pattern of an expression is refused, and what to write; undefined when it is taken */
export function patternFault(text: string): string | undefined {
  try {
    const pattern = compilePattern(text);
    if (LOOKS_AROUND.test(text) && isSlow(pattern, TEXT_LENGTH)) linearOf(pattern, text);
    return undefined;
  } catch (error) {
    if (error instanceof EvaluationFault) return error.message;
    throw error;
  }
}

function patternFor(text: string, input: string): Pattern {
  visit(1 + Math.floor((input.length * text.length) / STEPS_A_VISIT));
  let pattern = cache.get(text);
  if (!pattern) {
    pattern = compilePattern(text);
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(text, pattern);
  }
  pattern.native.lastIndex = 0;
  return pattern;
}

function isSlow({ growth: { degree, ways } }: Pattern, length: number): boolean {
  return (degree > 1 || ways > 1) && ways * (length + 1) ** degree > MAX_STEPS;
}

function compilePattern(text: string): Pattern {
  if (text.length > MAX_PATTERN)
    throw new EvaluationFault(`a pattern is longer than ${MAX_PATTERN} characters`);
  return { native: toRegExp(text), growth: growthOf(text), isLinearMade: false };
}

function toRegExp(text: string): RegExp {
  for (const flags of ['gsu', 'gs']) {
    try {
      return new RegExp(text, flags);
    } catch {
      // without `u` JavaScript takes escapes that other dialects allow, such as `\-`
    }
  }
  throw new EvaluationFault('a pattern is no regular expression');
}

/** @throws EvaluationFault for a pattern that the linear engine has not */
function linearOf(pattern: Pattern, text: string): RE2JS {
  if (!pattern.isLinearMade) {
    pattern.linear = toLinear(text);
    pattern.isLinearMade = true;
  }
  if (pattern.linear) return pattern.linear;
  throw new EvaluationFault(
    'a pattern that looks around or back, by (?= (?! (?<= (?<! or \\1, may run away; write several that do not, joined by "and"',
  );
}

/** @returns the engine that searches in linear time, its work counted */
function linearFor(pattern: Pattern, text: string, input: string): RE2JS {
  const linear = linearOf(pattern, text);
  visit(Math.floor((input.length * linear.programSize()) / LINEAR_STEPS_A_VISIT));
  return linear;
}

/** Loaded when the first search needs it: most patterns never do. */
function toLinear(text: string): RE2JS | undefined {
  const engine = (createRequire(import.meta.url)('re2js') as typeof import('re2js')).RE2JS;
  try {
    return engine.compile(inItsDialect(text), engine.DOTALL);
  } catch {
    return undefined;
  }
}

/** `\s`, `\S` and `\u0041` as the linear engine writes them. */
function inItsDialect(text: string): string {
  let isClass = false;
  return text.replaceAll(/\\u([0-9a-fA-F]{4})|\\[\s\S]|[[\]]/g, (part, hex: string | undefined) => {
    if (part === '[') isClass = true;
    else if (part === ']') isClass = false;
    if (hex !== undefined) return `\\x{${hex}}`;
    if (part === '\\s') return isClass ? SPACES : `[${SPACES}]`;
    if (part === '\\S') return isClass ? NO_SPACES : `[${NO_SPACES}]`;
    return part;
  });
}

/** How much longer the worst search takes for a longer input: `ways * length ** degree`. */
interface Growth {
  readonly degree: number;
  readonly ways: number;
}

interface Group {
  /** takes one text in several ways */
  varies: boolean;
  branches: number;
}

const TOKEN = /\\[\s\S]|\[\^?(?:\\[\s\S]|[^\]\\])*\]|\(\?(?:<?[=!]|[:<])|\{\d+,?\d*\}|[\s\S]/g;

/**
 * Counts what may be tried in several ways: each repetition of open length multiplies the ways by the input's length, each option
 * by two, each choice by its branches. A repeated group that itself varies has no bound.
 */
function growthOf(text: string): Growth {
  const groups: Group[] = [{ varies: false, branches: 1 }];
  let degree = text.startsWith('^') && !text.includes('|') ? 0 : 1;
  let ways = 1;
  let closed: Group | undefined;
  for (const [part] of text.matchAll(TOKEN)) {
    const group = groups.at(-1)!;
    const quantifier = quantifierOf(part);
    if (quantifier) {
      if (closed?.varies && quantifier.most > 1) return { degree: Number.POSITIVE_INFINITY, ways };
      if (!quantifier.isFixed) {
        group.varies = true;
        if (quantifier.most > 1) degree++;
        else ways *= 2;
      }
    } else if (part === '|') {
      group.varies = true;
      group.branches++;
    }
    closed = undefined;
    if (part.startsWith('(')) groups.push({ varies: false, branches: 1 });
    else if (part === ')' && groups.length > 1) {
      closed = groups.pop()!;
      ways *= closed.branches;
      groups.at(-1)!.varies ||= closed.varies;
    }
  }
  return { degree, ways: ways * groups[0]!.branches };
}

function quantifierOf(part: string): { readonly most: number; readonly isFixed: boolean } | undefined {
  if (part === '*' || part === '+') return { most: Number.POSITIVE_INFINITY, isFixed: false };
  if (part === '?') return { most: 1, isFixed: false };
  const range = /^\{(\d+)(,?)(\d*)\}$/.exec(part);
  if (!range) return undefined;
  const [, least, comma, most] = range;
  if (comma === '') return { most: Number(least), isFixed: true };
  return { most: most === '' ? Number.POSITIVE_INFINITY : Number(most), isFixed: most === least };
}
