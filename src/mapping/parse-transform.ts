/** Parses what a target is set to: values, variables, transforms with their arguments, FHIRPath in brackets. */
import type { Cursor } from './cursor.ts';
import { mistakeInValue } from './mistakes.ts';
import { parseExpression } from './parse-expression.ts';
import type { Argument, Expression, Invocation, Literal, Transform, Word } from './tree.ts';

const END_OF_ARGUMENT = new Set([',', ')']);
const END_OF_BRACKET = new Set([')']);

/** Units of time, which FHIRPath has without quotes: `4 days`. */
const UNIT_OF_TIME = /^(?:year|month|week|day|hour|minute|second|millisecond)s?$/;

/** @returns what stands behind `=` of a target, or is a target alone */
export function parseTransform(cursor: Cursor): Transform {
  if (cursor.token.kind === 'name' && cursor.isAhead('('))
    return parseInvocation(cursor, cursor.name('a transform'));
  if (cursor.is('(')) return parseBrackets(cursor);
  const { at } = cursor.token;
  const length = quantityLength(cursor);
  if (length > 0) return cursor.literal(length);
  const literal = parseLiteral(cursor);
  if (literal) return literal;
  const { context, path } = parsePath(cursor, mistakeInValue(cursor));
  return { kind: 'path', at, words: [context, ...path] };
}

/** `(expression)` */
export function parseBrackets(cursor: Cursor): Expression {
  cursor.expect('(');
  const expression = parseExpression(cursor, END_OF_BRACKET);
  cursor.expect(')');
  return expression;
}

export function parseInvocation(cursor: Cursor, name: Word): Invocation {
  const parameters: Argument[] = [];
  if (!cursor.take('(')) throw cursor.error(`"(" behind ${name.text}`);
  if (!cursor.is(')')) {
    do parameters.push(parseArgument(cursor));
    while (cursor.take(','));
  }
  if (!cursor.take(')')) throw cursor.error(`"," or ")" behind a parameter of ${name.text}`);
  return { kind: 'call', name, parameters };
}

/** One token or a dotted name is a value; anything longer is FHIRPath. */
export function parseArgument(cursor: Cursor): Argument {
  const { at } = cursor.token;
  const sign = cursor.is('-') ? 1 : 0;
  if (isEndOfArgument(cursor, 1 + sign)) {
    const literal = parseLiteral(cursor);
    if (literal) return literal;
  }
  let length = 0;
  while (cursor.ahead(length).kind === 'name' && cursor.ahead(length + 1).text === '.') length += 2;
  if (cursor.ahead(length).kind === 'name' && isEndOfArgument(cursor, length + 1)) {
    const { context, path } = parsePath(cursor, 'a variable');
    return { kind: 'path', at, words: [context, ...path] };
  }
  if (cursor.is('#')) throw cursor.error(mistakeInValue(cursor));
  return parseExpression(cursor, END_OF_ARGUMENT);
}

function isEndOfArgument(cursor: Cursor, count: number): boolean {
  const { kind, text } = cursor.ahead(count);
  return kind === 'end' || (kind === 'symbol' && END_OF_ARGUMENT.has(text));
}

/** `4 'mg'`, `-4 days`: how many tokens a quantity has that is next, 0 where none is. */
function quantityLength(cursor: Cursor): number {
  const sign = cursor.is('-') ? 1 : 0;
  const [number, unit] = [cursor.ahead(sign), cursor.ahead(sign + 1)];
  if (number.kind !== 'number' || number.text.startsWith('@')) return 0;
  const isUnit =
    unit.quote === "'" || (unit.kind === 'name' && unit.quote === '' && UNIT_OF_TIME.test(unit.text));
  return isUnit ? sign + 2 : 0;
}

function parseLiteral(cursor: Cursor): Literal | undefined {
  const { kind, text, at, quote } = cursor.token;
  if (kind === 'string') return { kind: 'literal', at, type: 'string', value: cursor.next().text };
  if (kind === 'name' && quote === '' && (text === 'true' || text === 'false'))
    return { kind: 'literal', at, type: 'boolean', value: cursor.next().text === 'true' };
  const negative = cursor.is('-') && /^\d/.test(cursor.ahead(1).text) && cursor.ahead(1).kind === 'number';
  if (kind !== 'number' && !negative) return undefined;
  if (negative) cursor.next();
  const digits = cursor.next().text;
  if (digits.startsWith('@')) return { kind: 'literal', at, ...temporal(digits.slice(1)) };
  const type = digits.includes('.') ? 'decimal' : 'integer';
  return { kind: 'literal', at, type, value: Number(digits) * (negative ? -1 : 1) };
}

function temporal(text: string): Pick<Literal, 'type' | 'value'> {
  if (text.startsWith('T')) return { type: 'time', value: text.slice(1) };
  return { type: text.includes('T') ? 'dateTime' : 'date', value: text.replace(/T$/, '') };
}

/** A name, or names with dots: `src`, `src.name`. */
export function parsePath(cursor: Cursor, what: string): { context: Word; path: Word[] } {
  const context = cursor.name(what);
  const path: Word[] = [];
  while (cursor.take('.')) path.push(cursor.name('the name of an element'));
  return { context, path };
}
