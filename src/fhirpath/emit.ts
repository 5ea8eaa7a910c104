/** Turns an expression tree into the source of one JavaScript function. */
import { bool, type Code, type Context, call, isSingle, opt, plainOpt, quote, type Scope } from './code.ts';
import { emitCall } from './emit-function.ts';
import { emitBinary, emitTypeNode, equalityTest } from './emit-operator.ts';
import { checkOrder, emitIndexer, emitMember } from './emit-path.ts';
import { emitVariable, textCode } from './emit-variable.ts';
import { ExpressionFault } from './fault.ts';
import type { Host } from './host.ts';
import type { Limits } from './limits.ts';
import type { Runtime } from './runtime.ts';
import { childNodes, type Node } from './tree.ts';
import { BOOLEAN, isBoolean, isNumber, isText, QUANTITY, type TypeSystem, type Types } from './types.ts';

/** What compiled code is given, and what it gives. */
export interface Shape {
  /** types of the focus; several where an element has a choice of them; undefined when not known */
  readonly focus: Types;
  /** what `%resource` is, where the focus stands in one type of resource only; other names do not count */
  readonly resource: string | undefined;
  /** the focus is an `Item`: a primitive with its type and its sibling */
  readonly isBoxed: boolean;
  /** an array of plain JSON; or true, false or undefined, by singleton evaluation; or one value of plain JSON, null where there is none */
  readonly gives: 'collection' | 'truth' | 'value';
}

/** What the compiler is told. */
interface EmitOptions extends Shape {
  readonly types: TypeSystem;
  readonly variables: ReadonlySet<string>;
  readonly variableTypes: Readonly<Record<string, string>>;
  readonly host: ReadonlySet<keyof Host>;
  readonly isStrict: boolean;
  readonly limits: Limits;
  /** the code tells where it fails, and is slower */
  readonly isLocated: boolean;
}

/**
 * @returns the body of a factory with the parameters `R` (runtime), `T` (type system) and `H` (the caller's functions); it returns `(f, v) => array`
 * @throws ExpressionFault
 */
export function emitFunction(tree: Node, options: EmitOptions): string {
  return emitTyped(tree, options).source;
}

/** @returns as `emitFunction` does, with the types that its values can have: undefined where the definitions do not say, none where it gives nothing */
export function emitTyped(tree: Node, options: EmitOptions): { source: string; types: Types } {
  const emission = new Emission(options);
  const code = emission.emit(tree, { focus: emission.root });
  return { source: emission.factory(code), types: code.none ? [] : code.types };
}

class Emission implements Context {
  readonly types: TypeSystem;
  readonly root: Code;
  readonly resourceTypes: Types;
  readonly variables: ReadonlySet<string>;
  readonly variableTypes: Readonly<Record<string, string>>;
  readonly host: ReadonlySet<keyof Host>;
  readonly isStrict: boolean;
  readonly #options: EmitOptions;
  readonly #used = new Set<string>();
  readonly #constants = new Map<string, string>();
  readonly #known = new WeakMap<Scope, Map<Node, { plain?: Code; boxed?: Code }>>();
  readonly #held: string[] = [];
  readonly #computed = new Map<string, string>();
  #names = 0;
  #pieces = 0;

  constructor(options: EmitOptions) {
    this.types = options.types;
    this.resourceTypes = resourceTypes(options);
    this.variables = options.variables;
    this.variableTypes = options.variableTypes;
    this.host = options.host;
    this.isStrict = options.isStrict;
    this.#options = options;
    this.root = {
      js: 'f',
      card: 'opt',
      types: options.focus,
      boxed: options.isBoxed,
      raw: true,
    };
  }

  emit(node: Node, scope: Scope, boxed = false): Code {
    const nodes = this.#known.get(scope) ?? new Map<Node, { plain?: Code; boxed?: Code }>();
    this.#known.set(scope, nodes);
    const codes = nodes.get(node) ?? {};
    nodes.set(node, codes);
    const known = boxed ? codes.boxed : codes.plain;
    if (known) return known;
    if (++this.#pieces > this.#options.limits.pieces)
      throw new ExpressionFault('fhirpath-limit', 'the expression is too large', node.at);
    const code = this.#located(this.#emit(node, scope, boxed), node);
    codes[boxed ? 'boxed' : 'plain'] = code;
    return code;
  }

  /** @returns code that adds its place to a fault that comes from inside it */
  #located(code: Code, node: Node): Code {
    if (!this.#options.isLocated || (childNodes(node).length === 0 && node.kind !== 'call')) return code;
    if (code.none || code.literal !== undefined) return code;
    const { line, column } = node.at;
    return { ...code, js: call(this, 'located', `() => (${code.js})`, String(line), String(column)) };
  }

  test(node: Node, scope: Scope): string {
    if (node.kind === 'binary' && (node.operator === 'and' || node.operator === 'or'))
      return `(${this.test(node.left, scope)} ${node.operator === 'and' ? '&&' : '||'} ${this.test(node.right, scope)})`;
    if (node.kind === 'binary' && node.operator === 'implies')
      return `(${bool(this, this.emit(node.left, scope))} === false || ${this.test(node.right, scope)})`;
    if (node.kind === 'call' && node.name === 'not' && node.args.length === 0 && node.focus)
      return `(${bool(this, this.emit(node.focus, scope))} === false)`;
    if (node.kind === 'binary' && node.operator === '=') {
      const short = equalityTest(this.emit(node.left, scope), this.emit(node.right, scope));
      if (short !== undefined) return short;
    }
    const code = this.emit(node, scope);
    if (isSingle(code) && isBoolean(code.types) && !code.boxed)
      return code.raw ? `(${code.js} === true)` : code.js;
    return `(${call(this, 'truth', code.js)} === true)`;
  }

  use(name: keyof Runtime): string {
    this.#used.add(name);
    return `r_${name}`;
  }

  hoist(js: string): string {
    const known = this.#constants.get(js);
    if (known !== undefined) return known;
    const name = `k${this.#constants.size}`;
    this.#constants.set(js, name);
    return name;
  }

  hold(): string {
    const name = `h${this.#held.length}`;
    this.#held.push(name);
    return name;
  }

  once(js: string): string {
    const name = this.#computed.get(js) ?? this.hold();
    this.#computed.set(js, name);
    return `(${name} ??= ${js})`;
  }

  fresh(): string {
    return `x${this.#names++}`;
  }

  fail(rule: ExpressionFault['rule'], message: string, at: Node['at']): never {
    throw new ExpressionFault(rule, message, at);
  }

  factory(code: Code): string {
    const { gives } = this.#options;
    const body =
      gives === 'truth' ? bool(this, code) : gives === 'value' ? this.#value(code) : this.#collection(code);
    const used = [...this.#used].map((name) => `${name}: r_${name}`).join(', ');
    const constants = [...this.#constants].map(([js, name]) => `const ${name} = ${js};`).join('\n');
    return `'use strict';\nconst { ${used} } = R;\n${constants}\n${this.#body(body)}`;
  }

  /** @returns true when the values are plain JSON already */
  #isSimple(code: Code): boolean {
    const simple =
      !code.boxed &&
      code.types?.every(
        (type) => isText([type]) || isNumber([type]) || isBoolean([type]) || !type.startsWith('System.'),
      );
    return simple === true && !this.types.isOpen(code.types);
  }

  #value(code: Code): string {
    if (code.none) return 'null';
    const js = this.#isSimple(code) ? opt(this, code) : call(this, 'resultValue', code.js);
    return code.card === 'one' ? js : `(${js} ?? null)`;
  }

  #collection(code: Code): string {
    const finish = this.#isSimple(code) ? (isSingle(code) ? 'resultOne' : 'resultMany') : 'result';
    return finish === 'resultMany' && code.step
      ? call(this, 'collect', ...code.step)
      : call(this, finish, code.js);
  }

  #body(js: string): string {
    return this.#held.length === 0
      ? `return (f, v) => ${js};`
      : `return (f, v) => {\nlet ${this.#held.join(', ')};\nreturn ${js};\n};`;
  }

  #emit(node: Node, scope: Scope, boxed: boolean): Code {
    switch (node.kind) {
      case 'string':
        return textCode(node.value);
      case 'number':
        return { js: String(node.value), card: 'one', types: [`System.${node.type}`], text: node.text };
      case 'boolean':
        return { js: String(node.value), card: 'one', types: BOOLEAN };
      case 'temporal':
        return this.#temporal(node);
      case 'quantity':
        return {
          js: this.hoist(call(this, 'quantity', String(node.value), quote(node.unit), String(node.calendar))),
          card: 'one',
          types: QUANTITY,
        };
      case 'empty':
        return { js: this.use('EMPTY'), card: 'many', types: undefined, none: true };
      case 'variable':
        return emitVariable(this, node.name, node.at);
      case 'scope':
        return this.#scopeValue(node, scope);
      case 'member':
        return emitMember(this, node, scope, boxed);
      case 'call':
        return emitCall(this, node, scope, boxed);
      case 'indexer':
        checkOrder(this, node.focus, node.at);
        return emitIndexer(this, this.emit(node.focus, scope, boxed), this.emit(node.index, scope));
      case 'polarity':
        return this.#polarity(node, scope);
      case 'binary':
        return emitBinary(this, node, scope, boxed);
      case 'type':
        return emitTypeNode(this, node, scope, boxed);
    }
  }

  #temporal(node: Node & { kind: 'temporal' }): Code {
    const js = call(this, 'temporal', quote(node.text), quote(node.type));
    return { js: this.hoist(js), card: 'opt', types: [`System.${node.type}`] };
  }

  #scopeValue(node: Node & { kind: 'scope' }, scope: Scope): Code {
    if (node.name === '$this') return scope.focus;
    if (node.name === '$total')
      return scope.total ?? this.fail('fhirpath-syntax', '$total stands outside aggregate()', node.at);
    if (!scope.index)
      return this.fail('fhirpath-syntax', '$index stands outside a function over items', node.at);
    return { js: scope.index, card: 'one', types: ['System.Integer'] };
  }

  #polarity(node: Node & { kind: 'polarity' }, scope: Scope): Code {
    const operand = this.emit(node.operand, scope);
    if (
      operand.types &&
      !operand.types.some((type) => isNumber([type]) || type.endsWith('Quantity')) &&
      !operand.none
    )
      return this.fail(
        'fhirpath-type',
        `a sign stands before ${operand.types.join(' or ')}, which is no number`,
        node.at,
      );
    if (node.sign === '+') return operand;
    const text = operand.text === undefined ? {} : { text: `-${operand.text}` };
    return { js: call(this, 'negate', plainOpt(this, operand)), card: 'opt', types: operand.types, ...text };
  }
}

/** Without a type of its own the resource is some resource: its elements are found while the expression runs. */
function resourceTypes({ focus, resource, types }: EmitOptions): Types {
  if (resource !== undefined && types.knows(resource) && types.isA(resource, 'Resource')) return [resource];
  return focus && ['Resource'];
}
