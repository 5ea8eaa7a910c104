/** What the writers of transforms share: the call they write, its literal parameters, and copies. */
import type { Member, Shape } from './shapes.ts';
import { plain, type Site, type Value } from './site.ts';
import type { Invocation, Literal } from './tree.ts';

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
}

/** @returns a literal parameter; a finding when it is none */
export function literalAt(call: Call, index: number, what: string): string | undefined {
  const given = call.invocation.parameters[index];
  if (given?.kind === 'literal') return `${given.value}`;
  const message = `${call.invocation.name.text} needs ${what} as parameter ${index + 1}, in quotes`;
  call.site.unit.findings.add('map-parameters', given?.at ?? call.invocation.name.at, message);
  return undefined;
}

/** A copy that shares nothing with the source, of which everything counts as read. */
export function copied(site: Site, value: Value): Value {
  if (value.fresh && !site.unit.shapes.layout(value.shape)) return value;
  site.unit.shapes.readWhole(value.shape);
  return { ...value, code: `copyOf(run, ${site.place}, ${value.code})`, fresh: true };
}

/** @returns the value of a text, number or boolean as written */
export function literalValue({ value }: Literal): Value {
  const number = Number.isInteger(value) ? 'integer' : 'decimal';
  const type = typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : number;
  return plain(
    JSON.stringify(value),
    { kind: 'type', name: type },
    { fresh: true, isText: type === 'string' },
  );
}
