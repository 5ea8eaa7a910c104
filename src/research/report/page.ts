/** Turns the sections into one page of HTML that needs nothing but itself. */
import { escaped } from '../../target/document/html.ts';
import { drawn } from './chart/draw.ts';
import { aboutOf, glanceOf } from './facts.ts';
import { dateText } from './figures.ts';
import type { ReportAbout, Tables } from './input.ts';
import type { Exhibit, Section } from './sections/exhibit.ts';
import { STYLE } from './style.ts';
import { tableOf } from './table.ts';

/** @returns the same bytes for the same tables */
export async function pageOf(
  sections: readonly Section[],
  tables: Tables,
  about: ReportAbout,
): Promise<string> {
  const { title, period, madeOn } = about;
  const when = `${dateText(period.start)} to ${dateText(period.end)}`;
  const parts: string[] = [];
  for (const section of sections) parts.push(await sectionOf(section));
  return `<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}, ${when}</title>
<style>
${STYLE}
</style>
</head>
<body>
<a class="skip" href="#main">Skip to main content</a>
<header><div class="inside"><p>Social prescribing</p><h1>${escaped(title)}</h1><p>${when}</p></div></header>
<main id="main"><div class="inside">
${glanceOf(tables)}
<section class="card" aria-labelledby="about"><h2 id="about">About this report</h2>${aboutOf(about)}</section>
<nav class="card contents" aria-labelledby="contents"><h2 id="contents">Contents</h2><ol>${sections.map(({ id, title: name }) => `<li><a href="#${id}">${escaped(name)}</a></li>`).join('')}</ol></nav>
${parts.join('\n')}
</div></main>
<footer><div class="inside"><p>Made by Hedgerow on ${dateText(madeOn)}. Each table is kept beside this page as CSV.</p></div></footer>
</body>
</html>
`;
}

async function sectionOf({ id, title, intro, exhibits }: Section): Promise<string> {
  const parts: string[] = [];
  for (const one of exhibits) parts.push(await exhibitOf(one));
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escaped(title)}</h2>
<p class="intro">${escaped(intro)}</p>
${parts.join('\n')}
</section>`;
}

async function exhibitOf({ id, title, reading, picture, table, notes }: Exhibit): Promise<string> {
  const head = `<article class="card exhibit" aria-labelledby="${id}"><h3 id="${id}">${escaped(title)}</h3>`;
  if (reading === undefined || table === undefined)
    return `${head}<p class="nothing">There is nothing to show: nothing of this was recorded in this period.</p></article>`;
  const chart =
    picture === undefined
      ? ''
      : `<div class="scroll chart" tabindex="0" role="group" aria-label="Chart: ${escaped(title)}">${await drawn(picture, `${id}-chart`)}</div>`;
  return `${head}
<p class="reading">${escaped(reading)}</p>
${chart}
${tableOf(table, id)}
${notesOf(notes)}
</article>`;
}

function notesOf(notes: readonly string[]): string {
  return notes.length === 0
    ? ''
    : `<div class="notes">${notes.map((note) => `<p>${escaped(note)}</p>`).join('')}</div>`;
}
