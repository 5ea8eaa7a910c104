/** Parses the text of a map file: everything outside of groups' rules. */
import { AdapterError, type Checked } from '../fhir/outcome.ts';
import { RELATIONS } from './concept-map.ts';
import { Cursor } from './cursor.ts';
import { unescaped } from './lexer.ts';
import { documentationOf, parseRules } from './parse-rule.ts';
import type {
  Constant,
  Group,
  InlineCode,
  InlineConceptMap,
  MapFile,
  Metadata,
  Parameter,
  PrefixedCode,
  Structure,
  Word,
} from './tree.ts';

const END_OF_CONSTANT = new Set([';']);

/**
 * Parses FHIR Mapping Language: the R4 text, and the R5 parts in use (`///` metadata, `let`).
 * @param file name that findings are located in: `spreadsheet/referral.map`
 * @returns the tree of the whole file, or one issue `map-syntax` with file:line:column
 * @source FHIR R4 mapping-language.html, FHIR R5 mapping-language.html (grammar)
 */
export function parseMap(file: string, text: string): Checked<MapFile> {
  try {
    return { ok: true, value: parseFile(file, new Cursor(file, text)) };
  } catch (error) {
    if (error instanceof AdapterError) return { ok: false, outcome: error.outcome };
    throw error;
  }
}

function parseFile(file: string, cursor: Cursor): MapFile {
  const metadata: Metadata[] = [];
  const conceptMaps: InlineConceptMap[] = [];
  const structures: Structure[] = [];
  const imports: Word[] = [];
  const constants: Constant[] = [];
  const groups: Group[] = [];
  while (cursor.token.kind !== 'end') {
    const before = cursor.commentsBefore;
    if (cursor.token.kind === 'metadata') metadata.push(readMetadata(cursor));
    else if (cursor.take('map'))
      metadata.push(...readMapName(cursor).filter((one) => !isSaid(metadata, one)));
    else if (cursor.take('conceptmap')) conceptMaps.push(parseConceptMap(cursor));
    else if (cursor.take('uses')) structures.push(parseStructure(cursor, before));
    else if (cursor.take('imports')) {
      imports.push(cursor.string('the URL of the map to import'));
      cursor.take(';');
    } else if (cursor.take('let')) constants.push(parseConstant(cursor));
    else if (cursor.take('group')) groups.push(parseGroup(cursor, before));
    else throw cursor.error('map, uses, imports, conceptmap, let or group');
  }
  if (groups.length === 0 && conceptMaps.length === 0) throw cursor.error('a group');
  const named = (wanted: string): string =>
    `${metadata.findLast(({ name }) => name === wanted)?.value ?? ''}`;
  const [url, name] = [named('url'), named('name')];
  return { file, url, name, metadata, conceptMaps, structures, imports, constants, groups };
}

/** `/// name = "value"`; several lines stand between `"""`; a code may stand without quotes: `/// status = draft`. */
function readMetadata(cursor: Cursor): Metadata {
  const { text, at } = cursor.token;
  const [, name = '', given = ''] = /^\/\/\/\s*([\w.[\]-]+)\s*=(.*)$/s.exec(text) ?? [];
  const value = given.trim();
  const read = metadataValue(value);
  if (value !== '' && read === undefined)
    throw cursor.error('a value in quotes, a number, a date such as @2025-05-01, true or false behind "="');
  cursor.next();
  return { name, at, value: read };
}

function metadataValue(value: string): Metadata['value'] {
  const block = /^"""(?:[ \t]*\r?\n)?(.*?)(?:\r?\n[ \t]*)?"""$/s.exec(value);
  if (block) return block[1]!;
  const quoted = /^"((?:[^"\\]|\\.)*)"$|^'((?:[^'\\]|\\.)*)'$/s.exec(value);
  if (quoted) return unescaped(quoted[1] ?? quoted[2]!);
  if (value === 'true' || value === 'false') return value === 'true';
  if (/^-?\d+(?:\.\d+)?$/.test(value)) return Number(value);
  return /^(?:@[\dT][\dT:.Z+-]*|[A-Za-z][\w-]*)$/.test(value) ? value.replace('@', '') : undefined;
}

/** `map` repeats what the lines before it say, for readers that know only one of the two. */
function isSaid(metadata: readonly Metadata[], { name, value }: Metadata): boolean {
  return metadata.findLast((one) => one.name === name)?.value === value;
}

function readMapName(cursor: Cursor): Metadata[] {
  const url = cursor.string('the URL of the map');
  cursor.expect('=');
  const name = cursor.nameOrString('the name of the map');
  cursor.take(';');
  return [
    { name: 'url', at: url.at, value: url.text },
    { name: 'name', at: name.at, value: name.text },
  ];
}

function parseStructure(cursor: Cursor, before: readonly string[]): Structure {
  const url = cursor.string('the URL of a structure');
  const alias = cursor.take('alias') ? cursor.name('an alias').text : undefined;
  cursor.expect('as');
  const mode = cursor.name('source, target, queried or produced');
  if (!['source', 'target', 'queried', 'produced'].includes(mode.text)) {
    throw cursor.error(`source, target, queried or produced before this, not ${mode.text}`);
  }
  cursor.take(';');
  return { url, alias, mode: mode.text, documentation: documentationOf(before, cursor) };
}

function parseConstant(cursor: Cursor): Constant {
  const name = cursor.name('the name of the constant');
  cursor.expect('=');
  const value = cursor.expression(END_OF_CONSTANT);
  cursor.expect(';');
  return { name, value };
}

/** `conceptmap "codes"` of newer maps is what `translate` calls "#codes", as in older ones. */
function parseConceptMap(cursor: Cursor): InlineConceptMap {
  const given = cursor.string('the URL of the concept map, such as "#codes",');
  const url = { ...given, text: given.text.replace(/^(?=[A-Za-z0-9.-]{1,64}$)/, '#') };
  const prefixes = new Map<string, string>();
  const unmapped: { prefix: Word; mode: Word }[] = [];
  const codes: InlineCode[] = [];
  cursor.expect('{');
  while (!cursor.take('}')) {
    if (cursor.is('prefix') && cursor.ahead(1).kind === 'name') {
      cursor.next();
      const prefix = cursor.name('a prefix');
      cursor.expect('=');
      prefixes.set(prefix.text, cursor.string('the URL of a code system').text);
    } else if (cursor.is('unmapped') && cursor.ahead(1).text === 'for') {
      cursor.next();
      cursor.next();
      const prefix = cursor.name('a prefix');
      cursor.expect('=');
      unmapped.push({ prefix, mode: cursor.name('provided') });
    } else codes.push(parseInlineCode(cursor));
    cursor.take(';');
  }
  return { url, prefixes, unmapped, codes };
}

function parseInlineCode(cursor: Cursor): InlineCode {
  const source = parsePrefixedCode(cursor);
  const relation = parseRelation(cursor);
  const isBare = relation.text === '--' && !isTarget(cursor);
  const target = isBare ? { prefix: source.prefix, code: '' } : parsePrefixedCode(cursor);
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

function parsePrefixedCode(cursor: Cursor): PrefixedCode {
  const prefix = cursor.name('a prefix and a code');
  cursor.expect(':');
  const { kind, text } = cursor.token;
  if (kind !== 'name' && kind !== 'string' && kind !== 'number') throw cursor.error('a code');
  cursor.next();
  return { prefix, code: text };
}

function parseGroup(cursor: Cursor, before: readonly string[]): Group {
  const name = cursor.name('the name of the group');
  const parameters = parseParameters(cursor);
  const parent = cursor.take('extends') ? cursor.name('the name of a group') : undefined;
  const typeMode = cursor.take('<<') ? parseTypeMode(cursor) : undefined;
  const { behind, rules } = parseRules(cursor);
  cursor.take(';');
  const documentation = [...before, ...behind].join('\n') || undefined;
  return { name, parameters, parent, typeMode, documentation, rules };
}

/** Published maps have groups without parameters, which others extend. */
function parseParameters(cursor: Cursor): Parameter[] {
  const parameters: Parameter[] = [];
  cursor.expect('(');
  if (cursor.take(')')) return parameters;
  do {
    const mode = cursor.name('source or target').text;
    if (mode !== 'source' && mode !== 'target')
      throw cursor.error(`source or target before this, not ${mode}`);
    const name = cursor.name('the name of a parameter');
    parameters.push({ mode, name, type: cursor.take(':') ? cursor.type() : undefined });
  } while (cursor.take(','));
  cursor.expect(')');
  return parameters;
}

function parseTypeMode(cursor: Cursor): string {
  const plus = cursor.take('type') ? cursor.expect('+') : cursor.take('types');
  if (!plus) throw cursor.error('types or type+');
  cursor.expect('>>');
  return plus === true ? 'types' : 'type+';
}
