/** Turns operators into JavaScript, by what is known of their operands. */
import {
  bool,
  boxedOpt,
  type Code,
  type Context,
  call,
  emptyCode,
  isSingle,
  many,
  needsNoBox,
  opt,
  plain,
  plainMany,
  plainOpt,
  quote,
  type Scope,
  temporalMany,
  temporalOpt,
} from './code.ts';
import { emitOfType, oneForAs } from './emit-path.ts';
import { containerOf } from './emit-variable.ts';
import type { BinaryNode, Node, TypeNode } from './tree.ts';
import {
  BOOLEAN,
  DECIMAL,
  INTEGER,
  isBoolean,
  isNumber,
  isText,
  isWhole,
  STRING,
  type Types,
  temporalKind,
} from './types.ts';

const ARITHMETIC = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  div: 'div',
  mod: 'mod',
} as const;
const ORDER = { '<': 'less', '<=': 'lessOrEqual', '>': 'greater', '>=': 'greaterOrEqual' } as const;
const LOGIC = { and: 'and', or: 'or', xor: 'xor', implies: 'implies' } as const;

export function emitBinary(context: Context, node: BinaryNode, scope: Scope, boxed: boolean): Code {
  const { operator } = node;
  if (operator === '|')
    return unionCode(context, context.emit(node.left, scope, boxed), context.emit(node.right, scope, boxed));
  const left = context.emit(node.left, scope);
  const right = context.emit(node.right, scope);
  switch (operator) {
    case '=':
    case '!=':
      return equality(context, left, right, operator);
    case '~':
    case '!~':
      return equivalence(context, left, right, operator);
    case 'in':
      return membership(context, left, right);
    case 'contains':
      return membership(context, right, left);
    case 'and':
    case 'or':
    case 'xor':
    case 'implies':
      return logic(context, left, right, operator);
    case '&':
      return {
        js: call(context, 'concatenate', plainOpt(context, left), plainOpt(context, right)),
        card: 'one',
        types: STRING,
      };
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ordered(context, left, right, operator);
    default:
      return arithmetic(context, left, right, operator);
  }
}

/** A side that decides alone leaves the other unread; one that is never empty needs no table of three values. */
function logic(context: Context, left: Code, right: Code, operator: keyof typeof LOGIC): Code {
  const [a, b] = [bool(context, left), bool(context, right)];
  const card = left.card === 'one' && right.card === 'one' ? 'one' : 'opt';
  if (operator === 'xor') return { js: call(context, 'xor', a, b), card, types: BOOLEAN };
  const first = left.card === 'one' && isBoolean(left.types) && !left.boxed ? a : undefined;
  if (first !== undefined) {
    const js = { and: `(${first} && ${b})`, or: `(${first} || ${b})`, implies: `(!${first} || ${b})` }[
      operator
    ];
    return { js, card, types: BOOLEAN };
  }
  const held = context.hold();
  const decided = operator === 'or' ? 'true' : 'false';
  const answer = operator === 'and' ? 'false' : 'true';
  const js = `((${held} = ${a}) === ${decided} ? ${answer} : ${call(context, operator, held, b)})`;
  return { js, card, types: BOOLEAN };
}

function boolean(js: string): Code {
  return { js, card: 'opt', types: BOOLEAN };
}

/** FHIR's own texts of dates are mostly of one form, and then they are ordered as texts. */
function ordered(context: Context, left: Code, right: Code, operator: keyof typeof ORDER): Code {
  const run = ORDER[operator];
  const isThere = (code: Code): boolean => code.card === 'one' && !code.boxed && isNumber(code.types);
  if (isThere(left) && isThere(right))
    return { js: `(${left.js} ${operator} ${right.js})`, card: 'one', types: BOOLEAN };
  const kind = temporalKind(left.types);
  const isText = (code: Code): boolean => !code.types?.[0]?.startsWith('System.');
  if (kind && kind !== 'Time' && kind === temporalKind(right.types) && isText(left) && isText(right)) {
    const args = [plainOpt(context, left), plainOpt(context, right), context.use(run), quote(kind)];
    return boolean(call(context, 'orderTexts', ...args));
  }
  return boolean(call(context, run, temporalOpt(context, left), temporalOpt(context, right)));
}

function equivalence(context: Context, left: Code, right: Code, operator: '~' | '!~'): Code {
  const js = call(context, 'equivalent', temporalMany(context, left), temporalMany(context, right));
  return { js: operator === '~' ? js : `!${js}`, card: 'one', types: BOOLEAN };
}

function arithmetic(context: Context, left: Code, right: Code, operator: keyof typeof ARITHMETIC): Code {
  const js = call(context, ARITHMETIC[operator], temporalOpt(context, left), temporalOpt(context, right));
  return { js, card: 'opt', types: arithmeticTypes(operator, left.types, right.types) };
}

/** `=` where the operands are read for being true only: no call when one side is a text. */
export function equalityTest(left: Code, right: Code): string | undefined {
  if (!isSingle(left) || !isSingle(right) || left.boxed || right.boxed || right.literal === undefined)
    return undefined;
  return isText(left.types) ? `(${left.js} === ${right.js})` : undefined;
}

export function unionCode(context: Context, left: Code, right: Code): Code {
  if (left.none && right.none) return emptyCode(context, left.types);
  if (left.none || right.none) {
    const code = left.none ? right : left;
    return isSingle(code)
      ? code
      : { ...code, js: call(context, 'distinct', many(context, code)), card: 'many', step: undefined };
  }
  const boxed = left.boxed === true && right.boxed === true;
  const types = left.types && right.types ? [...new Set([...left.types, ...right.types])] : undefined;
  const side = (code: Code): string => (boxed ? many(context, code) : plainMany(context, code));
  const literals = [left, right].map(({ literal, literals }) =>
    literal === undefined ? literals : [literal],
  );
  return {
    js: call(context, 'union', side(left), side(right)),
    card: 'many',
    types,
    boxed,
    ...(literals[0] && literals[1] ? { literals: [...literals[0], ...literals[1]] } : {}),
  };
}

function equality(context: Context, left: Code, right: Code, operator: '=' | '!='): Code {
  const js = equalityJs(context, left, right);
  return boolean(operator === '=' ? js : call(context, 'not', js));
}

function equalityJs(context: Context, left: Code, right: Code): string {
  const singles = isSingle(left) && isSingle(right);
  const alike = [isText, isNumber, isBoolean].some((test) => test(left.types) && test(right.types));
  if (singles && alike) return call(context, 'equalPlain', plainOpt(context, left), plainOpt(context, right));
  if (singles) return call(context, 'equalSingle', temporalOpt(context, left), temporalOpt(context, right));
  if (left.types === undefined || right.types === undefined) {
    const [a, b] = [plain(context, left), plain(context, right)];
    if (a.card !== 'many' && b.card !== 'many' && !temporalKind(a.types) && !temporalKind(b.types))
      return call(context, 'equalLoose', a.js, b.js);
  }
  return call(context, 'equal', temporalMany(context, left), temporalMany(context, right));
}

function membership(context: Context, item: Code, values: Code): Code {
  if (values.literals && isText(item.types) && isSingle(item)) {
    const set = context.hoist(`new Set([${values.literals.map(quote).join(', ')}])`);
    return { js: call(context, 'isOneOf', plainOpt(context, item), set), card: 'opt', types: BOOLEAN };
  }
  return {
    js: call(context, 'isIn', temporalOpt(context, item), temporalMany(context, values)),
    card: 'opt',
    types: BOOLEAN,
  };
}

function arithmeticTypes(operator: keyof typeof ARITHMETIC, left: Types, right: Types): Types {
  if (operator === 'div') return INTEGER;
  if (isWhole(left) && isWhole(right)) return operator === '/' ? DECIMAL : INTEGER;
  if (isNumber(left) && isNumber(right)) return DECIMAL;
  if (isText(left) && isText(right)) return STRING;
  const kind = temporalKind(left);
  return kind ? [`System.${kind}`] : undefined;
}

/** `is` and `as` as operators */
export function emitTypeNode(context: Context, node: TypeNode, scope: Scope, boxed: boolean): Code {
  if (node.operator === 'as')
    return emitOfType(context, oneForAs(context, node.operand), node.type, scope, boxed, node.at);
  const { operand } = node;
  if (operand.kind === 'call' && operand.name === 'resolve' && operand.args.length === 0)
    return resolvesTo(context, node, operand.focus, scope);
  return isCode(context, context.emit(operand, scope, true), context.types.named(node.type, node.at));
}

/** `resolve() is X`: by the resource where it is found, else by the reference's own text. */
function resolvesTo(context: Context, node: TypeNode, reference: Node | undefined, scope: Scope): Code {
  const focus = plainOpt(context, reference ? context.emit(reference, scope) : scope.focus);
  const type = quote(node.type.replace(/^FHIR\./, ''));
  const js = context.host.has('resolve')
    ? call(context, 'resolvesTo', 'T', 'H', focus, type, containerOf(context))
    : call(context, 'refersTo', 'T', focus, type, containerOf(context));
  return { js, card: 'opt', types: BOOLEAN };
}

/** Whether a value is of a type: known before the expression runs wherever the types say it. */
export function isCode(context: Context, code: Code, type: string): Code {
  if (code.none) return emptyCode(context, BOOLEAN);
  const known =
    code.types?.length === 1 &&
    (needsNoBox(context, code.types) || !code.boxed) &&
    !context.types.isOpen(code.types);
  const own = code.types?.[0];
  const verdict =
    known && own !== undefined && (context.types.isA(own, type) || !context.types.isA(type, own));
  if (verdict) {
    const js = `(${opt(context, code)} == null ? undefined : ${context.types.isA(own, type)})`;
    return { js, card: 'opt', types: BOOLEAN };
  }
  const name = context.fresh();
  const test = context.hoist(
    `(${name}) => ${name} === undefined ? undefined : T.is(${name}, ${quote(type)})`,
  );
  return { js: `${test}(${boxedOpt(context, code)})`, card: 'opt', types: BOOLEAN };
}
