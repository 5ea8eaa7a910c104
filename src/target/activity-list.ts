/** Makes the lists of coded entries, each person brought in step right before, and puts them out: every entry in one list, once. */
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { dayOfMs } from '../referral/coded/event.ts';
import type { CodedBatch, CodedEntry, DueList, OpenPlace } from '../store/coded-entries.ts';
import type { Store } from '../store/store.ts';
import type { Exchange } from '../wire/exchange.ts';
import type { Activity } from './activity.ts';
import { putOut, type Way } from './activity-out.ts';

export interface Lists {
  /** Makes the next list of a practice and day. @returns undefined when there is nothing new */
  next(practice: string, day: string): Promise<CodedBatch | undefined>;
  /** @returns what the next list would have; nothing is listed */
  preview(practice: string, day: string): Promise<readonly CodedEntry[]>;
  /**
   * Looks once more at people with something that could not be listed: a practice may have got its code, a consent may have
   * begun, and neither is a commit of theirs.
   */
  recheck(signal: AbortSignal): Promise<void>;
  /** Makes and puts out what is new of all days that are over, and what an earlier turn could not put out. */
  putAll(signal: AbortSignal): Promise<{ readonly lists: number; readonly entries: number }>;
}

export interface ListOptions {
  readonly store: Pick<Store, 'codedEntries' | 'personOf'>;
  readonly activity: Activity;
  readonly clock: () => number;
  readonly timeZone: string;
  readonly ways: readonly Way[];
  readonly exchange: Exchange;
}

const UNPUT = 100;
const OPEN = 500;

export function createLists(options: ListOptions): Lists {
  const { store, activity, clock, timeZone } = options;
  const { codedEntries } = store;
  const today = (): string => dayOfMs(clock(), timeZone);
  const waiting = (practice: string, day: string): Promise<readonly CodedEntry[]> =>
    codedEntries.waiting(practice, day, today());
  /** Consent and identity count as they are now; a merge may have made somebody else of them. */
  const refreshed = async (practice: string, day: string): Promise<void> => {
    const people = new Set((await waiting(practice, day)).map(({ personId }) => personId));
    for (const personId of people) {
      const current = await store.personOf(personId);
      await activity.refresh(current);
      if (current !== personId) await activity.refresh(personId);
    }
  };
  const next = async (practice: string, day: string): Promise<CodedBatch | undefined> => {
    if (day > today()) return undefined; // what is yet to be
    await refreshed(practice, day);
    return await codedEntries.list(practice, day, clock());
  };
  return {
    next,
    async preview(practice, day) {
      await refreshed(practice, day);
      return await waiting(practice, day);
    },
    recheck: (signal) => recheck(options, signal),
    putAll: async (signal) => {
      await recheck(options, signal);
      return await putAll({ ...options, next, untilDay: dayBefore(today()) }, signal);
    },
  };
}

async function recheck({ store, activity }: ListOptions, signal: AbortSignal): Promise<void> {
  const people = new Set<string>();
  for (let after: OpenPlace | undefined, isLast = false; !isLast; ) {
    const page = await store.codedEntries.open(OPEN, after);
    for (const { state, blocked, personId } of page)
      if (state === 'due' && blocked !== undefined) people.add(personId);
    after = page.at(-1);
    isLast = page.length < OPEN;
  }
  for (const personId of people) {
    if (signal.aborted) return;
    await activity.refresh(await store.personOf(personId));
  }
}

interface Putting extends ListOptions {
  readonly next: Lists['next'];
  /** the last day that is over */
  readonly untilDay: string;
}

async function putAll(options: Putting, signal: AbortSignal): Promise<{ lists: number; entries: number }> {
  const { store, next, untilDay } = options;
  let [lists, entries] = [0, 0];
  const failed: AdapterError[] = [];
  const put = async (batch: CodedBatch | undefined): Promise<void> => {
    if (!batch) return;
    const error = await putOne(options, batch, signal);
    if (error) return void failed.push(error);
    lists += 1;
    entries += batch.entries.length;
  };
  for (const id of await store.codedEntries.unput(UNPUT)) {
    if (signal.aborted) break;
    await put(await store.codedEntries.batch(id));
  }
  const due: readonly DueList[] = await store.codedEntries.due({ untilDay });
  for (const { practice, day } of due) {
    if (signal.aborted) break;
    await put(await next(practice, day));
  }
  if (failed.length > 0) throw failedOf(failed);
  return { lists, entries };
}

/** A list is put out every way, or again at the next turn: then the same file, and the same id, once more. */
async function putOne(
  { store, ways, exchange, clock }: Putting,
  batch: CodedBatch,
  signal: AbortSignal,
): Promise<AdapterError | undefined> {
  try {
    for (const way of ways) await putOut(batch, way, { exchange, signal });
    await store.codedEntries.put(batch.id, clock());
    return undefined;
  } catch (error) {
    if (error instanceof AdapterError) return error;
    throw error;
  }
}

function failedOf(failed: readonly AdapterError[]): AdapterError {
  const [first] = failed;
  const diagnostics = `${failed.length} lists of coded activity were made and could not be put out; the next turn does. ${first!.message}`;
  return new AdapterError(
    first!.retry,
    issueOf({ rule: 'activity-put', code: 'exception', diagnostics }),
    first,
  );
}

/** @param day `yyyy-MM-dd` */
function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}
