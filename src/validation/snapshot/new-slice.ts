/** Starts a new slice from the element that is sliced: with its constraints and content, or with those of an extension's definition. */
import type { ElementDefinition, ElementDefinitionSlicing } from '@medplum/fhirtypes';
import { withSliceType } from './choices.ts';
import { mergeConstraints } from './merge.ts';
import type { ElementNode, SnapshotNode } from './tree.ts';
import type { Walk } from './unfold.ts';

/** An element with slices, where its base and its differential meet. */
export interface SlicedElement {
  /** the element as the base has it */
  readonly base: SnapshotNode;
  /** the element with what the differential says of it and of its content; its slices are still the base's */
  readonly whole: SnapshotNode;
  readonly differential: ElementNode;
  /** of the element in the differential */
  readonly id: string;
  readonly slicing: ElementDefinitionSlicing;
  readonly walk: Walk;
  readonly constrain: Constrain;
}

/** Lays a differential over a base, see `constrain` in snapshot-walk.ts. */
export type Constrain = (
  base: SnapshotNode,
  differential: ElementNode,
  id: string,
  walk: Walk,
  sliced?: ElementDefinition,
) => SnapshotNode;

/** What a slice does not take from the element that is sliced: it speaks of all slices together. */
export const OF_ALL_SLICES = [
  'slicing',
  'short',
  'definition',
  'comment',
  'requirements',
  'alias',
  'mustSupport',
] as const;

/** @param id of the slice in the differential */
export function newSlice(
  { base, whole, walk, constrain }: SlicedElement,
  slice: ElementNode,
  id: string,
): SnapshotNode {
  const said = base.name.endsWith('[x]') ? withSliceType(slice, whole) : slice;
  const element: ElementDefinition = { ...whole.element, min: 0 };
  for (const key of OF_ALL_SLICES) {
    delete element[key];
    if (key !== 'slicing' && base.element[key] !== undefined)
      Object.assign(element, { [key]: base.element[key] });
  }
  const start: SnapshotNode = {
    name: base.name,
    sliceName: slice.sliceName,
    element: fromProfile(element, said.element, walk),
    children: whole.children,
    slices: [],
  };
  return constrain(start, said, id, walk, element);
}

/** @returns for an extension that one definition is named for: what the root of that definition says */
function fromProfile(
  element: ElementDefinition,
  own: ElementDefinition | undefined,
  walk: Walk,
): ElementDefinition {
  const [type, ...others] = own?.type ?? [];
  if (type?.code !== 'Extension' || others.length > 0 || type.profile?.length !== 1) return element;
  const url = type.profile[0]!;
  const root = walk.tree(url)?.element;
  if (!root) return element;
  const { id, path, base, constraint, type: types, slicing, extension, ...said } = root;
  const context = { url, baseUrl: walk.baseUrl, fault: () => undefined };
  const constraints = mergeConstraints(element.constraint, constraint, context);
  return { ...element, ...said, ...(constraints ? { constraint: constraints } : {}) };
}
