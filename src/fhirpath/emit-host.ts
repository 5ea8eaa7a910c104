/** Turns the functions that the caller answers into JavaScript; where it does not, they are refused and say what they need. */
import {
  type Code,
  type Context,
  call,
  type Emitter,
  many,
  plain,
  plainMany,
  plainOpt,
  type Scope,
} from './code.ts';
import { focusOf } from './emit-lambda.ts';
import { containerOf } from './emit-variable.ts';
import { HOST_NEEDS } from './host.ts';
import type { CallNode } from './tree.ts';
import { BOOLEAN } from './types.ts';

/** By the name that expressions use. @source FHIR R4 fhirpath.html, Additional functions */
export const HOST_FUNCTIONS: ReadonlyMap<string, Emitter> = new Map<string, Emitter>([
  ['resolve', { emit: emitResolve, args: [0, 0] }],
  ['memberOf', { emit: (context, node, scope) => asked(context, node, scope, 'memberOf'), args: [1, 1] }],
  ['conformsTo', { emit: (context, node, scope) => asked(context, node, scope, 'conformsTo'), args: [1, 1] }],
  ['subsumes', { emit: emitSubsumes, args: [1, 1] }],
  ['subsumedBy', { emit: emitSubsumes, args: [1, 1] }],
  ['checkModifiers', { emit: emitCheckModifiers, args: [0, 100] }],
]);

function emitResolve(context: Context, node: CallNode, scope: Scope): Code {
  need(context, node, 'resolve');
  const focus = plainMany(context, focusOf(context, node, scope));
  const types = context.types.knows('Resource') ? ['Resource'] : undefined;
  const js = call(context, 'resolveAll', 'H', focus, containerOf(context));
  return { js, card: 'many', types, boxed: true };
}

function asked(context: Context, node: CallNode, scope: Scope, name: 'memberOf' | 'conformsTo'): Code {
  need(context, node, name);
  const focus = plainMany(context, focusOf(context, node, scope));
  const about = plainOpt(context, context.emit(node.args[0]!, scope));
  return { js: call(context, name, 'H', focus, about), card: 'opt', types: BOOLEAN };
}

function emitSubsumes(context: Context, node: CallNode, scope: Scope): Code {
  need(context, node, 'subsumes');
  const focus = plainMany(context, focusOf(context, node, scope));
  const other = plainMany(context, context.emit(node.args[0]!, scope));
  const [general, specific] = node.name === 'subsumes' ? [focus, other] : [other, focus];
  return { js: call(context, 'subsumes', 'H', general, specific), card: 'opt', types: BOOLEAN };
}

function emitCheckModifiers(context: Context, node: CallNode, scope: Scope): Code {
  const focus = plain(context, focusOf(context, node, scope));
  const urls = node.args.map((arg) => plainOpt(context, context.emit(arg, scope)));
  return {
    js: call(context, 'checkModifiers', many(context, focus), ...urls),
    card: 'many',
    types: focus.types,
  };
}

function need(context: Context, node: CallNode, name: keyof typeof HOST_NEEDS): void {
  if (!context.host.has(name))
    context.fail('fhirpath-unsupported', `${node.name}() needs ${HOST_NEEDS[name]}`, node.at);
}
