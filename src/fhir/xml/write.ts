/** Turns resources into XML, with their elements in the order of the definitions. */
import type { Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../definitions.ts';
import { AdapterError, issueOf } from '../outcome.ts';
import { escapedAttribute } from './escape.ts';
import { Digits, parseExact } from './exact.ts';
import { narrativeXml } from './narrative.ts';
import { FHIR_NAMESPACE, type Member, type Shape, shapeOf } from './shape.ts';

export interface XmlLayout {
  /** each element on a line of its own */
  readonly isPretty?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Writes numbers as JavaScript has them: what JSON.parse made of 1.50 is 1.5. `xmlOfJson` keeps the digits.
 * @throws AdapterError `xml-write` for what the definitions do not know: nothing is left out in silence
 * @source hl7.org/fhir/R4/xml.html
 */
export function resourceToXml(resource: Resource, definitions: Definitions, layout: XmlLayout = {}): string {
  return new Writer(definitions, layout).document(resource as unknown as Fields);
}

/**
 * Writes a resource that is at hand as JSON text, with the digits of its numbers as they stand there.
 * @param text of a resource of ours: within bounds
 */
export function xmlOfJson(text: string, definitions: Definitions, layout: XmlLayout = {}): string {
  return new Writer(definitions, layout).document(parseExact(text) as Fields);
}

/** A value of an element, and what goes with it under `_name`. */
interface Pair {
  value?: unknown;
  more?: unknown;
}

class Writer {
  readonly #definitions: Definitions;
  readonly #isPretty: boolean;
  #text = '<?xml version="1.0" encoding="UTF-8"?>';
  #depth = 0;

  constructor(definitions: Definitions, { isPretty = false }: XmlLayout) {
    this.#definitions = definitions;
    this.#isPretty = isPretty;
  }

  document(resource: Fields): string {
    this.#resource(resource, ` xmlns="${FHIR_NAMESPACE}"`, 'Resource');
    return this.#isPretty ? `${this.#text}\n` : this.#text;
  }

  #resource(value: unknown, attributes: string, path: string): void {
    const { resourceType } = (value ?? {}) as { resourceType?: unknown };
    const shape = typeof resourceType === 'string' ? shapeOf(this.#definitions, resourceType) : undefined;
    if (!shape?.isResource) throw unwritable(path);
    this.#object(shape.type, shape, value as Fields, attributes, shape.type);
  }

  /** One element with what is in it. @param attributes besides those of the value, each after a space */
  #object(name: string, shape: Shape, value: Fields, attributes: string, path: string): void {
    const pairs = pairsOf(shape, value, path);
    let open = `<${name}${attributes}`;
    const inner: [Member, Pair][] = [];
    for (const one of pairs) {
      const [member, { value: text }] = one;
      if (member.kind !== 'attribute') inner.push(one);
      else if (typeof text === 'string') open += ` ${member.name}="${escapedAttribute(text)}"`;
      else throw unwritable(`${path}.${member.name}`);
    }
    this.#line(inner.length === 0 ? `${open}/>` : `${open}>`);
    if (inner.length === 0) return;
    this.#depth++;
    for (const [member, pair] of inner) this.#member(member, pair, `${path}.${member.name}`);
    this.#depth--;
    this.#line(`</${name}>`);
  }

  #member(member: Member, { value, more }: Pair, path: string): void {
    if (!member.isArray) return this.#one(member, value, more, path);
    const values = listOf(value, path);
    const extras = listOf(more, path);
    for (let at = 0; at < Math.max(values.length, extras.length); at++)
      this.#one(member, values[at], extras[at], path);
  }

  #one(member: Member, value: unknown, more: unknown, path: string): void {
    if (member.kind === 'primitive') return this.#primitive(member, value, more, path);
    if (value === undefined || value === null) return;
    if (member.kind === 'xhtml') {
      if (typeof value !== 'string') throw unwritable(path);
      return this.#line(narrativeXml(value));
    }
    if (typeof value !== 'object' || Array.isArray(value)) throw unwritable(path);
    if (member.kind === 'resource') {
      this.#line(`<${member.name}>`);
      this.#depth++;
      this.#resource(value, '', path);
      this.#depth--;
      return this.#line(`</${member.name}>`);
    }
    const shape = shapeOf(this.#definitions, member.type);
    if (!shape) throw unwritable(path);
    this.#object(member.name, shape, value as Fields, '', path);
  }

  #primitive(member: Member, value: unknown, more: unknown, path: string): void {
    const isThere = value !== undefined && value !== null;
    if (isThere && typeof value !== member.json && !(member.json === 'number' && value instanceof Digits))
      throw unwritable(path);
    const attribute = isThere ? ` value="${escapedAttribute(String(value))}"` : '';
    if (more !== undefined && more !== null) {
      if (typeof more !== 'object') throw unwritable(path);
      this.#object(member.name, shapeOf(this.#definitions, 'Element')!, more as Fields, attribute, path);
    } else if (isThere) this.#line(`<${member.name}${attribute}/>`);
  }

  #line(text: string): void {
    this.#text += this.#isPretty ? `\n${'  '.repeat(this.#depth)}${text}` : text;
  }
}

/** @returns the elements that are there, in order */
function pairsOf({ members, isResource }: Shape, value: Fields, path: string): [Member, Pair][] {
  const pairs = new Map<Member, Pair>();
  for (const [key, one] of Object.entries(value)) {
    if (one === undefined || (isResource && key === 'resourceType')) continue;
    const isMore = key.startsWith('_');
    const member = members.get(isMore ? key.slice(1) : key);
    if (!member || (isMore && member.kind !== 'primitive')) throw unwritable(path);
    const pair = pairs.get(member) ?? {};
    pair[isMore ? 'more' : 'value'] = one;
    pairs.set(member, pair);
  }
  return [...pairs].sort(([a], [b]) => a.order - b.order);
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw unwritable(path);
  return value;
}

/** @param path names of the definitions alone */
function unwritable(path: string): AdapterError {
  return new AdapterError(
    'permanent',
    issueOf({
      code: 'exception',
      rule: 'xml-write',
      diagnostics: `${path} holds what FHIR R4 does not define, which XML has no place for: ask for JSON.`,
      expression: path,
    }),
  );
}
