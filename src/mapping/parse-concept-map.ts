/** Parses a table of codes within a map: `conceptmap "codes" { prefix s = "…" … s:a == t:b }`. */
import { RELATIONS } from './concept-map.ts';
import type { Cursor } from './cursor.ts';
import type { InlineCode, InlineConceptMap, PrefixedCode, Word } from './tree.ts';

/** What the table holds, as far as it is read. */
interface Table {
  readonly prefixes: Map<string, string>;
  readonly unmapped: { prefix: Word; mode: Word }[];
  readonly codes: InlineCode[];
}

/** `conceptmap "codes"` of newer maps is what `translate` calls "#codes", as in older ones. */
export function parseConceptMap(cursor: Cursor, isItem: () => boolean): InlineConceptMap {
  const given = cursor.string('the URL of the concept map, such as "#codes",');
  const url = { ...given, text: given.text.replace(/^(?=[A-Za-z0-9.-]{1,64}$)/, '#') };
  const table: Table = { prefixes: new Map(), unmapped: [], codes: [] };
  cursor.expect('{');
  while (!cursor.take('}')) {
    if (cursor.token.kind === 'end' || isItem()) throw cursor.error('"}" behind the codes of the conceptmap');
    cursor.attempt(
      () => parseLine(cursor, table),
      () => skipLine(cursor),
    );
  }
  return { url, ...table };
}

function parseLine(cursor: Cursor, { prefixes, unmapped, codes }: Table): void {
  if (cursor.is('prefix') && cursor.ahead(1).kind === 'name') {
    cursor.next();
    const prefix = cursor.name('a prefix');
    cursor.expect('=');
    prefixes.set(prefix.text, cursor.string('the URL of a code system').text);
  } else if (cursor.is('unmapped') && cursor.ahead(1).text === 'for') {
    cursor.next();
    cursor.next();
    const prefix = knownPrefix(cursor, prefixes, 'a prefix');
    cursor.expect('=');
    unmapped.push({ prefix, mode: parseMode(cursor) });
  } else codes.push(parseCode(cursor, prefixes));
  cursor.take(';');
}

function skipLine(cursor: Cursor): void {
  do if (!cursor.is('}')) cursor.pass();
  while (cursor.token.kind !== 'end' && !cursor.is('}') && !cursor.startsLine);
}

/** A list of its own, in a file, may also have one code for all others, or another list. */
function parseMode(cursor: Cursor): Word {
  if (!cursor.is('provided'))
    throw cursor.error('provided; a ConceptMap in a file may have other modes of unmapped,');
  return cursor.name('provided');
}

function parseCode(cursor: Cursor, prefixes: ReadonlyMap<string, string>): InlineCode {
  const source = parsePrefixedCode(cursor, prefixes);
  const relation = parseRelation(cursor);
  const isBare = relation.text === '--' && !isTarget(cursor);
  const target = isBare ? { prefix: source.prefix, code: '' } : parsePrefixedCode(cursor, prefixes);
  return { source, relation, target };
}

/** `s:a -- t:b` names a target, `s:a --` before `s:b == t:b` names none. */
function isTarget(cursor: Cursor): boolean {
  if (!cursor.isName || !cursor.isAhead(':')) return false;
  const { kind, text } = cursor.ahead(3);
  return kind !== 'symbol' || text === '}' || text === ';';
}

function parseRelation(cursor: Cursor): Word {
  const { text, at, kind } = cursor.token;
  const tail = '<>-'.includes(text) && cursor.ahead(1).text === '-' ? '-' : '';
  if (kind !== 'symbol' || !RELATIONS.has(text + tail))
    throw cursor.error(`a relation between two codes (${[...RELATIONS.keys()].join(' ')})`);
  for (let taken = 0; taken <= tail.length; taken++) cursor.next();
  return { text: text + tail, at };
}

function parsePrefixedCode(cursor: Cursor, prefixes: ReadonlyMap<string, string>): PrefixedCode {
  const prefix = knownPrefix(cursor, prefixes, 'a prefix and a code, such as s:male,');
  if (!cursor.take(':'))
    throw cursor.error('":" and a code; a code of other signs than letters, digits and _ stands in quotes,');
  const { kind, text } = cursor.token;
  if (kind !== 'name' && kind !== 'string' && kind !== 'number') throw cursor.error('a code');
  cursor.next();
  return { prefix, code: text };
}

function knownPrefix(cursor: Cursor, prefixes: ReadonlyMap<string, string>, what: string): Word {
  const { token } = cursor;
  if (cursor.isName && !prefixes.has(token.text) && cursor.isAhead(':'))
    throw cursor.error(`a prefix that the conceptmap declares, by prefix ${token.text} = "…",`);
  return cursor.name(what);
}
