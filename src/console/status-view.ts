/** Turns what the store holds into what the status page shows: counts, states and places; never a name, a number or a key of a person. */
import type { ResourceKey, SourceRow, Store, StoreCounts } from '../store/store.ts';
import { type Moment, momentOf } from './moment.ts';
import type { Wording, Wordings } from './words.ts';
import { type WorkGroup, workGroups } from './work-view.ts';

export interface StatusView {
  readonly sources: readonly { name: string; records: number; refused: number }[];
  readonly kinds: StoreCounts['sources'];
  readonly kept: { total: number; types: number };
  readonly targets: readonly TargetView[];
  readonly work: { open: number; groups: readonly WorkGroup[] };
  readonly latest: readonly LatestView[];
}

interface TargetView {
  readonly target: string;
  readonly delivered: number;
  readonly waiting: number;
  readonly held: number;
  readonly parked: number;
}

interface LatestView {
  readonly received: Moment;
  readonly source: string;
  readonly kind: string;
  readonly resources: readonly { key: ResourceKey; name: string }[];
  /** state at each target, in the order of the targets */
  readonly deliveries: readonly { target: string; state: string }[];
}

const WORK_SHOWN = 5;
const LATEST_SHOWN = 10;

/** @param names of the configured targets and sources @param wordingOf what each source calls things */
export async function statusView(
  store: Store,
  names: { readonly targets: readonly string[]; readonly sources: readonly string[] },
  wordingOf: Wordings,
): Promise<StatusView> {
  const counts = await store.counts();
  return {
    sources: names.sources.map((name) => sourceTotal(name, counts)),
    kinds: counts.sources.map((one) => ({ ...one, kind: wordingOf(one.source).ofKind(one.kind) })),
    kept: { total: total(counts.resources.map((one) => one.count)), types: counts.resources.length },
    targets: names.targets.map((target) => targetCounts(target, counts)),
    work: {
      open: total(counts.work.map((one) => one.open)),
      groups: await workGroups(store, counts, WORK_SHOWN, wordingOf),
    },
    latest: await latestRows(store, names.targets, wordingOf),
  };
}

function sourceTotal(name: string, counts: StoreCounts): StatusView['sources'][number] {
  const own = counts.sources.filter((one) => one.source === name);
  return {
    name,
    records: total(own.map((one) => one.records)),
    refused: total(own.map((one) => one.refused)),
  };
}

function targetCounts(target: string, counts: StoreCounts): TargetView {
  const found = counts.targets.find((one) => one.target === target);
  return {
    target,
    delivered: found?.delivered ?? 0,
    waiting: (found?.waiting ?? 0) + (found?.claimed ?? 0),
    held: found?.held ?? 0,
    parked: found?.parked ?? 0,
  };
}

interface TargetState {
  readonly target: string;
  /** resources of which the target has a copy */
  readonly delivered: ReadonlySet<string>;
  readonly blocked: ReadonlyMap<string, 'parked' | 'held'>;
}

async function latestRows(
  store: Store,
  targets: readonly string[],
  wordingOf: Wordings,
): Promise<LatestView[]> {
  const rows = await store.latestRecords(LATEST_SHOWN);
  const keys = [...new Set(rows.flatMap((row) => row.resources))];
  const states = await Promise.all(
    targets.map(async (target): Promise<TargetState> => {
      const [links, blocked] = await Promise.all([store.links(target, keys), store.blocked(target, keys)]);
      return {
        target,
        delivered: new Set(links.map(({ type, id }) => `${type}/${id}`)),
        blocked: new Map(blocked.map(({ key, state }) => [key, state])),
      };
    }),
  );
  return rows.map((row) => ({
    received: momentOf(row.receivedMs),
    source: row.source,
    kind: wordingOf(row.source).ofKind(row.kind),
    resources: namesOf(row.resources, wordingOf(row.source)),
    deliveries: states.map((state) => ({ target: state.target, state: deliveryState(row, state) })),
  }));
}

/** What the source calls each; a second one of a name in the same record is `condition 2`. */
function namesOf(keys: readonly ResourceKey[], wording: Wording): { key: ResourceKey; name: string }[] {
  const times = new Map<string, number>();
  return keys.map((key) => {
    const word = wording.ofType(key.slice(0, key.indexOf('/')));
    const time = (times.get(word) ?? 0) + 1;
    times.set(word, time);
    return { key, name: time === 1 ? word : `${word} ${time}` };
  });
}

/** What stops first: one parked resource needs a person, whatever became of the others. */
function deliveryState({ resources }: SourceRow, { delivered, blocked }: TargetState): string {
  const stopped = new Set(resources.map((key) => blocked.get(key)));
  if (stopped.has('parked')) return 'Parked';
  if (stopped.has('held')) return 'Held';
  const count = resources.filter((key) => delivered.has(key)).length;
  if (count === resources.length) return 'Delivered';
  return count === 0 ? 'Waiting' : `${count} of ${resources.length} delivered`;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}
