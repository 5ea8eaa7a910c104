/** Coded entries for practices: what is to be filed in GP records, in which list it went, and what came of it. */
import type { Blocked, EntryAction, KeptEntry } from '../referral/coded/entry.ts';
import type { EntryChange } from '../referral/coded/plan.ts';
import type { ResourceKey } from './resources.ts';

export type { Blocked, CodedContent, EntryAction, EntryState, KeptEntry } from '../referral/coded/entry.ts';
export type { EntryChange } from '../referral/coded/plan.ts';

/** An entry with all that is known of it. */
export interface CodedEntry extends KeptEntry {
  readonly personId: string;
  readonly ownerOrg: string;
  /** place within its list, from 1 */
  readonly place: number | undefined;
  readonly dueMs: number;
  readonly listedMs: number | undefined;
  /** its list was fetched, or a way took it or may have */
  readonly isOut: boolean;
  /** when it was filed or rejected, as the receipt says */
  readonly settledMs: number | undefined;
  /** who said so */
  readonly saidBy: string | undefined;
  /** why it was rejected */
  readonly reason: string | undefined;
}

/** A list that was made: it never changes. Who is erased is left out of it from then on. */
export interface CodedBatch {
  readonly id: string;
  readonly practice: string;
  /** day of what happened, `yyyy-MM-dd` */
  readonly day: string;
  readonly listedMs: number;
  readonly entries: readonly CodedEntry[];
}

/** Entries of one practice and day that may be listed. */
export interface DueList {
  readonly practice: string;
  readonly day: string;
  readonly entries: number;
}

/** What a practice made of an entry. */
export interface EntryReceipt {
  /** id of the entry */
  readonly id: string;
  readonly action: EntryAction;
  readonly outcome: 'filed' | 'rejected';
  readonly atMs: number;
  readonly by: string;
  readonly reason?: string | undefined;
}

/** taken: it is kept; same: it was kept before; unknown: no list has such an entry; final: it is filed, or taken back, already */
export type ReceiptResult = 'taken' | 'same' | 'unknown' | 'final';

/** A place in the order of what is open. */
export interface OpenPlace {
  readonly dueMs: number;
  readonly fact: string;
  readonly action: EntryAction;
}

/** A list that was not put out. */
export interface UnputList {
  readonly id: string;
  readonly listedMs: number;
}

export interface CodedEntryStore {
  /** what is kept of a person, and of resources that are theirs by now */
  ofPerson(personId: string, resources: readonly ResourceKey[]): Promise<readonly CodedEntry[]>;
  /**
   * Writes what was planned, each change where the entry is still in the state that it was planned from. With the mark that
   * an entry holds good again, its item is on the worklist.
   * @returns false when one of them was not: it is to be planned anew
   */
  change(personId: string, changes: readonly EntryChange[], nowMs: number): Promise<boolean>;
  /** lists that could be made of what happened up to a day; `practice` and `day` narrow it */
  due(filter: {
    readonly practice?: string | undefined;
    readonly day?: string | undefined;
    readonly untilDay: string;
  }): Promise<readonly DueList[]>;
  /** what the next list of a practice and day would have */
  waiting(practice: string, day: string, untilDay: string): Promise<readonly CodedEntry[]>;
  /**
   * Makes the next list of a practice and day.
   * @param how.without ids of people who are left for a later list
   * @param how.isFetched whoever asks for it has it by that: it is put out no other way
   * @returns undefined when there is nothing new, also where another process was quicker
   */
  list(
    practice: string,
    day: string,
    nowMs: number,
    how?: { readonly without?: readonly string[]; readonly isFetched?: boolean },
  ): Promise<CodedBatch | undefined>;
  batch(id: string): Promise<CodedBatch | undefined>;
  /** lists of a practice and day, oldest first, without their entries */
  batches(practice: string, day: string): Promise<readonly (Omit<CodedBatch, 'entries'> & DueList)[]>;
  /** lists that were made and not put out every way, oldest first */
  unput(count: number, after?: UnputList): Promise<readonly UnputList[]>;
  /** names of the ways that a list was put out by, where not all have taken it yet */
  waysOf(batch: string): Promise<readonly string[]>;
  /**
   * Keeps that a way may have a list, before its first byte leaves.
   * @returns false where the way had been begun before: it may have the list, whatever it says now
   */
  begin(batch: string, way: string): Promise<boolean>;
  /** Keeps that a way has surely not got a list, and never had. */
  notBegun(batch: string, way: string): Promise<void>;
  /** Keeps that one way took a list. */
  putBy(batch: string, ways: readonly string[]): Promise<void>;
  /** Keeps that a list was put out, every way. */
  put(batch: string, nowMs: number): Promise<void>;
  /** Puts on the worklist that a way does not take lists: one item a way. */
  raiseNotOut(way: string, why: string, nowMs: number): Promise<void>;
  /** Takes that back: the way took what there was. */
  outAgain(way: string): Promise<void>;
  /**
   * Takes additions out of a list that nobody can have yet: they are due again, and what was to take them out is not.
   * @returns how many; none of a list that one way took, or has begun
   */
  release(batch: string, facts: readonly string[]): Promise<number>;
  /** Keeps receipts; what is rejected goes on the worklist, what is filed comes off it. Results are in their order. */
  receive(receipts: readonly EntryReceipt[], nowMs: number): Promise<readonly ReceiptResult[]>;
  /** ids of the people whose entries these are */
  peopleOf(ids: readonly string[]): Promise<readonly string[]>;
  /** what is not in the record yet, or not out of it, the oldest first */
  open(count: number, after?: OpenPlace): Promise<readonly CodedEntry[]>;
  /** Puts what was listed before a time and is out, and of which nobody said that it is filed, on the worklist, each once. @returns how many */
  raiseUnfiled(listedBeforeMs: number, nowMs: number): Promise<number>;
}

/** @returns the state in the words of a report: why an entry is not in the record */
export function whyOpen({
  state,
  blocked,
  isOut,
}: Pick<CodedEntry, 'state' | 'blocked' | 'isOut'>): OpenReason {
  if (blocked !== undefined) return blocked;
  if (state === 'listed') return isOut ? 'not-filed' : 'not-out';
  return state === 'rejected' ? 'rejected' : 'not-listed';
}

export type OpenReason = Blocked | 'not-listed' | 'not-out' | 'not-filed' | 'rejected';
