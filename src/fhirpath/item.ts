/** Items that carry their type and the `_element` sibling of a primitive, for the functions that ask for them. */

/** A value with what plain JSON does not say about it. Most expressions never make one. */
export class Item {
  /** undefined when a primitive has only extensions */
  readonly value: unknown;
  /** FHIR type, or `System.` and a name; undefined when not known */
  readonly type: string | undefined;
  /** the `_element` sibling of a primitive: `{ id, extension }` */
  readonly extra: unknown;

  constructor(value: unknown, type: string | undefined, extra: unknown) {
    this.value = value;
    this.type = type;
    this.extra = extra;
  }
}

/** How one path step finds its values, when they must carry their types. */
export interface Step {
  readonly name: string;
  /** of an element with one type */
  readonly type: string | undefined;
  /** JSON name and type of each choice: `[['valueString', 'string'], …]` */
  readonly choices: readonly (readonly [string, string])[] | undefined;
}

/** @returns the plain value of an item, or the value itself */
export function unbox(value: unknown): unknown {
  return value instanceof Item ? value.value : value;
}

/** @returns plain values; items without a value are left out */
export function unboxAll(values: readonly unknown[]): unknown[] {
  const out: unknown[] = [];
  for (const value of values) {
    const plain = unbox(value);
    if (plain !== undefined && plain !== null) out.push(plain);
  }
  return out;
}

/** @returns each value as an item, of this type where it is no item yet */
export function boxAll(values: readonly unknown[], type: string | undefined): Item[] {
  return values.map((value) => box(value, type));
}

export function box(value: unknown, type: string | undefined): Item {
  return value instanceof Item ? value : new Item(value, type ?? resourceTypeOf(value), undefined);
}

/** Takes one step from every owner, and keeps the types and siblings of what it finds. */
export function boxStep(owners: readonly unknown[], step: Step): Item[] {
  const out: Item[] = [];
  for (const owner of owners) {
    const plain = unbox(owner);
    if (owner instanceof Item && owner.extra && (step.name === 'extension' || step.name === 'id'))
      pushItems(out, owner.extra as Record<string, unknown>, step.name, step.type);
    if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) continue;
    const members = plain as Record<string, unknown>;
    if (!step.choices) pushItems(out, members, step.name, step.type);
    else for (const [name, type] of step.choices) pushItems(out, members, name, type);
  }
  return out;
}

/** Adds the items of one JSON member and its `_` sibling. */
export function pushItems(
  out: Item[],
  members: Record<string, unknown>,
  name: string,
  type: string | undefined,
): void {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  const extra = Object.hasOwn(members, `_${name}`) ? members[`_${name}`] : undefined;
  if (!Array.isArray(value) && !Array.isArray(extra)) {
    pushItem(out, value, type, extra);
    return;
  }
  const values = Array.isArray(value) ? value : [];
  const extras = Array.isArray(extra) ? extra : [];
  for (let i = 0; i < Math.max(values.length, extras.length); i++) pushItem(out, values[i], type, extras[i]);
}

function pushItem(out: Item[], value: unknown, type: string | undefined, extra: unknown): void {
  const absent = value === undefined || value === null;
  if (absent && (extra === undefined || extra === null)) return;
  out.push(new Item(absent ? undefined : value, resourceTypeOf(value) ?? type, extra ?? undefined));
}

/** @returns `resourceType` of an object that has one */
export function resourceTypeOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('resourceType' in value)) return undefined;
  return typeof value.resourceType === 'string' ? value.resourceType : undefined;
}
