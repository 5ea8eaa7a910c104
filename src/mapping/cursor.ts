/** Walks the tokens of a map for the parser, and says what was expected where it stops. */
import { syntaxError, type Token, tokenize } from './lexer.ts';
import type { Expression, Place, Word } from './tree.ts';

/** Rules and brackets nested deeper than this are refused. */
const DEEPEST = 100;

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

  /** Takes a name; `what` says in the error what it is the name of. */
  name(what: string): Word {
    if (this.token.kind !== 'name') throw this.error(what);
    return this.#word();
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
    return syntaxError(this.token.at, `expected ${expected}, found ${found}`);
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
    let depth = 0;
    let end = first.start;
    let before = '';
    while (this.token.kind !== 'end' && !(depth === 0 && before !== '.' && this.#stops(stops))) {
      const token = this.next();
      if (token.kind === 'symbol' && (token.text === '(' || token.text === '[')) depth += 1;
      if (token.kind === 'symbol' && (token.text === ')' || token.text === ']')) depth -= 1;
      parts.push(this.#text.slice(end, token.start), this.#asWritten(token));
      end = token.end;
      before = token.kind === 'symbol' ? token.text : '';
      if (depth < 0) throw syntaxError(token.at, `"${token.text}" closes no bracket`);
    }
    if (parts.length === 0 || depth > 0) throw this.error(depth > 0 ? '")"' : 'an expression');
    return { kind: 'expression', at: first.at, text: parts.join('') };
  }

  #stops(stops: ReadonlySet<string>): boolean {
    return this.token.quote === '' && stops.has(this.token.text);
  }

  #word(): Word {
    const { text, at } = this.next();
    return { text, at };
  }

  #asWritten(token: Token): string {
    if (token.quote !== '"') return this.#text.slice(token.start, token.end);
    return `'${this.#text.slice(token.start + 1, token.end - 1).replaceAll(/(?<!\\)'/g, "\\'")}'`;
  }
}
