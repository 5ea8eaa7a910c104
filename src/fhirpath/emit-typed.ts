/** Turns the functions that depend on types, siblings or the clock into JavaScript. */
import {
  boxedMany,
  type Code,
  type Context,
  call,
  type Emitter,
  isSingle,
  many,
  needsNoBox,
  plainOpt,
  quote,
  type Scope,
} from './code.ts';
import { focusOf } from './emit-lambda.ts';
import { isCode } from './emit-operator.ts';
import { emitOfType, oneForAs, typeArgument } from './emit-path.ts';
import type { CallNode } from './tree.ts';
import { BOOLEAN, INTEGER, isPrimitive, isText, STRING } from './types.ts';

/** By the name that expressions use. */
export const TYPED_FUNCTIONS: ReadonlyMap<string, Emitter> = new Map<string, Emitter>([
  ['is', { emit: emitIs, args: [1, 1] }],
  ['as', { emit: emitAs, args: [1, 1] }],
  ['ofType', { emit: emitAs, args: [1, 1] }],
  ['type', { emit: emitType, args: [0, 0] }],
  ['toString', { emit: emitToString, args: [0, 0] }],
  ['hasValue', { emit: emitHasValue, args: [0, 0] }],
  ['getValue', { emit: emitGetValue, args: [0, 0] }],
  ['extension', { emit: emitExtension, args: [1, 1] }],
  ['children', { emit: (context, node, scope) => below(context, node, scope, 'children'), args: [0, 0] }],
  [
    'descendants',
    { emit: (context, node, scope) => below(context, node, scope, 'descendants'), args: [0, 0] },
  ],
  ['now', { emit: (context) => clock(context, 'now', 'DateTime'), args: [0, 0] }],
  ['today', { emit: (context) => clock(context, 'today', 'Date'), args: [0, 0] }],
  ['timeOfDay', { emit: (context) => clock(context, 'timeOfDay', 'Time'), args: [0, 0] }],
]);

function emitIs(context: Context, node: CallNode, scope: Scope): Code {
  const type = typeArgument(context, node.args[0], node.at);
  if (node.focus)
    return context.emit({ kind: 'type', operator: 'is', operand: node.focus, type, at: node.at }, scope);
  return isCode(context, scope.focus, context.types.named(type, node.at));
}

function emitAs(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  const operand = node.focus && node.name === 'as' ? oneForAs(context, node.focus) : node.focus;
  return emitOfType(context, operand, typeArgument(context, node.args[0], node.at), scope, boxed, node.at);
}

function emitType(context: Context, node: CallNode, scope: Scope): Code {
  return {
    js: call(context, 'typeOf', boxedMany(context, focusOf(context, node, scope, true))),
    card: 'many',
    types: undefined,
  };
}

function emitToString(context: Context, node: CallNode, scope: Scope): Code {
  const focus = focusOf(context, node, scope);
  if (focus.text !== undefined) return { js: quote(focus.text), card: 'one', types: STRING };
  if (isSingle(focus) && isText(focus.types)) return focus;
  return { js: call(context, 'toText', plainOpt(context, focus)), card: 'opt', types: STRING };
}

function emitHasValue(context: Context, node: CallNode, scope: Scope): Code {
  const focus = focusOf(context, node, scope);
  if (isSingle(focus) && !focus.boxed && focus.types && !context.types.isOpen(focus.types)) {
    const js = focus.types.some(isPrimitive) ? `(${focus.js} != null)` : 'false';
    if (js === 'false' || focus.types.every(isPrimitive)) return { js, card: 'one', types: BOOLEAN };
  }
  const js = call(context, 'hasValue', many(context, focusOf(context, node, scope, true)));
  return { js, card: 'one', types: BOOLEAN };
}

function emitGetValue(context: Context, node: CallNode, scope: Scope): Code {
  const focus = focusOf(context, node, scope, true);
  return { js: call(context, 'getValue', many(context, focus)), card: 'opt', types: focus.types };
}

function emitExtension(context: Context, node: CallNode, scope: Scope): Code {
  const focus = focusOf(context, node, scope, true);
  const url = plainOpt(context, context.emit(node.args[0]!, scope));
  return {
    js: call(context, 'extension', many(context, focus), url),
    card: 'many',
    types: context.types.knows('Extension') ? ['Extension'] : undefined,
  };
}

/** `children().count()` */
export function emitCountChildren(context: Context, node: CallNode, scope: Scope): Code {
  const focus = focusOf(context, node, scope);
  const js =
    isSingle(focus) && needsNoBox(context, focus.types)
      ? call(context, 'countChildrenOf', 'T', focus.js, quote(focus.types![0]!))
      : call(context, 'countChildren', 'T', ...belowOf(context, node, scope));
  return { js, card: 'one', types: INTEGER };
}

/** The items to look into, and their type: plain where the type says all. */
function belowOf(context: Context, node: CallNode, scope: Scope): string[] {
  const focus = focusOf(context, node, scope);
  if (needsNoBox(context, focus.types)) return [many(context, focus), quote(focus.types![0]!)];
  return [boxedMany(context, focusOf(context, node, scope, true))];
}

/** R4's dom-3 walks `%resource.descendants()` four times for each contained resource: the walk is done once. */
function below(context: Context, node: CallNode, scope: Scope, run: 'children' | 'descendants'): Code {
  const js = call(context, run, 'T', ...belowOf(context, node, scope));
  return {
    js: node.focus?.kind === 'variable' ? context.once(js) : js,
    card: 'many',
    types: context.root.types ? ['*'] : undefined,
    boxed: true,
  };
}

function clock(context: Context, run: 'now' | 'today' | 'timeOfDay', type: string): Code {
  return { js: call(context, run, 'v'), card: 'one', types: [`System.${type}`] };
}
