/** Turns the text of a map into tokens with their places. */
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { type Place, placeText } from './tree.ts';

export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'symbol' | 'metadata' | 'end';
  /** name without back quotes, string without quotes and escapes, else as written */
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

/** Kinds of tokens in the order of the groups of TOKEN, after those of blanks and comments. */
const KINDS = ['metadata', 'name', 'string', 'number', 'symbol'] as const;

const TOKEN = new RegExp(
  [
    String.raw`([\s\ufeff]+)`,
    String.raw`(/\*[^]*?\*/|//(?!/)[^\n]*|////[^\n]*)`,
    String.raw`(///[ \t]*[A-Za-z_][\w.[\]-]*[ \t]*=[ \t]*(?:"""[^]*?"""|[^\n]*)|///[^\n]*)`,
    '([A-Za-z_][A-Za-z0-9_]*)',
    String.raw`("[^"\\]*(?:\\[^][^"\\]*)*"|'[^'\\]*(?:\\[^][^'\\]*)*'|\x60[^\x60\\]*(?:\\[^][^\x60\\]*)*\x60)`,
    String.raw`(@[0-9T][0-9T:.Z+-]*|\d+(?:\.\d+)?)`,
    String.raw`(->|\.\.|<<|>>|==|!=|!~|<=|>=|[@%$<>=!~|&+\-*/()[\]{},;:.#])`,
  ].join('|'),
  'y',
);

/** Said at once: a search for the end from every such sign would take the square of the text. */
const OPEN_COMMENT = 'the comment that starts here has no end; close it with */';

/** What the first part of `/// name = value` looks like. */
const METADATA = /^\/\/\/[ \t]*[A-Za-z_][\w.[\]-]*[ \t]*=/;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

/**
 * @param file name that places are given in
 * @returns every token, the last of kind `end`; comments stand with the token behind them; `///` lines are metadata
 *   where they are `name = value` outside of groups, else comments
 * @throws AdapterError `map-syntax` for text that is no token
 */
export function tokenize(file: string, text: string): Token[] {
  const tokens: Token[] = [];
  let comments: Comment[] = [];
  const lines = new LineCounter(file, text);
  if (text.length > LARGEST_MAP)
    throw syntaxError(lines.place(0), `a map holds at most ${LARGEST_MAP} characters`);
  let start = 0;
  let depth = 0;
  while (start < text.length) {
    TOKEN.lastIndex = start;
    const match = TOKEN.exec(text);
    if (!match) throw syntaxError(lines.place(start), unreadable(text[start]!));
    const [raw, blank] = match;
    const end = TOKEN.lastIndex;
    if (raw === '{') depth += 1;
    else if (raw === '}') depth -= 1;
    if (raw === '/' && text[end] === '*') throw syntaxError(lines.place(start), OPEN_COMMENT);
    const kind = KINDS.find((_, index) => match[index + 3] !== undefined);
    const isComment = kind === undefined || (kind === 'metadata' && (depth > 0 || !METADATA.test(raw)));
    if (!isComment) {
      tokens.push({ ...tokenOf(kind, raw), at: lines.place(start), start, end, comments });
      comments = [];
    } else if (blank === undefined) comments.push({ text: commentText(raw), line: lines.place(start).line });
    start = end;
  }
  const at = lines.place(start);
  tokens.push({ kind: 'end', text: 'end of file', quote: '', at, start, end: start, comments });
  return tokens;
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

function unreadable(character: string): string {
  if (character === '"' || character === "'" || character === '`')
    return `the text that starts here with ${character} has no end; close it with ${character}`;
  return `unexpected character ${JSON.stringify(character)}; remove it or put it in quotes`;
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
