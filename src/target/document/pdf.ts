/** Turns a summary into a tagged PDF of one or two pages of A4: the same bytes for the same summary. */
import type PDFDocument from 'pdfkit';
import type { Summary } from '../../referral/summary/content.ts';
import type { Chart } from './chart.ts';
import { type Block, type DocumentFacts, partsOf, type Section } from './parts.ts';
import { printable } from './print.ts';

type Pdf = InstanceType<typeof PDFDocument>;
type Struct = ReturnType<Pdf['struct']>;

const MARGIN = 48;
const WIDTH = 595.28 - 2 * MARGIN;
const BOTTOM = 841.89 - MARGIN;
const FACT_NAME = 90;
const SIZE = { title: 16, who: 11.5, heading: 12, text: 10, small: 9 } as const;
const INK = '#141414';
const FAINT = '#3f3f3f';
const BLUE = '#003b70';
const RED = '#a30015';
const RULE = '#767676';

export interface PdfFacts extends DocumentFacts {
  /** date in the file's properties: the document's own, not that of writing */
  readonly madeMs: number;
}

/** @returns the bytes of the file; letters that its fonts have not are written without their marks, and it says so */
export async function documentPdf(summary: Summary, facts: PdfFacts): Promise<Buffer> {
  // read when the first document is made: most processes make none
  const { default: Document } = await import('pdfkit');
  const madeAt = new Date(facts.madeMs);
  const pdf = new Document({
    size: 'A4',
    margin: MARGIN,
    pdfVersion: '1.7',
    lang: 'en-GB',
    tagged: true,
    bufferPages: true,
    displayTitle: true,
    info: {
      Title: printable(summary.title),
      CreationDate: madeAt,
      ModDate: madeAt,
      Producer: 'hedgerow',
      Creator: 'hedgerow',
    },
  });
  const chunks: Buffer[] = [];
  const whole = new Promise<Buffer>((resolve, reject) => {
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
    pdf.on('end', () => resolve(Buffer.concat(chunks)));
    pdf.on('error', reject);
  });
  write(pdf, summary, facts);
  writeFeet(pdf, whoIn(summary));
  pdf.end();
  return await whole;
}

function write(pdf: Pdf, summary: Summary, facts: PdfFacts): void {
  const root = pdf.struct('Document');
  pdf.addStructure(root);
  line(pdf, root, 'H1', summary.title, { size: SIZE.title, bold: true });
  line(pdf, root, 'P', whoIn(summary), { size: SIZE.who, bold: true });
  for (const section of partsOf(summary, facts)) writeSection(pdf, root, section);
  const all = JSON.stringify(summary);
  if (printable(all) !== all)
    line(pdf, root, 'P', 'Some letters cannot be shown in this file; they are whole in the coded parts.', {
      size: SIZE.small,
      colour: FAINT,
    });
  root.end();
}

function whoIn({ person: { name, nhsNumber, born } }: Summary): string {
  return [name, nhsNumber && `NHS number ${nhsNumber}`, born && `born ${born}`].filter(Boolean).join(', ');
}

/** Sheets of paper come apart: each says whose it is. */
function writeFeet(pdf: Pdf, who: string): void {
  const { count } = pdf.bufferedPageRange();
  for (let at = 0; at < count; at += 1) {
    pdf.switchToPage(at);
    const words = printable(`${who}. Page ${at + 1} of ${count}`);
    decoration(pdf, () => {
      set(pdf, { size: SIZE.small, colour: FAINT }).text(words, MARGIN, BOTTOM + 14, { lineBreak: false });
    });
  }
}

interface Style {
  readonly size?: number;
  readonly bold?: boolean;
  readonly colour?: string;
  readonly indent?: number;
}

function set(pdf: Pdf, { size = SIZE.text, bold = false, colour = INK }: Style): Pdf {
  return pdf
    .font(bold ? 'Helvetica-Bold' : 'Helvetica')
    .fontSize(size)
    .fillColor(colour);
}

function line(pdf: Pdf, parent: Struct, tag: string, words: string, style: Style = {}): void {
  const indent = style.indent ?? 0;
  parent.add(
    pdf.struct(tag, {}, () => {
      set(pdf, style).text(printable(words), MARGIN + indent, pdf.y, { width: WIDTH - indent });
    }),
  );
  pdf.moveDown(0.25);
}

function writeSection(pdf: Pdf, root: Struct, { title, blocks, topic, tone }: Section): void {
  const part = pdf.struct('Sect');
  root.add(part);
  pdf.y += 6;
  // a heading does not stand alone at the foot of a page
  const needed = blocks[0]?.kind === 'charts' ? 60 + blocks[0].charts[0]!.height : 60;
  if (pdf.y > BOTTOM - needed) pdf.addPage();
  const [top, page] = [pdf.y, pdf.page];
  const colour = tone === 'safety' ? RED : BLUE;
  line(pdf, part, 'H2', title, { size: SIZE.heading, bold: true, colour });
  const style: Style = topic === 'about' ? { size: SIZE.small, colour: FAINT } : { bold: tone === 'safety' };
  for (const block of blocks) writeBlock(pdf, part, block, style);
  if (topic === 'actions' && pdf.page === page)
    decoration(pdf, () => pdf.rect(MARGIN - 12, top - 3, 5, pdf.y - top + 2).fill(colour));
  part.end();
}

function writeBlock(pdf: Pdf, part: Struct, block: Block, style: Style): void {
  switch (block.kind) {
    case 'text':
      return line(pdf, part, 'P', block.text, style);
    case 'list':
      return writeList(pdf, part, block.items, style);
    case 'facts':
      return writeFacts(pdf, part, block.facts);
    case 'table':
      return writeTable(pdf, part, block);
    case 'charts':
      return writeCharts(pdf, part, block.charts);
  }
}

function writeList(pdf: Pdf, part: Struct, items: readonly string[], style: Style): void {
  const list = pdf.struct('L');
  part.add(list);
  for (const item of items) {
    const entry = pdf.struct('LI');
    list.add(entry);
    entry.add(
      pdf.struct('LBody', {}, () => {
        set(pdf, style);
        const { y } = pdf;
        pdf.text(printable(`•  ${item}`), MARGIN, y, { width: WIDTH, indent: 0 });
      }),
    );
    entry.end();
  }
  list.end();
  pdf.moveDown(0.3);
}

function writeFacts(pdf: Pdf, part: Struct, facts: readonly (readonly [string, string])[]): void {
  for (const [name, value] of facts) {
    const height = set(pdf, {}).heightOfString(printable(value), { width: WIDTH - FACT_NAME });
    if (pdf.y + height > BOTTOM) pdf.addPage();
    const { y } = pdf;
    part.add(
      pdf.struct('P', {}, () => {
        set(pdf, { colour: FAINT }).text(printable(name), MARGIN, y, { width: FACT_NAME - 8 });
        set(pdf, {}).text(printable(value), MARGIN + FACT_NAME, y, { width: WIDTH - FACT_NAME });
      }),
    );
    pdf.y += 1.5;
  }
  pdf.moveDown(0.2);
}

function writeTable(
  pdf: Pdf,
  part: Struct,
  { caption, head, rows }: Extract<Block, { kind: 'table' }>,
): void {
  if (pdf.y > BOTTOM - 60) pdf.addPage();
  line(pdf, part, 'P', caption, { size: SIZE.small, colour: FAINT });
  set(pdf, {});
  const cells = rows.map((row) => row.map((text) => ({ text: printable(text), type: 'TD' as const })));
  const heads = head.map((name) => ({
    text: printable(name),
    type: 'TH' as const,
    font: { src: 'Helvetica-Bold' },
  }));
  pdf.x = MARGIN;
  pdf.table({
    structParent: part,
    maxWidth: WIDTH,
    columnStyles: head.map((name) => COLUMNS[name] ?? '*'),
    defaultStyle: { border: [0, 0, 0.5, 0], borderColor: RULE, padding: [2.5, 6, 2.5, 0] },
    data: [heads, ...cells],
  } as Parameters<Pdf['table']>[0]);
  pdf.x = MARGIN;
  pdf.moveDown(0.5);
}

/** Widths in points; the others share what is left. */
const COLUMNS: Readonly<Record<string, number>> = { Date: 90, State: 140, First: 110, Last: 110 };

function writeCharts(pdf: Pdf, part: Struct, charts: readonly Chart[]): void {
  for (let at = 0; at < charts.length; at += 1) {
    const chart = charts[at]!;
    const isRight = at % 2 === 1 && chart.width * 2 <= WIDTH + 60;
    if (!isRight && pdf.y + chart.height > BOTTOM) pdf.addPage();
    const y = isRight ? pdf.y - chart.height : pdf.y;
    part.add(
      pdf.struct('Figure', { alt: printable(chart.description) }, () =>
        drawChart(pdf, chart, MARGIN + (isRight ? WIDTH / 2 : 0), y),
      ),
    );
    pdf.x = MARGIN;
    pdf.y = y + chart.height;
  }
}

function drawChart(pdf: Pdf, { name, width, axis, points }: Chart, left: number, top: number): void {
  pdf.save();
  const scale = Math.min(1, (WIDTH / 2 - 8) / width);
  pdf.translate(left, top).scale(scale);
  label(pdf, name, 0, 9, 'start', true);
  pdf
    .moveTo(axis.x, axis.top)
    .lineTo(axis.x, axis.bottom)
    .lineTo(width - 8, axis.bottom);
  pdf.lineWidth(1).stroke(RULE);
  label(pdf, axis.high, axis.x - 4, axis.top + 4, 'end');
  label(pdf, axis.low, axis.x - 4, axis.bottom + 3, 'end');
  const [first, ...rest] = points;
  pdf.moveTo(first!.x, first!.y);
  for (const { x, y } of rest) pdf.lineTo(x, y);
  pdf.lineWidth(2).stroke(BLUE);
  for (const [at, { x, y, value, date, anchor }] of points.entries()) {
    pdf.circle(x, y, 3.2).fill(BLUE);
    label(pdf, value, x, y - 7, anchor, true);
    if (at === 0 || at === points.length - 1) label(pdf, date, x, axis.bottom + 16, anchor);
  }
  pdf.restore();
}

function label(pdf: Pdf, words: string, x: number, baseline: number, anchor: string, bold = false): void {
  const text = printable(words);
  const wide = set(pdf, { size: 9, bold }).widthOfString(text);
  const left = anchor === 'end' ? x - wide : anchor === 'middle' ? x - wide / 2 : x;
  pdf.text(text, left, baseline - 7.5, { lineBreak: false });
}

/** What is drawn and says nothing: a reader of the page aloud passes it over. */
function decoration(pdf: Pdf, draw: () => void): void {
  const { x, y } = pdf;
  pdf.markContent('Artifact', { type: 'Layout' });
  draw();
  pdf.endMarkedContent();
  pdf.x = x;
  pdf.y = y;
}
