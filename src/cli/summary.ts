/** Turns what intakes and deliveries did into the table and the list of refusals that a person sees. */
import Table from 'cli-table3';
import { ruleOf } from '../fhir/outcome.ts';
import type { IntakeSummary, Refusal } from '../source/tally.ts';
import type { StoreCounts } from '../store/store.ts';

const SHOWN = 20;

/** One intake with the name it goes by in the table. */
export interface Row {
  readonly name: string;
  readonly summary: IntakeSummary;
}

/** @returns a table of records per file: read, mapped, validated, committed, unchanged, rejected, and a total line */
export function intakeTable(rows: readonly Row[]): string {
  const table = new Table({
    head: ['Source', 'Read', 'Mapped', 'Validated', 'Committed', 'Unchanged', 'Rejected', 'To deliver'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
  });
  const numbers = rows.map(({ summary }) => [
    summary.read,
    summary.mapped,
    summary.validated,
    summary.receipt.committed,
    summary.receipt.unchanged,
    summary.receipt.refused,
    summary.deliveries,
  ]);
  rows.forEach(({ name }, at) => {
    table.push([name, ...numbers[at]!.map(String)]);
  });
  if (rows.length > 1)
    table.push([
      'Total',
      ...[0, 1, 2, 3, 4, 5, 6].map((column) => String(numbers.reduce((sum, row) => sum + row[column]!, 0))),
    ]);
  return table.toString();
}

/** @returns a table of deliveries per target */
export function deliveryTable(counts: StoreCounts): string {
  const table = new Table({
    head: ['Target', 'Delivered', 'Waiting', 'Held', 'Parked'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  });
  for (const one of counts.targets)
    table.push([one.target, one.delivered, one.waiting + one.claimed, one.held, one.parked].map(String));
  return table.toString();
}

/** @returns a line a refusal: file:line, rule, what to change; never a value of the record */
export function refusalLines(refusals: readonly Refusal[], total: number): string[] {
  const lines = refusals.slice(0, SHOWN).map((refusal) => {
    const issue =
      refusal.outcome.issue.find((one) => one.severity === 'error' || one.severity === 'fatal') ??
      refusal.outcome.issue[0];
    const place = refusal.file
      ? `${refusal.file}${refusal.line === undefined ? '' : `:${refusal.line}`}`
      : refusal.kind;
    return `  ${place}  ${(issue && ruleOf(issue)) ?? issue?.code ?? ''}  ${issue?.diagnostics ?? ''}`;
  });
  if (total > SHOWN) lines.push(`  … and ${total - SHOWN} more: see the status page or "status"`);
  return lines;
}
