/** Which closed organisations have their work done by which other, as the last look at ODS found: what goes by practice goes by this too. */
import type { Store } from '../../store/store.ts';
import { odsCode } from './organisation.ts';

const JOB = 'ods-successors';

/** From the code of a closed organisation to that of the one that works in its place. */
export type Successors = ReadonlyMap<string, string>;

export async function readSuccessors(store: Pick<Store, 'job'>): Promise<Successors> {
  const kept = await store.job(JOB);
  return new Map(kept === undefined ? [] : Object.entries(JSON.parse(kept) as Record<string, string>));
}

/** @returns whether they are others than before */
export async function keepSuccessors(
  store: Pick<Store, 'job' | 'keepJob'>,
  successors: Successors,
  nowMs: number,
): Promise<boolean> {
  const sorted = [...successors].sort(([a], [b]) => (a < b ? -1 : 1));
  const state = sorted.length === 0 ? undefined : JSON.stringify(Object.fromEntries(sorted));
  if ((await store.job(JOB)) === state) return false;
  await store.keepJob(JOB, state, nowMs);
  return true;
}

/**
 * @param served the practices that something goes to; undefined where that is any
 * @returns the practice, or the one that works in its place, where something goes there
 */
export function workedBy(
  practice: string,
  successors: Successors,
  served: readonly string[] | undefined,
): string {
  const heir = successors.get(odsCode(practice));
  if (heir === undefined) return practice;
  return served === undefined || served.map(odsCode).includes(heir) ? heir : practice;
}

/** @returns the practices, and those closed ones whose work one of them does; the same list where there are none */
export function withClosed(practices: readonly string[], successors: Successors): readonly string[] {
  const wanted = new Set(practices.map(odsCode));
  const closed = [...successors].flatMap(([from, to]) => (wanted.has(to) && !wanted.has(from) ? [from] : []));
  return closed.length === 0 ? practices : [...practices, ...closed.sort()];
}
