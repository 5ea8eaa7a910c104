/** Turns a regular expression of FHIRPath into a JavaScript one that cannot run away. */
import { EvaluationFault } from './fault.ts';

/** Longest pattern, in characters. */
const MAX_PATTERN = 1024;
/** Steps that a search may take in the worst case, before the input is refused as too long. */
const MAX_STEPS = 1e9;
const SHORTEST_BOUND = 256;
const LONGEST_BOUND = 1_000_000;
const CACHE_SIZE = 500;

interface Pattern {
  readonly search: RegExp;
  /** longest input, in characters */
  readonly bound: number;
}

interface Group {
  /** where its content starts */
  readonly start: number;
  /** holds a quantifier of variable length, or alternatives, so that one text can be taken in several ways */
  varies: boolean;
}

const cache = new Map<string, Pattern>();

/**
 * @param text the pattern as written in the expression
 * @param input the text it will search
 * @returns a global, dot-all expression with `lastIndex` 0
 * @throws EvaluationFault for a pattern that is wrong, too long or repeats a repetition, or an input that is too long for it
 */
export function patternFor(text: string, input: string): RegExp {
  let pattern = cache.get(text);
  if (!pattern) {
    pattern = compilePattern(text);
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(text, pattern);
  }
  if (input.length > pattern.bound)
    throw new EvaluationFault(
      `a text longer than ${pattern.bound} characters is matched with a pattern of many repetitions`,
    );
  pattern.search.lastIndex = 0;
  return pattern.search;
}

/** @returns why a pattern is refused, undefined when it is taken */
export function patternFault(text: string): string | undefined {
  try {
    compilePattern(text);
    return undefined;
  } catch (error) {
    if (error instanceof EvaluationFault) return error.message;
    throw error;
  }
}

function compilePattern(text: string): Pattern {
  if (text.length > MAX_PATTERN)
    throw new EvaluationFault(`a pattern is longer than ${MAX_PATTERN} characters`);
  const repetitions = countRepetitions(text);
  const degree = repetitions + (text.startsWith('^') ? 0 : 1);
  const bound = Math.max(
    SHORTEST_BOUND,
    Math.min(LONGEST_BOUND, Math.floor(MAX_STEPS ** (1 / Math.max(1, degree)))),
  );
  return { search: toRegExp(text), bound };
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

/** Counts quantifiers without an upper bound; refuses one around a group that itself varies, which may take exponential time. */
function countRepetitions(text: string): number {
  const groups: Group[] = [{ start: 0, varies: false }];
  let closed: Group | undefined;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const quantifier = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})[?+]?/.exec(text.slice(i, i + 24));
    if (quantifier && i > 0 && text[i - 1] !== '(') {
      const most = upperBound(quantifier);
      if (closed?.varies && most > 1 && !isDelimited(text.slice(closed.start, i - 1)))
        throw new EvaluationFault(
          'a pattern repeats a group that itself repeats or has alternatives; write it without the inner repetition',
        );
      if (most === Number.POSITIVE_INFINITY) count++;
      if (quantifier[0] !== `{${quantifier[1]}}`) groups.at(-1)!.varies = true;
      i += quantifier[0].length - 1;
      closed = undefined;
      continue;
    }
    closed = undefined;
    const char = text[i]!;
    if (char === '\\') i++;
    else if (char === '[') i = classEnd(text, i);
    else if (char === '(') groups.push({ start: i + 1, varies: false });
    else if (char === '|') groups.at(-1)!.varies = true;
    else if (char === ')' && groups.length > 1) {
      closed = groups.pop()!;
      if (closed.varies) groups.at(-1)!.varies = true;
    }
  }
  return count;
}

/**
 * Whether a group starts with a character that nothing else in it takes, as in `(\.[a-z]+)*`: then a text falls into
 * rounds in one way only, and repeating the group adds no ways to fail.
 */
function isDelimited(group: string): boolean {
  const [first, next, ...rest] =
    group.replace(/^\?:/, '').match(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[\s\S]/g) ?? [];
  if (
    first === undefined ||
    next === undefined ||
    !/^(?:\\[^\w\s]|[\w\-/:,;@#])$/.test(first) ||
    /^[*+?{]/.test(next)
  )
    return false;
  const delimiter = first.at(-1)!;
  return [next, ...rest].every((part) => {
    if (part === '.' || part === '|' || part === '^' || part === '$') return false;
    if (/^[()*+?{},]$/.test(part)) return true;
    return !toRegExp(part.length === 1 && /\W/.test(part) ? `\\${part}` : part).test(delimiter);
  });
}

function upperBound(quantifier: RegExpExecArray): number {
  const [text, least, comma, most] = quantifier;
  if (text.startsWith('?')) return 1;
  if (least === undefined) return Number.POSITIVE_INFINITY;
  if (comma === '') return Number(least);
  return most === '' ? Number.POSITIVE_INFINITY : Number(most);
}

function classEnd(text: string, start: number): number {
  let i = start + 1;
  if (text[i] === '^') i++;
  for (; i < text.length && text[i] !== ']'; i++) if (text[i] === '\\') i++;
  return i;
}
