/** Checks the structure of a narrative: what `htmlChecks()` asks of `Narrative.div`. */
import { visit } from './limits.ts';

/** Characters of markup that count as one visited item. */
const CHARACTERS_A_VISIT = 16;
const TAGS = new Set(
  (
    'a abbr acronym b big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p ' +
    'pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var'
  ).split(' '),
);
const ATTRIBUTES = new Set(
  (
    'abbr accesskey align alt axis border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class colspan compact coords ' +
    'dir frame headers height href hreflang hspace id lang longdesc name nowrap rel rev rowspan rules scope shape span src start style ' +
    'summary tabindex title type valign value vspace width xmlns xml:lang xml:space'
  ).split(' '),
);
const MARKUP =
  /<!--[\s\S]*?(?:-->|$)|<(\/?)([A-Za-z][A-Za-z0-9]*)((?:\s+[A-Za-z:_-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|</g;

/**
 * @returns true when the text is one `div` of allowed elements and attributes, closed in order, with some text or image in it
 * @source FHIR R4 narrative.html, txt-1 and txt-2
 */
export function htmlChecks(value: unknown): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !/^\s*<div[\s>]/.test(value)) return false;
  visit(Math.ceil(value.length / CHARACTERS_A_VISIT));
  const open: string[] = [];
  let closedAt = 0;
  for (const markup of value.matchAll(MARKUP)) {
    const [whole, slash, name, attributes = '', selfClosed] = markup;
    if (whole.startsWith('<!--')) continue;
    if (name === undefined || closedAt > 0 || !TAGS.has(name) || !attributesAllowed(attributes)) return false;
    if (slash === '/') {
      if (open.pop() !== name) return false;
      if (open.length === 0) closedAt = markup.index + whole.length;
    } else if (selfClosed !== '/') open.push(name);
  }
  if (closedAt === 0 || value.slice(closedAt).trim() !== '') return false;
  return /<img\s/.test(value) || value.replaceAll(MARKUP, '').trim() !== '';
}

function attributesAllowed(text: string): boolean {
  for (const [, name = '', quoted = ''] of text.matchAll(/([A-Za-z:_-]+)\s*=\s*("[^"]*"|'[^']*')/g)) {
    if (!ATTRIBUTES.has(name)) return false;
    if ((name === 'href' || name === 'src') && /^["']\s*(?:javascript|vbscript):/i.test(quoted)) return false;
  }
  return true;
}
