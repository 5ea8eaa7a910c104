/** The store's resources: current versions, earlier ones, and what a search finds, for the adapter itself and for viewers. */
import { InBatches } from '../in-batches.ts';
import type { ResourceKey } from '../resources.ts';
import type { SearchIndex } from '../search-index.ts';
import type { SearchPage, SearchQuery } from '../search-query.ts';
import type { ResourceStore, SeenStore } from '../store.ts';
import { SEES_ALL, type Viewer } from '../viewer.ts';
import { changesPage } from './changes.ts';
import type { Runner } from './engine.ts';
import { extractPage } from './extract.ts';
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
import {
  askingOf,
  countRows,
  cursorAfter,
  type Searching,
  searchAcross,
  withFormerNumbers,
} from './search.ts';
import { selectSeen, selectSeenMany, selectSeenVersion, selectSeenVersions } from './seen-rows.ts';
import type { Step } from './statement.ts';
import { seesAll } from './viewer.ts';

/** What searches need of the store. */
export interface Searchable {
  readonly names: Names;
  readonly index: SearchIndex;
  readonly clock: () => number;
  readonly manyOwned?: Set<string>;
}

export function resourceStore(runner: Runner, given: Searchable): ResourceStore {
  const searchable = { ...given, manyOwned: new Set<string>() };
  const whole = searchingOf(searchable, SEES_ALL);
  const seen = new WeakMap<Viewer, SeenStore>();
  return {
    ...wholeReads(runner),
    readPerson: async (personId, type) =>
      (await runner.read(() => selectOfPerson(personId, type))).map(storedVersion),
    search: async (...queries) => pageOf(queries[0], await runner.read(() => searchAcross(whole(), queries))),
    countMatches: (query, most) => runner.read(() => countRows(whole(), query, most)),
    seenBy(viewer) {
      const store = seen.get(viewer) ?? seenStore(runner, searchable, viewer);
      seen.set(viewer, store);
      return store;
    },
  };
}

/** Each asked with the time that it is. */
function searchingOf({ clock, ...parts }: Searchable, viewer: Viewer): () => Searching {
  return () => ({ ...parts, viewer, nowMs: clock() });
}

type Reads = Pick<ResourceStore, 'read' | 'readVersion' | 'history' | 'readMany'>;

/** Rows by key in one question, in no order. */
type SelectMany = (keys: readonly ResourceKey[]) => Step<readonly ResourceRow[]>;

type SelectOne = (type: string, id: string) => Step<ResourceRow | undefined>;

/** @returns what reads one resource in a question of its own */
function readAlone(runner: Runner, one: SelectOne): Reads['read'] {
  return async (type, id) => {
    const row = await runner.read(() => one(type, id));
    return row && storedVersion(row);
  };
}

/** @returns what reads one resource together with others that are asked for at the same time */
function readTogether(runner: Runner, one: SelectOne, many: SelectMany): Reads['read'] {
  const gathered = new InBatches<Asked, ResourceRow | undefined>(MOST_AT_ONCE, async (all) => {
    const [first] = all;
    if (all.length === 1) return [await runner.read(() => one(first!.type, first!.id))];
    const rows = await runner.read(() => many(all.map(({ type, id }) => `${type}/${id}` as const)));
    const found = new Map(rows.map((row) => [`${row.type}/${row.id}`, row]));
    return all.map(({ type, id }) => found.get(`${type}/${id}`));
  });
  return async (type, id) => {
    if (!ID.test(id)) return undefined; // one that the server cannot read would spoil the question of all
    const row = await gathered.add({ type, id });
    return row && storedVersion(row);
  };
}

interface Asked {
  readonly type: string;
  readonly id: string;
}

/** @source FHIR R4, 2.24.0.1: id */
const ID = /^[A-Za-z0-9.-]{1,64}$/;
/** Resources that are read together. */
const MOST_AT_ONCE = 200;

function wholeReads(runner: Runner): Reads {
  return {
    // what reads for itself reads one after the other: of an embedded store each would wait for a turn
    read: runner.isRemote
      ? readTogether(runner, selectResource, selectResources)
      : readAlone(runner, selectResource),
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
    read: readTogether(
      runner,
      (type, id) => selectSeen(asking(), type, id),
      (keys) => selectSeenMany(asking(), keys),
    ),
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
    search: async (...queries) =>
      pageOf(queries[0], await runner.read(() => searchAcross(searching(), queries.map(asked)))),
    countMatches: (query, most) => runner.read(() => countRows(searching(), asked(query), most)),
    changes: (query) => runner.read(() => changesPage(askingOf(searching()), query)),
    extract: (query) => runner.read(() => extractPage(askingOf(searching()), query)),
  };
}

function pageOf(query: SearchQuery, rows: readonly ResourceRow[]): SearchPage {
  const page = rows.slice(0, query.count);
  const last = page.at(-1);
  const isMore = rows.length > query.count;
  const next = isMore ? (last ? cursorAfter(last, query.sort) : (query.after ?? '0')) : undefined;
  return { versions: page.map(storedVersion), next };
}
