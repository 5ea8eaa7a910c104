/** Walks the tokens of a map for the parser, says what was expected where it stops, and goes on behind a fault. */
import { AdapterError } from '../fhir/outcome.ts';
import { shortened } from './finding.ts';
import { MOST_FAULTS, syntaxError, type TextEnd, type Token, tokenize } from './lexer.ts';
import type { Expression, Place, Word } from './tree.ts';

/** Rules and brackets nested deeper than this are refused. */
export const DEEPEST = 100;

/** Of a token that a message names, so much is shown. */
const LONGEST_SHOWN = 40;

export class Cursor {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #faults: AdapterError[] = [];
  #index = 0;
  #depth = 0;
  /** token at which the last fault was kept: what fails there again is the same mistake */
  #faultIndex = -1;

  /** @throws AdapterError `map-syntax` for a text that is too long */
  constructor(file: string, text: string, textEnd: TextEnd = 'anywhere') {
    this.#text = text;
    this.#tokens = tokenize(file, text, textEnd);
  }

  get token(): Token {
    return this.#tokens[this.#index]!;
  }

  /** What is wrong with the map, in the order of its text. */
  get faults(): readonly AdapterError[] {
    return this.#faults;
  }

  /** A text in quotes goes over the end of a line: in a faulty map its quote may be what is missing. */
  get hasLongText(): boolean {
    return this.#tokens.some(({ quote, start, end }) => {
      return quote !== '' && this.#text.slice(start, end).includes('\n');
    });
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

  /** Nothing of the line stands before the next token. */
  get startsLine(): boolean {
    const before = this.#tokens[this.#index - 1];
    return !before || this.#text.slice(before.end, this.token.start).includes('\n');
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

  /** Takes so many tokens as FHIRPath. */
  literal(count = 1): Expression {
    const { at } = this.token;
    const parts = Array.from({ length: count }, () => this.written(this.next()));
    return { kind: 'expression', at, text: parts.join(' ') };
  }

  /** @returns a token as FHIRPath has it: a text in single quotes */
  written({ quote, start, end }: Token): string {
    if (quote !== '"') return this.#text.slice(start, end);
    const inside = this.#text.slice(start + 1, end - 1);
    return `'${inside.replaceAll(/\\.|'/gs, (sign) => (sign === "'" ? "\\'" : sign))}'`;
  }

  /** @returns blanks and comments between two tokens */
  between(before: Token, behind: Token): string {
    return this.#text.slice(before.end, behind.start);
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

  error(expected: string): AdapterError {
    const { at, kind, text } = this.token;
    if (kind === 'fault') return syntaxError(at, text);
    return syntaxError(at, `expected ${expected.replace(/,$/, '')}, found ${shown(this.token)}`);
  }

  /** @returns the fault that this sign is missing behind the last token */
  missing(sign: string): AdapterError {
    const before = this.#tokens[this.#index - 1] ?? this.token;
    const column = before.at.column + before.end - before.start;
    return syntaxError({ ...before.at, column }, `expected "${sign}" behind ${shown(before)}`);
  }

  /** A comment without an end has taken what else there was. */
  get #endsOpen(): boolean {
    return this.#tokens[this.#index - 1]?.kind === 'fault';
  }

  /** Keeps a fault, but for one that only repeats that of this token; the last that is kept ends the parsing. */
  note(fault: AdapterError): void {
    const isKnown = this.#faultIndex === this.#index || (this.token.kind === 'end' && this.#endsOpen);
    if (!isKnown && this.#faults.length < MOST_FAULTS) this.#faults.push(fault);
    if (this.#faults.length === MOST_FAULTS) this.#index = this.#tokens.length - 1;
    this.#faultIndex = this.#index;
  }

  /**
   * Parses one item; keeps the fault that it has.
   * @param skip takes what is left of a faulty item by `pass`
   * @returns undefined after a fault
   */
  attempt<T>(parse: () => T, skip: () => void): T | undefined {
    const depth = this.#depth;
    try {
      return parse();
    } catch (fault) {
      if (!(fault instanceof AdapterError)) throw fault;
      this.#depth = depth;
      this.note(fault);
      skip();
      return undefined;
    }
  }

  /** Takes a token of a faulty item. */
  pass(): Token {
    if (this.token.kind === 'fault') this.note(this.error(''));
    return this.next();
  }

  /** Runs `parse` one level deeper, and refuses hostile depth. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= DEEPEST) throw syntaxError(this.token.at, `nested deeper than ${DEEPEST} levels`);
    this.#depth += 1;
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  #word(): Word {
    const { text, at } = this.next();
    return { text, at };
  }
}

/** @returns a token for a message */
export function shown({ kind, text }: Token): string {
  return kind === 'end' ? 'the end of the file' : JSON.stringify(shortened(text, LONGEST_SHOWN));
}
