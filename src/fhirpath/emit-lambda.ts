/** Turns the functions whose arguments are expressions over each item into JavaScript closures. */
import {
  type Code,
  type Context,
  call,
  type Emitter,
  emptyCode,
  isSingle,
  needsNoBox,
  opt,
  plain,
  plainOpt,
  type Scope,
} from './code.ts';
import { ExpressionFault } from './fault.ts';
import { type CallNode, childNodes, type Node } from './tree.ts';
import { BOOLEAN, type Types } from './types.ts';

/** Functions that ask for more than the plain value. */
const ASKS_TYPE = new Set([
  'is',
  'as',
  'ofType',
  'type',
  'hasValue',
  'getValue',
  'extension',
  'children',
  'descendants',
  'resolve',
]);

/** By the name that expressions use. */
export const LAMBDA_FUNCTIONS: ReadonlyMap<string, Emitter> = new Map<string, Emitter>([
  ['where', { emit: emitWhere, args: [1, 1] }],
  ['all', { emit: emitAll, args: [1, 1] }],
  ['select', { emit: emitSelect, args: [1, 1] }],
  ['repeat', { emit: emitRepeat, args: [1, 1] }],
  ['aggregate', { emit: emitAggregate, args: [1, 2] }],
  ['iif', { emit: emitIif, args: [2, 3] }],
  ['sort', { emit: emitSort, args: [0, 100] }],
  ['trace', { emit: emitTrace, args: [1, 2] }],
]);

/** The focus of a call, `$this` where none is written. */
export function focusOf(context: Context, node: CallNode, scope: Scope, boxed = false): Code {
  return node.focus ? context.emit(node.focus, scope, boxed) : scope.focus;
}

/** The focus of a call; boxed when its criteria ask for types that plain values do not carry. */
export function lambdaFocus(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  if (!node.focus) return scope.focus;
  const code = context.emit(node.focus, scope, boxed);
  if (boxed || code.boxed || needsNoBox(context, code.types) || !node.args.some(asksType)) return code;
  return context.emit(node.focus, scope, true);
}

/** @returns JavaScript of a closure over one item, built by `body` */
export function lambda(
  context: Context,
  focus: Code,
  scope: Scope,
  body: (inner: Scope) => string,
  total?: string,
): string {
  const item = context.fresh();
  const index = context.fresh();
  const inner: Scope = {
    focus: { js: item, card: 'one', types: focus.types, boxed: focus.boxed === true },
    index,
    ...(total
      ? { total: { js: total, card: 'loose', types: undefined } }
      : scope.total
        ? { total: scope.total }
        : {}),
  };
  return `(${item}, ${index}${total ? `, ${total}` : ''}) => ${body(inner)}`;
}

function asksType(node: Node): boolean {
  if (node.kind === 'type') return true;
  if (node.kind === 'call' && ASKS_TYPE.has(node.name)) return true;
  if (node.kind === 'member' && node.name === 'extension') return true;
  return childNodes(node).some(asksType);
}

function emitWhere(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  const focus = lambdaFocus(context, node, scope, boxed);
  if (focus.none) return focus;
  const test = lambda(context, focus, scope, (inner) => context.test(node.args[0]!, inner));
  const { types } = focus;
  const isBoxed = focus.boxed === true;
  if (isSingle(focus))
    return { js: call(context, 'keep', focus.js, test), card: 'opt', types, boxed: isBoxed };
  return { js: call(context, 'where', focus.js, test), card: 'many', types, boxed: isBoxed };
}

function emitAll(context: Context, node: CallNode, scope: Scope): Code {
  const focus = lambdaFocus(context, node, scope, false);
  if (focus.none) return { js: 'true', card: 'one', types: BOOLEAN };
  const test = lambda(context, focus, scope, (inner) => context.test(node.args[0]!, inner));
  return { js: call(context, 'every', focus.js, test), card: 'one', types: BOOLEAN };
}

function emitSelect(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  const focus = lambdaFocus(context, node, scope, boxed);
  if (focus.none) return emptyCode(context, undefined);
  const { closure, body } = projection(context, node, focus, scope, boxed);
  return {
    js: call(context, 'select', focus.js, closure),
    card: 'many',
    types: body.types,
    boxed: body.boxed === true,
  };
}

/** The first round starts from the focus, the next from what the first found: each is compiled for its own types. */
function emitRepeat(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  const focus = lambdaFocus(context, node, scope, boxed);
  if (focus.none) return emptyCode(context, undefined);
  const first = projection(context, node, focus, scope, boxed);
  const found: Code = { ...first.body, js: '', card: 'many' };
  const same = sameRound(context, node, found, scope, boxed);
  const types: Types = same ? found.types : focus.types && ['*'];
  const next = same ?? projection(context, node, { ...found, types }, scope, boxed).closure;
  const js = call(context, 'repeat', focus.js, first.closure, next);
  return { js, card: 'many', types, boxed: found.boxed === true };
}

/** @returns the closure of the later rounds, where they find the types they start from; undefined where they do not */
function sameRound(
  context: Context,
  node: CallNode,
  found: Code,
  scope: Scope,
  boxed: boolean,
): string | undefined {
  try {
    const { body, closure } = projection(context, node, found, scope, boxed);
    return sameTypes(body.types, found.types) && body.boxed === found.boxed ? closure : undefined;
  } catch (error) {
    if (error instanceof ExpressionFault && error.rule === 'fhirpath-element') return undefined;
    throw error;
  }
}

function projection(
  context: Context,
  node: CallNode,
  focus: Code,
  scope: Scope,
  boxed: boolean,
): { closure: string; body: Code } {
  let body: Code = focus;
  const closure = lambda(context, focus, scope, (inner) => {
    body = context.emit(node.args[0]!, inner, boxed);
    return body.js;
  });
  return { closure, body };
}

function sameTypes(left: Code['types'], right: Code['types']): boolean {
  return (
    left === right ||
    (left?.length === right?.length && left?.every((type, i) => type === right?.[i]) === true)
  );
}

function emitAggregate(context: Context, node: CallNode, scope: Scope): Code {
  const focus = lambdaFocus(context, node, scope, false);
  const initial = node.args[1] ? plain(context, context.emit(node.args[1], scope)).js : context.use('EMPTY');
  const closure = lambda(
    context,
    focus,
    scope,
    (inner) => plain(context, context.emit(node.args[0]!, inner)).js,
    context.fresh(),
  );
  return { js: call(context, 'aggregate', focus.js, closure, initial), card: 'loose', types: undefined };
}

function emitIif(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  if (!node.focus) return choose(context, node, scope, boxed);
  const focus = context.emit(node.focus, scope, boxed);
  const item = context.fresh();
  const inner: Scope = {
    ...scope,
    focus: { js: item, card: 'opt', types: focus.types, boxed: focus.boxed === true },
  };
  const code = choose(context, node, inner, boxed);
  return { ...code, js: `((${item}) => ${code.js})(${opt(context, focus)})` };
}

function choose(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  const [criterion, then, otherwise] = node.args;
  const tested = context.emit(criterion!, scope);
  if (tested.types?.every((type) => type.startsWith('System.') && type !== 'System.Boolean') && !tested.none)
    return context.fail('fhirpath-type', 'the criterion of iif is no boolean', criterion!.at);
  const yes = context.emit(then!, scope, boxed);
  const no = otherwise ? context.emit(otherwise, scope, boxed) : emptyCode(context, yes.types);
  const bothBoxed = yes.boxed === true && (no.boxed === true || no.none === true);
  const side = (code: Code): string => (bothBoxed ? code.js : plain(context, code).js);
  const js = `(${context.test(criterion!, scope)} ? ${side(yes)} : ${no.none ? 'undefined' : side(no)})`;
  const types = yes.none ? no.types : no.none || sameTypes(yes.types, no.types) ? yes.types : undefined;
  const single = isSingle(yes) && (isSingle(no) || no.none === true);
  return { js, card: single ? 'opt' : 'loose', types, boxed: bothBoxed, raw: true };
}

function emitSort(context: Context, node: CallNode, scope: Scope): Code {
  const focus = plain(context, lambdaFocus(context, node, scope, false));
  const keys = node.args.map((arg) => {
    const down = arg.kind === 'polarity' && arg.sign === '-';
    const key = down ? arg.operand : arg;
    return `[${lambda(context, focus, scope, (inner) => context.emit(key, inner).js)}, ${down}]`;
  });
  return { js: call(context, 'sort', focus.js, `[${keys.join(', ')}]`), card: 'many', types: focus.types };
}

/** Records may not be written to logs: the caller's function is the only place that a trace goes to. Without one nothing is run. */
function emitTrace(context: Context, node: CallNode, scope: Scope, boxed: boolean): Code {
  const focus = lambdaFocus(context, node, scope, boxed);
  const name = plainOpt(context, context.emit(node.args[0]!, scope));
  const project = lambda(context, focus, scope, (inner) =>
    node.args[1] ? plain(context, context.emit(node.args[1], inner)).js : inner.focus.js,
  );
  return context.host.has('trace') && !focus.none
    ? { ...focus, js: call(context, 'traced', 'H', focus.js, name, project), step: undefined }
    : focus;
}
