/** A set of values under FHIRPath's equality, so that many can be told apart without comparing each with each. */
import { same } from './equality.ts';
import { unbox } from './item.ts';
import { visit } from './limits.ts';
import { Quantity } from './quantity.ts';
import { Temporal } from './temporal.ts';

/** Characters that count as one visited item. */
const CHARACTERS_A_VISIT = 64;

export class Known {
  readonly #plain = new Set<unknown>();
  /** dates and quantities: equality across precisions and units has no hash */
  readonly #special: unknown[] = [];
  readonly #objects = new Map<number, object[]>();

  /** @returns a set of all these values */
  static of(values: readonly unknown[]): Known {
    const known = new Known();
    for (const value of values) known.add(value);
    return known;
  }

  /** @returns true when no equal value was there before */
  add(item: unknown): boolean {
    const value = unbox(item);
    if (this.#hasSpecial(value)) return false;
    if (value instanceof Temporal || value instanceof Quantity) {
      if (this.#hasUnlike(value)) return false;
      this.#special.push(value);
      return true;
    }
    if (typeof value === 'object' && value !== null) return this.#addObject(value);
    if (this.#plain.has(value)) return false;
    this.#plain.add(value);
    return true;
  }

  has(item: unknown): boolean {
    const value = unbox(item);
    if (this.#hasSpecial(value)) return true;
    if (value instanceof Temporal || value instanceof Quantity) return this.#hasUnlike(value);
    if (typeof value !== 'object' || value === null) return this.#plain.has(value);
    return isAmong(this.#objects.get(hashOf(value)), value);
  }

  #addObject(value: object): boolean {
    const hash = hashOf(value);
    const alike = this.#objects.get(hash);
    if (isAmong(alike, value)) return false;
    if (alike) alike.push(value);
    else this.#objects.set(hash, [value]);
    return true;
  }

  #hasSpecial(value: unknown): boolean {
    visit(1 + this.#special.length);
    return this.#special.length > 0 && this.#special.some((other) => same(other, value));
  }

  /** Text may be a date, and an object a quantity. */
  #hasUnlike(value: unknown): boolean {
    visit(this.#plain.size + this.#objects.size);
    for (const other of this.#plain) if (same(other, value)) return true;
    for (const alike of this.#objects.values()) if (isAmong(alike, value)) return true;
    return false;
  }
}

function isAmong(values: readonly object[] | undefined, value: unknown): boolean {
  return values?.some((other) => other === value || same(other, value)) ?? false;
}

/** Equal JSON has equal hashes, whatever the order of its members. */
function hashOf(value: unknown): number {
  if (typeof value === 'string') return hashOfText(value);
  if (typeof value === 'number') return Number.isInteger(value) ? value | 0 : hashOfText(String(value));
  if (typeof value !== 'object' || value === null) return value === true ? 1 : 2;
  let hash = 0;
  if (Array.isArray(value)) {
    visit(value.length);
    for (const item of value) hash = (Math.imul(hash, 31) + hashOf(item)) | 0;
    return hash;
  }
  const names = Object.keys(value);
  visit(names.length);
  for (const name of names)
    hash = (hash + Math.imul(hashOfText(name), hashOf((value as Record<string, unknown>)[name]) | 1)) | 0;
  return hash;
}

function hashOfText(text: string): number {
  if (text.length > CHARACTERS_A_VISIT) visit(Math.floor(text.length / CHARACTERS_A_VISIT));
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
