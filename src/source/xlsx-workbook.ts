/** Turns a workbook's zip into what its sheets refer to: their names, shared texts, date formats and calendar. */
import { AdapterError, type Checked, issueOf, refuse } from '../fhir/outcome.ts';
import type { ReadLimits } from './limits.ts';
import { readXml } from './xml.ts';
import { readEntry, type Zip, type ZipEntry } from './zip.ts';

export interface Sheet {
  readonly name: string;
  /** place among the sheets, from 1 */
  readonly number: number;
  readonly entry: ZipEntry;
}

export interface Workbook {
  readonly zip: Zip;
  readonly sheets: readonly Sheet[];
  readonly sharedTexts: readonly string[];
  /** numbers of the cell styles that show a number as a date or time */
  readonly dateStyles: ReadonlySet<number>;
  /** days are counted from 1904-01-01, as old Macs did */
  readonly is1904: boolean;
}

const BOOK = 'xl/workbook.xml';

/** @returns the workbook; or a refusal `read-format` when the zip is none @throws AdapterError when a part is damaged */
export async function readWorkbook(zip: Zip, limits: ReadLimits): Promise<Checked<Workbook>> {
  const book = zip.entries.get(BOOK);
  const relations = await readRelations(zip);
  if (!book)
    return refuse({
      rule: 'read-format',
      code: 'not-supported',
      diagnostics: 'the zip file is no workbook: save it again as .xlsx',
    });
  const found: { name: string; id: string }[] = [];
  let is1904 = false;
  await readXml(readEntry(zip, book), {
    open(name, attributes) {
      if (name === 'sheet') found.push({ name: attributes.name ?? '', id: relationId(attributes) });
      if (name === 'workbookPr') is1904 = isTrue(attributes.date1904);
    },
  });
  const sheets = found.flatMap(({ name, id }, i) => {
    const entry = zip.entries.get(relations.get(id) ?? '');
    return entry ? [{ name, number: i + 1, entry }] : [];
  });
  const sharedTexts = await readSharedTexts(zip, limits);
  const dateStyles = await readDateStyles(zip);
  return { ok: true, value: { zip, sheets, sharedTexts, dateStyles, is1904 } };
}

/** The attribute is `r:id`; the prefix is the writer's choice. */
function relationId(attributes: Readonly<Record<string, string>>): string {
  const name = Object.keys(attributes).find((key) => key.endsWith(':id'));
  return name === undefined ? '' : attributes[name]!;
}

/** @returns names of parts by relation id */
async function readRelations(zip: Zip): Promise<Map<string, string>> {
  const relations = new Map<string, string>();
  const entry = zip.entries.get('xl/_rels/workbook.xml.rels');
  if (!entry) return relations;
  await readXml(readEntry(zip, entry), {
    open(name, attributes) {
      if (name !== 'Relationship') return;
      const target = attributes.Target ?? '';
      relations.set(attributes.Id ?? '', target.startsWith('/') ? target.slice(1) : `xl/${target}`);
    },
  });
  return relations;
}

/** A text may be in runs of several styles (joined here) and have readings in another script (left out). */
async function readSharedTexts(zip: Zip, limits: ReadLimits): Promise<string[]> {
  const texts: string[] = [];
  const entry = zip.entries.get('xl/sharedStrings.xml');
  if (!entry) return texts;
  const item = new TextItem();
  let length = 0;
  await readXml(readEntry(zip, entry), {
    open: (name) => (name === 'si' ? item.start() : item.open(name)),
    text: (text) => item.add(text),
    close(name) {
      item.close(name);
      if (name !== 'si') return;
      const text = item.take();
      length += text.length;
      if (length > limits.xlsxSharedText) throw tooMuchText(limits);
      texts.push(text);
    },
  });
  return texts;
}

/** Gathers the text of one item (`si`, `is`) from its runs. */
export class TextItem {
  #text = '';
  #inText = false;
  #inReading = false;

  start(): void {
    this.#text = '';
    this.#inText = false;
    this.#inReading = false;
  }

  open(name: string): void {
    if (name === 't') this.#inText = true;
    if (name === 'rPh') this.#inReading = true;
  }

  close(name: string): void {
    if (name === 't') this.#inText = false;
    if (name === 'rPh') this.#inReading = false;
  }

  add(text: string): void {
    if (this.#inText && !this.#inReading) this.#text += text;
  }

  take(): string {
    return unescapeText(this.#text);
  }
}

/** Signs that XML cannot hold are written `_x000D_` in cells. @source ECMA-376 part 1, 22.4.2.4 */
export function unescapeText(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replaceAll(/_x([0-9a-fA-F]{4})_/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

async function readDateStyles(zip: Zip): Promise<Set<number>> {
  const dates = new Set<number>();
  const entry = zip.entries.get('xl/styles.xml');
  if (!entry) return dates;
  const codes = new Map<number, string>();
  let inCellStyles = false;
  let style = 0;
  await readXml(readEntry(zip, entry), {
    open(name, attributes) {
      if (name === 'numFmt') codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '');
      if (name === 'cellXfs') inCellStyles = true;
      if (name !== 'xf' || !inCellStyles) return;
      const id = Number(attributes.numFmtId ?? 0);
      const code = codes.get(id);
      if (code === undefined ? isBuiltInDate(id) : isDateCode(code)) dates.add(style);
      style++;
    },
    close(name) {
      if (name === 'cellXfs') inCellStyles = false;
    },
  });
  return dates;
}

/** @source ECMA-376 part 1, 18.8.30: 14-22 and 45-47 everywhere, 27-36 and 50-58 in East Asian editions */
function isBuiltInDate(id: number): boolean {
  return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

/** Text in quotes, escaped signs and colours apart, only date formats have these letters. */
function isDateCode(code: string): boolean {
  const first = code.split(';')[0]!;
  const bare = first.replaceAll(/"[^"]*"|\\.|[_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '');
  return /[dmyhs]/i.test(bare.replaceAll(/general/gi, ''));
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

function tooMuchText(limits: ReadLimits): AdapterError {
  const diagnostics = `the workbook's texts are longer than ${limits.xlsxSharedText} characters: split it`;
  return new AdapterError('permanent', issueOf({ rule: 'read-too-long', code: 'too-long', diagnostics }));
}
