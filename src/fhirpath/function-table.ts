/** The functions of FHIRPath that need no more than their focus and arguments as values. */
import type { Runtime } from './runtime.ts';
import { BOOLEAN, DECIMAL, INTEGER, QUANTITY, STRING, type Types } from './types.ts';

/** How a function of this kind is called and what it gives. */
export interface PlainFunction {
  readonly run: keyof Runtime;
  /** one: a single value or undefined; many: an array */
  readonly focus: 'one' | 'many';
  readonly args: readonly ('one' | 'many')[];
  /** how many arguments must be there */
  readonly required: number;
  readonly card: 'one' | 'opt' | 'many';
  /** `same`: those of the focus; `number`: Integer stays Integer */
  readonly types: Types | 'same' | 'number';
  /** takes the number as written after its arguments */
  readonly written?: boolean;
}

const text = (
  run: keyof Runtime,
  parameters: number,
  types: Types,
  required = parameters,
): PlainFunction => ({
  run,
  focus: 'one',
  args: Array.from({ length: parameters }, () => 'one' as const),
  required,
  card: 'opt',
  types,
});
const onMany = (
  run: keyof Runtime,
  types: Types | 'same',
  card: 'one' | 'opt' | 'many',
  args: readonly ('one' | 'many')[] = [],
): PlainFunction => ({
  run,
  focus: 'many',
  args,
  required: args.length,
  card,
  types,
});
const math = (
  run: keyof Runtime,
  types: Types | 'number',
  parameters = 0,
  required = parameters,
): PlainFunction => ({
  ...text(run, parameters, undefined, required),
  types,
});

/** By the name that expressions use. @source FHIRPath N1 (2.0.0), 5 Functions */
export const PLAIN_FUNCTIONS: ReadonlyMap<string, PlainFunction> = new Map<string, PlainFunction>([
  ['indexOf', text('indexOf', 1, INTEGER)],
  ['lastIndexOf', text('lastIndexOf', 1, INTEGER)],
  ['substring', text('substring', 2, STRING, 1)],
  ['startsWith', text('startsWith', 1, BOOLEAN)],
  ['endsWith', text('endsWith', 1, BOOLEAN)],
  ['contains', text('contains', 1, BOOLEAN)],
  ['upper', text('upper', 0, STRING)],
  ['lower', text('lower', 0, STRING)],
  ['trim', text('trim', 0, STRING)],
  ['length', text('length', 0, INTEGER)],
  ['replace', text('replace', 2, STRING)],
  ['matches', text('matches', 1, BOOLEAN)],
  ['matchesFull', text('matchesFull', 1, BOOLEAN)],
  ['replaceMatches', text('replaceMatches', 2, STRING)],
  ['encode', text('encode', 1, STRING)],
  ['decode', text('decode', 1, STRING)],
  ['escape', text('escapeText', 1, STRING)],
  ['unescape', text('unescapeText', 1, STRING)],
  ['toChars', { ...text('toChars', 0, STRING), card: 'many' }],
  ['split', { ...text('split', 1, STRING), card: 'many' }],
  ['join', { ...onMany('join', STRING, 'opt', ['one']), required: 0 }],
  ['htmlChecks', text('htmlChecks', 0, BOOLEAN)],
  ['abs', math('abs', 'number')],
  ['ceiling', math('ceiling', INTEGER)],
  ['floor', math('floor', INTEGER)],
  ['truncate', math('truncate', INTEGER)],
  ['exp', math('exp', DECIMAL)],
  ['ln', math('ln', DECIMAL)],
  ['log', math('log', DECIMAL, 1)],
  ['power', math('power', 'number', 1)],
  ['round', math('round', DECIMAL, 1, 0)],
  ['sqrt', math('sqrt', DECIMAL)],
  ['comparable', math('comparable', BOOLEAN, 1)],
  ['precision', { ...math('precision', INTEGER), written: true }],
  ['lowBoundary', { ...math('lowBoundary', undefined, 1, 0), written: true }],
  ['highBoundary', { ...math('highBoundary', undefined, 1, 0), written: true }],
  ['distinct', onMany('distinct', 'same', 'many')],
  ['isDistinct', onMany('isDistinct', BOOLEAN, 'one')],
  ['allTrue', onMany('allTrue', BOOLEAN, 'one')],
  ['anyTrue', onMany('anyTrue', BOOLEAN, 'one')],
  ['allFalse', onMany('allFalse', BOOLEAN, 'one')],
  ['anyFalse', onMany('anyFalse', BOOLEAN, 'one')],
  ['subsetOf', onMany('subsetOf', BOOLEAN, 'one', ['many'])],
  ['supersetOf', onMany('supersetOf', BOOLEAN, 'one', ['many'])],
  ['intersect', onMany('intersect', 'same', 'many', ['many'])],
  ['exclude', onMany('exclude', 'same', 'many', ['many'])],
  ['toBoolean', text('toBoolean', 0, BOOLEAN)],
  ['toInteger', text('toInteger', 0, INTEGER)],
  ['toDecimal', text('toDecimal', 0, DECIMAL)],
  ['toDate', text('toDate', 0, ['System.Date'])],
  ['toDateTime', text('toDateTime', 0, ['System.DateTime'])],
  ['toTime', text('toTime', 0, ['System.Time'])],
  ['toQuantity', text('toQuantity', 1, QUANTITY, 0)],
]);

/** `convertsToX` by the runtime's `toX`. */
export const CONVERSIONS: ReadonlyMap<string, keyof Runtime> = new Map<string, keyof Runtime>([
  ['convertsToBoolean', 'toBoolean'],
  ['convertsToInteger', 'toInteger'],
  ['convertsToDecimal', 'toDecimal'],
  ['convertsToString', 'toText'],
  ['convertsToDate', 'toDate'],
  ['convertsToDateTime', 'toDateTime'],
  ['convertsToTime', 'toTime'],
  ['convertsToQuantity', 'toQuantity'],
]);
