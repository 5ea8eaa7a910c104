/** What compiled maps call at run time for primitives of FHIR, whose ids and extensions stand beside them, and for choices of type. */
import { copyOf, hasValues, type Parent, type Run, report } from './runtime.ts';

/** A FHIR primitive with what it carries. */
interface Primitive extends Readonly<Record<string, unknown>> {
  readonly value?: unknown;
}

/** @returns a copy of the id and extensions beside a primitive; an issue and nothing where no object stands there */
export function beside(run: Run, at: number, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return copyOf(run, at, value);
  report(run, at, 'map-type', 'what stands beside a primitive, under its name with "_", must be an object');
  return undefined;
}

/** Writes a primitive in the two places that JSON has for it. @source FHIR R4 json.html#primitive */
export function putPrimitive(parent: Parent, key: string, { value, ...more }: Primitive): void {
  if (value !== undefined && value !== null) parent[key] = value;
  if (hasValues(more)) parent[`_${key}`] = more;
}

/** Adds a primitive to a list, and to the list beside it: the two stay in step, null standing for what is absent. */
export function pushPrimitive(parent: Parent, key: string, { value, ...more }: Primitive): void {
  const lists = [parent[key], parent[`_${key}`]] as (unknown[] | undefined)[];
  const length = Math.max(...lists.map((list) => list?.length ?? 0));
  add(parent, key, value ?? null, length);
  add(parent, `_${key}`, hasValues(more) ? more : null, length);
}

/** @param length of the longer of the two lists; a list that was never needed is not made for null */
function add(parent: Parent, key: string, item: unknown, length: number): void {
  const known = parent[key] as unknown[] | undefined;
  if (!known && item === null) return;
  const list = known ?? [];
  while (list.length < length) list.push(null);
  list.push(item);
  parent[key] = list;
}

/**
 * @param types as names end: `Quantity`, `String`
 * @returns the type of a choice in a record, undefined when it is absent
 */
export function choiceOf(
  owner: Readonly<Record<string, unknown>>,
  stem: string,
  types: readonly string[],
): string | undefined {
  if (typeof owner !== 'object' || Array.isArray(owner)) return undefined; // each sign of a text is a key
  for (const key in owner) {
    const name = key.startsWith('_') ? key.slice(1) : key;
    if (!name.startsWith(stem) || owner[key] === undefined || owner[key] === null) continue;
    const type = name.slice(stem.length);
    if (types.includes(type)) return type;
  }
  return undefined;
}

/** @returns the type, when the element written to may be of it; else none, with an issue */
export function allowedChoice(
  run: Run,
  at: number,
  choice: string | undefined,
  stem: string,
  allowed: readonly string[],
): string | undefined {
  if (choice === undefined || allowed.includes(choice)) return choice;
  report(run, at, 'map-type', `${stem}[x] has no type ${choice.slice(0, 40)}; convert the value first`);
  return undefined;
}
