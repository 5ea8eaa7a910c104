/** Turns what a record says of a shared resource, beside what others said, into what is kept of it and what the resource becomes. */
import { type Contribution, compareContributions, mergeContributions, mergeLater } from './merge.ts';
import { isRegister } from './registers.ts';
import type { Identified } from './store.ts';
import { contentDigest } from './versions.ts';

/** Where a record came from, for whoever has to find it. */
interface Origin {
  readonly ownerOrg: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** A contribution that one or more records make; the latest of them gives its source, kind, key, time and origin. */
export interface Saying extends Contribution, Origin {
  /** from 0, unique for the resource */
  readonly saying: number;
  readonly digest: string;
  /** no record that says it says it in full */
  readonly partial: boolean;
  /** row of the latest record; undefined stands for the record being committed */
  readonly recordId: number | undefined;
}

/** The latest record of a saying. */
export type Latest = Pick<Saying, 'source' | 'kind' | 'key' | 'sourceTimeMs' | 'recordId' | keyof Origin>;

/** What was said of the resource before. */
export interface SaidBefore {
  /** empty while at most one thing has been said in full: then it is the resource itself, as saying 0 */
  readonly sayings: readonly Saying[];
  /** the current version, where there is one */
  readonly current: { readonly digest: string; readonly resource: () => Identified } | undefined;
  /** number of what this record said before */
  readonly own: number | undefined;
}

/** What the record says now. */
export type SaidNow = Omit<Contribution, 'resource'> &
  Origin & {
    readonly resource: Identified;
    readonly partial: boolean;
  };

/** What is to be kept, and what becomes of the resource. */
export interface SaidAfter {
  /** number of what this record says now */
  readonly own: number;
  readonly put: readonly Saying[];
  readonly gone: readonly number[];
  /** `same`: nothing new. `incomplete`: only partial records speak of it. `sole`: as this record says. `merged`: of several. */
  readonly outcome:
    | { readonly kind: 'same' }
    | { readonly kind: 'incomplete' }
    | { readonly kind: 'sole' | 'merged'; readonly resource: Identified; readonly digest: string };
}

/** What a record says, laid over what it said before: an absent element deletes nothing. */
export type Mine = Omit<Saying, 'saying'>;

/** @returns what the record says in all */
export function mineOf(before: SaidBefore, now: SaidNow): Mine {
  const older = before.own === undefined ? undefined : resourceOf(before, before.own);
  // a register says all that it knows each time: what it says no longer is no longer so
  const resource = older && !isRegister(now.source) ? mergeLater(older, now.resource) : now.resource;
  const partial = now.partial && (older === undefined || isPartial(before, before.own)); // full once is full for good
  return { ...now, partial, resource, digest: contentDigest(resource), recordId: undefined };
}

/** @returns the saying whose latest record but for this one `addSaying` has to know, where it has to */
export function askedLatest(before: SaidBefore, mine: Mine): number | undefined {
  if (before.sayings.length > 0) return before.own;
  return before.current && before.current.digest !== mine.digest ? 0 : undefined;
}

/**
 * Adds what a record says.
 * @param latest the latest record but for this one of the saying that `askedLatest` names, where there is one
 */
export function addSaying(before: SaidBefore, mine: Mine, latest: Latest | undefined): SaidAfter {
  const again = before.own !== undefined && resourceOf(before, before.own) !== undefined;
  if (before.sayings.length > 0) return joinSayings(before, before.sayings, mine, latest, again);
  const { current } = before;
  if (!current) return firstSaying(mine);
  const { resource, digest } = mine;
  if (digest === current.digest) return { own: 0, put: [], gone: [], outcome: { kind: 'same' } };
  if (!latest)
    return { own: 0, put: [], gone: [], outcome: { kind: again ? 'merged' : 'sole', resource, digest } };
  // a second thing is said: the first is written down
  const first = {
    ...latest,
    saying: 0,
    digest: current.digest,
    partial: false,
    resource: current.resource(),
  };
  const joined = joinSayings(before, [first], mine, latest, again);
  return joined.put.some((one) => one.saying === 0) ? joined : { ...joined, put: [first, ...joined.put] };
}

function firstSaying(mine: Mine): SaidAfter {
  if (mine.partial)
    return { own: 0, put: [{ ...mine, saying: 0 }], gone: [], outcome: { kind: 'incomplete' } };
  const { resource, digest } = mine;
  return { own: 0, put: [], gone: [], outcome: { kind: 'sole', resource, digest } };
}

function joinSayings(
  before: SaidBefore,
  sayings: readonly Saying[],
  mine: Mine,
  latest: Latest | undefined,
  again: boolean,
): SaidAfter {
  const after = new Map(sayings.map((one) => [one.saying, one]));
  if (before.own !== undefined) leave(after, before.own, latest);
  const same = sayings.find((one) => one.digest === mine.digest);
  const own = same?.saying ?? Math.max(...sayings.map((one) => one.saying)) + 1;
  const shared = after.get(own);
  const newest = shared && compareContributions(shared, mine) > 0 ? shared : mine;
  after.set(own, { ...newest, saying: own, partial: mine.partial && same?.partial !== false });
  const put = [...after.values()].filter((one) => !sayings.some((old) => isSame(old, one)));
  const gone = sayings.filter((one) => !after.has(one.saying)).map((one) => one.saying);
  return { own, put, gone, outcome: outcomeOf(sayings, [...after.values()], again) };
}

/** Takes the record out of what it said before: another record carries that on, or nobody does. */
function leave(after: Map<number, Saying>, own: number, next: Latest | undefined): void {
  const said = after.get(own);
  if (said && next) after.set(own, { ...said, ...next });
  else after.delete(own);
}

function outcomeOf(
  before: readonly Saying[],
  after: readonly Saying[],
  again: boolean,
): SaidAfter['outcome'] {
  if (after.every((one) => one.partial)) return { kind: 'incomplete' };
  const wasWritten = before.some((one) => !one.partial);
  if (wasWritten && orderOf(before) === orderOf(after)) return { kind: 'same' };
  const resource = mergeContributions(after);
  const kind = after.length > 1 || again ? 'merged' : 'sole';
  return { kind, resource, digest: contentDigest(resource) };
}

/** The same things said in the same order make the same resource, whoever says them. */
function orderOf(sayings: readonly Saying[]): string {
  return [...sayings]
    .sort(compareContributions)
    .map((one) => one.digest)
    .join();
}

function isSame(a: Saying, b: Saying): boolean {
  return (
    a.saying === b.saying &&
    a.partial === b.partial &&
    a.recordId === b.recordId &&
    a.sourceTimeMs === b.sourceTimeMs
  );
}

function isPartial(before: SaidBefore, saying: number | undefined): boolean {
  return before.sayings.find((one) => one.saying === saying)?.partial === true;
}

function resourceOf(before: SaidBefore, saying: number): Identified | undefined {
  const said = before.sayings.find((one) => one.saying === saying);
  return said?.resource ?? (before.sayings.length === 0 ? before.current?.resource() : undefined);
}
