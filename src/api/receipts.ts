/** Turns what became of an intake into its receipt, or into the refusal of all that was sent. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Response } from 'express';
import { issueOf, outcomeOf, ruleOf } from '../fhir/outcome.ts';
import type { IntakeSummary, Refusal } from '../source/tally.ts';
import type { Receipt, Store } from '../store/store.ts';
import { accessOf } from './access.ts';
import { sendFault, sendFhir, statusOf } from './respond.ts';

const RECEIPT_ID = /^[0-9a-f-]{36}$/;
/** Faults of the text itself: there is no record in it that could be amended and sent again. */
const OF_THE_TEXT = /^read-(json-(syntax|key|text|depth|object)|nul|encoding|too-long|columns|empty)$/;

/**
 * 202 with the receipt when anything was accepted, or there was nothing to accept. When all was refused:
 * 400 (413 when too long) where the text cannot be read, else 422.
 * @param workId worklist item of the one record sent, where it is known
 */
export function sendSummary(response: Response, summary: IntakeSummary, workId?: string): void {
  const { receipt, read, deliveries, refusals } = summary;
  const issues = refusals.flatMap(placedIssues);
  response.set('Location', locationOf(receipt.id));
  if (receipt.refused > 0 && receipt.committed + receipt.unchanged === 0) {
    const outcome = outcomeOf(...issues, keptIssue(receipt, workId));
    return sendFhir(response, refusals.every(isOfTheText) ? statusOf(outcome) : 422, outcome);
  }
  const outcome = issues.length === 0 ? {} : { outcome: outcomeOf(...issues) };
  response.status(202).json({ ...receiptBody(receipt), read, deliveries, ...outcome });
}

/** Sends a receipt as it stands now, to whoever may post to its source: for others it is not there. */
export async function sendReceipt(store: Store, id: string, response: Response): Promise<void> {
  const receipt = RECEIPT_ID.test(id) ? await store.receipt(id) : undefined;
  if (receipt && accessOf(response).maySend(receipt.source, receipt.kind))
    return void response.json(receiptBody(receipt));
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'intake-unknown-receipt',
    diagnostics: 'There is no such receipt.',
  });
}

/** @returns true when a record was not there to be refused: its text could not be read */
export function isOfTheText({ key, outcome }: Pick<Refusal, 'key' | 'outcome'>): boolean {
  return key === undefined && outcome.issue.some((issue) => OF_THE_TEXT.test(ruleOf(issue) ?? ''));
}

function locationOf(receiptId: string): string {
  return `/intake/receipts/${receiptId}`;
}

/** Names the line of the request; the text of one line of NDJSON is itself told as line 1. */
function placedIssues({ outcome, line }: Refusal): OperationOutcomeIssue[] {
  if (line === undefined) return outcome.issue;
  return outcome.issue.map((issue) => {
    const [, within = `: ${issue.diagnostics ?? issue.code}`] =
      /^line 1(, column .*)$/s.exec(issue.diagnostics ?? '') ?? [];
    return { ...issue, diagnostics: `line ${line}${within}` };
  });
}

function keptIssue({ id, refused }: Receipt, workId: string | undefined): OperationOutcomeIssue {
  const what = workId === undefined ? `${refused} refused` : `the record, as worklist item ${workId}`;
  return issueOf({
    severity: 'information',
    code: 'informational',
    rule: 'intake-kept',
    diagnostics: `Kept for whoever looks after the worklist: ${what}, under receipt ${id}. Amend and send again; the item then settles itself.`,
  });
}

function receiptBody(receipt: Receipt): object {
  const { id, source, kind, receivedMs, finishedMs, interruptedMs, file, ...rest } = receipt;
  const { committed, unchanged, refused } = rest;
  return {
    receipt: id,
    status: statusOfReceipt(receipt),
    source,
    kind,
    ...(file === undefined ? {} : { file }),
    received: new Date(receivedMs).toISOString(),
    ...(finishedMs === undefined ? {} : { finished: new Date(finishedMs).toISOString() }),
    ...(interruptedMs === undefined ? {} : { interrupted: new Date(interruptedMs).toISOString() }),
    committed,
    unchanged,
    refused,
    ...(interruptedMs === undefined ? {} : { outcome: outcomeOf(interruptedIssue(file)) }),
  };
}

function statusOfReceipt({ finishedMs, interruptedMs }: Receipt): 'reading' | 'finished' | 'interrupted' {
  if (finishedMs !== undefined) return 'finished';
  return interruptedMs === undefined ? 'reading' : 'interrupted';
}

function interruptedIssue(file: string | undefined): OperationOutcomeIssue {
  const next =
    file === undefined
      ? 'Send all of it again'
      : 'It is read again from its start while it lies in the drop folder; else drop it again';
  return issueOf({
    severity: 'warning',
    code: 'incomplete',
    rule: 'intake-interrupted',
    diagnostics: `Reading ended before the end, so the counts are of a part. ${next}: what is stored already is recognised, counts as unchanged and is not stored twice.`,
  });
}
