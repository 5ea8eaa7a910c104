/** Finds elements that an expression or a path names, and that the variable or the source it starts from has not. */
import { nearest } from './finding.ts';
import type { Token } from './lexer.ts';
import { ANY, type Shape } from './shapes.ts';
import type { Site, Variable } from './site.ts';
import type { Place, Word } from './tree.ts';

const OPERATORS = new Set(['and', 'or', 'xor', 'implies', 'in', 'contains', 'is', 'as', 'div', 'mod']);
const SIGILS = new Set(['%', '$', '@']);

/** @returns what a path leads to from a variable; `any` where that is not known; undefined, with a finding, where nothing is */
export function shapeAlong(
  site: Site,
  { shape, built }: Variable,
  words: readonly Word[],
): Shape | undefined {
  let at: Shape = built?.isPrimitive ? ANY : shape;
  for (const word of words) {
    const found = elementOf(site, at, word.text, word.at);
    if (!found) return undefined;
    at = found;
  }
  return at;
}

function elementOf(site: Site, shape: Shape, name: string, at: Place): Shape | undefined {
  const { shapes, findings } = site.unit;
  const member = shapes.member(shape, name);
  if (member) return member.shape;
  const hint = nearest(name, shapes.names(shape));
  findings.add('map-unknown-element', at, `${shapes.describe(shape)} has no element ${name}${hint}`);
  return undefined;
}

/**
 * Checks paths that start at a variable, and those that start at a field of a record's schema: of FHIR's types FHIRPath knows
 * the elements itself. What an argument of a function starts from is not known here.
 * @returns true when all are known; else a finding for each that is not
 */
export function checkNames(site: Site, tokens: readonly Token[], focus: Shape, at: Place): boolean {
  const open: boolean[] = [];
  let isOperand = true;
  let isKnown = true;
  tokens.forEach((token, index) => {
    const before = tokens[index - 1];
    const isSign = token.quote === '' && token.kind !== 'name' && token.kind !== 'number';
    if (isSign && (token.text === '(' || token.text === '[')) open.push(!isOperand);
    if (isSign && (token.text === ')' || token.text === ']')) open.pop();
    if (isOperand && token.kind === 'name' && before?.text !== '.') {
      const isNested = open.includes(true);
      isKnown = checkPath(site, tokens, index, isNested ? ANY : focus, at) && isKnown;
    }
    isOperand = expectsOperand(token, isOperand || before?.text === '.', isSign);
  });
  return isKnown;
}

/** @returns whether an operand may stand behind the token */
function expectsOperand({ kind, text, quote }: Token, isOperand: boolean, isSign: boolean): boolean {
  if (!isSign) return !isOperand && kind === 'name' && quote === '' && OPERATORS.has(text);
  if (SIGILS.has(text)) return isOperand;
  return quote === '' && text !== ')' && text !== ']' && text !== '}' && text !== '.';
}

function checkPath(site: Site, tokens: readonly Token[], start: number, focus: Shape, at: Place): boolean {
  const sign = tokens[start - 1]?.text ?? '';
  const type = ['is', 'as'].includes(sign) || isCall(tokens, start);
  if (type || sign === '@') return true;
  const { text } = tokens[start]!;
  const isThis = sign === '$' && text === 'this';
  if (sign === '$' && !isThis) return true;
  const variable = isThis ? undefined : site.scope.get(text);
  let shape: Shape | undefined = variable ? (variable.built ? ANY : variable.shape) : focusOf(focus, sign);
  if (!variable && !isThis && sign !== '%' && text !== 'true' && text !== 'false')
    shape = elementOf(site, shape, text, at);
  for (let index = start + 1; shape && tokens[index]?.text === '.'; index += 2) {
    const step = tokens[index + 1];
    if (step?.kind !== 'name' || isCall(tokens, index + 1)) break;
    shape = elementOf(site, shape, step.text, at);
  }
  return shape !== undefined;
}

function focusOf(focus: Shape, sign: string): Shape {
  return focus.kind === 'json' && sign !== '%' ? focus : ANY;
}

function isCall(tokens: readonly Token[], index: number): boolean {
  return tokens[index]?.quote === '' && tokens[index + 1]?.text === '(' && tokens[index + 1]?.quote === '';
}
