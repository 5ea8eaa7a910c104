/** Finds where FHIRPath within a map ends: it is parsed later, by its own grammar. */
import { type Cursor, DEEPEST, shown } from './cursor.ts';
import { syntaxError, type Token } from './lexer.ts';
import type { Expression } from './tree.ts';

const BRACKETS: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** Operators of FHIRPath that are words: behind one stands an operand, never a keyword of the map. */
const WORD_OPERATORS = new Set(['and', 'or', 'xor', 'implies', 'in', 'contains', 'is', 'as', 'div', 'mod']);

/**
 * Takes FHIRPath up to one of these keywords or symbols outside all brackets, which is not taken.
 * @throws AdapterError `map-syntax` when nothing stands before it, or a bracket is open
 */
export function parseExpression(cursor: Cursor, stops: ReadonlySet<string>): Expression {
  const { at } = cursor.token;
  const parts: string[] = [];
  const open: Token[] = [];
  let before: Token | undefined;
  let complete = false;
  while (!isEnd(cursor, { stops, open, before, complete })) {
    const token = cursor.next();
    if (token.kind === 'metadata') throw syntaxError(token.at, '"///" stands in an expression; remove it');
    parts.push(before ? cursor.between(before, token) : '', cursor.written(token));
    before = token;
    if (token.kind === 'symbol') nest(open, token);
    complete = isOperandEnd(token, complete);
  }
  const last = open.at(-1);
  if (last) {
    const instead = `write "${BRACKETS.get(last.text)}" before ${shown(cursor.token)}`;
    throw syntaxError(last.at, `"${last.text}" is not closed; ${instead}`);
  }
  if (parts.length === 0) throw cursor.error('an expression');
  return { kind: 'expression', at, text: parts.join('') };
}

/** How far an expression is read. */
interface Progress {
  readonly stops: ReadonlySet<string>;
  /** brackets that must close yet */
  readonly open: readonly Token[];
  readonly before: Token | undefined;
  /** an operand has ended: an operator or a keyword may follow */
  readonly complete: boolean;
}

/** No FHIRPath goes on over a sign of the rule, however many brackets are open; `{}` is FHIRPath's nothing. */
function isEnd(cursor: Cursor, progress: Progress): boolean {
  const { kind, text } = cursor.token;
  if (kind === 'fault') throw cursor.error('');
  if (kind === 'end') return true;
  if (kind === 'symbol') {
    if (text === ';' || text === '->') return true;
    if (text === '{') return progress.complete || cursor.ahead(1).text !== '}';
    if (text === '}') return progress.open.at(-1)?.text !== '{';
  }
  return progress.open.length === 0 && isStop(cursor.token, progress);
}

/**
 * Keywords are names where an operand is due (`where log.exists() or check = 1`); a text behind an operand is the
 * rule's name, unless it is the unit of a number.
 */
function isStop({ kind, quote, text }: Token, { stops, before, complete }: Progress): boolean {
  if (kind === 'string') return complete && !(quote === "'" && before?.kind === 'number');
  return quote === '' && stops.has(text) && (kind !== 'name' || complete);
}

/** Keeps the brackets that must close yet. */
function nest(open: Token[], token: Token): void {
  const { text, at } = token;
  if (BRACKETS.has(text)) open.push(token);
  else if (text === ')' || text === ']' || text === '}') {
    if (BRACKETS.get(open.pop()?.text ?? '') !== text)
      throw syntaxError(at, `"${text}" closes no bracket; remove it`);
  }
  if (open.length > DEEPEST) throw syntaxError(at, `nested deeper than ${DEEPEST} levels`);
}

/** @returns true when an operand ends with this token, so that an operator or a keyword may follow */
function isOperandEnd({ kind, quote, text }: Token, complete: boolean): boolean {
  if (kind === 'symbol') return text === ')' || text === ']' || text === '}';
  return !(kind === 'name' && quote === '' && complete && WORD_OPERATORS.has(text));
}
