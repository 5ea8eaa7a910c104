/** The functions of FHIR that the caller answers: references, terminology, profiles and the trace. */
import { list } from './collection.ts';
import { EvaluationFault } from './fault.ts';
import type { Host } from './host.ts';
import { box, type Item, resourceTypeOf, unbox, unboxAll } from './item.ts';

type Values = readonly unknown[];

/** Follows references: contained ones inside their container, all others through the caller; what is not found is left out. */
export function resolveAll(host: Host, items: Values, container: unknown): Item[] {
  return items.flatMap((item) => {
    const value = unbox(item);
    const text =
      typeof value === 'string' ? value : (value as { reference?: unknown } | undefined)?.reference;
    if (typeof text !== 'string') return [];
    const found = text.startsWith('#') ? containedIn(container, text.slice(1)) : undefined;
    const resolved = found ?? host.resolve?.(text);
    return resolved === undefined || resolved === null ? [] : [box(resolved, resourceTypeOf(resolved))];
  });
}

/** @returns the contained resource with this id; the container itself for the empty id */
export function containedIn(container: unknown, id: string): unknown {
  if (id === '') return container;
  const { contained } = (container ?? {}) as { contained?: unknown };
  return list(contained).find((other) => (other as { id?: unknown }).id === id);
}

/** Empty unless there is exactly one value. */
export function memberOf(host: Host, items: Values, valueSet: unknown): boolean | undefined {
  return items.length === 1 && typeof valueSet === 'string'
    ? host.memberOf?.(unbox(items[0]), valueSet)
    : undefined;
}

export function subsumes(host: Host, general: Values, specific: Values): boolean | undefined {
  return general.length === 1 && specific.length === 1
    ? host.subsumes?.(unbox(general[0]), unbox(specific[0]))
    : undefined;
}

/** @throws EvaluationFault when there is no such profile */
export function conformsTo(host: Host, items: Values, profile: unknown): boolean | undefined {
  if (items.length !== 1 || typeof profile !== 'string') return undefined;
  const verdict = host.conformsTo?.(unbox(items[0]), profile);
  if (verdict === undefined) throw new EvaluationFault('there is no such profile');
  return verdict;
}

/** @returns the values as they are */
export function traced(
  host: Host,
  value: unknown,
  name: unknown,
  project: (item: unknown, index: number) => unknown,
): unknown {
  const seen = list(value).flatMap((item, index) => list(project(item, index)));
  host.trace?.(String(name), unboxAll(seen));
  return value;
}

/** @returns the items @throws EvaluationFault when one has a modifier extension that is not among the URLs */
export function checkModifiers(items: Values, ...urls: readonly unknown[]): Values {
  for (const item of items) {
    const { modifierExtension } = (unbox(item) ?? {}) as { modifierExtension?: unknown };
    for (const extension of list(modifierExtension))
      if (!urls.includes((extension as { url?: unknown }).url))
        throw new EvaluationFault('an element has a modifier extension that the expression does not know');
  }
  return items;
}
