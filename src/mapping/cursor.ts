/** Walks the tokens of a map for the parser, and says what was expected where it stops. */
import { syntaxError, type Token, tokenize } from './lexer.ts';
import type { Expression, Place, Word } from './tree.ts';

/** Rules and brackets nested deeper than this are refused. */
const DEEPEST = 100;

const BRACKETS: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** Operators of FHIRPath that are words: behind one stands an operand, never a keyword of the map. */
const WORD_OPERATORS = new Set(['and', 'or', 'xor', 'implies', 'in', 'contains', 'is', 'as', 'div', 'mod']);

export class Cursor {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  /** @throws AdapterError `map-syntax` */
  constructor(file: string, text: string) {
    this.#text = text;
    this.#tokens = tokenize(file, text);
  }

  get token(): Token {
    return this.#tokens[this.#index]!;
  }

  /** Comments that stand before the next token on lines of their own. */
  get commentsBefore(): string[] {
    const line = this.#tokens[this.#index - 1]?.at.line;
    return this.token.comments.filter((comment) => comment.line !== line).map(({ text }) => text);
  }

  /** Comments behind the last token, on its line. */
  get commentsBehind(): string[] {
    const line = this.#tokens[this.#index - 1]?.at.line;
    return this.token.comments.filter((comment) => comment.line === line).map(({ text }) => text);
  }

  ahead(count: number): Token {
    return this.#tokens[Math.min(this.#index + count, this.#tokens.length - 1)]!;
  }

  /** @returns true when the next token is this keyword or symbol, unquoted */
  is(text: string): boolean {
    const { token } = this;
    return token.text === text && token.quote === '' && token.kind !== 'end';
  }

  /** Takes this keyword or symbol where it is next. */
  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.#index += 1;
    return true;
  }

  /** @returns true when this symbol stands behind the next token */
  isAhead(symbol: string): boolean {
    const { kind, text } = this.ahead(1);
    return kind === 'symbol' && text === symbol;
  }

  /** Takes one literal as FHIRPath. */
  literal(): Expression {
    const token = this.next();
    return { kind: 'expression', at: token.at, text: this.#asWritten(token) };
  }

  next(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.#index += 1;
    return token;
  }

  expect(text: string): Place {
    const { at } = this.token;
    if (!this.take(text)) throw this.error(`"${text}"`);
    return at;
  }

  /** A name, bare, in back quotes or in double quotes, is next. */
  get isName(): boolean {
    return this.token.kind === 'name' || this.token.quote === '"';
  }

  /** Takes a name; `what` says in the error what it is the name of. */
  name(what: string): Word {
    if (!this.isName) throw this.error(what);
    return this.#word();
  }

  /** Takes the name of a type: a name, names with dots, or a quoted text. */
  type(): Word {
    const { text, at } = this.nameOrString('a type');
    const parts = [text];
    while (this.take('.')) parts.push(this.name('the rest of a type').text);
    return { text: parts.join('.'), at };
  }

  /** Takes a quoted text. */
  string(what: string): Word {
    if (this.token.kind !== 'string') throw this.error(`${what} in quotes`);
    return this.#word();
  }

  /** Takes a name or a quoted text. */
  nameOrString(what: string): Word {
    return this.token.kind === 'string' ? this.#word() : this.name(what);
  }

  error(expected: string): Error {
    const found = this.token.kind === 'end' ? 'the end of the file' : JSON.stringify(this.token.text);
    return syntaxError(this.token.at, `expected ${expected.replace(/,$/, '')}, found ${found}`);
  }

  /** Runs `parse` one level deeper, and refuses hostile depth. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= DEEPEST) throw syntaxError(this.token.at, `nested deeper than ${DEEPEST} levels`);
    this.#depth += 1;
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  /**
   * Takes FHIRPath up to one of these keywords or symbols outside all brackets, which is not taken.
   * @throws AdapterError `map-syntax` when nothing stands before it
   */
  expression(stops: ReadonlySet<string>): Expression {
    const first = this.token;
    const parts: string[] = [];
    const open: string[] = [];
    let end = first.start;
    let complete = false;
    while (this.token.kind !== 'end' && !(open.length === 0 && this.#stops(stops, complete))) {
      const token = this.next();
      if (token.kind === 'metadata') throw syntaxError(token.at, '"///" stands in an expression; remove it');
      parts.push(this.#text.slice(end, token.start), this.#asWritten(token));
      end = token.end;
      if (token.kind === 'symbol') nest(open, token);
      complete = isOperandEnd(token, complete);
    }
    if (parts.length === 0) throw this.error('an expression');
    if (open.length > 0) throw this.error(`"${open.at(-1)}"`);
    return { kind: 'expression', at: first.at, text: parts.join('') };
  }

  /**
   * Keywords are names where an operand is due (`where log.exists() or check = 1`); `{}` is FHIRPath's nothing; a text
   * behind an operand is the rule's name, unless it is the unit of a number.
   */
  #stops(stops: ReadonlySet<string>, complete: boolean): boolean {
    const { kind, quote, text } = this.token;
    if (kind === 'string')
      return complete && !(quote === "'" && this.#tokens[this.#index - 1]?.kind === 'number');
    if (quote !== '' || !stops.has(text)) return false;
    return kind === 'name' ? complete : text !== '{' || this.ahead(1).text !== '}' || complete;
  }

  #word(): Word {
    const { text, at } = this.next();
    return { text, at };
  }

  #asWritten(token: Token): string {
    if (token.quote !== '"') return this.#text.slice(token.start, token.end);
    const inside = this.#text.slice(token.start + 1, token.end - 1);
    return `'${inside.replaceAll(/\\.|'/gs, (sign) => (sign === "'" ? "\\'" : sign))}'`;
  }
}

/** Keeps the brackets that must close yet. */
function nest(open: string[], { text, at }: Token): void {
  const closing = BRACKETS.get(text);
  if (closing !== undefined) open.push(closing);
  else if (text === ')' || text === ']' || text === '}') {
    if (open.pop() !== text) throw syntaxError(at, `"${text}" closes no bracket`);
  }
  if (open.length > DEEPEST) throw syntaxError(at, `nested deeper than ${DEEPEST} levels`);
}

/** @returns true when an operand ends with this token, so that an operator or a keyword may follow */
function isOperandEnd({ kind, quote, text }: Token, complete: boolean): boolean {
  if (kind === 'symbol') return text === ')' || text === ']' || text === '}';
  return !(kind === 'name' && quote === '' && complete && WORD_OPERATORS.has(text));
}
