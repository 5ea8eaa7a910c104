/** Turns function calls into JavaScript: those of the table, and those that depend on types, siblings or the clock. */
import { AS_DECIMAL } from './boundaries.ts';
import {
  type Code,
  type Context,
  call,
  plainMany,
  plainOpt,
  quote,
  type Scope,
  temporalOpt,
} from './code.ts';
import { COLLECTION_FUNCTIONS } from './emit-collection.ts';
import { HOST_FUNCTIONS } from './emit-host.ts';
import { KEY_FUNCTIONS } from './emit-key.ts';
import { focusOf, LAMBDA_FUNCTIONS } from './emit-lambda.ts';
import { TYPED_FUNCTIONS } from './emit-typed.ts';
import { CONVERSIONS, PLAIN_FUNCTIONS, type PlainFunction } from './function-table.ts';
import { patternFault, wholeOf } from './pattern.ts';
import type { CallNode, Node } from './tree.ts';
import { BOOLEAN, INTEGER, isNumber, isPrimitive, isWhole, type Types } from './types.ts';

/** Known to FHIRPath, but not decidable from the data alone. */
const REFUSED: Readonly<Record<string, string>> = {
  elementDefinition: 'it needs profiles at run time',
  slice: 'it needs profiles at run time',
};

/** Every function that an expression may call; those of `HOST_FUNCTIONS` need the caller. */
export const FUNCTION_NAMES: readonly string[] = [
  LAMBDA_FUNCTIONS,
  COLLECTION_FUNCTIONS,
  TYPED_FUNCTIONS,
  HOST_FUNCTIONS,
  KEY_FUNCTIONS,
  PLAIN_FUNCTIONS,
  CONVERSIONS,
].flatMap((functions) => [...functions.keys()]);

/** One function call. @throws ExpressionFault for a function that is not known or refused, or a wrong number of arguments */
export function emitCall(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  const { name, args, at } = node;
  const special =
    LAMBDA_FUNCTIONS.get(name) ??
    COLLECTION_FUNCTIONS.get(name) ??
    TYPED_FUNCTIONS.get(name) ??
    HOST_FUNCTIONS.get(name) ??
    KEY_FUNCTIONS.get(name);
  const plainFunction = PLAIN_FUNCTIONS.get(name);
  const conversion = CONVERSIONS.get(name);
  const range =
    special?.args ??
    (plainFunction
      ? ([plainFunction.required, plainFunction.args.length] as const)
      : conversion
        ? ([0, name === 'convertsToQuantity' ? 1 : 0] as const)
        : undefined);
  if (!range) {
    const why = Object.hasOwn(REFUSED, name) ? `: ${REFUSED[name]}` : '';
    return context.fail('fhirpath-unsupported', `the function ${name}() is not supported${why}`, at);
  }
  if (args.length < range[0] || args.length > range[1])
    return context.fail(
      'fhirpath-syntax',
      `${name}() takes ${range[0] === range[1] ? range[0] : `${range[0]} to ${range[1]}`} arguments, and has ${args.length}`,
      at,
    );
  if (special) return special.emit(context, node, scope, boxed);
  if (conversion) return converts(context, node, scope, conversion);
  return emitPlain(context, node, scope, plainFunction!);
}

function emitPlain(context: Context, node: CallNode, scope: Scope, spec: PlainFunction): Code {
  const focus = focusOf(context, node, scope);
  checkText(context, node, focus, spec);
  const argument = (arg: Node, i: number): string => {
    const code = context.emit(arg, scope);
    return spec.args[i] === 'many' ? plainMany(context, code) : plainOpt(context, code);
  };
  const args = [
    spec.focus === 'many'
      ? plainMany(context, focus)
      : spec.written
        ? temporalOpt(context, focus)
        : plainOpt(context, focus),
    ...node.args.map(argument),
  ];
  const written = spec.written ? writtenOf(node, focus) : undefined;
  if (written !== undefined) {
    while (args.length <= spec.args.length) args.push('undefined');
    args.push(quote(written));
  }
  return { js: call(context, spec.run, ...args), card: spec.card, types: typesOf(spec.types, focus.types) };
}

/** @returns the number as written, as far as it is known */
function writtenOf(node: CallNode, focus: Code): string | undefined {
  const isDecimal = focus.types?.length === 1 && focus.types[0] === 'decimal';
  return isDecimal && node.name.endsWith('Boundary') ? AS_DECIMAL : focus.text;
}

/** A function on text over an element that is never text, and a pattern that would run away, are found before any data is. */
function checkText(context: Context, node: CallNode, focus: Code, spec: PlainFunction): void {
  const onText = [
    'startsWith',
    'endsWith',
    'contains',
    'matches',
    'upper',
    'lower',
    'replace',
    'substring',
    'indexOf',
  ].includes(node.name);
  if (
    onText &&
    spec.focus === 'one' &&
    focus.types &&
    !focus.none &&
    !focus.types.some(isPrimitive) &&
    !context.types.isOpen(focus.types)
  )
    context.fail(
      'fhirpath-type',
      `${node.name}() is a function on text, and ${focus.types.join(' or ')} is no text`,
      node.at,
    );
  const [pattern] = node.args;
  if (pattern?.kind !== 'string' || !['matches', 'matchesFull', 'replaceMatches'].includes(node.name)) return;
  const fault = patternFault(node.name === 'matchesFull' ? wholeOf(pattern.value) : pattern.value);
  if (fault !== undefined) context.fail('fhirpath-unsupported', fault, pattern.at);
}

function typesOf(types: PlainFunction['types'], focus: Types): Types {
  if (types === 'same') return focus;
  if (types !== 'number') return types;
  return isWhole(focus) ? INTEGER : isNumber(focus) ? focus : undefined;
}

function converts(
  context: Context,
  node: CallNode,
  scope: Scope,
  conversion: Parameters<typeof call>[1],
): Code {
  const focus = plainOpt(context, focusOf(context, node, scope));
  const args = node.args.map((arg) => plainOpt(context, context.emit(arg, scope)));
  return {
    js: call(context, 'converts', focus, context.use(conversion), ...args),
    card: 'opt',
    types: BOOLEAN,
  };
}
