/** Walks a resource into its places, so that mutations can choose among them. */
import type { Json } from '../../../src/validation/run.ts';

/** Where a value stands in a resource. */
export interface Spot {
  readonly owner: object;
  readonly key: string;
  readonly value: unknown;
  /** FHIRPath: `Patient.name[0].given[1]` */
  readonly path: string;
}

/** @returns every member and every item below a resource, outer ones first */
export function spotsOf(resource: Json): readonly Spot[] {
  const spots: Spot[] = [];
  const visit = (owner: object, at: string): void => {
    for (const [key, value] of Object.entries(owner)) {
      const path = Array.isArray(owner) ? `${at}[${key}]` : `${at}.${key}`;
      spots.push({ owner, key, value, path });
      if (typeof value === 'object' && value !== null) visit(value, path);
    }
  };
  visit(resource, typeof resource.resourceType === 'string' ? resource.resourceType : 'Resource');
  return spots;
}

/** Puts a value where the spot is; `__proto__` becomes a member like any other. */
export function put(owner: object, key: string, value: unknown): void {
  Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Takes a member away, or an item out of its list. */
export function take(owner: object, key: string): void {
  if (Array.isArray(owner)) owner.splice(Number(key), 1);
  else Reflect.deleteProperty(owner, key);
}
