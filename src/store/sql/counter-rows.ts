/** SQL of the numbers that rows are given, in the order of their commits. */
import { type Step, statement } from './statement.ts';

/** What is numbered: resources, source records, deliveries, changes that subscriptions follow, accesses. */
export type Counted = 'resource' | 'source_record' | 'outbox' | 'change' | 'access';

const TAKE = statement('UPDATE counter SET last = last + ? WHERE name = ? RETURNING last');
/** Makes whoever else commits wait until this transaction ends. */
export function* lockCommits(): Step<void> {
  yield* takeNumbers('resource', 0);
}

/**
 * Takes numbers that nobody else gets. Until the transaction ends whoever also wants some waits, so that numbers come in
 * the order of commits.
 * @returns the first of `count` numbers
 */
export function* takeNumbers(name: Counted, count: number): Step<number> {
  const { last } = (yield* TAKE.get(count, name)) as { last: number };
  return last - count + 1;
}
