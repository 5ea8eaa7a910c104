/** Makes the lists of coded entries, each person brought in step right before: every entry in one list, once. */
import { readSuccessors, withClosed } from '../../nhs/ods/successors.ts';
import { dayOfMs } from '../../referral/coded/event.ts';
import type { CodedBatch, CodedEntry, OpenPlace } from '../../store/coded-entries.ts';
import type { Store } from '../../store/store.ts';
import type { Exchange } from '../../wire/exchange.ts';
import type { CodedActivity } from './coded-activity.ts';
import type { Way } from './out.ts';
import { putAll } from './put.ts';

export interface Lists {
  /** Makes the next list of a practice and day for who asks for it: it is put out no other way. @returns undefined when there is nothing new */
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
  readonly store: Pick<Store, 'codedEntries' | 'personOf' | 'job'>;
  readonly coded: CodedActivity;
  readonly clock: () => number;
  readonly timeZone: string;
  readonly ways: readonly Way[];
  readonly exchange: Exchange;
  /** people whose entries could not be looked at: they are in no list until they can be */
  readonly onLeftOut?: ((people: number) => void) | undefined;
}

const OPEN = 500;

/** Id of a list that is none yet: it shows what the next one would have. */
export const PREVIEW = '00000000-0000-0000-0000-000000000000';

export function createLists(options: ListOptions): Lists {
  const { store, clock, timeZone } = options;
  const { codedEntries } = store;
  const today = (): string => dayOfMs(clock(), timeZone);
  const waiting = (practice: string, day: string): Promise<readonly CodedEntry[]> =>
    codedEntries.waiting(practice, day, today());
  /** Consent and identity count as they are now; a merge may have made somebody else of them. */
  const refreshed = async (practice: string, day: string): Promise<readonly string[]> => {
    const practices = withClosed([practice], await readSuccessors(store));
    const found = await Promise.all(practices.map((one) => waiting(one, day)));
    return await refreshAll(
      options,
      found.flat().map(({ personId }) => personId),
    );
  };
  const make = async (practice: string, day: string, isFetched: boolean): Promise<CodedBatch | undefined> => {
    if (day > today()) return undefined; // what is yet to be
    const without = await refreshed(practice, day);
    return await codedEntries.list(practice, day, clock(), { without, isFetched });
  };
  return {
    next: (practice, day) => make(practice, day, true),
    async preview(practice, day) {
      const leftOut = await refreshed(practice, day);
      return (await waiting(practice, day)).filter(({ personId }) => !leftOut.includes(personId));
    },
    recheck: (signal) => recheck(options, signal),
    putAll: async (signal) => {
      await recheck(options, signal);
      const next = (practice: string, day: string) => make(practice, day, false);
      return await putAll({ ...options, next, untilDay: dayBefore(today()) }, signal);
    },
  };
}

async function recheck(options: ListOptions, signal: AbortSignal): Promise<void> {
  const people: string[] = [];
  for (let after: OpenPlace | undefined, isLast = false; !isLast; ) {
    const page = await options.store.codedEntries.open(OPEN, after);
    for (const { state, blocked, personId } of page)
      if (state === 'due' && blocked !== undefined) people.push(personId);
    after = page.at(-1);
    isLast = page.length < OPEN;
  }
  await refreshAll(options, people, signal);
}

/**
 * Brings people in step, each by themself: what is wrong with one stops no other.
 * @returns those who could not be, under every id of theirs
 */
async function refreshAll(
  { store, coded, onLeftOut }: ListOptions,
  people: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const leftOut: string[] = [];
  for (const personId of new Set(people)) {
    if (signal?.aborted) break;
    const current = await store.personOf(personId);
    const ids = current === personId ? [current] : [current, personId];
    try {
      for (const id of ids) await coded.refresh(id);
    } catch {
      leftOut.push(...ids);
    }
  }
  if (leftOut.length > 0) onLeftOut?.(leftOut.length);
  return leftOut;
}

/** @param day `yyyy-MM-dd` */
function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}
