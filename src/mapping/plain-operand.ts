/** The values that plain conditions test: a variable, the item of a source, or an element of either. */
import { jsonTypeOf, type Shape } from './shapes.ts';
import type { Site, Value } from './site.ts';

/** A value of at most one item, or a list of which only the presence is asked. */
export interface Operand {
  readonly kind: 'operand';
  /** JavaScript that gives the value, undefined or null */
  readonly code: string;
  /** dates are texts that compare otherwise; undefined: an object */
  readonly type: 'string' | 'number' | 'boolean' | 'date' | 'unknown' | undefined;
  readonly isArray: boolean;
  readonly shape: Shape | undefined;
  readonly isLiteral: boolean;
  /** made by a function: its code is the name of a variable, and it is of its type for sure */
  readonly computed: boolean;
}

export function operandOf(site: Site, { code, shape }: Value): Operand {
  const type = comparableType(site, shape);
  return { kind: 'operand', code, type, isArray: false, shape, isLiteral: false, computed: false };
}

/** @returns the operand's element; undefined when it is not known, or may have several names */
export function step(site: Site, owner: Operand, name: string): Operand | undefined {
  const { shapes } = site.unit;
  if (!owner.shape || owner.shape.kind === 'any' || owner.isArray) return undefined;
  if (Object.hasOwn(Object.prototype, name) || shapes.primitive(owner.shape)) return undefined;
  const member = shapes.member(owner.shape, name);
  if (member?.isArray === undefined || member.keys.length !== 1) return undefined;
  shapes.read(owner.shape, member);
  const { block } = site;
  const key = `[${JSON.stringify(member.keys[0])}]`;
  const bound = block.isBound(owner.code);
  const isLaidOut = shapes.layout(owner.shape) !== undefined;
  const code = bound ? block.read(owner.code, owner.code + key, isLaidOut) : `${owner.code}?.${key}`;
  const type = comparableType(site, member.shape);
  return {
    kind: 'operand',
    code,
    type,
    isArray: member.isArray,
    shape: member.shape,
    isLiteral: false,
    computed: false,
  };
}

/** Dates compare by their meaning, not as text, so they are left to FHIRPath. */
function comparableType(site: Site, shape: Shape): Operand['type'] {
  const primitive = site.unit.shapes.primitive(shape);
  if (primitive !== undefined) {
    if (/^(?:date|dateTime|instant|time)$/.test(primitive)) return 'date';
    return jsonTypeOf(primitive);
  }
  return shape.kind === 'json' && site.unit.shapes.names(shape).length === 0 ? 'unknown' : undefined;
}
