/** Turns what was wrong with a record into items of the worklist, and settles them once a good version of it comes. */
import type { CommitRecord, RefusedRecord } from '../../store.ts';
import { conflictItem, rejectedItem, safetyItems, warningItems } from '../../work-items.ts';
import { hiddenPayload } from '../restrict.ts';
import type { Step } from '../statement.ts';
import { resolveRejected, withdrawWarnings } from '../work-rows.ts';
import type { Batch } from './batch.ts';
import { speaksOfRestricted } from './restricted.ts';
import { recordKeyOf } from './view.ts';

/** Keeps a refused record for amendment; the same one again makes no second item. */
export function* refuseRecord(batch: Batch, record: RefusedRecord): Step<void> {
  const { conflict } = record;
  const isHidden = yield* speaksOfRestricted(batch, record);
  const item = conflict ? conflictItem(record, conflict) : rejectedItem(record);
  for (const one of [item, ...safetyItems(record)]) yield* batch.pending.openWork(one);
  if (record.key !== undefined) batch.view.openWork.add(recordKeyOf(record));
  const payload = JSON.stringify(conflict ?? record.payload ?? null);
  batch.pending.payloads.set(item.id, [
    item.id,
    record.receiptId,
    isHidden ? hiddenPayload(payload) : payload,
  ]);
}

/** A good version of a record settles what was refused of it, and takes back what an earlier version warned of and this one does not. */
export function* settleRefused(batch: Batch, record: CommitRecord, isKnown: boolean): Step<void> {
  if (!batch.view.openWork.has(recordKeyOf(record))) return;
  const { source, kind, key } = record;
  yield* batch.pending.flush();
  const wasRefused = yield* resolveRejected(source, kind, key, batch.context.nowMs);
  if (!isKnown && !wasRefused) return;
  const ids = warningItems(record).map((item) => item.id);
  yield* withdrawWarnings(source, kind, key, ids);
}

export function* openWarnings(batch: Batch, record: CommitRecord): Step<void> {
  const items = warningItems(record);
  for (const item of items) yield* batch.pending.openWork(item);
  if (items.length > 0) batch.view.openWork.add(recordKeyOf(record));
}
