/** Turns a batch of records into one transaction's work, and counts it into the receipts it belongs to. */
import type { CommitRecord, CommitResult, Receipt, RefusedRecord } from '../store.ts';
import { type CommitContext, commitRecord, refuseRecord } from './commit.ts';
import { countIntoReceipt } from './record-rows.ts';

/** Within the open transaction. @returns one result a record, in order */
export function commitBatch(
  context: CommitContext,
  records: readonly (CommitRecord | RefusedRecord)[],
): CommitResult[] {
  const results = records.map((record): CommitResult => {
    if (!('outcome' in record)) return commitRecord(context, record);
    refuseRecord(context.db, record, context.nowMs);
    return { state: 'refused', outcome: record.outcome };
  });
  for (const [id, counts] of countByReceipt(records, results)) countIntoReceipt(context.db, id, counts);
  return results;
}

function countByReceipt(
  records: readonly (CommitRecord | RefusedRecord)[],
  results: readonly CommitResult[],
): Map<string, Record<keyof Pick<Receipt, 'committed' | 'unchanged' | 'refused'>, number>> {
  const counts = new Map<string, { committed: number; unchanged: number; refused: number }>();
  records.forEach((record, i) => {
    const count = counts.get(record.receiptId) ?? { committed: 0, unchanged: 0, refused: 0 };
    counts.set(record.receiptId, count);
    count[results[i]!.state] += 1;
  });
  return counts;
}
