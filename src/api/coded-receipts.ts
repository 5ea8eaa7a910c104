/** Turns receipts that practices give, as JSON, NDJSON or CSV, into receipts of coded entries, or says which line is none. */
import { z } from 'zod';
import { type Checked, issueOf, outcomeOf, refuse } from '../fhir/outcome.ts';
import { csvRows } from '../source/csv-rows.ts';
import type { EntryReceipt } from '../store/coded-entries.ts';

/** Rows of this kind are short. */
const LONGEST_ROW = 20_000;
const LIMITS = { csvRecordBytes: LONGEST_ROW } as Parameters<typeof csvRows>[1];

const optional = (longest: number) =>
  z
    .string()
    .max(longest)
    .transform((text) => text.trim() || undefined)
    .optional();
const MEMBERS = 'entry_id, action, outcome, when, by, reason';
/** The names of what else is there are not told: without a line of names, the first row's values stand in their place. */
const shape = {
  entry_id: z.uuid('is no id of an entry: copy it from the list'),
  action: z.enum(['add', 'remove'], 'is add or remove, as in the list').default('add'),
  outcome: z.enum(['filed', 'rejected'], 'is filed or rejected'),
  when: z.iso
    .datetime({ offset: true, error: 'is a time with its zone, such as 2026-03-09T08:30:00Z' })
    .optional(),
  by: z.string().trim().min(1, 'names who filed or rejected it').max(200),
  reason: optional(1_000),
};
const receiptSchema = z.strictObject(shape, {
  error: ({ code }) =>
    code === 'unrecognized_keys'
      ? `has members, or columns, that no receipt has: it has ${MEMBERS}, and CSV names them in its first line`
      : undefined,
});

/** @param media `text/csv`, else JSON: an array, `{"items": […]}`, one object, or one a line */
export async function receiptsIn(
  text: string,
  media: string,
  nowMs: number,
): Promise<Checked<readonly EntryReceipt[]>> {
  const rows = media === 'text/csv' ? await csvObjects(text) : jsonObjects(text);
  if (!rows.ok) return rows;
  const receipts: EntryReceipt[] = [];
  const issues = rows.value.flatMap((row, at) => {
    const parsed = receiptSchema.safeParse(row);
    if (!parsed.success)
      return parsed.error.issues.map(({ path, message }) =>
        issueOf({
          rule: 'coded-receipt',
          code: 'value',
          diagnostics: `Receipt ${at + 1}, ${path.join('.') || 'members'}: ${message}.`,
        }),
      );
    const { entry_id: id, when, ...rest } = parsed.data;
    receipts.push({ id, ...rest, atMs: when === undefined ? nowMs : Date.parse(when) });
    return [];
  });
  return issues.length > 0 ? { ok: false, outcome: outcomeOf(...issues) } : { ok: true, value: receipts };
}

function jsonObjects(text: string): Checked<readonly unknown[]> {
  const parsed = parsedJson(text) ?? linesOf(text);
  if (parsed === undefined)
    return refuse({
      rule: 'coded-receipt',
      code: 'structure',
      diagnostics: 'The receipts are no JSON: send an array, or one object a line.',
    });
  const items = (parsed as { items?: unknown }).items ?? parsed;
  return { ok: true, value: Array.isArray(items) ? items : [items] };
}

function linesOf(text: string): unknown[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const parsed = lines.map(parsedJson);
  return lines.length === 0 || parsed.includes(undefined) ? undefined : parsed;
}

function parsedJson(text: string): unknown {
  try {
    const parsed = JSON.parse(text) as unknown;
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

async function csvObjects(text: string): Promise<Checked<readonly unknown[]>> {
  const rows = (await Array.fromAsync(csvRows(onePart(text.replace(/^\ufeff/, '')), LIMITS))).flat();
  const fault = rows.find((row) => !row.ok);
  if (fault && !fault.ok)
    return refuse({
      rule: 'coded-receipt',
      code: 'structure',
      diagnostics: `Line ${fault.line}: ${fault.hint}`,
    });
  const [head, ...body] = rows.flatMap((row) => (row.ok ? [row.cells] : []));
  const names = (head ?? []).map((name) => name.trim().toLowerCase());
  const cells = (row: readonly string[]): [string, string][] =>
    names.flatMap((name, at): [string, string][] => (row[at]?.trim() ? [[name, row[at].trim()]] : []));
  return { ok: true, value: body.map((row) => Object.fromEntries(cells(row))) };
}

async function* onePart(text: string): AsyncGenerator<string> {
  yield text;
}
