/** Turns a list of ElementDefinitions into a tree of elements, children and slices, and a tree back into a list. */
import type { ElementDefinition } from '@medplum/fhirtypes';

/** An element with what is below it. Never changed once it is built: trees share nodes. */
export interface ElementNode {
  /** last part of the path: `identifier`, `value[x]` */
  readonly name: string;
  /** absent in a differential that only goes through the element */
  readonly element: ElementDefinition | undefined;
  /** name of the slice, `a/b` for a slice of slice `a` */
  readonly sliceName: string | undefined;
  /** undefined when the content is that of the type, not yet unfolded */
  readonly children: readonly ElementNode[] | undefined;
  /** slices of this element, or of this slice, in order */
  readonly slices: readonly ElementNode[];
}

/** An element of a snapshot: it is never only passed through. */
export interface SnapshotNode extends ElementNode {
  readonly element: ElementDefinition;
  readonly children: readonly SnapshotNode[] | undefined;
  readonly slices: readonly SnapshotNode[];
}

interface Growing extends ElementNode {
  element: ElementDefinition | undefined;
  children: Growing[] | undefined;
  slices: Growing[];
}

interface Part {
  readonly name: string;
  readonly sliceName: string | undefined;
}

interface Place {
  readonly parts: readonly Part[];
  /** parts of the id, when it is what places the element */
  readonly ids: readonly string[] | undefined;
}

export interface BuiltTree {
  readonly root: ElementNode;
  /** elements that stand in the list twice, or outside of its root */
  readonly twice: readonly ElementDefinition[];
  readonly outside: readonly ElementDefinition[];
}

/**
 * Places each element by its id where that agrees with its path, otherwise by its path below the elements just before it.
 * @param elements of a snapshot or a differential, in order; at least one
 */
export function treeOf(elements: readonly ElementDefinition[]): BuiltTree {
  const rootName = elements[0]?.path.split('.')[0] ?? '';
  const root = grow(rootName, undefined);
  const byId = new Map<string, Growing>([[rootName, root]]);
  const twice: ElementDefinition[] = [];
  const outside: ElementDefinition[] = [];
  let trail: Growing[] = [root];
  for (const element of elements) {
    const names = element.path.split('.');
    if (names[0] !== rootName) {
      outside.push(element);
      continue;
    }
    trail = trailTo(placeOf(element, names), trail, byId);
    const node = trail.at(-1)!;
    if (node.element) twice.push(element);
    else node.element = element;
    if (element.id !== undefined && !byId.has(element.id)) byId.set(element.id, node);
  }
  return { root, twice, outside };
}

/** Where the id says that an element stands; or the path, when there is no id or it says another path. */
function placeOf(element: ElementDefinition, names: readonly string[]): Place {
  const ids = element.id?.split('.') ?? [];
  const isById = ids.length === names.length && ids.every((id, at) => isNamed(splitPart(id)[0], names[at]!));
  const last = names.length - 1;
  const parts = names.map((name, at): Part => {
    const idSlice = isById ? splitPart(ids[at]!)[1] : undefined;
    return { name, sliceName: at === last ? (element.sliceName ?? idSlice) : idSlice };
  });
  return { parts, ids: isById ? ids : undefined };
}

function splitPart(part: string): [name: string, sliceName: string | undefined] {
  const colon = part.indexOf(':');
  return colon < 0 ? [part, undefined] : [part.slice(0, colon), part.slice(colon + 1)];
}

/** A path may write `valueQuantity` where the id has `value[x]:valueQuantity`. */
function isNamed(idName: string, name: string): boolean {
  return idName === name || (idName.endsWith('[x]') && name.startsWith(idName.slice(0, -3)));
}

/** @returns the nodes from the root to the element, those that were missing added */
function trailTo(
  { parts, ids }: Place,
  before: readonly Growing[],
  byId: ReadonlyMap<string, Growing>,
): Growing[] {
  const trail = [before[0]!];
  let isOnTrail = ids === undefined;
  for (let at = 1; at < parts.length; at++) {
    const { name, sliceName } = parts[at]!;
    const isLast = at === parts.length - 1;
    const previous = before[at];
    isOnTrail &&= previous?.name === name;
    const known = isLast ? undefined : byId.get(ids?.slice(0, at + 1).join('.') ?? '');
    if (known) trail.push(known);
    else if (isOnTrail && !isLast) trail.push(previous!);
    else trail.push(sliceOf(childOf(trail.at(-1)!, name), sliceName));
  }
  return trail;
}

function grow(name: string, sliceName: string | undefined): Growing {
  return { name, sliceName, element: undefined, children: undefined, slices: [] };
}

function childOf(parent: Growing, name: string): Growing {
  parent.children ??= [];
  const known = parent.children.find((child) => child.name === name);
  if (known) return known;
  const child = grow(name, undefined);
  parent.children.push(child);
  return child;
}

/** `a/b` is a slice of slice `a`, where there is a slice `a`. */
function sliceOf(node: Growing, sliceName: string | undefined): Growing {
  if (sliceName === undefined) return node;
  const within = node.slices.find((one) => sliceName.startsWith(`${one.sliceName}/`));
  if (within) return sliceOf(within, sliceName);
  const known = node.slices.find((one) => one.sliceName === sliceName);
  if (known) return known;
  const slice = grow(node.name, sliceName);
  node.slices.push(slice);
  return slice;
}

/**
 * Reads a published or generated snapshot.
 * @returns undefined when an element is there only by its children, or twice
 */
export function snapshotTree(elements: readonly ElementDefinition[]): SnapshotNode | undefined {
  if (elements.length === 0) return undefined;
  const { root, twice, outside } = treeOf(elements);
  return twice.length === 0 && outside.length === 0 && isWhole(root) ? root : undefined;
}

function isWhole(node: ElementNode): node is SnapshotNode {
  return node.element !== undefined && (node.children ?? []).every(isWhole) && node.slices.every(isWhole);
}

/** @returns the elements in the order of a snapshot (element, its content, its slices), with ids and paths of where they stand */
export function elementsOf(root: SnapshotNode): ElementDefinition[] {
  const found: ElementDefinition[] = [];
  const write = (node: SnapshotNode, parentId: string, parentPath: string): void => {
    const path = `${parentPath}${node.name}`;
    const id = `${parentId}${node.name}${node.sliceName === undefined ? '' : `:${node.sliceName}`}`;
    const { sliceName, element } = node;
    const base = element.base ?? { path, min: element.min ?? 0, max: element.max ?? '*' };
    found.push({ ...element, id, path, ...(sliceName === undefined ? {} : { sliceName }), base });
    for (const child of node.children ?? []) write(child, `${id}.`, `${path}.`);
    for (const slice of node.slices) write(slice, parentId, parentPath);
  };
  write(root, '', '');
  return found;
}
