/** Turns the words of `coded-activity` into lists, reports and receipts, in the running adapter or beside its store. */
import { z } from 'zod';
import { receiptsIn } from '../../api/coded-receipts.ts';
import { receivedJson } from '../../api/coded-routes.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { CodedBatch } from '../../store/coded-entries.ts';
import { PREVIEW } from '../../target/coded/list.ts';
import { textOfBatch } from '../../target/coded/out.ts';
import { type CodedReport, codedReport, reportCsv, reportJson } from '../../target/coded/report.ts';
import type { Workshop } from '../again/workshop.ts';
import type { CodedDesk } from './coded-activity.ts';

export const listSchema = z.strictObject({
  practice: z.string().regex(/^[A-Za-z0-9]{3,10}$/, 'an ODS code'),
  day: z.iso.date('a day, such as 2026-03-08'),
  format: z.enum(['csv', 'fhir']).default('csv'),
  bom: z.boolean().default(false),
  preview: z.boolean().default(false),
});
export const batchSchema = z.strictObject({
  batch: z.uuid(),
  format: z.enum(['csv', 'fhir']).default('csv'),
  bom: z.boolean().default(false),
});
export const reportSchema = z.strictObject({
  format: z.enum(['table', 'csv', 'json']).default('table'),
  practice: z.string().optional(),
  reasons: z.boolean().default(false),
});
export const receiptsSchema = z.strictObject({ text: z.string(), media: z.string() });

export type CodedEvent =
  /** a list, as it is printed */
  | {
      readonly event: 'list';
      readonly list: string | undefined;
      readonly entries: number;
      readonly text: string;
    }
  | { readonly event: 'nothing' }
  | { readonly event: 'groups'; readonly groups: CodedReport['groups']; readonly total: number }
  | { readonly event: 'text'; readonly text: string }
  | ({ readonly event: 'received' } & ReturnType<typeof receivedJson>);

/** Makes the next list of a practice and day; with `preview` only shows it. */
export async function* listJob(
  shop: Workshop,
  { practice: given, day, format, bom, preview }: z.infer<typeof listSchema>,
): AsyncGenerator<CodedEvent> {
  const { lists } = deskOf(shop);
  const practice = given.toUpperCase();
  if (preview) {
    const entries = await lists.preview(practice, day);
    const batch: CodedBatch = { id: PREVIEW, practice, day, listedMs: shop.clock(), entries };
    yield entries.length === 0
      ? { event: 'nothing' }
      : { event: 'list', list: undefined, entries: entries.length, text: textOfBatch(batch, format, bom) };
    return;
  }
  const batch = await lists.next(practice, day);
  if (!batch) return yield { event: 'nothing' };
  yield {
    event: 'list',
    list: batch.id,
    entries: batch.entries.length,
    text: textOfBatch(batch, format, bom),
  };
}

/** Shows a list once more, as it was made. */
export async function* batchJob(
  { store }: Workshop,
  { batch: id, format, bom }: z.infer<typeof batchSchema>,
): AsyncGenerator<CodedEvent> {
  const batch = await store.codedEntries.batch(id);
  if (!batch) return yield { event: 'nothing' };
  yield { event: 'list', list: id, entries: batch.entries.length, text: textOfBatch(batch, format, bom) };
}

export async function* reportJob(
  { store, clock }: Workshop,
  { format, practice, reasons: withReasons }: z.infer<typeof reportSchema>,
): AsyncGenerator<CodedEvent> {
  const report = await codedReport(store, clock(), { practice: practice?.toUpperCase(), withReasons });
  if (format === 'table') return yield { event: 'groups', groups: report.groups, total: report.total };
  const text = format === 'csv' ? reportCsv(report) : `${JSON.stringify(reportJson(report), undefined, 2)}\n`;
  yield { event: 'text', text };
}

export async function* receiptsJob(
  shop: Workshop,
  { text, media }: z.infer<typeof receiptsSchema>,
): AsyncGenerator<CodedEvent> {
  const receipts = await receiptsIn(text, media, shop.clock());
  if (!receipts.ok) throw new AdapterError('permanent', receipts.outcome.issue[0]!);
  const results = await shop.store.codedEntries.receive(receipts.value, shop.clock());
  await deskOf(shop).afterReceipts(receipts.value);
  yield { event: 'received', ...receivedJson(receipts.value, results) };
}

function deskOf({ coded }: Workshop): CodedDesk {
  if (coded) return coded;
  const diagnostics = 'Coded activity is not configured: add "codedActivity" to "nhs" in the configuration.';
  throw new AdapterError('permanent', issueOf({ rule: 'coded-off', code: 'not-supported', diagnostics }));
}
