/** Turns a resource into one whose links are others: references, elements that hold an address, and links in the narrative. */
import type { Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import { spelledAs } from '../../fhir/spelling.ts';

/** @returns the link that stands in its place; itself where it stays */
export type Relink = (link: string) => string;

export interface Links {
  readonly reference: Relink;
  /** of an element of type uri, url, oid or uuid, and of `href` and `src` in the narrative. Canonicals stay */
  readonly address: Relink;
}

const ADDRESSES: ReadonlySet<string> = new Set(['uri', 'url', 'oid', 'uuid']);

/** @returns a copy @source FHIR R4, 3.1.0.11.2 (replacing links in a transaction) */
export function relinked<T extends Resource>(resource: T, definitions: Definitions, links: Links): T {
  return new Relinking(definitions, links).node(resource, [resource.resourceType]) as T;
}

class Relinking {
  readonly #definitions: Definitions;
  readonly #links: Links;

  constructor(definitions: Definitions, links: Links) {
    this.#definitions = definitions;
    this.#links = links;
  }

  /** @param types that the value may be of */
  node(value: unknown, types: readonly string[]): unknown {
    if (Array.isArray(value)) return value.map((one) => this.node(one, types));
    if (typeof value === 'string') return this.#text(value, types);
    if (typeof value !== 'object' || value === null) return value;
    const { resourceType } = value as { resourceType?: unknown };
    const type = typeof resourceType === 'string' ? resourceType : types[0];
    const members = Object.entries(value).map(([name, member]) => [name, this.#member(type, name, member)]);
    return spelledAs(Object.fromEntries(members) as object, value);
  }

  #member(type: string | undefined, name: string, member: unknown): unknown {
    if (type === 'Reference' && name === 'reference' && typeof member === 'string')
      return this.#links.reference(member);
    const plain = name.startsWith('_') ? name.slice(1) : name;
    const element = type === undefined ? undefined : this.#definitions.element(type, plain);
    if (!element) return this.node(member, name === 'extension' ? ['Extension'] : []);
    const chosen = element.isChoice
      ? element.types.filter((code) => element.name + code[0]!.toUpperCase() + code.slice(1) === plain)
      : element.types;
    return this.node(member, name.startsWith('_') ? ['Element'] : chosen);
  }

  #text(text: string, types: readonly string[]): string {
    if (types.some((type) => ADDRESSES.has(type))) return this.#links.address(text);
    if (!types.includes('xhtml')) return text;
    return text.replaceAll(
      /(\s(?:href|src)=)(["'])(.*?)\2/g,
      (_all, name: string, quote: string, link: string) =>
        `${name}${quote}${this.#links.address(link)}${quote}`,
    );
  }
}

/** @returns every `Reference.reference` in a resource, with its FHIRPath */
export function referencesIn(resource: Resource): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  gather(resource, resource.resourceType, found);
  return found;
}

function gather(value: unknown, path: string, found: Map<string, string>): void {
  if (Array.isArray(value)) {
    for (const [at, one] of value.entries()) gather(one, `${path}[${at}]`, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === 'reference' && typeof member === 'string') {
      if (!found.has(member)) found.set(member, `${path}.reference`);
    } else gather(member, `${path}.${name}`, found);
  }
}
