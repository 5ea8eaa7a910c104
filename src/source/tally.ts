/** Counts what becomes of the records of one file or request, and keeps the first refusals with their place. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { CommitResult, Receipt } from '../store/store.ts';
import type { ReadRecord } from './record.ts';

/** A record that was refused, by where it came from. */
export interface Refusal {
  readonly kind: string;
  readonly key: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly outcome: OperationOutcome;
}

/** How far the records of one file or request came. */
export interface Tally {
  readonly read: number;
  readonly mapped: number;
  readonly validated: number;
  readonly committed: number;
  readonly unchanged: number;
  readonly refused: number;
  /** entries put into the outbox */
  readonly deliveries: number;
  /** the first refusals, at most 100, with their place */
  readonly refusals: readonly Refusal[];
}

/** What became of one file or request. */
export type IntakeSummary = Omit<Tally, 'committed' | 'unchanged' | 'refused'> & {
  readonly receipt: Receipt;
};

const REFUSALS_SHOWN = 100;

export const NOTHING_YET: Tally = {
  read: 0,
  mapped: 0,
  validated: 0,
  committed: 0,
  unchanged: 0,
  refused: 0,
  deliveries: 0,
  refusals: [],
};

/**
 * Adds a batch that is on disk.
 * @param results one a record, in order
 * @param reached how many of the batch were mapped, and of these found valid
 */
export function addBatch(
  before: Tally,
  batch: readonly ReadRecord[],
  results: readonly CommitResult[],
  reached: Pick<Tally, 'mapped' | 'validated'>,
): Tally {
  const count = (state: CommitResult['state']): number =>
    results.filter((result) => result.state === state).length;
  const room = REFUSALS_SHOWN - before.refusals.length;
  return {
    read: before.read + batch.length,
    mapped: before.mapped + reached.mapped,
    validated: before.validated + reached.validated,
    committed: before.committed + count('committed'),
    unchanged: before.unchanged + count('unchanged'),
    refused: before.refused + count('refused'),
    deliveries: results.reduce(
      (sum, result) => sum + (result.state === 'committed' ? result.deliveries : 0),
      before.deliveries,
    ),
    refusals: [...before.refusals, ...refusalsIn(batch, results).slice(0, room)],
  };
}

function refusalsIn(batch: readonly ReadRecord[], results: readonly CommitResult[]): Refusal[] {
  return results.flatMap((result, at) => {
    if (result.state !== 'refused') return [];
    const { kind, key, file, line } = batch[at]!;
    return [{ kind, key, file, line, outcome: result.outcome }];
  });
}

/** @param receipt as it stands at the end */
export function summaryOf(
  { read, mapped, validated, deliveries, refusals }: Tally,
  receipt: Receipt,
): IntakeSummary {
  return { receipt, read, mapped, validated, deliveries, refusals };
}
