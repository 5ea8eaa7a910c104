/** Finds what is wrong with the XHTML of a narrative, in words that repeat nothing of its text. */
import { visit } from './limits.ts';
import { NAMED_ATTRIBUTES, NAMED_TAGS } from './narrative-names.ts';

/** What a narrative breaks, and how. */
export interface NarrativeFault {
  /** the invariants of `Narrative.div`, or that the div is in the namespace of XHTML */
  readonly rule: 'txt-1' | 'txt-2' | 'namespace';
  /** what is wrong and what to change; names elements and attributes of HTML only, for any other may be a misplaced value */
  readonly text: string;
}

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
    'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class colspan ' +
    'compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel rev rowspan rules scope shape span src ' +
    'start style summary tabindex title type valign value vspace width xmlns xml:lang xml:space'
  ).split(' '),
);
const MARKUP =
  /<!--[\s\S]*?(?:-->|$)|<(\/?)([A-Za-z][A-Za-z0-9]*)((?:\s+[A-Za-z:_-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|</g;
const ATTRIBUTE = /([A-Za-z:_-]+)\s*=\s*("[^"]*"|'[^']*')/g;
const ROOT = /^\s*<div[\s/>]/;
const XHTML = 'http://www.w3.org/1999/xhtml';

/**
 * @returns true when the text is one `div` of allowed elements and attributes, closed in order, with some text or image in it
 * @source FHIR R4 narrative.html, txt-1 and txt-2
 */
export function htmlChecks(value: unknown): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') return false;
  visit(Math.ceil(value.length / CHARACTERS_A_VISIT));
  return structureFault(value) === undefined && hasContent(value);
}

/**
 * @param div the XHTML as JSON holds it
 * @returns the first break of txt-1, that of txt-2 and that of the namespace, each where it is so; empty when all is well
 * @source FHIR R4 narrative.html
 */
export function narrativeFaults(div: string): readonly NarrativeFault[] {
  const faults: NarrativeFault[] = [];
  const structure = structureFault(div);
  if (structure !== undefined) faults.push({ rule: 'txt-1', text: structure });
  if (!hasContent(div)) {
    const text = 'has neither text nor an image: write what people are to read, or leave the narrative out';
    faults.push({ rule: 'txt-2', text });
  }
  const namespace = namespaceFault(div);
  if (namespace !== undefined) faults.push({ rule: 'namespace', text: namespace });
  return faults;
}

/** @returns how the text is not one div of allowed elements */
function structureFault(div: string): string | undefined {
  if (!ROOT.test(div)) return 'does not begin with <div>: put one div around all of it';
  const open: string[] = [];
  let end = 0;
  for (const markup of div.matchAll(MARKUP)) {
    const [whole, slash, name, attributes = '', selfClosed] = markup;
    if (whole.startsWith('<!--')) continue;
    const at = `at character ${markup.index + 1}`;
    if (end > 0) return `goes on ${at}, behind the end of its div: put one div around all of it`;
    if (name === undefined)
      return `has a "<" ${at} that begins no tag of XHTML: write &lt; in text, and attributes as name="value"`;
    const fault = tagFault(name, at) ?? (attributes === '' ? undefined : attributesFault(attributes, at));
    if (fault !== undefined) return fault;
    if (slash === '/') {
      const last = open.pop();
      if (last !== name) return `closes <${name}> ${at} while <${last}> is open: ${IN_ORDER}`;
    } else if (selfClosed !== '/') open.push(name);
    if (open.length === 0) end = markup.index + whole.length;
  }
  if (end === 0) return `does not close <${open.at(-1)}>: ${IN_ORDER}`;
  return div.slice(end).trim() === '' ? undefined : 'goes on behind the end of its div: move that into it';
}

const IN_ORDER = 'close each element where it ends, such as <p></p> or <br/>';

function tagFault(name: string, at: string): string | undefined {
  if (TAGS.has(name)) return undefined;
  const small = name.toLowerCase();
  if (TAGS.has(small))
    return `has <${small}> in capitals ${at}: write the names of elements in small letters`;
  return `has ${NAMED_TAGS.has(small) ? `<${small}>` : 'an element'} ${at}, ${NOT_ALLOWED}`;
}

function attributesFault(text: string, at: string): string | undefined {
  for (const [, name = '', quoted = ''] of text.matchAll(ATTRIBUTE)) {
    const small = name.toLowerCase();
    const isScript = /^["']\s*(?:javascript|vbscript):/i.test(quoted);
    if ((small === 'href' || small === 'src') && isScript)
      return `has a script as ${small} of the tag ${at}, ${NOT_ALLOWED}`;
    if (ATTRIBUTES.has(name)) continue;
    if (ATTRIBUTES.has(small)) return `has ${small} in capitals in the tag ${at}: write it in small letters`;
    const what = NAMED_ATTRIBUTES.has(small) ? `the attribute ${small}` : 'an attribute';
    return `has ${what} in the tag ${at}, ${NOT_ALLOWED}`;
  }
  return undefined;
}

const NOT_ALLOWED = 'which a narrative may not have: take it out';

/** Mostly told by the first words. */
function hasContent(div: string): boolean {
  let end = 0;
  for (const { index, 0: whole, 1: slash, 2: name } of div.matchAll(MARKUP)) {
    if ((name === 'img' && slash === '') || isWords(div.slice(end, index))) return true;
    end = index + whole.length;
  }
  return isWords(div.slice(end));
}

function isWords(text: string): boolean {
  return text.trim() !== '';
}

/** Where there is no div, or none that can be read, txt-1 says so. */
function namespaceFault(div: string): string | undefined {
  if (!ROOT.test(div)) return undefined;
  let isRoot = true;
  for (const { index, 0: whole, 2: name, 3: attributes = '' } of div.matchAll(MARKUP)) {
    if (isRoot && name === undefined) return undefined;
    const stated = [...attributes.matchAll(ATTRIBUTE)].find(([, attribute]) => attribute === 'xmlns');
    const isRight = stated ? stated[2]!.slice(1, -1) === XHTML : !isRoot;
    if (!isRight)
      return `is not in the namespace of XHTML${isRoot ? '' : ' throughout'}: begin it with <div xmlns="${XHTML}">`;
    if (isRoot && !div.includes('xmlns', index + whole.length)) return undefined;
    isRoot = false;
  }
  return undefined;
}
