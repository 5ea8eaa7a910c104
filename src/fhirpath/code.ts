/** Pieces of generated JavaScript, with what is known of their values, and the turns between them. */
import type { FaultRule } from './fault.ts';
import type { Host } from './host.ts';
import type { Runtime } from './runtime.ts';
import type { CallNode, Node, Position } from './tree.ts';
import { isBoolean, isPrimitive, type TypeSystem, type Types, temporalKind } from './types.ts';

/**
 * How many values an expression gives:
 * one: never empty; opt: one, undefined or null; many: an array without nulls; loose: what JSON has there, any of these.
 */
export type Cardinality = 'one' | 'opt' | 'many' | 'loose';

/** One JavaScript expression. */
export interface Code {
  readonly js: string;
  readonly card: Cardinality;
  readonly types: Types;
  /** values are `Item`s, not plain JSON */
  readonly boxed?: boolean;
  /** may be null, since it is read from JSON */
  readonly raw?: boolean;
  /** statically empty */
  readonly none?: boolean;
  /** a number literal as written: its precision */
  readonly text?: string;
  /** of one path step over several owners: JavaScript of the owners and of the getter, so that it can stop early */
  readonly step?: readonly [owners: string, getter: string] | undefined;
  /** a string literal's value */
  readonly literal?: string;
  /** the values of a union of string literals */
  readonly literals?: readonly string[] | undefined;
}

/** What `$this`, `$index` and `$total` are at one place of the expression. */
export interface Scope {
  readonly focus: Code;
  readonly index?: string;
  readonly total?: Code;
}

/** What the emitters share while one expression is compiled. */
export interface Context {
  readonly types: TypeSystem;
  /** the focus of the whole expression */
  readonly root: Code;
  /** of `%resource` */
  readonly resourceTypes: Types;
  readonly variables: ReadonlySet<string>;
  /** types of those variables that have one */
  readonly variableTypes: Readonly<Record<string, string>>;
  /** functions that the caller answers */
  readonly host: ReadonlySet<keyof Host>;
  /** refuses what FHIRPath calls an error and R4's own expressions do all the same */
  readonly isStrict: boolean;
  /** @param boxed whether the caller needs types and siblings; the code may be boxed or not in either case */
  emit(node: Node, scope: Scope, boxed?: boolean): Code;
  /** @returns JavaScript that is truthy only when the expression is true */
  test(node: Node, scope: Scope): string;
  /** @returns the name under which a function of the runtime is called */
  use(name: keyof Runtime): string;
  /** Puts a constant before the function. @returns its name */
  hoist(js: string): string;
  /** @returns the name of a variable for a value that is read twice */
  hold(): string;
  /** @returns JavaScript of a value that is never empty, which each evaluation computes once wherever it is read */
  once(js: string): string;
  /** @returns a name that is used nowhere else */
  fresh(): string;
  fail(rule: FaultRule, message: string, at: Position): never;
}

/** How calls of one function become code, and the least and most arguments it takes. */
export interface Emitter {
  readonly emit: (context: Context, node: CallNode, scope: Scope, boxed: boolean) => Code;
  readonly args: readonly [number, number];
}

export const quote = (text: string): string =>
  JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');

export function emptyCode(context: Context, types: Types): Code {
  return { js: context.use('EMPTY'), card: 'many', types, none: true };
}

/** @returns a call of a runtime function */
export function call(context: Context, name: keyof Runtime, ...args: readonly string[]): string {
  return `${context.use(name)}(${args.join(', ')})`;
}

/** @returns the same values as plain JSON */
export function plain(context: Context, code: Code): Code {
  if (!code.boxed) return code;
  const { types } = code;
  if (code.card === 'one' || code.card === 'opt')
    return { js: call(context, 'unbox', code.js), card: 'opt', types, raw: true };
  return { js: call(context, 'unboxAll', many(context, code)), card: 'many', types };
}

/** @returns JavaScript of an array without nulls; items stay boxed where they are */
export function many(context: Context, code: Code): string {
  if (code.card === 'one') return `[${code.js}]`;
  return code.card === 'many' ? code.js : call(context, 'list', code.js);
}

/** @returns JavaScript of one value or undefined or null; items stay boxed; several are a fault at run time */
export function opt(context: Context, code: Code): string {
  return code.card === 'one' || code.card === 'opt' ? code.js : call(context, 'single', code.js);
}

/** @returns an array of plain values */
export function plainMany(context: Context, code: Code): string {
  return many(context, plain(context, code));
}

/** @returns one plain value, undefined or null */
export function plainOpt(context: Context, code: Code): string {
  return opt(context, plain(context, code));
}

/** @returns an array of items */
export function boxedMany(context: Context, code: Code): string {
  const js = many(context, code);
  return code.boxed ? js : call(context, 'boxAll', js, typeArgument(code.types));
}

/** @returns one item or undefined */
export function boxedOpt(context: Context, code: Code): string {
  const js = opt(context, code);
  return code.boxed ? js : call(context, 'boxOne', js, typeArgument(code.types));
}

function typeArgument(types: Types): string {
  return types?.length === 1 ? quote(types[0]!) : 'undefined';
}

/** @returns true, false or undefined, by singleton evaluation */
export function bool(context: Context, code: Code): string {
  if (isSingle(code) && isBoolean(code.types) && !code.boxed)
    return code.raw ? `(${code.js} ?? undefined)` : code.js;
  return call(context, 'truth', code.js);
}

/** FHIR writes dates as text: where the type says so, text is read as a date. */
export function temporalOpt(context: Context, code: Code): string {
  const kind = temporalKind(code.types);
  const js = plainOpt(context, code);
  return kind && !code.types![0]!.startsWith('System.') ? call(context, 'asTemporal', js, quote(kind)) : js;
}

/** `temporalOpt` for each of many */
export function temporalMany(context: Context, code: Code): string {
  const kind = temporalKind(code.types);
  const js = plainMany(context, code);
  return kind && !code.types![0]!.startsWith('System.') ? call(context, 'asTemporals', js, quote(kind)) : js;
}

export function isSingle(code: Code): boolean {
  return code.card === 'one' || code.card === 'opt';
}

/** @returns true when plain values of these types say all there is to say about their type */
export function needsNoBox(context: Context, types: Types): boolean {
  return types?.length === 1 && !isPrimitive(types[0]!) && !context.types.isOpen(types);
}
