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
  const last = new Map(metadata.map(({ name, value }) => [name, value]));
  for (const [name, value] of last) {
    const steps = name.split('.').map(stepOf);
    const isAtRoot = steps.length === 1;
    const known = steps.every((step): step is Step => step !== undefined);
    if (known && value !== undefined)
      put(resource as Node, steps, isAtRoot && typeof value === 'number' ? `${value}` : value, made);
  }
}

function stepOf(text: string): Step | undefined {
  const [, name, index] = STEP.exec(text) ?? [];
  return name === undefined ? undefined : { name, index: index === undefined ? undefined : Number(index) };
}

function put(node: Node, [step, ...more]: readonly Step[], value: Value, made: WeakSet<object>): void {
  if (!step) return;
  const { name } = step;
  const index = step.index ?? (REPEATED.has(name) && !Array.isArray(value) ? 0 : undefined);
  if (index === undefined) return putMember(node, name, more, value, made);
  if (!Object.hasOwn(node, name)) {
    const list: unknown[] = [];
    made.add(list);
    node[name] = list;
  }
  const list = node[name];
  if (!Array.isArray(list)) return;
  if (index >= list.length && (!made.has(list) || index > list.length + WIDEST_GAP)) return;
  while (list.length <= index) list.push(null);
  putMember(list as unknown as Node, String(index), more, value, made);
}

/** Sets a member of an object, or an item of a list, that is not there yet; or goes on into it. */
function putMember(
  node: Node,
  key: string,
  more: readonly Step[],
  value: Value,
  made: WeakSet<object>,
): void {
  const here = Object.hasOwn(node, key) ? (node[key] ?? undefined) : undefined;
  if (more.length === 0) {
    if (here === undefined) node[key] = value;
    return;
  }
  if (here === undefined) {
    const inner = {};
    made.add(inner);
    node[key] = inner;
  }
  const inner = node[key];
  if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
    put(inner as Node, more, value, made);
}
