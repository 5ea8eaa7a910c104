/** What is known, while code is written, of the objects that it builds and of the values that it has read. */
/** An object that a map builds; until `entries` is written out, writes to it only add to its literal. */
export interface BuiltIn<Home> {
  readonly js: string;
  readonly block: Home;
  /** members known so far; undefined once the literal stands in the code */
  entries: Map<string, string | string[]> | undefined;
  /** keys written by code so far, and the block in which the write is certain */
  readonly writes: Map<string, Home | undefined>;
  /** written elsewhere too (a parameter, or handed to a function): it may hold anything already */
  foreign: boolean;
  /** where it goes once it is known to hold something */
  slot: SlotIn<Home> | undefined;
  /** true when its literal has members: no check for emptiness is needed */
  filled: boolean;
  /** elements that rules share, by key and share id: the JavaScript name of each */
  readonly shares: Map<string, string>;
  /** every key of an object of fixed layout, see `Shapes.layout` */
  readonly layout: Layout;
}

/** Keys that an object always has, absent values as undefined; undefined for an object that has only what was written. */
export type Layout = readonly string[] | undefined;

export interface SlotIn<Home> {
  readonly parent: BuiltIn<Home>;
  readonly key: string;
  readonly position: 'only' | 'last' | 'first';
}

/** What is known in one block of code, so that nothing is read or made twice. */
export class Memory<Home> {
  /** variables that hold a value here */
  readonly bound = new Set<string>();
  /** those of them that came from outside: parameters */
  readonly parameters = new Set<string>();
  readonly kept = new Set<string>();
  /** variables by the code that they were read with */
  readonly reads = new Map<string, string>();
  /** variables of texts, and the blocks after whose start each is made */
  readonly texts = new Map<string, { readonly js: string; readonly made: Home[] }>();
}

/** @returns the literal of an object with these members */
export function literalOf(entries: ReadonlyMap<string, string | readonly string[]>, layout: Layout): string {
  const keys = new Set([...(layout ?? []), ...entries.keys()]);
  const members = [...keys].map((key) => {
    const code = entries.get(key);
    const value = typeof code === 'object' ? `[${code.join(', ')}]` : `${code}`;
    return `${JSON.stringify(key)}: ${value}`;
  });
  return `{${members.join(', ')}}`;
}

/** Longer lists of keys are asked by a loop. */
const MOST_ASKED = 6;

/** @returns JavaScript that is true when the object holds anything */
export function holdsSomething({ js, foreign, writes, layout }: BuiltIn<unknown>): string {
  if (foreign || writes.size > MOST_ASKED) return `${layout ? 'hasValues' : 'hasMembers'}(${js})`;
  return [...writes.keys()].map((key) => `${js}[${JSON.stringify(key)}] !== undefined`).join(' || ');
}

/** @returns the variables that JavaScript names outside of its texts */
export function variablesIn(code: string): string[] {
  return code.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/\bv\d+\b/g) ?? [];
}
