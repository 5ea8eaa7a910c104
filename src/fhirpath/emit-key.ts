/** Turns the functions that join the rows of one view to those of another into JavaScript. */
import { type Code, type Context, call, type Emitter, plainMany, quote, type Scope } from './code.ts';
import { focusOf } from './emit-lambda.ts';
import { typeArgument } from './emit-path.ts';
import type { CallNode } from './tree.ts';

/** By the name that expressions use. @source SQL on FHIR v2, ViewDefinition, Additional functions */
export const KEY_FUNCTIONS: ReadonlyMap<string, Emitter> = new Map<string, Emitter>([
  ['getResourceKey', { emit: emitResourceKey, args: [0, 0] }],
  ['getReferenceKey', { emit: emitReferenceKey, args: [0, 1] }],
]);

function emitResourceKey(context: Context, node: CallNode, scope: Scope): Code {
  const focus = plainMany(context, focusOf(context, node, scope));
  return { js: call(context, 'resourceKeys', focus), card: 'many', types: ['id'] };
}

function emitReferenceKey(context: Context, node: CallNode, scope: Scope): Code {
  const focus = plainMany(context, focusOf(context, node, scope));
  const [argument] = node.args;
  const type = argument && typeArgument(context, argument, argument.at).replace(/^FHIR\./, '');
  if (type !== undefined && context.root.types && !context.types.isA(type, 'Resource'))
    context.fail('fhirpath-type', `getReferenceKey() takes a type of resource, and ${type} is none`, node.at);
  const wanted = type === undefined ? 'undefined' : quote(type);
  return { js: call(context, 'referenceKeys', focus, wanted), card: 'many', types: ['id'] };
}
