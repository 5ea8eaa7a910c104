/** Turns expression text into tokens with positions. */
import { ExpressionFault } from './fault.ts';
import type { Position, TemporalKind } from './tree.ts';

/** `identifier` is a plain name, `quoted` one in backticks: only the first can be a keyword. */
export type TokenKind =
  | 'identifier'
  | 'quoted'
  | 'string'
  | 'number'
  | 'temporal'
  | 'variable'
  | 'scope'
  | 'symbol'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** symbols and names as they are; strings unescaped; temporals without `@` */
  readonly text: string;
  readonly temporal?: TemporalKind;
  readonly at: Position;
}

const SPACE = /(?:\s+|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)+/y;
const NUMBER = /\d+(?:\.\d+)?/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const SCOPE = /\$(?:this|index|total)\b/y;
const SYMBOL = /<=|>=|!=|!~|[.,()[\]{}+\-*/&|<>=~%]/y;
const DATE = /@(\d{4}(?:-\d\d(?:-\d\d)?)?)(T(?:(\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)(Z|[+-]\d\d:\d\d)?)?)?/y;
const TIME = /@T(\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)(?![Z\d:+-])/y;
const ESCAPES: Readonly<Record<string, string>> = {
  "'": "'",
  '"': '"',
  '`': '`',
  '\\': '\\',
  '/': '/',
  r: '\r',
  n: '\n',
  t: '\t',
  f: '\f',
};

/**
 * Splits expression text into tokens; the last is `end`.
 * @throws ExpressionFault `fhirpath-syntax` at a character that starts no token
 * @source FHIRPath N1 (2.0.0), grammar
 */
export function tokenize(text: string): Token[] {
  return new Lexer(text).tokens();
}

class Lexer {
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  tokens(): Token[] {
    const tokens: Token[] = [];
    for (;;) {
      this.#match(SPACE);
      if (this.#text.startsWith('/*', this.#offset)) this.#fail('a comment is not closed');
      const token = this.#next();
      tokens.push(token);
      if (token.kind === 'end') return tokens;
    }
  }

  #next(): Token {
    const at = this.#at();
    const first = this.#text[this.#offset];
    if (first === undefined) return { kind: 'end', text: 'the end of the expression', at };
    if (first === "'") return { kind: 'string', text: this.#delimited("'"), at };
    if (first === '`') return { kind: 'quoted', text: this.#delimited('`'), at };
    if (first === '@') return this.#temporal(at);
    if (first === '%') return this.#variable(at);
    for (const [kind, pattern] of [
      ['number', NUMBER],
      ['identifier', NAME],
      ['scope', SCOPE],
      ['symbol', SYMBOL],
    ] as const) {
      const match = this.#match(pattern);
      if (match) return { kind, text: match[0], at };
    }
    return this.#fail(`the character ${JSON.stringify(first)} starts no token`);
  }

  #temporal(at: Position): Token {
    const time = this.#match(TIME);
    if (time) return { kind: 'temporal', temporal: 'Time', text: time[1]!, at };
    const date = this.#match(DATE);
    if (!date) return this.#fail('@ starts no date, dateTime or time; times take no zone');
    const temporal = date[2] === undefined ? 'Date' : 'DateTime';
    return { kind: 'temporal', temporal, text: date[0].slice(1), at };
  }

  #variable(at: Position): Token {
    this.#offset++;
    const first = this.#text[this.#offset];
    if (first === '`' || first === "'" || first === '"')
      return { kind: 'variable', text: this.#delimited(first), at };
    const name = this.#match(/[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*/y);
    if (!name) return this.#fail('% is not followed by a name');
    return { kind: 'variable', text: this.#variableName(name[0]), at };
  }

  /** R4 writes `%vs-name` bare; elsewhere a hyphen is a minus. */
  #variableName(name: string): string {
    if (name.startsWith('vs-') || name.startsWith('ext-')) return name;
    const bare = name.split('-', 1)[0]!;
    this.#offset -= name.length - bare.length;
    return bare;
  }

  #delimited(delimiter: string): string {
    const start = this.#at();
    let out = '';
    for (let i = this.#offset + 1; i < this.#text.length; i++) {
      const char = this.#text[i]!;
      if (char === delimiter) {
        this.#advance(i + 1);
        return out;
      }
      if (char !== '\\') {
        out += char;
        continue;
      }
      const escaped = this.#text[++i] ?? '';
      if (escaped === 'u') {
        const hex = this.#text.slice(i + 1, i + 5);
        if (!/^[0-9a-fA-F]{4}$/.test(hex))
          throw new ExpressionFault(
            'fhirpath-syntax',
            '\\u is not followed by four hexadecimal digits',
            start,
          );
        out += String.fromCharCode(Number.parseInt(hex, 16));
        i += 4;
      } else if (Object.hasOwn(ESCAPES, escaped)) out += ESCAPES[escaped]!;
      else
        throw new ExpressionFault(
          'fhirpath-syntax',
          `\\${escaped} is no escape of FHIRPath; write \\\\ for a backslash`,
          start,
        );
    }
    throw new ExpressionFault('fhirpath-syntax', `the text opened by ${delimiter} is not closed`, start);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#advance(this.#offset + match[0].length);
    return match;
  }

  #advance(offset: number): void {
    for (
      let i = this.#text.indexOf('\n', this.#offset);
      i >= 0 && i < offset;
      i = this.#text.indexOf('\n', i + 1)
    ) {
      this.#line++;
      this.#lineStart = i + 1;
    }
    this.#offset = offset;
  }

  #at(): Position {
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }

  #fail(message: string): never {
    throw new ExpressionFault('fhirpath-syntax', message, this.#at());
  }
}
