/** Parses the text of a map file: everything outside of groups' rules. */
import { AdapterError, type Checked } from '../fhir/outcome.ts';
import { RELATIONS } from './concept-map.ts';
import { Cursor } from './cursor.ts';
import { parseRules } from './parse-rule.ts';
import type {
  Constant,
  Group,
  InlineCode,
  InlineConceptMap,
  MapFile,
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
  const metadata = new Map<string, string>();
  const conceptMaps: InlineConceptMap[] = [];
  const structures: Structure[] = [];
  const imports: Word[] = [];
  const constants: Constant[] = [];
  const groups: Group[] = [];
  while (cursor.token.kind !== 'end') {
    if (cursor.token.kind === 'metadata') readMetadata(cursor.next().text, metadata);
    else if (cursor.take('map')) readMapName(cursor, metadata);
    else if (cursor.take('conceptmap')) conceptMaps.push(parseConceptMap(cursor));
    else if (cursor.take('uses')) structures.push(parseStructure(cursor));
    else if (cursor.take('imports')) {
      imports.push(cursor.string('the URL of the map to import'));
      cursor.take(';');
    } else if (cursor.take('let')) constants.push(parseConstant(cursor));
    else if (cursor.take('group')) groups.push(parseGroup(cursor));
    else throw cursor.error('map, uses, imports, conceptmap, let or group');
  }
  if (groups.length === 0) throw cursor.error('a group');
  const url = metadata.get('url') ?? '';
  return { file, url, name: metadata.get('name') ?? '', conceptMaps, structures, imports, constants, groups };
}

/** `/// name = "value"`; what is no pair is a comment. */
function readMetadata(line: string, metadata: Map<string, string>): void {
  const match = /^\/\/\/\s*([A-Za-z][\w.]*)\s*=\s*(?:"([^"]*)"|'([^']*)')\s*$/.exec(line);
  if (match) metadata.set(match[1]!, match[2] ?? match[3] ?? '');
}

function readMapName(cursor: Cursor, metadata: Map<string, string>): void {
  metadata.set('url', cursor.string('the URL of the map').text);
  cursor.expect('=');
  metadata.set('name', cursor.nameOrString('the name of the map').text);
  cursor.take(';');
}

function parseStructure(cursor: Cursor): Structure {
  const url = cursor.string('the URL of a structure');
  const alias = cursor.take('alias') ? cursor.name('an alias').text : undefined;
  cursor.expect('as');
  const mode = cursor.name('source, target, queried or produced');
  if (!['source', 'target', 'queried', 'produced'].includes(mode.text)) {
    throw cursor.error(`source, target, queried or produced before this, not ${mode.text}`);
  }
  cursor.take(';');
  return { url, alias, mode: mode.text };
}

function parseConstant(cursor: Cursor): Constant {
  const name = cursor.name('the name of the constant');
  cursor.expect('=');
  const value = cursor.expression(END_OF_CONSTANT);
  cursor.expect(';');
  return { name, value };
}

function parseConceptMap(cursor: Cursor): InlineConceptMap {
  const url = cursor.string('the URL of the concept map, such as "#codes",');
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
  return { source, relation: parseRelation(cursor), target: parsePrefixedCode(cursor) };
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

function parseGroup(cursor: Cursor): Group {
  const name = cursor.name('the name of the group');
  cursor.expect('(');
  const parameters: Parameter[] = [];
  do {
    const mode = cursor.name('source or target').text;
    if (mode !== 'source' && mode !== 'target')
      throw cursor.error(`source or target before this, not ${mode}`);
    const parameter = cursor.name('the name of a parameter');
    parameters.push({
      mode,
      name: parameter,
      type: cursor.take(':') ? cursor.nameOrString('a type') : undefined,
    });
  } while (cursor.take(','));
  cursor.expect(')');
  const parent = cursor.take('extends') ? cursor.name('the name of a group') : undefined;
  const typeMode = cursor.take('<<') ? parseTypeMode(cursor) : undefined;
  return { name, parameters, parent, typeMode, rules: parseRules(cursor) };
}

function parseTypeMode(cursor: Cursor): string {
  const plus = cursor.take('type') ? cursor.expect('+') : cursor.take('types');
  if (!plus) throw cursor.error('types or type+');
  cursor.expect('>>');
  return plus === true ? 'types' : 'type+';
}
