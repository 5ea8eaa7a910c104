/** Puts the metadata of a map, `/// contact.name = "…"`, into the StructureMap's JSON by its path. */
import type { Metadata } from './tree.ts';

type Value = Metadata['value'];
type Node = Record<string, unknown>;

/** One step of a path: `contact[0]`. */
interface Step {
  readonly name: string;
  readonly index: number | undefined;
}

const STEP = /^(_?[A-Za-z][\w-]*)(?:\[(\d{1,6})\])?$/;

/** Lists may be filled this far beyond their end; what is left open becomes null. */
const WIDEST_GAP = 100;

/** Elements that repeat, for maps that name them without an index: `contact.name`. */
const REPEATED: ReadonlySet<string> = new Set([
  'identifier',
  'contact',
  'telecom',
  'useContext',
  'jurisdiction',
  'coding',
  'extension',
  'contained',
  'profile',
  'security',
  'tag',
]);

/** What the groups, structures, imports and constants of the tree fill; metadata may add to their elements only. */
const STRUCTURAL: ReadonlySet<string> = new Set(['group', 'structure', 'import', 'const', 'contained']);

/** What a contained ConceptMap means; the text of the map says it. */
const TABLE: ReadonlySet<string> = new Set([
  'resourceType',
  'group',
  'source',
  'target',
  'element',
  'code',
  'equivalence',
  'relationship',
  'noMap',
  'unmapped',
  'mode',
]);

/** @returns true for what an element of a group may have besides what the text says: ids, extensions, documentation */
export function isBeside(name: string): boolean {
  return /^(?:id|extension|documentation|listRuleId|_.+)$/.test(name);
}

/** @returns true for metadata of an element that the rest of the map fills, such as `group[0].id` */
export function isStructural({ name }: Metadata): boolean {
  return STRUCTURAL.has(name.split(/[.[]/, 1)[0]!);
}

/**
 * Sets the elements that the metadata names; of two lines for one element the later one counts. A line that would
 * change what is there already, or names no element that can be, is left out.
 */
export function applyMetadata(resource: object, metadata: readonly Metadata[]): void {
  const made = new WeakSet<object>([resource]);
  const inTable = (name: string): boolean => !TABLE.has(name);
  const last = new Map(metadata.map(({ name, value }) => [name, value]));
  for (const [name, value] of last) {
    const steps = name.split('.').map(stepOf);
    const isAtRoot = steps.length === 1;
    const known = steps.every((step): step is Step => step !== undefined);
    // FHIR has no empty texts
    if (!known || value === undefined || value === '') continue;
    if (isFilled(resource, steps)) continue;
    const mayAdd = steps[0]!.name === 'contained' ? inTable : isBeside;
    const text = isAtRoot && typeof value === 'number' ? `${value}` : value;
    put(resource as Node, steps, text, { made, mayAdd });
  }
}

/** `/// import = "x"`: the groups, structures, imports and constants are those of the text, and no others. */
function isFilled(resource: object, [first, ...more]: readonly Step[]): boolean {
  if (!first || !STRUCTURAL.has(first.name)) return false;
  return more.length === 0 || (first.name !== 'contained' && !Object.hasOwn(resource, first.name));
}

function stepOf(text: string): Step | undefined {
  const [, name, index] = STEP.exec(text) ?? [];
  return name === undefined ? undefined : { name, index: index === undefined ? undefined : Number(index) };
}

interface Limits {
  /** what metadata made, and may go on to fill */
  readonly made: WeakSet<object>;
  /** members that metadata may give to what the text made */
  readonly mayAdd: (name: string) => boolean;
}

/** @returns false when the path leads nowhere; then nothing is left behind */
function put(node: Node, [step, ...more]: readonly Step[], value: Value, limits: Limits): boolean {
  if (!step) return false;
  const { name } = step;
  const { made } = limits;
  if (!Object.hasOwn(node, name) && !made.has(node) && !limits.mayAdd(name)) return false;
  const index = step.index ?? (REPEATED.has(name) && more.length > 0 ? 0 : undefined);
  if (index === undefined) return putMember(node, name, more, value, limits);
  const list: unknown = Object.hasOwn(node, name) ? node[name] : [];
  if (!Array.isArray(list)) return false;
  const isNew = !Object.hasOwn(node, name);
  const isOurs = isNew || made.has(list);
  if (index >= list.length && (!isOurs || index > list.length + WIDEST_GAP)) return false;
  const length = list.length;
  while (list.length <= index) list.push(null);
  const done = putMember(list as unknown as Node, String(index), more, value, limits);
  if (!done) list.length = length;
  else if (isNew) {
    made.add(list);
    node[name] = list;
  }
  return done;
}

/** Sets a member of an object, or an item of a list, that is not there yet; or goes on into it. */
function putMember(node: Node, key: string, more: readonly Step[], value: Value, limits: Limits): boolean {
  const here = Object.hasOwn(node, key) ? (node[key] ?? undefined) : undefined;
  if (more.length === 0) {
    if (here !== undefined) return false;
    node[key] = value;
    return true;
  }
  if (here !== undefined) return isNode(here) && put(here, more, value, limits);
  const inner: Node = {};
  limits.made.add(inner);
  if (!put(inner, more, value, limits)) return false;
  node[key] = inner;
  return true;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
