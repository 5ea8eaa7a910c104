/** Writes the commonest FHIRPath (`status = 'open' and code.exists()`, `code.upper()`) as plain JavaScript, many times faster than a call. */
import { AdapterError } from '../fhir/outcome.ts';
import { type Token, tokenize } from './lexer.ts';
import { type Operand, operandOf, step } from './plain-operand.ts';
import { chargeLine, type Site, type Value } from './site.ts';
import type { Expression } from './tree.ts';

/** A truth value of three: empty makes neither `yes` nor `no` true. */
interface Truth {
  readonly kind: 'truth';
  readonly yes: string;
  readonly no: string;
}

type Result = Operand | Truth;

/** Functions that cost the same for any text. */
const AT_ONCE = new Set(['startsWith', 'endsWith', 'length', 'toString']);
/** Longer expressions are left to FHIRPath, which bounds them. */
const MOST_TOKENS = 500;

/** Thrown to say: not one of the common forms. Never leaves this file. */
class NotPlain extends Error {}

/** @returns JavaScript that is true when the condition holds; undefined when it is not one of the common forms */
export function plainCondition(site: Site, expression: Expression, focus: Value): string | undefined {
  const result = parse(site, expression, focus);
  if (result?.kind === 'truth') return result.yes;
  return result?.type === 'boolean' ? `${result.code} === true` : undefined;
}

/** @returns the text that an expression gives, as JavaScript that may be undefined; or undefined as above */
export function plainText(site: Site, expression: Expression, focus: Value): string | undefined {
  const result = parse(site, expression, focus);
  return result?.kind === 'operand' && result.type === 'string' && result.computed ? result.code : undefined;
}

function parse(site: Site, expression: Expression, focus: Value): Result | undefined {
  try {
    const tokens = tokenize('', expression.text);
    return tokens.length > MOST_TOKENS ? undefined : new PlainParser(site, tokens, focus).whole();
  } catch (error) {
    if (error instanceof NotPlain || error instanceof AdapterError) return undefined;
    throw error;
  }
}

class PlainParser {
  readonly #site: Site;
  readonly #tokens: readonly Token[];
  readonly #focus: Value;
  #index = 0;

  constructor(site: Site, tokens: readonly Token[], focus: Value) {
    this.#site = site;
    this.#tokens = tokens;
    this.#focus = focus;
  }

  whole(): Result {
    const result = this.#or();
    if (this.#tokens[this.#index]?.kind !== 'end') throw new NotPlain();
    return result;
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#index];
    if (token?.text !== text || token.quote !== '' || token.kind === 'end') return false;
    this.#index += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new NotPlain();
  }

  #or(): Result {
    let left = this.#and();
    while (this.#take('or')) {
      const [a, b] = [truth(left), truth(this.#and())];
      left = { kind: 'truth', yes: `(${a.yes} || ${b.yes})`, no: `(${a.no} && ${b.no})` };
    }
    return left;
  }

  #and(): Result {
    let left = this.#comparison();
    while (this.#take('and')) {
      const [a, b] = [truth(left), truth(this.#comparison())];
      left = { kind: 'truth', yes: `(${a.yes} && ${b.yes})`, no: `(${a.no} || ${b.no})` };
    }
    return left;
  }

  #comparison(): Result {
    const left = this.#path();
    const operator = ['=', '!=', '>', '<', '>=', '<='].find((text) => this.#take(text));
    if (operator === undefined) return left;
    const right = this.#path();
    if (left.kind !== 'operand' || right.kind !== 'operand') throw new NotPlain();
    return operator === '=' || operator === '!='
      ? equality(left, right, operator)
      : order(left, right, operator);
  }

  #path(): Result {
    if (this.#take('(')) {
      const inner = this.#or();
      this.#expect(')');
      return this.#methods(inner);
    }
    return this.#methods(this.#first());
  }

  #first(): Operand {
    const token = this.#tokens[this.#index]!;
    if (token.text === '$' && this.#tokens[this.#index + 1]?.text === 'this') {
      this.#index += 2;
      return operandOf(this.#site, this.#focus);
    }
    this.#take('%');
    const name = this.#tokens[this.#index++]!;
    if (name.quote === "'") return literal('string', name.text);
    if (name.kind === 'number' && /^\d{1,9}$/.test(name.text)) return literal('number', Number(name.text));
    if (name.text === 'true' || name.text === 'false') return literal('boolean', name.text === 'true');
    if (name.kind !== 'name' || (this.#tokens[this.#index]?.text === '(' && name.quote === ''))
      throw new NotPlain();
    const variable = this.#site.scope.get(name.text);
    if (variable?.built || variable?.definite === false || variable?.many) throw new NotPlain();
    if (variable) return operandOf(this.#site, variable);
    return step(this.#site, operandOf(this.#site, this.#focus), name.text) ?? fail();
  }

  #methods(start: Result): Result {
    let at = start;
    while (this.#take('.')) {
      const name = this.#tokens[this.#index++]!;
      if (name.kind !== 'name') throw new NotPlain();
      if (name.quote !== '' || !this.#take('(')) {
        at = (at.kind === 'operand' && step(this.#site, at, name.text)) || fail();
        continue;
      }
      const parameters: string[] = [];
      while (!this.#take(')')) {
        const token = this.#tokens[this.#index++]!;
        if (token.quote !== "'") throw new NotPlain();
        parameters.push(token.text);
        this.#take(',');
      }
      at = this.#call(at, name.text, parameters);
    }
    return at;
  }

  #call(on: Result, name: string, parameters: readonly string[]): Result {
    if (name === 'not' && parameters.length === 0) {
      const { yes, no } = truth(on);
      return { kind: 'truth', yes: no, no: yes };
    }
    if (on.kind !== 'operand') throw new NotPlain();
    if ((name === 'exists' || name === 'empty') && parameters.length === 0) {
      const [there, gone] = [`${on.code} != null`, `${on.code} == null`];
      const some = on.isArray ? `(${there} && ${on.code}.length !== 0)` : there;
      const none = on.isArray ? `(${gone} || ${on.code}.length === 0)` : gone;
      return name === 'exists'
        ? { kind: 'truth', yes: some, no: none }
        : { kind: 'truth', yes: none, no: some };
    }
    const isText = on.type === 'string' || (on.type === 'date' && name === 'toString');
    if (on.isArray || !isText) throw new NotPlain();
    return this.#textCall(on.computed ? on.code : this.#site.block.keep(on.code), name, parameters);
  }

  /** @param js name of a variable */
  #textCall(js: string, name: string, [first, second, ...more]: readonly string[]): Result {
    const isText = `typeof ${js} === "string"`;
    if (!AT_ONCE.has(name)) this.#site.block.line(chargeLine(this.#site, js));
    if (
      first !== undefined &&
      second === undefined &&
      ['startsWith', 'endsWith', 'contains'].includes(name)
    ) {
      const test = `${js}.${name === 'contains' ? 'includes' : name}(${JSON.stringify(first)})`;
      return { kind: 'truth', yes: `(${isText} && ${test})`, no: `(${isText} && !${test})` };
    }
    const code = textMethod(js, name, first, second);
    if (code === undefined || more.length > 0) throw new NotPlain();
    const kept = this.#site.block.keep(`${isText} ? ${code} : undefined`);
    return operand(kept, name === 'length' ? 'number' : 'string');
  }
}

function textMethod(js: string, name: string, first?: string, second?: string): string | undefined {
  if (first === undefined) {
    if (name === 'upper') return `${js}.toUpperCase()`;
    if (name === 'lower') return `${js}.toLowerCase()`;
    if (name === 'trim') return `${js}.trim()`;
    if (name === 'length') return `${js}.length`;
    return name === 'toString' ? js : undefined;
  }
  if (name !== 'replace' || second === undefined || first === '' || second.includes('$')) return undefined;
  const [pattern, replacement] = [JSON.stringify(first), JSON.stringify(second)];
  return `(${js}.includes(${pattern}) ? ${js}.replaceAll(${pattern}, ${replacement}) : ${js})`;
}

function equality(left: Operand, right: Operand, operator: string): Truth {
  if (left.isArray || right.isArray || !left.type || !right.type) throw new NotPlain();
  if (left.type === 'date' || right.type === 'date') throw new NotPlain();
  const comparable = left.type === right.type || left.type === 'unknown' || right.type === 'unknown';
  if (!comparable || (left.type === 'unknown' && right.type === 'unknown')) throw new NotPlain();
  const [a, b] = [left.code, right.code];
  const both = [left, right].filter(({ isLiteral }) => !isLiteral).map(({ code }) => `${code} != null`);
  const yes = right.isLiteral || left.isLiteral ? `${a} === ${b}` : `(${both[0]} && ${a} === ${b})`;
  const no = `(${[...both, `${a} !== ${b}`].join(' && ')})`;
  return operator === '=' ? { kind: 'truth', yes, no } : { kind: 'truth', yes: no, no: yes };
}

function order(left: Operand, right: Operand, operator: string): Truth {
  if (left.type !== 'number' || right.type !== 'number' || left.isArray || right.isArray)
    throw new NotPlain();
  const opposite = { '>': '<=', '<': '>=', '>=': '<', '<=': '>' }[operator]!;
  const unsure = [left, right].filter(({ isLiteral }) => !isLiteral);
  const numbers = unsure.map(({ code }) => `typeof ${code} === "number" && `).join('');
  return {
    kind: 'truth',
    yes: `(${numbers}${left.code} ${operator} ${right.code})`,
    no: `(${numbers}${left.code} ${opposite} ${right.code})`,
  };
}

function truth(result: Result): Truth {
  if (result.kind === 'truth') return result;
  if (result.type !== 'boolean' || result.isArray) throw new NotPlain();
  return { kind: 'truth', yes: `${result.code} === true`, no: `${result.code} === false` };
}

function literal(type: 'string' | 'number' | 'boolean', value: unknown): Operand {
  return { ...operand(JSON.stringify(value), type), isLiteral: true };
}

function operand(code: string, type: Operand['type']): Operand {
  return { kind: 'operand', code, type, isArray: false, shape: undefined, isLiteral: false, computed: true };
}

function fail(): never {
  throw new NotPlain();
}
