/** Keeps how far a directory was read: what the pages of its last sweep were like, and where a run under way stands. */
import { createHash } from 'node:crypto';
import type { Store } from '../../store/store.ts';
import type { Stamp } from './client.ts';

/** A page of the last sweep: the same again needs no reading. */
export interface KnownPage extends Stamp {
  readonly digest: string;
  /** short digests of the ids on it */
  readonly ids: readonly string[];
  readonly isLast: boolean;
  /** address of the next page, where the directory gave one */
  readonly next?: string | undefined;
}

/** A run that is under way, or was cut off: it goes on at its page. */
export interface Run {
  readonly isFull: boolean;
  readonly startedMs: number;
  /** page to be read next, from 1 */
  readonly page: number;
  /** address of it, where the directory gave one */
  readonly next?: string | undefined;
  /** short digests of all ids seen in it */
  readonly seen: readonly string[];
}

export interface Progress {
  /** everything modified before was taken in */
  readonly sinceMs?: number;
  /** when the last whole sweep began */
  readonly fullMs?: number;
  readonly run?: Run | undefined;
  /** keys of services that were about to be committed, and not told of yet */
  readonly pending?: readonly string[] | undefined;
  /** services that could not be read: each look asks for them in the end, in this order */
  readonly missedIds?: readonly string[];
  /** keys of services that the last whole sweep did not see, and that could not be asked whether they are gone; in the order to ask */
  readonly unanswered?: readonly string[];
  /** short digests of ids that the last whole sweep of a mere list did not see */
  readonly missing?: readonly string[];
  /** other sources that the keys of all that stands here are known to */
  readonly aliased?: string;
  readonly pages: Readonly<Record<string, KnownPage>>;
}

type Kept = Pick<Store, 'job' | 'keepJob'>;

export async function readProgress(name: string, store: Kept): Promise<Progress> {
  const kept = await store.job(`directory/${name}`);
  return kept === undefined ? { pages: {} } : (JSON.parse(kept) as Progress);
}

export async function keepProgress(
  name: string,
  store: Kept,
  progress: Progress,
  nowMs: number,
): Promise<void> {
  await store.keepJob(`directory/${name}`, JSON.stringify(progress), nowMs);
}

/** An id in 12 characters: thousands of them are kept with each page. */
export function short(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 12);
}
