/** SQL of what practices make of coded entries: filed, rejected, or nothing said for too long. */
import { issueOf } from '../../fhir/outcome.ts';
import type { EntryAction, EntryReceipt, EntryState, ReceiptResult } from '../coded-entries.ts';
import { ACTIVITY_TARGET, REJECTED_ENTRY, UNFILED_ENTRY } from '../coded-work.ts';
import { reportItem, reportItemId } from '../work-items.ts';
import { type Step, statement } from './statement.ts';
import { putWork, resolveWorkItem } from './work-rows.ts';

interface Row {
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
  const place = { target: ACTIVITY_TARGET, type: row.type, id: row.resource_id };
  yield* resolveWorkItem(reportItemId(place, UNFILED_ENTRY), nowMs);
  if (outcome === 'filed') yield* resolveWorkItem(reportItemId(place, REJECTED_ENTRY), nowMs);
  else yield* putWork([itemOf(row, REJECTED_ENTRY, rejectedText(row))], nowMs);
  return 'taken';
}

/** The reason is a practice's own words, which may speak of the person: it stays with the entry. */
function rejectedText({ type, resource_id: id, practice, action }: Row): string {
  const what = action === 'add' ? 'the coded entry' : 'the removal of the coded entry';
  return `Practice ${practice} rejected ${what} for ${type}/${id}. Its reason is in the report of coded activity: settle it with the practice, and have it send a receipt when it is filed.`;
}

const RAISE = statement(`
  UPDATE coded_entry SET raised_ms = ? WHERE state = 'listed' AND raised_ms IS NULL AND listed_ms <= ?
  RETURNING *`);
export function* raiseUnfiled(listedBeforeMs: number, nowMs: number): Step<number> {
  const rows = (yield* RAISE.all(nowMs, listedBeforeMs)) as Row[];
  const items = new Map(
    rows.map((row) => {
      const diagnostics = `The coded entry for ${row.type}/${row.resource_id} was listed for practice ${row.practice}, and nobody has said that it is filed. Ask the practice.`;
      const item = itemOf(row, UNFILED_ENTRY, diagnostics);
      return [item.id, item] as const;
    }),
  );
  yield* putWork([...items.values()], nowMs);
  return rows.length;
}

function itemOf(row: Row, rule: string, diagnostics: string): ReturnType<typeof reportItem> {
  const { type, resource_id: id, owner_org: ownerOrg } = row;
  const issue = issueOf({ severity: 'warning', code: 'incomplete', rule, diagnostics, expression: type });
  return reportItem({ seq: 0, target: ACTIVITY_TARGET, deliveryKey: '', type, id, ownerOrg }, issue);
}
