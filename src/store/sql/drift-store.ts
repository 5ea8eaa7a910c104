/** The store's side of a comparison with a target: what there is to compare, and what was found. */
import type { DriftStore, WalkedResource } from '../store.ts';
import { putDrift, selectDrift, selectUnsettled, selectWholePerson, walkResources } from './drift-rows.ts';
import type { Runner } from './engine.ts';
import { type ResourceRow, selectResource, storedVersion } from './resource-rows.ts';
import type { Step } from './statement.ts';

export function driftStore(runner: Runner): DriftStore {
  return {
    walk: (after, count) => runner.read(() => walkResources(after, count)),
    compared: (target, of) =>
      runner.read(function* () {
        const rows = yield* rowsOf(of);
        const unsettled = new Set(yield* selectUnsettled(of.personId ?? of.key, target));
        return { versions: rows.map(storedVersion), unsettled };
      }),
    async keepDrift(target, looked, found) {
      if (looked.length > 0) await runner.write(() => putDrift(target, looked, found));
    },
    drift: (target, count, after = '') => runner.read(() => selectDrift(target, after, count)),
  };
}

/** All that belongs to a person, or the one resource that belongs to nobody. */
function* rowsOf({ key, personId }: WalkedResource): Step<readonly ResourceRow[]> {
  if (personId !== undefined) return yield* selectWholePerson(personId);
  const [type, id] = key.split('/') as [string, string];
  const own = yield* selectResource(type, id);
  return own ? [own] : [];
}
