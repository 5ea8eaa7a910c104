/** Turns variables and texts into JavaScript. */
import { type Code, type Context, call, quote } from './code.ts';
import type { Position } from './tree.ts';

const FIXED_VARIABLES: Readonly<Record<string, string>> = {
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
  ucum: 'http://unitsofmeasure.org',
};

/**
 * A variable of the caller, or one that FHIR defines.
 * @source FHIR R4 fhirpath.html, Variables
 */
export function emitVariable(context: Context, name: string, at: Position): Code {
  if (context.variables.has(name)) return variableCode(context, name);
  if (name === 'context') return context.root;
  if (name === 'resource' || name === 'rootResource') return resourceVariable(context, name);
  if (Object.hasOwn(FIXED_VARIABLES, name)) return textCode(FIXED_VARIABLES[name]!);
  if (name.startsWith('vs-')) return textCode(`http://hl7.org/fhir/ValueSet/${name.slice(3)}`);
  if (name.startsWith('ext-')) return textCode(`http://hl7.org/fhir/StructureDefinition/${name.slice(4)}`);
  return context.fail(
    'fhirpath-variable',
    `there is no variable %${name}; list it in the variables of the expression`,
    at,
  );
}

/** @returns code that reads a variable of the caller */
export function variableCode(context: Context, name: string): Code {
  const type = Object.hasOwn(context.variableTypes, name) ? context.variableTypes[name] : undefined;
  return {
    js: call(context, 'variable', 'v', quote(name), 'undefined'),
    card: 'loose',
    types: type !== undefined && context.types.knows(type) ? [type] : undefined,
    raw: true,
  };
}

function resourceVariable(context: Context, name: string): Code {
  const types = name === 'resource' ? context.resourceTypes : context.resourceTypes && ['Resource'];
  const js = name === 'resource' ? resourceOf(context) : containerOf(context);
  return { js, card: 'opt', types, raw: true };
}

/** @returns JavaScript of `%resource`: the focus where the caller gives none */
function resourceOf(context: Context): string {
  return call(context, 'variable', 'v', quote('resource'), 'f');
}

/** @returns JavaScript of `%rootResource`, which holds the contained resources */
export function containerOf(context: Context): string {
  return call(context, 'variable', 'v', quote('rootResource'), resourceOf(context));
}

/** @returns code of a text that the expression writes */
export function textCode(value: string): Code {
  return { js: quote(value), card: 'one', types: ['System.String'], literal: value };
}
