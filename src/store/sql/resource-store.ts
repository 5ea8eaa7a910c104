/** The store's resources: current versions, earlier ones, and what a search finds, for the adapter itself and for viewers. */
import type { SearchIndex } from '../search-index.ts';
import type { SearchPage, SearchQuery } from '../search-query.ts';
import type { ResourceStore, SeenStore } from '../store.ts';
import { SEES_ALL, type Viewer } from '../viewer.ts';
import { changesPage } from './changes.ts';
import type { Runner } from './engine.ts';
import type { Names } from './index-rows.ts';
import {
  type ResourceRow,
  selectOfPerson,
  selectResource,
  selectResources,
  selectVersion,
  selectVersions,
  storedVersion,
} from './resource-rows.ts';
import { askingOf, countRows, cursorAfter, type Searching, searchRows, withFormerNumbers } from './search.ts';
import { selectSeen, selectSeenMany, selectSeenVersion, selectSeenVersions } from './seen-rows.ts';
import { seesAll } from './viewer.ts';

/** What searches need of the store. */
export interface Searchable {
  readonly names: Names;
  readonly index: SearchIndex;
  readonly clock: () => number;
}

export function resourceStore(runner: Runner, searchable: Searchable): ResourceStore {
  const whole = searchingOf(searchable, SEES_ALL);
  return {
    ...wholeReads(runner),
    readPerson: async (personId, type) =>
      (await runner.read(() => selectOfPerson(personId, type))).map(storedVersion),
    search: async (query) => pageOf(query, await runner.read(() => searchRows(whole(), query))),
    countMatches: (query, most) => runner.read(() => countRows(whole(), query, most)),
    seenBy: (viewer) => seenStore(runner, searchable, viewer),
  };
}

/** Each asked with the time that it is. */
function searchingOf({ names, index, clock }: Searchable, viewer: Viewer): () => Searching {
  return () => ({ names, index, viewer, nowMs: clock() });
}

type Reads = Pick<ResourceStore, 'read' | 'readVersion' | 'history' | 'readMany'>;

function wholeReads(runner: Runner): Reads {
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
  };
}

function seenReads(runner: Runner, searching: () => Searching): Reads {
  const asking = () => askingOf(searching());
  return {
    async read(type, id) {
      const row = await runner.read(() => selectSeen(asking(), type, id));
      return row && storedVersion(row);
    },
    async readVersion(type, id, version) {
      const row = await runner.read(() => selectSeenVersion(asking(), type, id, version));
      return row && storedVersion(row);
    },
    async history(type, id, count, before) {
      if (count <= 0) return [];
      return (await runner.read(() => selectSeenVersions(asking(), type, id, count, before))).map(
        storedVersion,
      );
    },
    readMany: async (keys) => (await runner.read(() => selectSeenMany(asking(), keys))).map(storedVersion),
  };
}

function seenStore(runner: Runner, searchable: Searchable, viewer: Viewer): SeenStore {
  const searching = searchingOf(searchable, viewer);
  const asked = (query: SearchQuery): SearchQuery => ({
    ...query,
    clauses: withFormerNumbers(query.type, query.clauses),
  });
  return {
    ...(seesAll(viewer) ? wholeReads(runner) : seenReads(runner, searching)),
    search: async (query) => pageOf(query, await runner.read(() => searchRows(searching(), asked(query)))),
    countMatches: (query, most) => runner.read(() => countRows(searching(), asked(query), most)),
    changes: (query) => runner.read(() => changesPage(askingOf(searching()), query)),
  };
}

function pageOf(query: SearchQuery, rows: readonly ResourceRow[]): SearchPage {
  const page = rows.slice(0, query.count);
  const last = page.at(-1);
  const isMore = rows.length > query.count;
  const next = isMore ? (last ? cursorAfter(last, query.sort) : (query.after ?? '0')) : undefined;
  return { versions: page.map(storedVersion), next };
}
