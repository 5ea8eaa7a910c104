/** Turns path steps, variables and literals into JavaScript. */
import type { ElementType } from '../fhir/definitions.ts';
import {
  boxedMany,
  type Code,
  type Context,
  call,
  emptyCode,
  isSingle,
  many,
  opt,
  plain,
  plainOpt,
  quote,
  type Scope,
} from './code.ts';
import { variableCode } from './emit-variable.ts';
import type { MemberNode, Node, Position } from './tree.ts';
import { choiceName, isPrimitive, type Types } from './types.ts';

/** Names that never reach an object: always empty. */
const BLOCKED = new Set(['__proto__', 'constructor', 'prototype']);
/** Names that JSON values inherit: only the object's own member counts. */
const INHERITED = new Set(
  [Object, Array, String, Number, Boolean].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)),
);

/**
 * One step of a path.
 * @param only of a choice, the types to keep: `(Observation.value as Quantity)` reads one member
 */
export function emitMember(
  context: Context,
  node: MemberNode,
  scope: Scope,
  boxed: boolean,
  only?: (type: string) => boolean,
): Code {
  if (BLOCKED.has(node.name)) return emptyCode(context, undefined);
  const owner = ownerOf(context, node, scope);
  if (owner.none) return emptyCode(context, undefined);
  const { types } = owner;
  const elements = types ? context.types.elements(types, node.name) : [];
  if (elements.length === 0) {
    const start = node.focus ? undefined : startOfPath(context, node, scope);
    if (start) return start;
    if (types && !context.types.isOpen(types) && !types.includes('System.Quantity'))
      return context.fail('fhirpath-element', `${types.join(' or ')} has no element ${node.name}`, node.at);
    return openMember(
      context,
      owner,
      node.name,
      boxed || (node.name === 'extension' && node.focus !== undefined),
    );
  }
  if (types!.every(isPrimitive) && node.name === 'value')
    return { ...plain(context, owner), types: systemTypes(types!) };
  return knownMember(context, owner, elements, boxed || types!.some(isPrimitive), only);
}

/** The owners of a member; with their siblings where the name may mean what a primitive keeps there. */
function ownerOf(context: Context, node: MemberNode, scope: Scope): Code {
  if (!node.focus) return scope.focus;
  const owner = context.emit(node.focus, scope);
  const ofPrimitive = node.name === 'extension' || node.name === 'id' || node.name === 'value';
  if (!ofPrimitive || !isPlainStep(node.focus)) return owner;
  const isComplex = !context.types.isOpen(owner.types) && !owner.types?.some(isPrimitive);
  return isComplex ? owner : context.emit(node.focus, scope, true);
}

/** Only steps and filters can bring siblings along; to ask others costs, and gives nothing. */
function isPlainStep(node: Node): boolean {
  return node.kind === 'member' || node.kind === 'indexer' || node.kind === 'call' || node.kind === 'scope';
}

function systemTypes(types: readonly string[]): Types {
  const names: Readonly<Record<string, string>> = {
    boolean: 'Boolean',
    integer: 'Integer',
    positiveInt: 'Integer',
    unsignedInt: 'Integer',
    decimal: 'Decimal',
  };
  return types.map((type) => (Object.hasOwn(names, type) ? `System.${names[type]}` : type));
}

/** A name at the start of a path that is no element: a variable, or the type of the focus. */
function startOfPath(context: Context, node: MemberNode, scope: Scope): Code | undefined {
  if (context.variables.has(node.name)) return variableCode(context, node.name);
  if (!/^[A-Z]/.test(node.name)) return undefined;
  const { types } = scope.focus;
  const { name } = node;
  if (types && !context.types.isOpen(types)) {
    const matching = types.filter((type) => context.types.isA(type, name));
    if (matching.length === 0 && context.isStrict)
      return context.fail(
        'fhirpath-type',
        `the path starts at ${name}, and is applied to ${types.join(' or ')}`,
        node.at,
      );
    return matching.length === types.length ? scope.focus : emptyCode(context, [name]);
  }
  if (types?.some((type) => context.types.isA(type, name))) return scope.focus;
  // A source may name a column like a type: what the name stands for shows when the data is there.
  const known: Types = context.types.knows(name) ? ['*'] : undefined;
  return {
    js: call(context, 'rooted', 'T', opt(context, scope.focus), quote(name)),
    card: 'loose',
    types: known,
    boxed: scope.focus.boxed === true,
  };
}

/** A member of data whose type is not known before it runs. */
function openMember(context: Context, owner: Code, name: string, boxed: boolean): Code {
  const typed = owner.types !== undefined;
  if (boxed) {
    const js = typed
      ? call(context, 'openStep', 'T', many(context, owner), quote(name))
      : call(context, 'boxStep', many(context, owner), `{ name: ${quote(name)} }`);
    return { js, card: 'many', types: undefined, boxed: true };
  }
  const from = plain(context, owner);
  const get = (item: string): string =>
    typed ? `T.member(${item}, ${quote(name)})` : access(context, item, name);
  if (isSingle(from)) return { js: get(from.js), card: 'loose', types: undefined, raw: true };
  return pickCode(context, from, get, undefined);
}

/** A step from several owners. */
function pickCode(context: Context, owners: Code, get: (item: string) => string, types: Types): Code {
  const step = [owners.js, context.hoist(`(o) => ${get('o')}`)] as const;
  return { js: call(context, 'pick', ...step), card: 'loose', types, raw: true, step };
}

function knownMember(
  context: Context,
  owner: Code,
  elements: readonly ElementType[],
  boxed: boolean,
  only?: (type: string) => boolean,
): Code {
  const names = new Map<string, string>();
  for (const element of elements)
    for (const type of element.types)
      if (!only || only(type))
        names.set(element.isChoice ? choiceName(element.name, type) : element.name, type);
  const types = [...new Set(elements.flatMap((element) => element.types))].filter(
    (type) => !only || only(type),
  );
  if (types.length === 0) return emptyCode(context, types);
  if (boxed) {
    const choices = elements[0]!.isChoice
      ? `[${[...names].map(([name, type]) => `[${quote(name)}, ${quote(type)}]`)}]`
      : 'undefined';
    const type = types.length === 1 ? quote(types[0]!) : 'undefined';
    const step = context.hoist(`{ name: ${quote(elements[0]!.name)}, type: ${type}, choices: ${choices} }`);
    const one = isSingle(owner) && !elements.some((element) => element.isArray);
    const js = call(context, 'boxStep', many(context, owner), step);
    return one
      ? { js: `${js}[0]`, card: 'opt', types, boxed: true }
      : { js, card: 'many', types, boxed: true };
  }
  const from = plain(context, owner);
  const get = (item: string): string => readAny(context, item, [...names.keys()]);
  if (!isSingle(from)) return pickCode(context, from, get, types);
  const js = names.size > 1 ? `${context.hoist(`(o) => ${get('o')}`)}(${from.js})` : get(from.js);
  return { js, card: elements.some((element) => element.isArray) ? 'loose' : 'opt', types, raw: true };
}

/**
 * Whether a member is there, without collecting it: a primitive with extensions only is there too.
 * @returns undefined where the element is not known before the expression runs
 */
export function memberExists(context: Context, node: MemberNode, scope: Scope): string | undefined {
  const owner = node.focus ? context.emit(node.focus, scope) : scope.focus;
  if (!owner.types || owner.none || owner.boxed || owner.types.some(isPrimitive)) return undefined;
  const elements = context.types.elements(owner.types, node.name);
  if (elements.length === 0) return undefined;
  const tests = new Map<string, (item: string) => string>();
  for (const element of elements)
    for (const type of element.types)
      for (const name of jsonNames(element, type)) {
        tests.set(name, (item) => {
          const js = access(context, item, name);
          return element.isArray ? call(context, 'some', js) : `${js} != null`;
        });
      }
  const testOf = (item: string): string => [...tests.values()].map((test) => test(item)).join(' || ');
  if (isSingle(owner) && /^\w+$/.test(owner.js)) return testOf(owner.js);
  const test = context.hoist(`(o) => ${testOf('o')}`);
  return isSingle(owner) ? `${test}(${owner.js})` : call(context, 'any', owner.js, test);
}

/** The members that hold an element of one type: its own, and for primitives the sibling with the extensions. */
function jsonNames(element: ElementType, type: string): string[] {
  const name = element.isChoice ? choiceName(element.name, type) : element.name;
  return isPrimitive(type) ? [name, `_${name}`] : [name];
}

function readAny(context: Context, owner: string, names: readonly string[]): string {
  return names.length === 1
    ? access(context, owner, names[0]!)
    : `(${names.map((name) => access(context, owner, name)).join(' ?? ')})`;
}

function access(context: Context, owner: string, name: string): string {
  return INHERITED.has(name) ? call(context, 'own', owner, quote(name)) : `${owner}?.[${quote(name)}]`;
}

/**
 * Children come in any order: a strict expression may not count on it.
 * @throws ExpressionFault `fhirpath-type`
 */
export function checkOrder(context: Context, focus: Node | undefined, at: Position): void {
  if (!context.isStrict) return;
  for (let node = focus; node; node = node.kind === 'member' || node.kind === 'call' ? node.focus : undefined)
    if (node.kind === 'call' && (node.name === 'children' || node.name === 'descendants'))
      context.fail('fhirpath-type', `${node.name}() come in no order, and an item is taken by its place`, at);
}

/** `focus[index]` */
export function emitIndexer(context: Context, focus: Code, index: Code): Code {
  return {
    ...focus,
    js: call(context, 'at', many(context, focus), plainOpt(context, index)),
    card: 'opt',
    raw: false,
    step: undefined,
    literals: undefined,
  };
}

/** The operand of `is`, `as` and `ofType`, as a type written where an expression may stand. */
export function typeArgument(context: Context, node: Node | undefined, at: Position): string {
  if (node?.kind === 'string') return node.value;
  if (node?.kind === 'member')
    return node.focus ? `${typeArgument(context, node.focus, at)}.${node.name}` : node.name;
  return context.fail('fhirpath-type', 'the name of a type is expected', at);
}

/** `as` takes one item; R4's own invariants and search parameters apply it to many, so only strict expressions are held to it. */
export function oneForAs(context: Context, operand: Node): Node {
  return context.isStrict
    ? { kind: 'call', focus: operand, name: 'single', args: [], at: operand.at }
    : operand;
}

/** Keeps the values of one type. */
export function emitOfType(
  context: Context,
  operand: Node | undefined,
  written: string,
  scope: Scope,
  boxed: boolean,
  at: Position,
): Code {
  const type = context.types.named(written, at);
  const fits = (candidate: string): boolean =>
    isPrimitive(candidate) ? candidate === type : context.types.isA(candidate, type);
  if (operand?.kind === 'member') {
    const owner = operand.focus ? context.emit(operand.focus, scope) : scope.focus;
    const elements = owner.types ? context.types.elements(owner.types, operand.name) : [];
    if (elements.some((element) => element.isChoice)) return emitMember(context, operand, scope, boxed, fits);
  }
  const code = operand ? context.emit(operand, scope) : scope.focus;
  if (code.none) return emptyCode(context, [type]);
  if (code.types?.length === 1 && !context.types.isOpen(code.types)) {
    if (fits(code.types[0]!)) return boxed && operand ? context.emit(operand, scope, true) : code;
    if (!context.types.isA(type, code.types[0]!)) return emptyCode(context, [type]);
  }
  const items = boxedMany(context, operand ? context.emit(operand, scope, true) : code);
  return {
    js: `${items}.filter((o) => T.ofType(o, ${quote(type)}))`,
    card: 'many',
    types: [type],
    boxed: true,
  };
}
