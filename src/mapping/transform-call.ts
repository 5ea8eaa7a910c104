/** What the writers of transforms share: the call they write, its parameters as values, texts and literals, and copies. */
import { shapeAlong } from './check-names.ts';
import { emitExpression } from './expression.ts';
import { plainText } from './plain-path.ts';
import { ANY, jsonTypeOf, type Member, type Shape } from './shapes.ts';
import { codeOf, plain, type Site, type Value, variableOf } from './site.ts';
import type { Argument, Invocation, Literal, Path } from './tree.ts';

export const STRING: Shape = { kind: 'type', name: 'string' };

/** A new object: its members, as keys and JavaScript. */
export interface Made {
  readonly entries: readonly [string, string][];
  readonly shape: Shape;
}

export interface Call {
  readonly site: Site;
  readonly invocation: Invocation;
  /** the element that takes the value; undefined where none is named */
  readonly member: Member | undefined;
  /** parameters that a short form of the transform leaves out, before the third */
  readonly implied?: number;
}

/** @returns a literal parameter; a finding when it is none */
export function literalAt(call: Call, index: number, what: string): string | undefined {
  const given = call.invocation.parameters[index];
  if (given?.kind === 'literal') return `${given.value}`;
  const message = `${call.invocation.name.text} needs ${what} as parameter ${index + 1 - (call.implied ?? 0)}, in quotes`;
  call.site.unit.findings.add('map-parameters', given?.at ?? call.invocation.name.at, message);
  return undefined;
}

/** A copy that shares nothing with the source, of which everything counts as read. */
export function copied(site: Site, value: Value): Value {
  if (value.fresh && !site.unit.shapes.layout(value.shape)) return value;
  site.unit.shapes.readWhole(value.shape);
  return { ...value, code: `copyOf(run, ${site.place}, ${value.code})`, fresh: true };
}

/**
 * What a record holds where its schema or type names a primitive: as it is where it is one, else copied, so that the target
 * never shares an object with the record.
 * @returns JavaScript
 */
export function ownedCode(site: Site, { shape, fresh, many, built }: Value, code: string): string {
  if (fresh || many || built) return code;
  const type = jsonTypeOf(site.unit.shapes.primitive(shape)) ?? 'string';
  return `(typeof ${code} === "${type}" ? ${code} : copyOf(run, ${site.place}, ${code}))`;
}

/** @returns the value of a text, number or boolean as written */
function literalValue({ value }: Literal): Value {
  const number = Number.isInteger(value) ? 'integer' : 'decimal';
  const type = typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : number;
  return plain(
    JSON.stringify(value),
    { kind: 'type', name: type },
    { fresh: true, isText: type === 'string' },
  );
}

/** @returns a value as given: a literal, a variable (copied where it is an object), an expression */
export function argument(site: Site, given: Argument): Value | undefined {
  if (given.kind === 'literal') return literalValue(given);
  if (given.kind === 'path') return variable(site, given);
  const text = site.item && plainText(site, given, { ...site.item, shape: ANY });
  if (text !== undefined) return plain(text, STRING, { definite: false, fresh: true, isText: true });
  const code = emitExpression(site, given, site.item?.code, site.item?.shape ?? ANY);
  return code === undefined ? undefined : plain(site.block.keep(code), ANY, { many: true });
}

function variable(site: Site, path: Path): Value | undefined {
  const [first, ...more] = path.words;
  const found = first && variableOf(site, first);
  if (!found) return undefined;
  if (more.length > 0) {
    const shape = shapeAlong(site, found, more);
    const value = shape && argument(site, { kind: 'expression', at: path.at, text: wordsOf(path) });
    return value && { ...value, shape };
  }
  if (found.built?.isPrimitive) {
    const code = site.block.keep(`${codeOf(site, found)}["value"]`);
    return plain(code, found.shape, { definite: false, fresh: true });
  }
  if (found.built) return { ...found, code: codeOf(site, found) };
  return site.unit.shapes.primitive(found.shape) ? found : copied(site, found);
}

export function argumentAt(site: Site, invocation: Invocation, index: number): Value | undefined {
  const given = invocation.parameters[index];
  if (given) return argument(site, given);
  const message = `${invocation.name.text} needs ${index + 1} parameters, not ${invocation.parameters.length}`;
  site.unit.findings.add('map-parameters', invocation.name.at, message);
  return undefined;
}

/** @returns JavaScript of a text, surely a string; undefined with a finding */
export function textAt(call: Call, index: number): string | undefined {
  const value = argumentAt(call.site, call.invocation, index);
  if (!value) return undefined;
  const { shapes } = call.site.unit;
  if (value.isText) return value.code;
  if (value.shape.kind !== 'any' && !shapes.primitive(value.shape)) {
    const message = `${call.invocation.name.text} takes a text, but this is ${shapes.describe(value.shape)}`;
    call.site.unit.findings.add('map-type', call.invocation.parameters[index]!.at, message);
    return undefined;
  }
  const { place, block } = call.site;
  const code = value.many ? block.keep(`single(run, ${place}, ${value.code}) ?? ""`) : value.code;
  return `(typeof ${code} === "string" ? ${code} : text(run, ${place}, ${code}))`;
}

export function wordsOf(path: Path): string {
  return path.words.map(({ text }) => text).join('.');
}
