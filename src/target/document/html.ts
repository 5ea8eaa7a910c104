/** Turns a summary into a page of HTML on its own: no script, nothing fetched, readable on a screen and on one or two sheets of A4. */
import type { Summary } from '../../referral/summary/content.ts';
import type { Chart } from './chart.ts';
import { type Block, type DocumentFacts, partsOf, type Section } from './parts.ts';

const STYLE = `
@page{size:A4;margin:14mm}
*{box-sizing:border-box}
body{font:11pt/1.4 Arial,Helvetica,sans-serif;color:#141414;background:#fff;max-width:180mm;margin:0 auto;padding:4mm;overflow-wrap:anywhere}
h1{font-size:16pt;line-height:1.2;margin:0 0 2mm}
h2{font-size:12pt;margin:5mm 0 1mm;color:#003b70}
p{margin:0 0 2mm}
ul{margin:0 0 2mm;padding-left:6mm}
.who{font-size:12pt;font-weight:bold;margin-bottom:3mm}
section{break-inside:avoid}
.ask{border:1.5pt solid #003b70;border-left-width:6pt;padding:1mm 4mm 2mm;margin:3mm 0}
.ask h2{margin-top:2mm}
.safety{border-color:#a30015}
.safety h2{color:#a30015}
.safety li:first-child{font-weight:bold}
dl{display:grid;grid-template-columns:32mm 1fr;gap:.5mm 4mm;margin:0}
dt{color:#3f3f3f}
dd{margin:0}
table{border-collapse:collapse;width:100%;margin:0 0 3mm}
caption{text-align:left;color:#3f3f3f;padding-bottom:1mm}
th,td{text-align:left;vertical-align:top;padding:1mm 3mm 1mm 0;border-bottom:.5pt solid #767676}
th{font-weight:bold}
.charts{display:flex;flex-wrap:wrap;gap:2mm 6mm;margin-bottom:2mm}
svg{max-width:100%;height:auto}
.about{font-size:9.5pt;color:#3f3f3f;margin-top:5mm}
@media(max-width:480px){dl{grid-template-columns:1fr}dt{font-weight:bold;margin-top:1mm}}
@media print{body{padding:0;font-size:10pt}h1{font-size:15pt}}
`.trim();

/** @returns a whole page; all that comes from the record is escaped */
export function documentHtml(summary: Summary, facts: DocumentFacts): string {
  const { person, title } = summary;
  const who = [
    person.name,
    person.nhsNumber && `NHS number ${person.nhsNumber}`,
    person.born && `born ${person.born}`,
  ];
  const sections = partsOf(summary, facts)
    .map((part) => sectionOf(part))
    .join('\n');
  return `<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="who">${escaped(who.filter(Boolean).join(', '))}</p>
${sections}
</main>
</body>
</html>
`;
}

function sectionOf({ topic, title, blocks, tone }: Section): string {
  const kind = tone === 'safety' ? ' class="ask safety"' : topic === 'actions' ? ' class="ask"' : '';
  const about = topic === 'about' ? ' class="about"' : kind;
  return `<section${about} aria-labelledby="${topic}">
<h2 id="${topic}">${escaped(title)}</h2>
${blocks.map((block) => blockOf(block, topic)).join('\n')}
</section>`;
}

function blockOf(block: Block, topic: string): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escaped(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`;
    case 'facts':
      return `<dl>${block.facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`;
    case 'table':
      return tableOf(block);
    case 'charts':
      return `<div class="charts">${block.charts.map((chart, at) => svgOf(chart, `${topic}-${at}`)).join('')}</div>`;
  }
}

/** @returns the blocks as XHTML for a Narrative, which holds no pictures: a chart is told in words */
export function narrativeOf(blocks: readonly Block[]): string {
  const told = blocks.map((block) =>
    block.kind === 'charts'
      ? blockOf({ kind: 'list', items: block.charts.map(({ description }) => description) }, '')
      : blockOf(block, ''),
  );
  return `<div xmlns="http://www.w3.org/1999/xhtml">${told.join('')}</div>`;
}

function tableOf({ caption, head, rows }: Extract<Block, { kind: 'table' }>): string {
  const heads = head.map((name) => `<th scope="col">${escaped(name)}</th>`).join('');
  const body = rows
    .map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
    .join('\n');
  return `<table><caption>${escaped(caption)}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${body}
</tbody></table>`;
}

function svgOf(chart: Chart, id: string): string {
  const { width, height, axis, points } = chart;
  const line = points.map(({ x, y }) => `${x},${y}`).join(' ');
  const marks = points.map(
    ({ x, y, value, date, anchor }, at) =>
      `<circle cx="${x}" cy="${y}" r="3.2"/>${text(x, y - 7, anchor, value, true)}` +
      // dates between the first and the last are in the table
      (at === 0 || at === points.length - 1 ? text(x, axis.bottom + 16, anchor, date) : ''),
  );
  return `<svg role="img" aria-labelledby="${id}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Arial,Helvetica,sans-serif" font-size="10" fill="#141414"><title id="${id}">${escaped(chart.description)}</title>${text(0, 9, 'start', chart.name, true)}<path d="M${axis.x} ${axis.top}V${axis.bottom}H${width - 8}" fill="none" stroke="#767676"/>${text(axis.x - 4, axis.top + 4, 'end', axis.high)}${text(axis.x - 4, axis.bottom + 3, 'end', axis.low)}<polyline points="${line}" fill="none" stroke="#003b70" stroke-width="2"/><g fill="#003b70">${marks.join('')}</g></svg>`;
}

function text(x: number, y: number, anchor: string, words: string, isBold = false): string {
  const weight = isBold ? ' font-weight="bold"' : '';
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${weight}>${escaped(words)}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Characters that no text of HTML or XML may hold, and those that turn the direction of what follows. */
const UNWRITABLE = /(?![\n\t])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** @returns text that says itself in HTML and XML, whatever stands in it */
export function escaped(words: string): string {
  return words.replaceAll(UNWRITABLE, '\ufffd').replaceAll(/[&<>"']/g, (mark) => ENTITIES[mark]!);
}
