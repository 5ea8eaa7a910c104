/** Turns the parameters of transforms and dependents in a StructureMap's JSON into arguments of the tree, and back. */
import type { StructureMapGroupRuleTargetParameter } from '@medplum/fhirtypes';
import { readArgument, readWords, wordsText } from './fragment.ts';
import type { JsonElement } from './structure-map-element.ts';
import type { Argument, Literal, LiteralType } from './tree.ts';
import { argumentText } from './write-argument.ts';

/**
 * Extension (value: boolean) that marks a text as FHIRPath where FHIR has no element for an expression: a parameter
 * other than the second of `evaluate`, and the default value of a source in R5.
 */
const EXPRESSION_EXTENSION = 'https://hedgerow.example/fhir/StructureDefinition/map-expression';

/** R4's parameters, with the dates and times that R5 added. */
export type MapParameter = StructureMapGroupRuleTargetParameter & {
  valueDate?: string;
  valueTime?: string;
  valueDateTime?: string;
};

const TYPES: ReadonlyMap<string, LiteralType> = new Map([
  ['valueString', 'string'],
  ['valueBoolean', 'boolean'],
  ['valueInteger', 'integer'],
  ['valueDecimal', 'decimal'],
  ['valueDate', 'date'],
  ['valueDateTime', 'dateTime'],
  ['valueTime', 'time'],
]);

const TEMPORAL: Readonly<Record<string, RegExp>> = {
  date: /^\d{4}(?:-\d\d){0,2}$/,
  dateTime: /^\d{4}(?:-\d\d){0,2}(?:T\d[\d:.]*(?:Z|[+-]\d\d:\d\d)?)?$/,
  time: /^\d[\d:.]*$/,
};

/** @param isFhirPath true for a text that is FHIRPath without a mark: the second parameter of `evaluate` */
export function readParameter(element: JsonElement, isFhirPath: boolean): Argument | undefined {
  const names = element.names().filter((name) => name.startsWith('value'));
  const [name] = names;
  if (names.length !== 1 || name === undefined) {
    element.fault(
      'needs exactly one value: valueId, valueString, valueBoolean, valueInteger or valueDecimal',
    );
    return undefined;
  }
  const marked = takeMark(element);
  const argument =
    marked || (isFhirPath && name === 'valueString') ? expressionOf(element) : givenValue(element, name);
  element.rest();
  return argument;
}

function expressionOf(element: JsonElement): Argument | undefined {
  const text = element.needed('valueString');
  if (text === '') return undefined;
  const read = readArgument(text, element.at);
  if ('argument' in read) return read.argument;
  element.fault(`is no FHIRPath: ${read.fault}`, 'valueString');
  return undefined;
}

function givenValue(element: JsonElement, name: string): Argument | undefined {
  if (name === 'valueId') {
    const text = element.needed(name);
    return text === '' ? undefined : { kind: 'path', at: element.at, words: readWords(text, element.at) };
  }
  const type = TYPES.get(name);
  const value = element.value(name);
  if (type && isOfType(type, value)) return { kind: 'literal', at: element.at, type, value };
  element.fault(
    type ? `must be a value of type ${type}` : 'is no parameter of a StructureMap; write valueString',
    name,
  );
  return undefined;
}

function isOfType(type: LiteralType, value: unknown): value is Literal['value'] {
  if (type === 'string') return typeof value === 'string';
  if (type === 'boolean') return typeof value === 'boolean';
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'decimal') return typeof value === 'number';
  return typeof value === 'string' && TEMPORAL[type]!.test(value);
}

/** Takes the extension that marks FHIRPath, where it is the only one. */
export function takeMark(element: JsonElement, name = 'extension'): boolean {
  if (JSON.stringify(element.peek(name)) !== JSON.stringify([mark()])) return false;
  element.value(name);
  return true;
}

export function mark(): { url: string; valueBoolean: boolean } {
  return { url: EXPRESSION_EXTENSION, valueBoolean: true };
}

/** @param isFhirPath true for the second parameter of `evaluate`, whose text is FHIRPath without a mark */
export function writeParameter(argument: Argument, isFhirPath: boolean): MapParameter {
  if (isFhirPath) return { valueString: argumentText(argument) };
  if (argument.kind === 'path') return { valueId: wordsText(argument.words) };
  if (argument.kind === 'expression') return { extension: [mark()], valueString: argument.text };
  const [name] = [...TYPES].find(([, type]) => type === argument.type)!;
  return { [name]: argument.value };
}
