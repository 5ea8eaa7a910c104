/** Turns the text of a map into tokens with their places. */
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { type Place, placeText } from './tree.ts';

export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'symbol' | 'metadata' | 'fault' | 'end';
  /** name without back quotes, string without quotes and escapes, what is wrong with a fault, else as written */
  readonly text: string;
  readonly quote: '"' | "'" | '`' | '';
  readonly at: Place;
  /** offsets in the text: [start, end) */
  readonly start: number;
  readonly end: number;
  /** comments between the token before and this one */
  readonly comments: readonly Comment[];
}

/** A comment without its signs. */
export interface Comment {
  readonly text: string;
  readonly line: number;
}

/** Longer maps are refused: 2 MB is a hundred times the largest map known. */
const LARGEST_MAP = 2_000_000;

/** Behind so many faults, what is left is not read: each may have cost a look at all of it. */
export const MOST_FAULTS = 100;

/** What a text is made of, in the order of the groups of TOKEN. */
const KINDS = ['blank', 'comment', 'metadata', 'name', 'string', 'number', 'symbol'] as const;

/** How far a text in quotes goes: over the ends of lines, as the language has it, or to the end of its line. */
export type TextEnd = 'anywhere' | 'line';

const TOKEN: Readonly<Record<TextEnd, RegExp>> = {
  anywhere: tokenPattern('[^]', ''),
  line: tokenPattern('.', String.raw`\n`),
};

/** @param escaped what may stand behind a backslash  @param excluded what no text holds */
function tokenPattern(escaped: string, excluded: string): RegExp {
  const quoted = (quote: string): string => {
    const plain = String.raw`[^${quote}\\${excluded}]*`;
    return String.raw`${quote}${plain}(?:\\${escaped}${plain})*${quote}`;
  };
  const parts = [
    String.raw`([\s\ufeff]+)`,
    String.raw`(/\*[^]*?\*/|//(?!/)[^\n]*|////[^\n]*)`,
    String.raw`(///[ \t]*[A-Za-z_][\w.[\]-]*[ \t]*=[ \t]*(?:"""[^]*?"""|[^\n]*)|///[^\n]*)`,
    '([A-Za-z_][A-Za-z0-9_]*)',
    `(${quoted('"')}|${quoted("'")}|${quoted(String.raw`\x60`)})`,
    String.raw`(@[0-9T][0-9T:.Z+-]*|\d+(?:\.\d+)?)`,
    String.raw`(->|\.\.|<<|>>|==|!=|!~|<=|>=|[@%$<>=!~|&+\-*/()[\]{},;:.#])`,
  ];
  return new RegExp(parts.join('|'), 'y');
}

/** Said at once: a search for the end from every such sign would take the square of the text. */
const OPEN_COMMENT = 'the comment that starts here has no end; close it with */';

const QUOTES: ReadonlySet<string> = new Set(['"', "'", '`']);

/** Signs that text processors make of those of the language. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map([
  ['→', '->'],
  ['⇒', '->'],
  ['➔', '->'],
  ['–', '-'],
  ['—', '-'],
  ['−', '-'],
  ['“', '"'],
  ['”', '"'],
  ['„', '"'],
  ['«', '"'],
  ['»', '"'],
  ['‘', "'"],
  ['’', "'"],
  ['´', "'"],
  ['；', ';'],
  ['，', ','],
  ['：', ':'],
  ['（', '('],
  ['）', ')'],
]);

/** What the first part of `/// name = value` looks like. */
const METADATA = /^\/\/\/[ \t]*[A-Za-z_][\w.[\]-]*[ \t]*=/;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

/**
 * @param file name that places are given in
 * @returns every token, the last of kind `end`; comments stand with the token behind them; `///` lines are metadata
 *   where they are `name = value` outside of groups, else comments; text that is no token is a fault
 * @throws AdapterError `map-syntax` for a text that is too long
 */
export function tokenize(file: string, text: string, textEnd: TextEnd = 'anywhere'): Token[] {
  const tokens: Token[] = [];
  let comments: Comment[] = [];
  const lines = new LineCounter(file, text);
  if (text.length > LARGEST_MAP)
    throw syntaxError(lines.place(0), `a map holds at most ${LARGEST_MAP} characters`);
  let start = 0;
  let depth = 0;
  let faults = 0;
  while (start < text.length && faults < MOST_FAULTS) {
    const { kind, raw, end } = pieceAt(TOKEN[textEnd], text, start);
    if (kind === 'fault') faults += 1;
    if (raw === '{') depth += 1;
    else if (raw === '}') depth -= 1;
    const isComment = kind === 'comment' || (kind === 'metadata' && (depth > 0 || !METADATA.test(raw)));
    if (isComment) comments.push({ text: commentText(raw), line: lines.place(start).line });
    else if (kind !== 'blank') {
      tokens.push({ ...tokenOf(kind, raw), at: lines.place(start), start, end, comments });
      comments = [];
    }
    start = end;
  }
  const at = lines.place(start);
  tokens.push({ kind: 'end', text: 'end of file', quote: '', at, start, end: start, comments });
  return tokens;
}

/** A token, what stands between tokens, or a fault, whose text is what is wrong. */
interface Piece {
  readonly kind: (typeof KINDS)[number] | 'fault';
  readonly raw: string;
  readonly end: number;
}

function pieceAt(pattern: RegExp, text: string, start: number): Piece {
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  if (!match || (match[0] === '/' && text[start + 1] === '*')) return faultAt(text, start);
  const kind = KINDS.find((_, index) => match[index + 1] !== undefined)!;
  return { kind, raw: match[0], end: pattern.lastIndex };
}

/** @returns the refusal of a map's text, ready to be thrown within the parser */
export function syntaxError(at: Place, message: string): AdapterError {
  const diagnostics = `${placeText(at)}: ${message}`;
  return new AdapterError('permanent', issueOf({ rule: 'map-syntax', code: 'structure', diagnostics }));
}

/** Comment signs are left out with the blank behind them, and the stars that begin the lines of a block. */
function commentText(raw: string): string {
  if (raw.startsWith('//')) return raw.replace(/^\/+ ?/, '').replace(/\r$/, '');
  const lines = raw.slice(2, -2).split('\n');
  return lines
    .map((line) => line.replace(/^\s*\*?/, '').trim())
    .join('\n')
    .trim();
}

function tokenOf(kind: Token['kind'], raw: string): Pick<Token, 'kind' | 'text' | 'quote'> {
  if (kind !== 'string') return { kind, text: raw, quote: '' };
  const quote = raw[0] as '"' | "'" | '`';
  const text = unescaped(raw.slice(1, -1));
  return { kind: quote === '`' ? 'name' : 'string', text, quote };
}

/** @returns the text that a quoted one stands for */
export function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string, other: string) =>
    code ? String.fromCharCode(Number.parseInt(code, 16)) : (ESCAPES[other] ?? other),
  );
}

/** Text that is no token: to the end of its line where a quote is open, of the file where a comment is, else one sign. */
function faultAt(text: string, start: number): Piece {
  const fault = (raw: string, end: number): Piece => ({ kind: 'fault', raw, end });
  const sign = String.fromCodePoint(text.codePointAt(start)!);
  if (sign === '/') return fault(OPEN_COMMENT, text.length);
  const lineEnd = text.indexOf('\n', start);
  const rest = lineEnd < 0 ? text.length : lineEnd;
  if (QUOTES.has(sign))
    return fault(`the text that starts here with ${sign} has no end; close it with ${sign}`, rest);
  const meant = LOOKALIKES.get(sign);
  let end = start + sign.length;
  if (meant === undefined) while (text.startsWith(sign, end)) end += sign.length;
  if (meant === undefined)
    return fault(`unexpected character ${JSON.stringify(sign)}; remove it or put it in quotes`, end);
  const closing = QUOTES.has(meant) ? text.slice(end, rest).search(/["'“”„«»‘’´]/) : -1;
  return fault(`${sign} is no sign of the language; write ${meant}`, end + closing + 1);
}

/** Turns offsets, asked for in rising order, into lines and columns. */
class LineCounter {
  readonly #file: string;
  readonly #text: string;
  #line = 1;
  #lineStart = 0;
  #lineEnd: number;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
    this.#lineEnd = this.#endOfLine();
  }

  place(offset: number): Place {
    while (this.#lineEnd < offset) {
      this.#line += 1;
      this.#lineStart = this.#lineEnd + 1;
      this.#lineEnd = this.#endOfLine();
    }
    return { file: this.#file, line: this.#line, column: offset - this.#lineStart + 1 };
  }

  #endOfLine(): number {
    const end = this.#text.indexOf('\n', this.#lineStart);
    return end < 0 ? Number.POSITIVE_INFINITY : end;
  }
}
