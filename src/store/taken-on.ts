/** Tells which referrals their service has taken on: they have their place, whatever becomes of the activity's places. */
import type { Task } from '@medplum/fhirtypes';
import type { ResourceKey, Store } from './store.ts';

const TAKEN_ON: ReadonlySet<string | undefined> = new Set([
  'accepted',
  'in-progress',
  'on-hold',
  'completed',
]);
const PAGE = 200;

/** @returns those of the referrals whose Task says so */
export async function takenOn(
  store: Pick<Store, 'search'>,
  requests: readonly ResourceKey[],
): Promise<ReadonlySet<string>> {
  const taken = new Set<string>();
  if (requests.length === 0) return taken;
  let after: string | undefined;
  do {
    const page = await store.search({
      type: 'Task',
      clauses: [{ kind: 'reference', param: 'focus', targets: requests }],
      count: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const { resource } of page.versions) {
      const { status, focus } = resource as Task;
      if (TAKEN_ON.has(status) && focus?.reference !== undefined) taken.add(focus.reference);
    }
    after = page.next;
  } while (after !== undefined);
  return taken;
}
