/** Turns JSON text into the first thing that is wrong with it, by line and column, without building anything or going deeper than allowed. */

/** What makes the text unfit, at a character offset. */
export interface JsonFault {
  readonly rule: 'read-json-syntax' | 'read-json-key' | 'read-json-depth' | 'read-nul' | 'read-json-text';
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

const SPACE = /[\t\n\r ]*/y;
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

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
    while (valueIsNext || this.#open.length > 0) valueIsNext = valueIsNext ? this.#value() : this.#afterValue();
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
    else if (!this.#skip(SCALAR)) this.#stop('a value is expected: text in double quotes, a number, true, false, null, { or [');
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

  /** @returns the text with its escapes undone */
  #string(): string {
    const at = this.#at;
    if (!this.#skip(STRING)) {
      const end = this.#text.indexOf('"', at + 1);
      this.#stop(end < 0 ? 'the text that begins here has no end' : 'the text that begins here has an escape or a control character that JSON does not allow');
    }
    const raw = this.#text.slice(at, this.#at);
    if (!raw.includes('\\')) return raw.slice(1, -1);
    const text = JSON.parse(raw) as string;
    if (text.includes('\0')) throw new ScanStop({ rule: 'read-nul', at, hint: 'the text holds a NUL character (\\u0000); remove it' });
    if (!text.isWellFormed())
      throw new ScanStop({ rule: 'read-json-text', at, hint: 'the text holds half of a surrogate pair (\\ud800 to \\udfff); write both halves' });
    return text;
  }

  #space(): void {
    this.#skip(SPACE);
  }

  #skip(expression: RegExp): boolean {
    expression.lastIndex = this.#at;
    if (!expression.test(this.#text)) return false;
    this.#at = expression.lastIndex;
    return true;
  }

  #stop(hint: string): never {
    const isEnd = this.#at >= this.#text.length;
    throw new ScanStop({ rule: 'read-json-syntax', at: this.#at, hint: isEnd ? `the text ends here, but ${hint}` : hint });
  }
}
