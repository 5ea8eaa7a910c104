/** Turns the functions that count, cut and combine collections into JavaScript. */
import {
  bool,
  type Code,
  type Context,
  call,
  type Emitter,
  isSingle,
  many,
  plainMany,
  plainOpt,
  type Scope,
} from './code.ts';
import { focusOf, lambda, lambdaFocus } from './emit-lambda.ts';
import { unionCode } from './emit-operator.ts';
import { checkOrder, memberExists } from './emit-path.ts';
import { emitCountChildren } from './emit-typed.ts';
import type { CallNode } from './tree.ts';
import { BOOLEAN, INTEGER, isBoolean, isPrimitive } from './types.ts';

/** By the name that expressions use. */
export const COLLECTION_FUNCTIONS: ReadonlyMap<string, Emitter> = new Map<string, Emitter>([
  ['exists', { emit: emitExists, args: [0, 1] }],
  ['empty', { emit: emitEmpty, args: [0, 0] }],
  ['not', { emit: emitNot, args: [0, 0] }],
  ['count', { emit: emitCount, args: [0, 0] }],
  ['first', { emit: emitFirst, args: [0, 0] }],
  ['last', { emit: cutBy('last', 'opt'), args: [0, 0] }],
  ['single', { emit: cutBy('single', 'opt'), args: [0, 0] }],
  ['tail', { emit: cutBy('tail', 'many'), args: [0, 0] }],
  ['skip', { emit: cutBy('skip', 'many'), args: [1, 1] }],
  ['take', { emit: cutBy('take', 'many'), args: [1, 1] }],
  ['union', { emit: emitUnion, args: [1, 1] }],
  ['combine', { emit: emitCombine, args: [1, 1] }],
]);

/** Primitives with extensions only do exist; their siblings are looked at where the types say it is a primitive. */
function withSiblings(context: Context, node: CallNode, scope: Scope): Code {
  const focus = focusOf(context, node, scope);
  const mayHave =
    focus.raw && focus.types?.some((type) => isPrimitive(type)) && node.focus?.kind === 'member';
  return mayHave ? context.emit(node.focus!, scope, true) : focus;
}

function emitExists(context: Context, node: CallNode, scope: Scope): Code {
  const [criterion] = node.args;
  if (!criterion) return { js: existsJs(context, node, scope), card: 'one', types: BOOLEAN };
  const focus = lambdaFocus(context, node, scope, false);
  if (focus.none) return { js: 'false', card: 'one', types: BOOLEAN };
  const test = lambda(context, focus, scope, (inner) => context.test(criterion, inner));
  return { js: call(context, 'any', focus.js, test), card: 'one', types: BOOLEAN };
}

function emitEmpty(context: Context, node: CallNode, scope: Scope): Code {
  return { js: `!${existsJs(context, node, scope)}`, card: 'one', types: BOOLEAN };
}

function existsJs(context: Context, node: CallNode, scope: Scope): string {
  const short = node.focus?.kind === 'member' ? memberExists(context, node.focus, scope) : undefined;
  if (short !== undefined) return `(${short})`;
  const code = withSiblings(context, node, scope);
  if (code.none) return 'false';
  if (isSingle(code)) return `(${code.js} != null)`;
  return code.card === 'many' ? `(${code.js}.length > 0)` : call(context, 'some', code.js);
}

function emitNot(context: Context, node: CallNode, scope: Scope): Code {
  const focus = focusOf(context, node, scope);
  const js = bool(context, focus);
  if (focus.card === 'one' && isBoolean(focus.types) && !focus.boxed)
    return { js: `!${js}`, card: 'one', types: BOOLEAN };
  return { js: call(context, 'not', js), card: 'opt', types: BOOLEAN };
}

function emitCount(context: Context, node: CallNode, scope: Scope): Code {
  const { focus: of } = node;
  if (of?.kind === 'call' && of.name === 'children' && of.args.length === 0)
    return emitCountChildren(context, of, scope);
  const focus = withSiblings(context, node, scope);
  if (isSingle(focus))
    return { js: `(${existsJs(context, node, scope)} ? 1 : 0)`, card: 'one', types: INTEGER };
  return { js: `${many(context, focus)}.length`, card: 'one', types: INTEGER };
}

function emitFirst(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  checkOrder(context, node.focus, node.at);
  const focus = focusOf(context, node, scope, boxed);
  if (isSingle(focus)) return focus;
  const js = focus.step ? call(context, 'pickFirst', ...focus.step) : call(context, 'first', focus.js);
  return { js, card: 'opt', types: focus.types, boxed: focus.boxed === true };
}

/** Functions that keep some of the items, as they are. */
function cutBy(run: 'last' | 'single' | 'tail' | 'skip' | 'take', card: 'opt' | 'many'): Emitter['emit'] {
  return (context, node, scope, boxed) => {
    if (run !== 'single') checkOrder(context, node.focus, node.at);
    const focus = focusOf(context, node, scope, boxed);
    const args = node.args.map((arg) => plainOpt(context, context.emit(arg, scope)));
    const js = call(context, run, focus.js, ...args);
    return { js, card, types: focus.types, boxed: focus.boxed === true };
  };
}

function emitUnion(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  return unionCode(context, focusOf(context, node, scope, boxed), context.emit(node.args[0]!, scope, boxed));
}

function emitCombine(context: Context, node: CallNode, scope: Scope): Code {
  const js = call(
    context,
    'combine',
    plainMany(context, focusOf(context, node, scope)),
    plainMany(context, context.emit(node.args[0]!, scope)),
  );
  return { js, card: 'many', types: undefined };
}
