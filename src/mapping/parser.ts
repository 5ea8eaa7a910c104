/** Parses the text of a map file: everything outside of groups' rules. */
import { AdapterError, type Checked, outcomeOf } from '../fhir/outcome.ts';
import { Cursor } from './cursor.ts';
import { nearest } from './finding.ts';
import type { TextEnd } from './lexer.ts';
import { parseConceptMap } from './parse-concept-map.ts';
import { parseExpression } from './parse-expression.ts';
import { isSaid, parseMapName, parseMetadata } from './parse-metadata.ts';
import { documentationOf, parseRules } from './parse-rule.ts';
import type {
  Constant,
  Group,
  InlineConceptMap,
  MapFile,
  Metadata,
  Parameter,
  Structure,
  Word,
} from './tree.ts';

const MODES = ['source', 'target', 'queried', 'produced'];
const KEYWORDS = ['map', 'uses', 'imports', 'conceptmap', 'let', 'group'];
/** What ends the FHIRPath of a constant; where its semicolon is missing, the next item does. */
const END_OF_CONSTANT: ReadonlySet<string> = new Set([';', ...KEYWORDS]);

/** Keywords, and what is taken for one. */
const KEYWORD = /^(?:map|use|using|import|conceptmap|let|group)s?$/i;

/** The items of a file, as far as it is read. */
interface Items {
  readonly metadata: Metadata[];
  readonly conceptMaps: InlineConceptMap[];
  readonly structures: Structure[];
  readonly imports: Word[];
  readonly constants: Constant[];
  readonly groups: Group[];
}

/**
 * Parses FHIR Mapping Language: the R4 text, and the R5 parts in use (`///` metadata, `let`).
 * @param file name that findings are located in: `spreadsheet/referral.map`
 * @returns the tree of the whole file, or issues `map-syntax` with file:line:column: what is behind a faulty rule,
 *   group or line is read on
 * @source FHIR R4 mapping-language.html, FHIR R5 mapping-language.html (grammar)
 */
export function parseMap(file: string, text: string): Checked<MapFile> {
  try {
    const read = parseText(file, text, 'anywhere');
    if (read.ok || !read.hasLongText) return read;
    // a quote that was left open turns the rest of the file inside out: texts end with their line, and tell which it is
    return parseText(file, text, 'line');
  } catch (error) {
    if (error instanceof AdapterError) return { ok: false, outcome: error.outcome };
    throw error;
  }
}

function parseText(
  file: string,
  text: string,
  textEnd: TextEnd,
): Checked<MapFile> & { readonly hasLongText: boolean } {
  const cursor = new Cursor(file, text, textEnd);
  const value = parseFile(file, cursor);
  const { faults, hasLongText } = cursor;
  if (faults.length === 0) return { ok: true, value, hasLongText };
  return { ok: false, outcome: outcomeOf(...faults.flatMap(({ outcome }) => outcome.issue)), hasLongText };
}

function parseFile(file: string, cursor: Cursor): MapFile {
  const items: Items = {
    metadata: [],
    conceptMaps: [],
    structures: [],
    imports: [],
    constants: [],
    groups: [],
  };
  while (cursor.token.kind !== 'end') {
    const start = cursor.token;
    cursor.attempt(
      () => parseItem(cursor, items),
      () => skipItem(cursor, cursor.token === start),
    );
  }
  const { metadata, groups, conceptMaps } = items;
  if (groups.length === 0 && conceptMaps.length === 0 && cursor.faults.length === 0)
    cursor.note(cursor.error('a group'));
  const named = (wanted: string): string =>
    `${metadata.findLast(({ name }) => name === wanted)?.value ?? ''}`;
  return { file, url: named('url'), name: named('name'), ...items };
}

function parseItem(cursor: Cursor, items: Items): void {
  const before = cursor.commentsBefore;
  if (cursor.token.kind === 'metadata') items.metadata.push(parseMetadata(cursor));
  else if (cursor.take('map'))
    items.metadata.push(...parseMapName(cursor).filter((one) => !isSaid(items.metadata, one)));
  else if (cursor.take('conceptmap')) items.conceptMaps.push(parseConceptMap(cursor, () => isItem(cursor)));
  else if (cursor.take('uses')) items.structures.push(parseStructure(cursor, before));
  else if (cursor.take('imports')) {
    items.imports.push(cursor.string('the URL of the map to import'));
    cursor.take(';');
  } else if (cursor.take('let')) items.constants.push(parseConstant(cursor));
  else if (cursor.take('group')) items.groups.push(parseGroup(cursor, before));
  else throw unknownItem(cursor);
}

function unknownItem(cursor: Cursor): AdapterError {
  const { text, kind } = cursor.token;
  if (text === '}') return cursor.error('an item: this "}" closes no bracket,');
  if (text === 'endgroup' || text === 'input') return cursor.error(PARENTHESES);
  const hint = kind === 'name' ? nearest(text, KEYWORDS) : '';
  const meant = hint.startsWith('; write ') ? hint : '';
  return cursor.error(`${KEYWORDS.slice(0, -1).join(', ')} or group${meant}`);
}

/** What drafts of the language wrote as `group Name input … endgroup`. */
const PARENTHESES = 'the form group Name(source src : Type, target tgt : Type) { … }';

/** @param isFirst nothing of the item has been taken */
function skipItem(cursor: Cursor, isFirst: boolean): void {
  if (isFirst) cursor.pass();
  while (cursor.token.kind !== 'end' && !isItem(cursor)) cursor.pass();
}

/** The next item begins, on a line of its own. */
function isItem(cursor: Cursor): boolean {
  const { kind, quote, text } = cursor.token;
  if (kind === 'metadata') return true;
  if (kind !== 'name' || quote !== '' || !cursor.startsLine || !KEYWORD.test(text)) return false;
  const next = cursor.ahead(1);
  if (/^let/i.test(text)) return cursor.ahead(2).text === '=';
  return /^group/i.test(text) ? next.kind === 'name' || next.quote === '"' : next.kind === 'string';
}

function parseStructure(cursor: Cursor, before: readonly string[]): Structure {
  const url = cursor.string('the URL of a structure');
  const alias = cursor.take('alias') ? cursor.name('an alias').text : undefined;
  if (!cursor.take('as')) throw cursor.error(alias === undefined ? '"alias" or "as"' : '"as"');
  const { text } = cursor.token;
  if (!MODES.includes(text)) throw cursor.error('source, target, queried or produced');
  const mode = cursor.name('a mode').text;
  if (cursor.is('alias')) throw cursor.error('alias before "as"');
  cursor.take(';');
  return { url, alias, mode, documentation: documentationOf(before, cursor) };
}

function parseConstant(cursor: Cursor): Constant {
  const name = cursor.name('the name of the constant');
  cursor.expect('=');
  const value = parseExpression(cursor, END_OF_CONSTANT);
  if (!cursor.take(';')) cursor.note(cursor.startsLine ? cursor.missing(';') : cursor.error('";"'));
  return { name, value };
}

function parseGroup(cursor: Cursor, before: readonly string[]): Group {
  const name = cursor.name('the name of the group');
  const parameters = parseParameters(cursor);
  const parent = cursor.take('extends') ? cursor.name('the name of a group') : undefined;
  const typeMode = cursor.take('<<') ? parseTypeMode(cursor) : undefined;
  if (cursor.is('extends')) throw cursor.error('extends before "<<"');
  if (!cursor.is('{')) throw cursor.error('"{" before the rules of the group');
  const { behind, rules } = parseRules(cursor);
  cursor.take(';');
  const documentation = [...before, ...behind].join('\n') || undefined;
  return { name, parameters, parent, typeMode, documentation, rules };
}

/** Published maps have groups without parameters, which others extend. */
function parseParameters(cursor: Cursor): Parameter[] {
  const parameters: Parameter[] = [];
  if (!cursor.take('(')) throw cursor.error(PARENTHESES);
  if (cursor.take(')')) return parameters;
  do {
    const mode = (['source', 'target'] as const).find((one) => cursor.take(one));
    if (mode === undefined) throw cursor.error('source or target');
    const name = cursor.name('the name of a parameter');
    parameters.push({ mode, name, type: cursor.take(':') ? cursor.type() : undefined });
  } while (cursor.take(','));
  if (!cursor.take(')')) throw cursor.error(isUrl(cursor) ? 'a URL in quotes as a type' : '"," or ")"');
  return parameters;
}

/** `source src : http://…`, which reads as the type `http`. */
function isUrl(cursor: Cursor): boolean {
  return cursor.is(':');
}

/** `<<types>>` or `<<type+>>`; drafts of the language wrote the latter as `type+types`. */
function parseTypeMode(cursor: Cursor): string {
  const isPlus = cursor.take('type');
  if (!(isPlus ? cursor.take('+') : cursor.take('types'))) throw cursor.error('types or type+');
  if (isPlus) cursor.take('types');
  cursor.expect('>>');
  return isPlus ? 'type+' : 'types';
}
