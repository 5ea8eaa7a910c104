/** What is known, while code is written, of the objects that it builds. */
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
  /** every key that some rule may write; `*` where a group that is not yet compiled may write any */
  readonly touched: Set<string>;
  /** `touched` of the elements that several rules write to, by their key */
  readonly below: Map<string, Set<string>>;
  /** keys may be written that are not known here: a choice's, or those beside a primitive */
  isOpen: boolean;
  /** where it goes once it is known to hold something */
  slot: SlotIn<Home> | undefined;
  /** true when its literal has members: no check for emptiness is needed */
  filled: boolean;
  /** every key of an object of fixed layout, see `Shapes.layout` */
  readonly layout?: Layout;
  /** a FHIR primitive while it is built: `value`, `id` and `extension` */
  readonly isPrimitive?: boolean;
}

/** What kind of object is built. */
export type Form = Pick<BuiltIn<unknown>, 'layout' | 'isPrimitive'> & { readonly touched?: Set<string> };

/** Keys that an object always has, absent values as undefined; undefined for an object that has only what was written. */
export type Layout = readonly string[] | undefined;

export interface SlotIn<Home> {
  readonly parent: BuiltIn<Home>;
  readonly key: string;
  readonly position: 'only' | 'last';
  /** takes the id and extensions of a primitive too */
  readonly hasCompanion?: boolean;
  /** JavaScript of the rule's place and the paths in the source that the element comes from, where lineage is asked for */
  readonly trace?: string | undefined;
}

/** @returns what is known of a new object */
export function newBuilt<Home>(
  js: string,
  block: Home,
  entries: Iterable<[string, string]>,
  slot: SlotIn<Home> | undefined,
  form: Form,
): BuiltIn<Home> {
  const map = new Map<string, string | string[]>(entries);
  const built: BuiltIn<Home> = {
    ...blank(js, block, slot, form),
    entries: map,
    writes: new Map([...map.keys()].map((key) => [key, block])),
    foreign: false,
    isOpen: false,
  };
  for (const key of map.keys()) built.touched.add(key);
  return built;
}

/** @returns what is known of an object that is there already, or may be */
export function adoptedBuilt<Home>(
  js: string,
  block: Home,
  slot: SlotIn<Home> | undefined,
  form: Form,
): BuiltIn<Home> {
  return {
    ...blank(js, block, slot, form),
    entries: undefined,
    writes: new Map(),
    foreign: true,
    isOpen: true,
  };
}

function blank<Home>(
  js: string,
  block: Home,
  slot: SlotIn<Home> | undefined,
  form: Form,
): Omit<BuiltIn<Home>, 'entries' | 'writes' | 'foreign' | 'isOpen'> {
  return {
    js,
    block,
    slot,
    filled: false,
    touched: new Set(),
    below: new Map(),
    ...form,
  };
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

/** @returns JavaScript that is true when the object holds anything: asked key by key, where the keys are known */
export function holdsSomething({ js, foreign, isOpen, writes, touched }: BuiltIn<unknown>): string {
  const keys = foreign ? touched : new Set(writes.keys());
  if (isOpen || touched.has('*')) return `hasValues(${js})`;
  return [...keys].map((key) => `${js}[${JSON.stringify(key)}] !== undefined`).join(' || ') || 'false';
}
