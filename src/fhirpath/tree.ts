/** The shapes an expression text is parsed into; every node knows its line and column. */

/** Where a node or a fault starts; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type TemporalKind = 'Date' | 'DateTime' | 'Time';

export type BinaryOperator =
  | '*'
  | '/'
  | 'div'
  | 'mod'
  | '+'
  | '-'
  | '&'
  | '|'
  | '<='
  | '<'
  | '>'
  | '>='
  | '='
  | '~'
  | '!='
  | '!~'
  | 'in'
  | 'contains'
  | 'and'
  | 'or'
  | 'xor'
  | 'implies';

/** `text` is the number as written: it carries the precision that a JavaScript number loses. */
export interface NumberNode {
  readonly kind: 'number';
  readonly type: 'Integer' | 'Decimal';
  readonly value: number;
  readonly text: string;
  readonly at: Position;
}

export interface MemberNode {
  readonly kind: 'member';
  /** absent at the start of a path: the name is looked up in `$this` */
  readonly focus: Node | undefined;
  readonly name: string;
  readonly at: Position;
}

export interface CallNode {
  readonly kind: 'call';
  /** absent at the start of a path: the function is applied to `$this` */
  readonly focus: Node | undefined;
  readonly name: string;
  readonly args: readonly Node[];
  readonly at: Position;
}

export interface BinaryNode {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
  readonly at: Position;
}

/** `type` is as written: `Patient`, `FHIR.Patient`, `System.String` */
export interface TypeNode {
  readonly kind: 'type';
  readonly operator: 'is' | 'as';
  readonly operand: Node;
  readonly type: string;
  readonly at: Position;
}

export type Node =
  | NumberNode
  | MemberNode
  | CallNode
  | BinaryNode
  | TypeNode
  | { readonly kind: 'string'; readonly value: string; readonly at: Position }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly at: Position }
  | { readonly kind: 'temporal'; readonly type: TemporalKind; readonly text: string; readonly at: Position }
  | {
      readonly kind: 'quantity';
      readonly value: number;
      readonly text: string;
      readonly unit: string;
      /** `4 days`, not `4 'd'` */
      readonly calendar: boolean;
      readonly at: Position;
    }
  | { readonly kind: 'empty'; readonly at: Position }
  | { readonly kind: 'variable'; readonly name: string; readonly at: Position }
  | { readonly kind: 'scope'; readonly name: '$this' | '$index' | '$total'; readonly at: Position }
  | { readonly kind: 'indexer'; readonly focus: Node; readonly index: Node; readonly at: Position }
  | { readonly kind: 'polarity'; readonly sign: '+' | '-'; readonly operand: Node; readonly at: Position };

/** @returns the nodes directly below a node, in the order they are written */
export function childNodes(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'member':
      return node.focus ? [node.focus] : [];
    case 'call':
      return node.focus ? [node.focus, ...node.args] : node.args;
    case 'binary':
      return [node.left, node.right];
    case 'indexer':
      return [node.focus, node.index];
    case 'polarity':
    case 'type':
      return [node.operand];
    default:
      return [];
  }
}
