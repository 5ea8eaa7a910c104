/** Keeps the digits of numbers as they were written, between JSON text and XML: a number of JavaScript would lose the zeros of 1.50. */

/** A number whose text says more than a number of JavaScript keeps; it goes into JSON text as it was written. */
export class Digits {
  readonly text: string;

  /** @param text a number of JSON */
  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return rawJson(this.text);
  }

  toString(): string {
    return this.text;
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Longer numbers say nothing that is measured. */
const LONGEST = 400;

/** @returns true for text that is a number of JSON, and so a decimal of FHIR */
export function isNumber(text: string): boolean {
  return text.length <= LONGEST && NUMBER.test(text);
}

/** @returns the number; its digits where the number alone would not give the text back */
export function exactly(text: string): number | Digits {
  const number = Number(text);
  return String(number) === text ? number : new Digits(text);
}

/** @param text JSON within bounds of size and depth @returns its value, with `Digits` where a number would lose some */
export function parseExact(text: string): unknown {
  const revive = (_name: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined ? exactly(context.source) : value;
  return JSON.parse(text, revive);
}

/** The type library does not know it yet. @source ECMAScript proposal "JSON.parse source text access", in Node from 21 on */
export function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}
