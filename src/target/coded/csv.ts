/** Turns a list of coded entries into CSV for systems without FHIR (RFC 4180). */
import type { CodedBatch, CodedEntry } from '../../store/coded-entries.ts';

/** Columns in their order, as docs/coded-activity.md tells practices; new ones come last. */
const COLUMNS: readonly (readonly [name: string, of: (entry: CodedEntry) => string | undefined])[] = [
  ['nhs_number', ({ content }) => content.person?.nhsNumber],
  ['family_name', ({ content }) => content.person?.family],
  ['given_names', ({ content }) => content.person?.given],
  ['birth_date', ({ content }) => content.person?.birthDate],
  ['date', ({ content }) => content.day],
  ['snomed_concept_id', ({ content }) => content.code.code],
  ['snomed_description_id', ({ content }) => content.code.descriptionId],
  ['term', ({ content }) => content.code.display],
  ['value', ({ content }) => (content.value === undefined ? undefined : `${content.value.number}`)],
  ['unit', ({ content }) => content.value?.unit ?? content.value?.unitCode],
  ['author_name', ({ content }) => content.author?.name],
  ['author_role', ({ content }) => content.author?.role],
  ['author_organisation_ods', ({ content }) => content.author?.ods],
  ['entry_id', ({ id }) => id],
  ['action', ({ action }) => action],
];

/** Cells of digits of ours: a spreadsheet takes none of them for a formula, a value below nought included. */
const NUMBERS: ReadonlySet<string> = new Set(['value']);

/** What a spreadsheet program would run, the wide forms included. */
const FORMULA = /^[\t\r\n ]*[=+\-@\uff1d\uff0b\uff0d\uff20|]/;

/**
 * Lines end with CR LF, the last one too; the first line names the columns.
 * @param withBom for programs that take UTF-8 without a mark for another encoding
 */
export function csvOf(batch: Pick<CodedBatch, 'entries'>, withBom = false): string {
  const head = COLUMNS.map(([name]) => name);
  const rows = batch.entries.map((entry) =>
    COLUMNS.map(([name, of]) => cell(of(entry) ?? '', NUMBERS.has(name))),
  );
  return csvText([head, ...rows], withBom);
}

/** @param rows of cells, quoted already */
export function csvText(rows: readonly (readonly string[])[], withBom = false): string {
  return `${withBom ? '\ufeff' : ''}${rows.map((row) => `${row.join(',')}\r\n`).join('')}`;
}

/** Text that a spreadsheet would run as a formula gets an apostrophe before it, as these programs write text themselves. */
export function cell(text: string, isNumber = false): string {
  const plain = text.replaceAll('\0', '');
  const safe = !isNumber && (FORMULA.test(plain) || /^[\t\r]/.test(plain)) ? `'${plain}` : plain;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
