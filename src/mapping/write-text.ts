/** Turns the tree of a map into its text, which parses to the same tree. */
import { isBareExpression } from './fragment.ts';
import { isBareName, nameText, numberText, quoted } from './quote.ts';
import type { Constant, Group, InlineCode, InlineConceptMap, MapFile, Metadata, Structure } from './tree.ts';
import { commentLines } from './write-comment.ts';
import { ruleLines, typeText } from './write-rule.ts';

const END_OF_CONSTANT: ReadonlySet<string> = new Set([';']);

/**
 * Writes a map as text: one item a line, what is documented below its comment, names quoted only where they must be.
 * @returns text that `parseMap` reads as the same tree, places apart; it ends with a line feed
 * @source FHIR R4 and R5 mapping-language.html
 */
export function writeText(map: MapFile): string {
  const sections = [
    metadataLines(map.metadata),
    ...map.conceptMaps.map(conceptMapLines),
    map.structures.flatMap(structureLines),
    map.imports.map(({ text }) => `imports ${quoted(text, '"')}`),
    map.constants.map(constantLine),
    ...map.groups.map(groupLines),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** URL and name that come first are the line `map`, which readers of R4 look for. */
function metadataLines(metadata: readonly Metadata[]): string[] {
  const [url, name, ...more] = metadata;
  const isMap = url?.name === 'url' && name?.name === 'name';
  if (!isMap || typeof url.value !== 'string' || typeof name.value !== 'string')
    return metadata.map(metadataLine);
  return [`map ${quoted(url.value, '"')} = ${quoted(name.value, '"')}`, ...more.map(metadataLine)];
}

function metadataLine({ name, value }: Metadata): string {
  if (value === undefined) return `/// ${name} =`;
  return `/// ${name} = ${typeof value === 'string' ? metadataText(value) : metadataNumber(value)}`;
}

function metadataText(value: string): string {
  const isBlock = value.includes('\n') && !value.includes('\r') && !value.includes('"""');
  return isBlock ? `"""\n${value}\n"""` : quoted(value, '"');
}

function metadataNumber(value: number | boolean): string {
  if (typeof value === 'boolean') return String(value);
  return numberText(value, Number.isInteger(value) ? 'integer' : 'decimal');
}

function conceptMapLines(map: InlineConceptMap): string[] {
  return [
    `conceptmap ${quoted(map.url.text, '"')} {`,
    ...[...map.prefixes].map(([prefix, url]) => `  prefix ${nameText(prefix)} = ${quoted(url, '"')}`),
    ...map.unmapped.map(
      ({ prefix, mode }) => `  unmapped for ${nameText(prefix.text)} = ${nameText(mode.text)}`,
    ),
    ...map.codes.map(codeLine),
    '}',
  ];
}

function codeLine({ source, relation, target }: InlineCode): string {
  const from = `  ${nameText(source.prefix.text)}:${codeText(source.code)} ${relation.text}`;
  if (relation.text === '--' && target.code === '' && target.prefix.text === source.prefix.text) return from;
  return `${from} ${nameText(target.prefix.text)}:${codeText(target.code)}`;
}

function codeText(code: string): string {
  return isBareName(code) || /^\d+$/.test(code) ? code : quoted(code, '"');
}

function structureLines({ url, alias, mode, documentation }: Structure): string[] {
  const name = alias === undefined ? '' : ` alias ${nameText(alias)}`;
  return [...commentLines(documentation), `uses ${quoted(url.text, '"')}${name} as ${mode}`];
}

function constantLine({ name, value }: Constant): string {
  const isBare = isBareExpression(value.text, END_OF_CONSTANT);
  return `let ${nameText(name.text)} = ${isBare ? value.text : `(${value.text})`};`;
}

function groupLines(group: Group): string[] {
  const parameters = group.parameters.map(({ mode, name, type }) => {
    return `${mode} ${nameText(name.text)}${type ? ` : ${typeText(type)}` : ''}`;
  });
  const parent = group.parent ? ` extends ${nameText(group.parent.text)}` : '';
  const typeMode = group.typeMode === undefined ? '' : ` <<${group.typeMode}>>`;
  return [
    ...commentLines(group.documentation),
    `group ${nameText(group.name.text)}(${parameters.join(', ')})${parent}${typeMode} {`,
    ...group.rules.flatMap((rule) => ruleLines(rule, '  ')),
    '}',
  ];
}
