/** How versions came to be, as far as clients of the API made them. */
import { expect, test } from 'vitest';
import type { ClientWrite, Identified, ResourceKey, Store } from '../../../src/store/store.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { commit, patient, recordOf } from '../samples.ts';

type Open = () => Promise<Store>;

function written(resource: Identified, method: 'POST' | 'PUT' | 'PATCH'): ReturnType<typeof recordOf> {
  const key: ResourceKey = `${resource.resourceType}/${resource.id}`;
  return asked([resource], { methods: new Map([[key, method]]) });
}

function asked(resources: readonly Identified[], client: Partial<ClientWrite>): ReturnType<typeof recordOf> {
  const none = { expects: [], deletes: [], refersTo: [], places: new Map(), methods: new Map() };
  return {
    ...recordOf(resources),
    client: { viewer: SEES_ALL, ...none, ...client },
  };
}

export function madeContract(open: Open): void {
  test('keeps by which interaction a client made each version, and nothing of deletions', async () => {
    const store = await open();
    const ada = patient('ada');
    const key: ResourceKey = `Patient/${ada.id}`;
    await commit(store, written(ada, 'POST'));
    await commit(store, written(patient('ada', { gender: 'female' }), 'PUT'));
    await commit(store, written(patient('ada', { gender: 'other' }), 'PATCH'));
    await commit(
      store,
      asked([], { deletes: [key], expects: [{ kind: 'version', resource: key, version: 'some' }] }),
    );
    await commit(store, written(ada, 'PUT'));
    const all = await store.history('Patient', ada.id, 10);
    expect(all.map(({ made }) => made)).toEqual(['update-as-create', undefined, 'patch', 'update', 'create']);
    const { versions } = await store.seenBy(SEES_ALL).changes({ type: 'Patient', count: 10 });
    expect(versions.map(({ made }) => made)).toEqual(all.map(({ made }) => made));
  });

  test('keeps nothing of it for what a source sent', async () => {
    const store = await open();
    await commit(store, recordOf([patient('ada')]));
    expect((await store.read('Patient', patient('ada').id))?.made).toBeUndefined();
  });
}
