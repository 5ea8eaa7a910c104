/** Reads the members of one element of a StructureMap's JSON, notes what is unfit, and keeps what a map's text has no word for. */
import type { Findings } from './finding.ts';
import { isBareName } from './quote.ts';
import { isBeside } from './structure-map-metadata.ts';
import { type Metadata, type Place, placeText, type Word } from './tree.ts';

/** Objects and arrays within one another; FHIR's deepest resources have a fifth of it. */
const DEEPEST = 250;

/** Elements of one resource; an object that holds itself would have them without end. */
const MOST_ELEMENTS = 200_000;

/** What all elements of one resource share. */
export interface Reading {
  readonly file: string;
  readonly findings: Findings;
  /** `///` lines of what the language has no word for, such as `group[0].rule[1].id` */
  readonly metadata: Metadata[];
  /** elements read so far */
  elements: number;
}

type Members = Readonly<Record<string, unknown>>;

export class JsonElement {
  readonly at: Place;
  readonly #reading: Reading;
  readonly #members: Members;
  readonly #home: string;
  readonly #taken = new Set<string>();

  /**
   * @param path where the element stands: `group[0].rule[1]`, empty for the resource
   * @param home where `StructureMap` JSON written from the map will have it, when that differs
   */
  constructor(reading: Reading, members: Members, path = '', home = path) {
    reading.elements += 1;
    this.#reading = reading;
    this.#members = reading.elements > MOST_ELEMENTS ? {} : members;
    this.#home = home;
    this.at = { file: reading.file, line: 0, column: 0, element: path };
    if (reading.elements === MOST_ELEMENTS) this.fault(`more than ${MOST_ELEMENTS} elements are too many`);
  }

  /** Notes a fault of the element, or of one of its members. */
  fault(message: string, name?: string): void {
    const at = { ...this.at, element: join(this.at.element ?? '', name) };
    this.#reading.findings.addFault({
      rule: 'map-json-structure',
      code: 'structure',
      diagnostics: `${placeText(at)}: ${message}`,
      expression: join('StructureMap', at.element),
    });
  }

  has(name: string): boolean {
    return this.peek(name) !== undefined;
  }

  /** @returns names of the members that nothing has taken yet */
  names(): string[] {
    return Object.keys(this.#members).filter((name) => !this.#taken.has(name));
  }

  /** @returns a member as it is; it is not taken */
  peek(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
  }

  /** Takes a member as it is. */
  value(name: string): unknown {
    this.#taken.add(name);
    return this.peek(name);
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '') return value;
    this.fault('must be a text that is not empty', name);
    return undefined;
  }

  /** Takes a text that must be there; the empty text after a fault. */
  needed(name: string): string {
    if (!this.has(name)) this.fault(`${name} is missing; add it`);
    return this.text(name) ?? '';
  }

  word(name: string): Word | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : { text, at: this.at };
  }

  /** Takes a text that must be one of these. */
  code<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined || allowed.includes(text as T)) return text as T | undefined;
    this.fault(`must be ${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`, name);
    return undefined;
  }

  integer(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
    this.fault('must be a whole number', name);
    return undefined;
  }

  /** Takes documentation; its lines end as those of a map do. */
  documentation(name = 'documentation'): string | undefined {
    return this.text(name)?.replaceAll(/\r\n?/g, '\n');
  }

  texts(name: string): string[] {
    return this.#list(name).filter((item, index): item is string => {
      if (typeof item !== 'string' || item === '')
        this.fault('must be a text that is not empty', `${name}[${index}]`);
      return typeof item === 'string' && item !== '';
    });
  }

  /** @param home indexes that JSON written from the map will have, when they differ */
  elements(
    name: string,
    home: (item: Members, index: number) => number = (_, index) => index,
  ): JsonElement[] {
    return this.#list(name).flatMap((item, index) => {
      const path = join(this.at.element ?? '', `${name}[${index}]`);
      if (isObject(item))
        return [
          new JsonElement(this.#reading, item, path, join(this.#home, `${name}[${home(item, index)}]`)),
        ];
      this.fault('must be an object', `${name}[${index}]`);
      return [];
    });
  }

  /** Takes a member that is one object. */
  child(name: string): JsonElement | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const path = join(this.at.element ?? '', name);
    if (isObject(value)) return new JsonElement(this.#reading, value, path, join(this.#home, name));
    this.fault('must be an object', name);
    return undefined;
  }

  /**
   * Keeps the members that nothing took, as metadata.
   * @param mayBe tells which members the element may have
   */
  rest(mayBe: (name: string) => boolean = isBeside): void {
    for (const name of this.names()) {
      if (name === 'modifierExtension')
        this.fault('may change what the map means and is not known; remove it', name);
      else if (!mayBe(name)) this.fault('is no element of a StructureMap at this place; remove it', name);
      else this.#keep(name, this.value(name), 0);
    }
  }

  #list(name: string): readonly unknown[] {
    const value = this.value(name);
    if (value === undefined) return [];
    if (Array.isArray(value) && value.length > 0) return value;
    this.fault('must be a list that is not empty', name);
    return [];
  }

  #keep(path: string, value: unknown, depth: number): void {
    if (depth > DEEPEST) return this.fault(`holds objects deeper than ${DEEPEST} levels`);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      const name = join(this.#home, path);
      this.#reading.metadata.push({ name, at: this.at, value });
    } else if (Array.isArray(value) && value.some((item) => item !== null)) {
      for (const [index, item] of value.entries()) {
        if (Array.isArray(item)) this.fault('must not be a list within a list', `${path}[${index}]`);
        else if (item !== null) this.#keep(`${path}[${index}]`, item, depth + 1);
      }
    } else if (isObject(value) && Object.keys(value).length > 0) {
      for (const [name, member] of Object.entries(value)) this.#keep(`${path}.${name}`, member, depth + 1);
    } else this.fault('must not be empty', path);
    const last = path
      .split('.')
      .at(-1)!
      .replace(/\[\d+\]$/, '');
    if (!isBareName(last)) this.fault(`holds the name ${JSON.stringify(last)}, which is none of FHIR`);
  }
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, name: string | undefined): string {
  return [path, name].filter(Boolean).join('.');
}
