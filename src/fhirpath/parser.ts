/** Turns expression text into a tree, or into a refusal that names line and column. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { type Checked, refuse } from '../fhir/outcome.ts';
import { ExpressionFault } from './fault.ts';
import { type Token, tokenize } from './lexer.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { type BinaryOperator, childNodes, type Node, type Position } from './tree.ts';

/** Operators from the loosest to the tightest binding; `is` and `as` stand between `|` and `+`. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['implies'],
  ['or', 'xor'],
  ['and'],
  ['in', 'contains'],
  ['=', '~', '!=', '!~'],
  ['<=', '<', '>', '>='],
  ['|'],
];
const ADDITIVE: readonly BinaryOperator[] = ['+', '-', '&'];
const MULTIPLICATIVE: readonly BinaryOperator[] = ['*', '/', 'div', 'mod'];
const CALENDAR_UNIT = /^(?:year|month|week|day|hour|minute|second|millisecond)s?$/;

/**
 * Parses an expression.
 * @returns its tree, or one issue: `fhirpath-syntax`, or `fhirpath-limit` when it is too long or too deep
 * @source FHIRPath N1 (2.0.0), grammar
 */
export function parseExpression(text: string, limits: Partial<Limits> = {}): Checked<Node> {
  try {
    return { ok: true, value: parseOrThrow(text, { ...DEFAULT_LIMITS, ...limits }) };
  } catch (error) {
    if (error instanceof ExpressionFault) return refuseFault(error, text);
    throw error;
  }
}

/** @returns the refusal of a fault, which names the expression, the line and the column */
export function refuseFault(fault: ExpressionFault, text: string): { ok: false; outcome: OperationOutcome } {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return refuse({
    rule: fault.rule,
    code:
      fault.rule === 'fhirpath-unsupported'
        ? 'not-supported'
        : fault.rule === 'fhirpath-limit'
          ? 'too-long'
          : 'invalid',
    diagnostics: `FHIRPath, line ${fault.at.line}, column ${fault.at.column}: ${fault.message}. Expression: ${shown}`,
  });
}

/** @throws ExpressionFault */
export function parseOrThrow(text: string, limits: Limits): Node {
  if (text.length > limits.text)
    throw new ExpressionFault('fhirpath-limit', `the expression is longer than ${limits.text} characters`, {
      line: 1,
      column: 1,
    });
  return new Parser(tokenize(text), limits.depth).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #deepest: number;
  readonly #depths = new WeakMap<Node, number>();
  #index = 0;
  #nesting = 0;

  constructor(tokens: readonly Token[], deepest: number) {
    this.#tokens = tokens;
    this.#deepest = deepest;
  }

  whole(): Node {
    const node = this.#expression();
    if (this.#peek().kind !== 'end') this.#unexpected('an operator or the end');
    return node;
  }

  #expression(): Node {
    if (++this.#nesting > this.#deepest) this.#tooDeep(this.#peek().at);
    const node = this.#binary(0);
    this.#nesting--;
    return node;
  }

  #binary(level: number): Node {
    const operators = LEVELS[level];
    if (!operators) return this.#typed();
    return this.#leftAssociative(operators, () => this.#binary(level + 1));
  }

  #typed(): Node {
    let operand = this.#additive();
    for (
      let token = this.#peek();
      token.kind === 'identifier' && (token.text === 'is' || token.text === 'as');
      token = this.#peek()
    ) {
      this.#index++;
      operand = this.#built({
        kind: 'type',
        operator: token.text,
        operand,
        type: this.#typeName(),
        at: token.at,
      });
    }
    return operand;
  }

  #additive(): Node {
    return this.#leftAssociative(ADDITIVE, () =>
      this.#leftAssociative(MULTIPLICATIVE, () => this.#polarity()),
    );
  }

  #leftAssociative(operators: readonly BinaryOperator[], operand: () => Node): Node {
    let left = operand();
    for (;;) {
      const token = this.#peek();
      const isOperator =
        (token.kind === 'symbol' || token.kind === 'identifier') &&
        operators.includes(token.text as BinaryOperator);
      if (!isOperator) return left;
      this.#index++;
      left = this.#built({
        kind: 'binary',
        operator: token.text as BinaryOperator,
        left,
        right: operand(),
        at: token.at,
      });
    }
  }

  #polarity(): Node {
    const token = this.#peek();
    if (token.kind !== 'symbol' || (token.text !== '+' && token.text !== '-')) return this.#path();
    if (++this.#nesting > this.#deepest) this.#tooDeep(token.at);
    this.#index++;
    const operand = this.#polarity();
    this.#nesting--;
    return this.#built({ kind: 'polarity', sign: token.text, operand, at: token.at });
  }

  #path(): Node {
    let node = this.#term();
    for (;;) {
      const at = this.#peek().at;
      if (this.#accept('.')) node = this.#invocation(node);
      else if (this.#accept('[')) {
        const index = this.#expression();
        this.#expect(']');
        node = this.#built({ kind: 'indexer', focus: node, index, at });
      } else return node;
    }
  }

  #invocation(focus: Node | undefined): Node {
    const token = this.#peek();
    if (token.kind === 'scope' && !focus) return this.#scope();
    if (token.kind !== 'identifier' && token.kind !== 'quoted') this.#unexpected('a name');
    this.#index++;
    if (!this.#accept('(')) return this.#built({ kind: 'member', focus, name: token.text, at: token.at });
    const args: Node[] = [];
    if (!this.#accept(')')) {
      do args.push(this.#expression());
      while (this.#accept(','));
      this.#expect(')');
    }
    return this.#built({ kind: 'call', focus, name: token.text, args, at: token.at });
  }

  #scope(): Node {
    const { text, at } = this.#take();
    return this.#built({ kind: 'scope', name: text as '$this' | '$index' | '$total', at });
  }

  #term(): Node {
    const token = this.#peek();
    const { at } = token;
    switch (token.kind) {
      case 'string':
        this.#index++;
        return this.#built({ kind: 'string', value: token.text, at });
      case 'number':
        return this.#number();
      case 'temporal':
        this.#index++;
        return this.#built({ kind: 'temporal', type: token.temporal!, text: token.text, at });
      case 'variable':
        this.#index++;
        return this.#built({ kind: 'variable', name: token.text, at });
      case 'symbol':
        return this.#bracketed();
      case 'identifier':
        if (token.text !== 'true' && token.text !== 'false') return this.#invocation(undefined);
        this.#index++;
        return this.#built({ kind: 'boolean', value: token.text === 'true', at });
      default:
        return this.#invocation(undefined);
    }
  }

  #bracketed(): Node {
    const { at } = this.#peek();
    if (this.#accept('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (!this.#accept('{')) this.#unexpected('a value, a name or an opening bracket');
    this.#expect('}');
    return this.#built({ kind: 'empty', at });
  }

  #number(): Node {
    const { text, at } = this.#take();
    const value = Number(text);
    const unit = this.#peek();
    if (unit.kind === 'string' || (unit.kind === 'identifier' && CALENDAR_UNIT.test(unit.text))) {
      this.#index++;
      return this.#built({
        kind: 'quantity',
        value,
        text,
        unit: unit.text,
        calendar: unit.kind === 'identifier',
        at,
      });
    }
    const type = text.includes('.') ? 'Decimal' : 'Integer';
    return this.#built({ kind: 'number', type, value, text, at });
  }

  #typeName(): string {
    const part = (): string => {
      const token = this.#take();
      if (token.kind !== 'identifier' && token.kind !== 'quoted')
        this.#unexpected('the name of a type', token);
      return token.text;
    };
    let name = part();
    while (this.#accept('.')) name += `.${part()}`;
    return name;
  }

  #built<N extends Node>(node: N): N {
    let depth = 0;
    for (const child of childNodes(node)) depth = Math.max(depth, this.#depths.get(child) ?? 0);
    if (depth + 1 > this.#deepest) this.#tooDeep(node.at);
    this.#depths.set(node, depth + 1);
    return node;
  }

  #peek(): Token {
    return this.#tokens[this.#index]!;
  }

  #take(): Token {
    return this.#tokens[this.#index++]!;
  }

  #accept(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.#index++;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#accept(symbol)) this.#unexpected(`'${symbol}'`);
  }

  #unexpected(wanted: string, token: Token = this.#peek()): never {
    throw new ExpressionFault(
      'fhirpath-syntax',
      `expected ${wanted}, found ${token.text || 'an empty text'}`,
      token.at,
    );
  }

  #tooDeep(at: Position): never {
    throw new ExpressionFault(
      'fhirpath-limit',
      `the expression is nested deeper than ${this.#deepest} levels`,
      at,
    );
  }
}
