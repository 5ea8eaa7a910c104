/** Turns a batch of records into one transaction's work, and counts it into the receipts it belongs to. */
import type { CommitResult, Receipt, ReceiptStart } from '../../store.ts';
import { countIntoReceipt, finishReceipt, insertReceipt } from '../record-rows.ts';
import type { Step } from '../statement.ts';
import { type AnyRecord, Batch, type CommitContext } from './batch.ts';
import { commitRecord } from './record.ts';
import { refuseRecord } from './refused.ts';

/** Commits a batch with the receipts that it is all of. @param instance the process that reads them @returns one result a record, in order */
export function* commitWhole(
  context: CommitContext,
  records: readonly AnyRecord[],
  whole: readonly ReceiptStart[],
  instance: string,
): Step<CommitResult[]> {
  for (const receipt of whole) yield* insertReceipt(receipt, instance);
  const results = yield* commitBatch(context, records);
  for (const { id } of whole) yield* finishReceipt(id, context.nowMs);
  return results;
}

/** Within the open transaction. @returns one result a record, in order */
export function* commitBatch(context: CommitContext, records: readonly AnyRecord[]): Step<CommitResult[]> {
  const batch = new Batch(context, records);
  yield* batch.open();
  const results: CommitResult[] = [];
  for (const [at, record] of records.entries()) {
    yield* batch.next(at);
    if ('outcome' in record) {
      yield* refuseRecord(batch, record);
      results.push({ state: 'refused', outcome: record.outcome });
    } else results.push(yield* commitRecord(batch, record));
  }
  yield* batch.pending.flush();
  for (const [id, counts] of countByReceipt(records, results)) yield* countIntoReceipt(id, counts);
  return results;
}

function countByReceipt(
  records: readonly AnyRecord[],
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
