/** Turns the default value of a source in StructureMap's JSON into FHIRPath, and back. */
import { readArgument, readFhirPath } from './fragment.ts';
import { mark, takeMark } from './structure-map-argument.ts';
import type { JsonElement } from './structure-map-element.ts';
import type { Expression, LiteralType } from './tree.ts';
import { literalText } from './write-argument.ts';

/** The endings of R4's `defaultValue[x]` of primitive types, and the literal that stands for their values. */
const TYPES: ReadonlyMap<string, LiteralType> = new Map([
  ...['', 'String', 'Code', 'Id', 'Markdown', 'Uri', 'Url', 'Canonical', 'Oid', 'Uuid', 'Base64Binary'].map(
    (name): [string, LiteralType] => [name, 'string'],
  ),
  ['Integer', 'integer'],
  ['PositiveInt', 'integer'],
  ['UnsignedInt', 'integer'],
  ['Decimal', 'decimal'],
  ['Boolean', 'boolean'],
  ['Date', 'date'],
  ['DateTime', 'dateTime'],
  ['Instant', 'dateTime'],
  ['Time', 'time'],
]);

/** What R4 and R5 have for a default; `defaultValue` and its mark are R5's. */
export type DefaultValue = Readonly<Record<string, unknown>>;

/** Takes `defaultValue` or `defaultValue[x]`, where the source has one. */
export function readDefault(element: JsonElement): Expression | undefined {
  const [name, more] = element.names().filter((one) => one.startsWith('defaultValue'));
  if (name === undefined) return undefined;
  if (more !== undefined) element.fault(`must not stand beside ${name}`, more);
  const text = name === 'defaultValueExpression' ? expressionOf(element) : literalOf(element, name);
  if (text === undefined) return undefined;
  const read = readFhirPath(text);
  if ('text' in read) return { kind: 'expression', at: element.at, text: read.text };
  element.fault(`is no FHIRPath: ${read.fault}`, name);
  return undefined;
}

function expressionOf(element: JsonElement): string | undefined {
  const value = element.value('defaultValueExpression') as Readonly<Record<string, unknown>> | null;
  if (value?.language === 'text/fhirpath' && typeof value.expression === 'string') return value.expression;
  element.fault('must have language "text/fhirpath" and an expression', 'defaultValueExpression');
  return undefined;
}

function literalOf(element: JsonElement, name: string): string | undefined {
  const type = TYPES.get(name.slice('defaultValue'.length));
  const value = element.value(name);
  const isMarked = name === 'defaultValue' && takeMarkOf(element);
  if (isMarked && typeof value === 'string') return value;
  const wanted =
    type === 'integer' || type === 'decimal' ? 'number' : type === 'boolean' ? 'boolean' : 'string';
  if (type && typeof value === wanted)
    return literalText({ kind: 'literal', at: element.at, type, value: value as string | number | boolean });
  element.fault('must be a value of a primitive type; only those have a default', name);
  return undefined;
}

function takeMarkOf(element: JsonElement): boolean {
  const sibling = element.child('_defaultValue');
  const isMarked = sibling !== undefined && takeMark(sibling);
  sibling?.rest();
  return isMarked;
}

/** @returns the members that a source has for its default */
export function writeDefault({ at, text }: Expression, version: 'R4' | 'R5'): DefaultValue {
  const read = readArgument(text, at);
  const literal = 'argument' in read && read.argument.kind === 'literal' ? read.argument : undefined;
  if (version === 'R4') {
    if (!literal) return { defaultValueExpression: { language: 'text/fhirpath', expression: text } };
    return { [`defaultValue${literal.type[0]!.toUpperCase()}${literal.type.slice(1)}`]: literal.value };
  }
  if (literal?.type === 'string') return { defaultValue: literal.value };
  return { defaultValue: text, _defaultValue: { extension: [mark()] } };
}
