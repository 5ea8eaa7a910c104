/** Turns an expression into what a view means by it: constants are literals, and a little is as the published cases have it. */
import type { Node, Position } from '../../fhirpath/tree.ts';
import { isPrimitive } from '../../fhirpath/types.ts';
import { TEXTS, WHOLE } from './constants.ts';
import type { ConstantDefinition } from './definition.ts';

/** @returns the expression as a view means it: each `%name` of a constant is its literal */
export function asViewMeans(node: Node, constants: ReadonlyMap<string, ConstantDefinition>): Node {
  const put = (child: Node): Node => asViewMeans(child, constants);
  const focus = (child: Node | undefined): Node | undefined => child && put(child);
  switch (node.kind) {
    case 'variable': {
      const constant = constants.get(node.name);
      return constant ? literalOf(constant, node.at) : node;
    }
    case 'member':
      return { ...node, focus: focus(node.focus) };
    case 'call': {
      const made: Node = { ...node, focus: focus(node.focus), args: node.args.map(put) };
      if (node.name === 'ofType') return { ...made, args: node.args.map(typeAsMeant) };
      return node.name === 'join' ? orEmptyText(made) : made;
    }
    case 'binary':
      return { ...node, left: put(node.left), right: put(node.right) };
    case 'indexer':
      return { ...node, focus: put(node.focus), index: put(node.index) };
    case 'polarity':
    case 'type':
      return { ...node, operand: put(node.operand) };
    default:
      return node;
  }
}

/** In a view `join` of nothing is the empty text, as its published cases have it; in FHIRPath it is empty. */
function orEmptyText(node: Node): Node {
  const { at } = node;
  return { kind: 'binary', operator: '&', left: node, right: { kind: 'string', value: '', at }, at };
}

/** Published cases write `ofType(Instant)` and `ofType(Time)` for the primitive types of FHIR. */
function typeAsMeant(node: Node): Node {
  if (node.kind !== 'member' || node.focus) return node;
  const name = node.name.charAt(0).toLowerCase() + node.name.slice(1);
  return isPrimitive(name) ? { ...node, name } : node;
}

function literalOf({ type, value }: ConstantDefinition, at: Position): Node {
  if (typeof value === 'boolean') return { kind: 'boolean', value, at };
  if (typeof value === 'number') {
    const amount = Math.abs(value);
    const kind = WHOLE.includes(type) ? 'Integer' : 'Decimal';
    const number: Node = { kind: 'number', type: kind, value: amount, text: String(amount), at };
    return value < 0 ? { kind: 'polarity', sign: '-', operand: number, at } : number;
  }
  if (TEXTS.includes(type)) return { kind: 'string', value, at };
  const temporal = type === 'date' ? 'Date' : type === 'time' ? 'Time' : 'DateTime';
  return { kind: 'temporal', type: temporal, text: value, at };
}
