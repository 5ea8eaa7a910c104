/** Reads what a client sees of a type page by page, for a view, and tells the audit what was read. */
import type { Response } from 'express';
import { inKeyedOrder } from '../../research/deidentify/keyed-order.ts';
import type { BulkTransform } from '../../research/export/transform.ts';
import type { Held } from '../../research/held.ts';
import type { ExtractQuery, SeenStore } from '../../store/store.ts';
import { touch } from '../access.ts';

/** Resources that are read at once. */
const PAGE = 200;

/** @yields each resource as it goes out; changed ones in an order that says nothing of the store's */
export async function* storedResources(
  seen: SeenStore,
  query: Omit<ExtractQuery, 'after' | 'count'>,
  transform: BulkTransform | undefined,
  response: Response,
): AsyncGenerator<unknown> {
  const held = heldOf(seen, query, transform, response);
  for await (const { resource } of transform ? inKeyedOrder(held) : held) yield resource;
}

async function* heldOf(
  seen: SeenStore,
  query: Omit<ExtractQuery, 'after' | 'count'>,
  transform: BulkTransform | undefined,
  response: Response,
): AsyncGenerator<Held> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await seen.extract({ ...query, count: PAGE, after });
    const keys = page.versions.map(({ type, id, personId }) => ({ type, id, personId }));
    touch(response, { interaction: '$viewdefinition-run', keys });
    for (const { resource, personId } of page.versions) {
      const out = resource && (transform ? transform.apply({ resource, personId }) : resource);
      if (out) yield { resource: out, personId: undefined };
    }
    after = page.next;
  }
}
