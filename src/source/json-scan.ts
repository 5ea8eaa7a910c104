/** Turns JSON text into the first thing that is wrong with it, by line and column, without building anything or going deeper than allowed. */

/** What makes the text unfit, at a character offset. */
export interface JsonFault {
  readonly rule:
    | 'read-json-syntax'
    | 'read-json-key'
    | 'read-json-depth'
    | 'read-json-number'
    | 'read-json-text'
    | 'read-nul';
  readonly at: number;
  /** what was expected, or what to change */
  readonly hint: string;
}

/** What the scan saw of a text that is JSON. */
export interface JsonScan {
  /** offset at which each item of a top-level array begins, and the end behind the last; empty for any other value */
  readonly items: readonly number[];
  /** offsets of member names that their object has already */
  readonly duplicates: readonly number[];
}

/** Names that reach an object's prototype where careless code merges objects. */
const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;
/** Longer numbers say nothing that a double can hold. */
const LONGEST_SCALAR = 400;

/** Scans one JSON value. @param maxDepth arrays and objects within one another @returns the fault, or what was seen @source RFC 8259 */
export function scanJson(text: string, maxDepth: number): JsonFault | JsonScan {
  try {
    return new Scanner(text, maxDepth).scan();
  } catch (error) {
    if (error instanceof ScanStop) return error.fault;
    throw error;
  }
}

/** Ends a scan from any depth of calls; never leaves this file. */
class ScanStop extends Error {
  readonly fault: JsonFault;

  constructor(fault: JsonFault) {
    super(fault.hint);
    this.fault = fault;
  }
}

/** Keeps its own stack, so that no nesting can use up the call stack. */
class Scanner {
  readonly #text: string;
  readonly #maxDepth: number;
  /** names seen in each open object; undefined for an open array */
  readonly #open: (Set<string> | undefined)[] = [];
  readonly #items: number[] = [];
  readonly #duplicates: number[] = [];
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  scan(): JsonScan {
    this.#space();
    let valueIsNext = true;
    while (valueIsNext || this.#open.length > 0)
      valueIsNext = valueIsNext ? this.#value() : this.#afterValue();
    this.#space();
    if (this.#at < this.#text.length) this.#stop('nothing may follow the value');
    return { items: this.#items, duplicates: this.#duplicates };
  }

  /** @returns true when another value is next */
  #value(): boolean {
    if (this.#open.length === 1 && this.#open[0] === undefined) this.#items.push(this.#at);
    const sign = this.#text[this.#at];
    if (sign === '{' || sign === '[') return this.#enter(sign);
    if (sign === '"') this.#string();
    else this.#scalar();
    return false;
  }

  #enter(sign: string): boolean {
    if (this.#open.length >= this.#maxDepth) {
      const hint = `more than ${this.#maxDepth} arrays and objects within one another`;
      throw new ScanStop({ rule: 'read-json-depth', at: this.#at, hint });
    }
    this.#at++;
    this.#space();
    const isObject = sign === '{';
    if (this.#text[this.#at] === (isObject ? '}' : ']')) {
      if (this.#open.length === 0 && !isObject) this.#items.push(this.#at);
      this.#at++;
      return false;
    }
    this.#open.push(isObject ? new Set() : undefined);
    if (isObject) this.#name();
    return true;
  }

  /** What stands between two values, or closes them. @returns true when another value is next */
  #afterValue(): boolean {
    this.#space();
    const names = this.#open.at(-1);
    const sign = this.#text[this.#at];
    const close = names ? '}' : ']';
    if (sign === close) {
      if (this.#open.length === 1 && !names) this.#items.push(this.#at);
      this.#open.pop();
      this.#at++;
      return false;
    }
    if (sign !== ',') this.#stop(`, or ${close} is expected`);
    this.#at++;
    this.#space();
    if (names) this.#name();
    return true;
  }

  #name(): void {
    const at = this.#at;
    if (this.#text[at] !== '"') this.#stop('a name in double quotes is expected');
    const name = this.#string();
    if (PROTOTYPE_NAMES.has(name))
      throw new ScanStop({ rule: 'read-json-key', at, hint: `a field may not be called ${name}; remove it` });
    const names = this.#open.at(-1);
    if (names?.has(name)) this.#duplicates.push(at);
    names?.add(name);
    this.#space();
    if (this.#text[this.#at] !== ':') this.#stop(': is expected');
    this.#at++;
    this.#space();
  }

  #scalar(): void {
    const at = this.#at;
    let end = at;
    while (isScalarSign(this.#text.charCodeAt(end)) && end - at < LONGEST_SCALAR) end++;
    const raw = this.#text.slice(at, end);
    if (!SCALAR.test(raw))
      this.#stop('a value is expected: text in double quotes, a number, true, false, null, { or [');
    if (!isExact(raw) || isScalarSign(this.#text.charCodeAt(end))) {
      const hint = 'the number has more digits than numbers keep; write it as text, in double quotes';
      throw new ScanStop({ rule: 'read-json-number', at, hint });
    }
    this.#at = end;
  }

  /** @returns the text with its escapes undone */
  #string(): string {
    const at = this.#at;
    const end = this.#stringEnd();
    this.#at = end + 1;
    const raw = this.#text.slice(at + 1, end);
    if (!raw.includes('\\')) return raw;
    const text = this.#unescape(at, end + 1);
    if (text.includes('\0'))
      throw new ScanStop({
        rule: 'read-nul',
        at,
        hint: 'the text holds a NUL character (\\u0000); remove it',
      });
    if (text.isWellFormed()) return text;
    const hint = 'the text holds half of a surrogate pair (\\ud800 to \\udfff); write both halves';
    throw new ScanStop({ rule: 'read-json-text', at, hint });
  }

  /** @returns offset of the closing quote */
  #stringEnd(): number {
    const text = this.#text;
    const { length } = text;
    let at = this.#at + 1;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) return at;
      if (code === BACKSLASH) at++;
      else if (code < 0x20) return this.#stopAtControl(at, code);
    }
    this.#at = length;
    return this.#stop('the text in double quotes is not closed');
  }

  #stopAtControl(at: number, code: number): never {
    if (code === 0)
      throw new ScanStop({ rule: 'read-nul', at, hint: 'the text holds a NUL character; remove it' });
    this.#at = at;
    return this.#stop('a control character within text must be escaped: a new line is \\n');
  }

  #unescape(start: number, end: number): string {
    try {
      return JSON.parse(this.#text.slice(start, end)) as string;
    } catch {
      this.#at = start;
      return this.#stop('the text that begins here has an escape that JSON does not know');
    }
  }

  #space(): void {
    const text = this.#text;
    let at = this.#at;
    while (isSpace(text.charCodeAt(at))) at++;
    this.#at = at;
  }

  #stop(hint: string): never {
    const at = Math.min(this.#at, this.#text.length);
    const isEnd = at === this.#text.length;
    throw new ScanStop({ rule: 'read-json-syntax', at, hint: isEnd ? `the text ends here: ${hint}` : hint });
  }
}

/** An identifier written as a number must come back digit by digit; a fraction may be rounded. */
function isExact(raw: string): boolean {
  const number = Number(raw);
  if (!/^-?\d+$/.test(raw) || Number.isSafeInteger(number))
    return Math.abs(number) !== Number.POSITIVE_INFINITY;
  return String(number) === raw;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Letters, digits, `+`, `-` and `.`: what numbers and literals are made of. */
function isScalarSign(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e
  );
}
