/** SQL of what practices make of coded entries: filed, rejected, or nothing said for too long. */
import type { EntryAction, EntryReceipt, EntryState, ReceiptResult } from '../coded-entries.ts';
import { entryItem, entryItemId, REJECTED_ENTRY, UNFILED_ENTRY } from '../coded-work.ts';
import { type Step, statement } from './statement.ts';
import { putWork, resolveWorkItem } from './work-rows.ts';

interface Row {
  readonly id: string;
  readonly fact: string;
  readonly action: EntryAction;
  readonly type: string;
  readonly resource_id: string;
  readonly owner_org: string;
  readonly state: EntryState;
  readonly batch_id: string | null;
  readonly practice: string | null;
}

const FIND = statement('SELECT * FROM coded_entry WHERE id = ? AND action = ?');
const SETTLE = statement(`
  UPDATE coded_entry SET state = ?, settled_ms = ?, said_by = ?, reason = ?
  WHERE fact = ? AND action = ? AND state IN ('listed', 'rejected', 'withdrawn') AND batch_id IS NOT NULL`);

/** What is filed stays so, whatever comes after it; what was rejected may be filed after all. */
export function* receive(receipts: readonly EntryReceipt[], nowMs: number): Step<readonly ReceiptResult[]> {
  const results: ReceiptResult[] = [];
  for (const receipt of receipts) results.push(yield* receiveOne(receipt, nowMs));
  return results;
}

function* receiveOne(receipt: EntryReceipt, nowMs: number): Step<ReceiptResult> {
  const { id, action, outcome, atMs, by, reason } = receipt;
  const row = (yield* FIND.get(id, action)) as Row | undefined;
  if (!row || row.batch_id === null) return 'unknown';
  if (row.state === outcome) return 'same';
  if (row.state === 'filed') return 'final';
  // rejected, and then taken back: nothing of it is in the record
  if (row.state === 'withdrawn' && outcome === 'rejected') return 'same';
  const written = yield* SETTLE.run(outcome, atMs, by, reason ?? null, row.fact, row.action);
  if (written === 0) return 'final';
  yield* resolveWorkItem(entryItemId(row, UNFILED_ENTRY), nowMs);
  if (outcome === 'filed') yield* resolveWorkItem(entryItemId(row, REJECTED_ENTRY), nowMs);
  else yield* putWork([itemOf(row, REJECTED_ENTRY, rejectedText(row))], nowMs);
  return 'taken';
}

/** The reason is a practice's own words, which may speak of the person: it stays with the entry. */
function rejectedText(row: Row): string {
  return `Practice ${row.practice} rejected ${namedIn(row)}. Its reason is in the report of coded activity, where that is asked for with reasons: settle it with the practice, and have it send a receipt when it is filed.`;
}

function namedIn({ id, type, resource_id: resource, action }: Row): string {
  return `${action === 'add' ? 'the coded entry' : 'the removal of the coded entry'} ${id} for ${type}/${resource}`;
}

/** A list that no way took, or may have taken, is nothing to ask a practice about. */
const RAISE = statement(`
  UPDATE coded_entry SET raised_ms = ? WHERE state = 'listed' AND raised_ms IS NULL AND listed_ms <= ?
    AND (put_ms IS NOT NULL OR put_ways IS NOT NULL OR begun_ways IS NOT NULL)
  RETURNING *`);
export function* raiseUnfiled(listedBeforeMs: number, nowMs: number): Step<number> {
  const rows = (yield* RAISE.all(nowMs, listedBeforeMs)) as Row[];
  const items = rows.map((row) => {
    const diagnostics = `Of ${namedIn(row)}, listed for practice ${row.practice}, nobody has said that it is filed. Ask the practice.`;
    return itemOf(row, UNFILED_ENTRY, diagnostics);
  });
  yield* putWork(items, nowMs);
  return rows.length;
}

function itemOf(row: Row, rule: string, diagnostics: string): ReturnType<typeof entryItem> {
  const { fact, action, type, resource_id: id, owner_org: ownerOrg } = row;
  return entryItem({ fact, action, type, id, ownerOrg }, rule, diagnostics);
}
