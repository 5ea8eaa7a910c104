/** Parses what a map says of itself: the line `map`, and lines `/// name = value`. */
import type { Cursor } from './cursor.ts';
import { unescaped } from './lexer.ts';
import type { Metadata } from './tree.ts';

/** `map "url" = "name"`, which stands for two lines of metadata. */
export function parseMapName(cursor: Cursor): Metadata[] {
  const url = cursor.string('the URL of the map');
  cursor.expect('=');
  const name = cursor.nameOrString('the name of the map');
  cursor.take(';');
  return [
    { name: 'url', at: url.at, value: url.text },
    { name: 'name', at: name.at, value: name.text },
  ];
}

/** `map` repeats what the lines before it say, for readers that know only one of the two. */
export function isSaid(metadata: readonly Metadata[], { name, value }: Metadata): boolean {
  return metadata.findLast((one) => one.name === name)?.value === value;
}

/** `/// name = "value"`; several lines stand between `"""`; one word may stand without quotes: `/// status = draft`. */
export function parseMetadata(cursor: Cursor): Metadata {
  const { text, at } = cursor.token;
  const [, name = '', given = ''] = /^\/\/\/\s*([\w.[\]-]+)\s*=(.*)$/s.exec(text) ?? [];
  const value = given.trim();
  const read = metadataValue(name, value);
  if (value !== '' && read === undefined)
    throw cursor.error('a value in quotes, a number, a date such as @2025-05-01, true or false behind "="');
  cursor.next();
  return { name, at, value: read };
}

/** A comment may stand behind the value. Elements of the map itself are no numbers: version 1.10 is a text. */
function metadataValue(name: string, text: string): Metadata['value'] {
  const block = /^"""(?:[ \t]*\r?\n)?(.*?)(?:\r?\n[ \t]*)?"""$/s.exec(text);
  if (block) return block[1]!;
  const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')(?:\s*\/\/.*)?$/s.exec(text);
  if (quoted) return unescaped(quoted[1] ?? quoted[2]!);
  const [, word] = /^([^\s"'`]+)(?:\s+\/\/.*)?$/.exec(text) ?? [];
  if (word === 'true' || word === 'false') return word === 'true';
  if (word !== undefined && name.includes('.') && /^-?\d+(?:\.\d+)?$/.test(word)) return Number(word);
  return word?.replace(/^@(?=[\dT])/, '');
}
