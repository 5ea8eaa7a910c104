/** Reads the constants of a view, and puts them into expressions as the literals that they stand for. */
import type { Node, Position } from '../../fhirpath/tree.ts';
import type { ConstantDefinition } from './definition.ts';
import type { Members, Reader } from './reader.ts';

/** The types that a constant can have, by the JSON they are written in. @source SQL on FHIR v2, ViewDefinition.constant.value[x] */
const TEXTS = ['base64Binary', 'canonical', 'code', 'id', 'oid', 'string', 'uri', 'url', 'uuid'];
const WHOLE = ['integer', 'integer64', 'positiveInt', 'unsignedInt'];
const DATE = /^\d{4}(-\d\d(-\d\d)?)?$/;
const TIME = /^\d\d:\d\d(:\d\d(\.\d+)?)?$/;
const DATE_TIME = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;
const TYPES = [...TEXTS, ...WHOLE, 'boolean', 'decimal', 'date', 'dateTime', 'instant', 'time'];
const BY_MEMBER = new Map(TYPES.map((type) => [`value${type[0]!.toUpperCase()}${type.slice(1)}`, type]));
/** Variables that mean something of their own in every expression. */
const TAKEN = ['context', 'resource', 'rootResource', 'rowIndex'];

/** @returns undefined with a fault where it is no constant */
export function readConstant(reader: Reader, json: unknown, at: string): ConstantDefinition | undefined {
  const constant = reader.object(json, at, ['name', ...BY_MEMBER.keys()]);
  if (!constant) return undefined;
  const name = reader.sqlName(constant, at, true);
  if (name !== undefined && TAKEN.includes(name))
    reader.fault('view-constant', `${at}.name`, `%${name} has a meaning of its own; rename the constant.`);
  const members = Object.keys(constant).filter((member) => BY_MEMBER.has(member));
  const [member] = members;
  if (member === undefined || members.length > 1) {
    reader.fault('view-constant', at, 'a constant has one value, such as valueString; give one.');
    return undefined;
  }
  const type = BY_MEMBER.get(member)!;
  const value = readValue(constant, member, type);
  if (value === undefined)
    reader.fault('view-constant', `${at}.${member}`, `this is no ${type} as FHIR writes it.`);
  return name === undefined || value === undefined ? undefined : { name, type, value, at };
}

function readValue(constant: Members, member: string, type: string): ConstantDefinition['value'] | undefined {
  const value = constant[member];
  if (type === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (type === 'decimal') return typeof value === 'number' ? value : undefined;
  if (WHOLE.includes(type)) {
    const number =
      type === 'integer64' && typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    const least = type === 'positiveInt' ? 1 : type === 'unsignedInt' ? 0 : Number.MIN_SAFE_INTEGER;
    return Number.isSafeInteger(number) && (number as number) >= least ? (number as number) : undefined;
  }
  if (typeof value !== 'string' || value === '') return undefined;
  const form = type === 'date' ? DATE : type === 'time' ? TIME : TEXTS.includes(type) ? /^/ : DATE_TIME;
  return form.test(value) ? value : undefined;
}

/** @returns the expression as a view means it: each `%name` of a constant is its literal */
export function withConstants(node: Node, constants: ReadonlyMap<string, ConstantDefinition>): Node {
  const put = (child: Node): Node => withConstants(child, constants);
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
