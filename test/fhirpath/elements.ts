/** Walks a resource: each value with its place, as a validator meets them. */
import type { Definitions } from '../../src/fhir/definitions.ts';
import { choiceName, isPrimitive } from '../../src/fhirpath/types.ts';

/** One value of a resource. */
export interface Met {
  readonly value: unknown;
  /** the `_` sibling of a primitive */
  readonly sibling: unknown;
  readonly type: string;
  /** of the element, and of the type around it: `Bundle.entry.link`, `Bundle.link` */
  readonly path: string;
  readonly resource: unknown;
  readonly rootResource: unknown;
}

type Json = Readonly<Record<string, unknown>>;

export function elementsOf(definitions: Definitions, resource: unknown): readonly Met[] {
  const out: Met[] = [];
  const { resourceType } = resource as { resourceType: string };
  const root = { value: resource, sibling: undefined, type: resourceType, path: resourceType };
  walk(definitions, { ...root, resource, rootResource: resource }, out);
  return out;
}

function walk(definitions: Definitions, met: Met, out: Met[]): void {
  out.push(met);
  const { value: owner } = met;
  if (typeof owner !== 'object' || owner === null) return;
  for (const element of definitions.type(met.type)?.elements.values() ?? [])
    for (const type of element.types) {
      const name = element.isChoice ? choiceName(element.name, type) : element.name;
      const path = `${met.type}.${element.name}${element.isChoice ? '[x]' : ''}`;
      for (const [value, sibling] of valuesOf(owner as Json, name, isPrimitive(type)))
        walk(definitions, inside(met, { ...met, value, sibling, type, path }), out);
    }
}

/** A resource inside is the nearest from there on; those of a Bundle have no container. */
function inside(around: Met, met: Met): Met {
  if (met.type !== 'Resource') return met;
  const type = (met.value as { resourceType: string }).resourceType;
  const isContained = met.path.endsWith('.contained');
  return {
    ...met,
    type,
    path: type,
    resource: met.value,
    rootResource: isContained ? around.rootResource : met.value,
  };
}

function* valuesOf(owner: Json, name: string, mayHaveSibling: boolean): Generator<[unknown, unknown]> {
  const values = listOf(owner[name]);
  const siblings = mayHaveSibling ? listOf(owner[`_${name}`]) : [];
  for (let i = 0; i < Math.max(values.length, siblings.length); i++)
    if ((values[i] ?? siblings[i] ?? undefined) !== undefined) yield [values[i], siblings[i] ?? undefined];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
