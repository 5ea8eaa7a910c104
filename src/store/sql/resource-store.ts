/** The store's resources: current versions, earlier ones, and what a search finds. */
import type { ResourceStore } from '../store.ts';
import type { Runner } from './engine.ts';
import type { Names } from './index-rows.ts';
import {
  selectOfPerson,
  selectResource,
  selectResources,
  selectVersion,
  selectVersions,
  storedVersion,
} from './resource-rows.ts';
import { countRows, searchRows } from './search.ts';

export function resourceStore(runner: Runner, names: Names): ResourceStore {
  return {
    async read(type, id) {
      const row = await runner.read(() => selectResource(type, id));
      return row && storedVersion(row);
    },
    async readVersion(type, id, version) {
      const row = await runner.read(() => selectVersion(type, id, version));
      return row && storedVersion(row);
    },
    async history(type, id, count, before) {
      if (count <= 0) return [];
      return (await runner.read(() => selectVersions(type, id, count, before))).map(storedVersion);
    },
    readMany: async (keys) => (await runner.read(() => selectResources(keys))).map(storedVersion),
    readPerson: async (personId, type) =>
      (await runner.read(() => selectOfPerson(personId, type))).map(storedVersion),
    async search(query) {
      const rows = await runner.read(() => searchRows(names, query));
      const page = rows.slice(0, query.count);
      const next = rows.length > query.count ? (page.at(-1)?.rid ?? query.after) : undefined;
      return { versions: page.map(storedVersion), next: next === undefined ? undefined : String(next) };
    },
    countMatches: (query) => runner.read(() => countRows(names, query)),
  };
}
