/** The audit's rows, as those who write them know it: one chain of changes, one of accesses. */
import type { AuditRow, BrokenChain } from '../audit-chain.ts';
import { ACCESSES, CHANGES, type ChainEnd } from './chain.ts';
import { type Step, statement } from './statement.ts';

export type { ChainEnd };

/** Adds to the end of the chain of changes, within the transaction that does what the rows say. @returns the new end */
export function appendAudit(entries: readonly Omit<AuditRow, 'seq'>[], after?: ChainEnd): Step<ChainEnd> {
  return CHANGES.append(entries, after);
}

/** The last number that was given to an access: rows cut off at the end of the chain are missed. */
const SELECT_GIVEN = statement(`SELECT last FROM counter WHERE name = 'access'`);

/** @returns the first row of either chain that does not fit, undefined where both hold */
export function* findBrokenAudit(): Step<BrokenChain | undefined> {
  const broken = (yield* CHANGES.findBroken()) ?? (yield* ACCESSES.findBroken());
  if (broken) return broken;
  const { seq } = yield* ACCESSES.end();
  const { last } = (yield* SELECT_GIVEN.get()) as { last: number };
  return seq === last ? undefined : { chain: 'access', seq: seq + 1 };
}
