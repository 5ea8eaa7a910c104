/** Turns a store into a stream of what is held of a type, as it was at one moment. */
import type { ExtractQuery, SeenStore } from '../store/store.ts';
import type { Held } from './held.ts';

/** Resources that are read at once. */
const PAGE = 500;

/** @yields each resource once, in the order of the store, whatever is committed meanwhile */
export async function* heldIn(
  store: Pick<SeenStore, 'extract'>,
  query: Omit<ExtractQuery, 'after' | 'count'>,
): AsyncGenerator<Held> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await store.extract({ ...query, count: PAGE, after });
    for (const { resource, personId } of page.versions) if (resource) yield { resource, personId };
    after = page.next;
  }
}
