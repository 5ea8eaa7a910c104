/** Parses pieces of a map that stand alone in JSON: conditions, arguments, names with dots. */
import { AdapterError } from '../fhir/outcome.ts';
import { Cursor } from './cursor.ts';
import { parseExpression } from './parse-expression.ts';
import { END_OF_CONDITION } from './parse-rule.ts';
import { parseArgument } from './parse-transform.ts';
import { isBareName, quoted } from './quote.ts';
import type { Argument, Place, Word } from './tree.ts';

const NOTHING: ReadonlySet<string> = new Set();
const QUOTED_WORDS = /^`(?:[^`\\]|\\.)*`(?:\.`(?:[^`\\]|\\.)*`)*$/s;

/** @returns the FHIRPath as a map writes it (single quotes, no comment at its ends); or why it is none */
export function readFhirPath(text: string): { text: string } | { fault: string } {
  return attempt((cursor) => parseExpression(cursor, NOTHING), text);
}

/** @returns what stands between the brackets of a call, with the place `at`; or why it is nothing such */
export function readArgument(text: string, at: Place): { argument: Argument } | { fault: string } {
  const read = attempt((cursor) => ({ argument: parseArgument(cursor) }), text);
  return 'fault' in read ? read : { argument: placed(read.argument, at) };
}

/** @returns true when the text is one expression that ends where `stops` say, so that it needs no brackets */
export function isBareExpression(text: string, stops: ReadonlySet<string> = END_OF_CONDITION): boolean {
  return 'text' in attempt((cursor) => parseExpression(cursor, stops), text);
}

/** @returns words as JSON names them: `name.given`; words that hold other signs in back quotes: `` `a.b`.`c` `` */
export function wordsText(words: readonly Word[]): string {
  const [first, ...more] = words.map(({ text }) => text);
  if (first === undefined) return '';
  const whole = [first, ...more].join('.');
  const isPlain = [first, ...more].every(isBareName);
  if (isPlain || (more.length === 0 && wordsOf(whole).length === 1 && !QUOTED_WORDS.test(whole)))
    return whole;
  return [first, ...more].map((word) => quoted(word, '`')).join('.');
}

/** @returns the words that `wordsText` joined: a name with blanks is one word */
export function readWords(text: string, at: Place): Word[] {
  return wordsOf(text).map((word) => ({ text: word, at }));
}

function wordsOf(text: string): string[] {
  if (QUOTED_WORDS.test(text)) {
    const read = attempt((cursor) => ({ argument: parseArgument(cursor) }), text);
    if ('argument' in read && read.argument.kind === 'path')
      return read.argument.words.map((word) => word.text);
  }
  const words = text.split('.');
  return words.every(isBareName) ? words : [text];
}

function placed(argument: Argument, at: Place): Argument {
  if (argument.kind !== 'path') return { ...argument, at };
  return { ...argument, at, words: argument.words.map(({ text }) => ({ text, at })) };
}

/** Parses all of the text; what is left over is a fault. */
function attempt<T extends object>(parse: (cursor: Cursor) => T, text: string): T | { fault: string } {
  try {
    const cursor = new Cursor('', text);
    const value = parse(cursor);
    if (cursor.token.kind !== 'end') throw cursor.error('the end of the text');
    return value;
  } catch (error) {
    if (error instanceof AdapterError) return { fault: error.message.replace(/^:\d+:/, 'column ') };
    throw error;
  }
}
