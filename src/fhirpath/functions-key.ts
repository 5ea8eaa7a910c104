/** Turns resources, and references to them, into the keys that rows are joined by. */
import { resourceTypeOf } from './item.ts';

/** A reference to a resource of the same server, with or without a version. */
const RELATIVE = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

/** The key of a resource is its id: what is no resource has none. */
export function resourceKeys(items: readonly unknown[]): unknown[] {
  return items.flatMap((item) => {
    const { id } = item as { id?: unknown };
    return typeof id === 'string' && resourceTypeOf(item) !== undefined ? [id] : [];
  });
}

/** A reference to another server, to a contained resource or by identifier only has no key here. @param type all others are left out */
export function referenceKeys(items: readonly unknown[], type: string | undefined): unknown[] {
  return items.flatMap((item) => {
    const { reference } = item as { reference?: unknown };
    const [, target, id] = typeof reference === 'string' ? (RELATIVE.exec(reference) ?? []) : [];
    return id !== undefined && (type === undefined || target === type) ? [id] : [];
  });
}
