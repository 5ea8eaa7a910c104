/** Lays a differential's slices over those of the base, and starts new slices from the element that is sliced. */
import type { ElementDefinition, ElementDefinitionSlicing, ElementDefinitionType } from '@medplum/fhirtypes';
import { isByShortNames, typeSliceOf, withSliceType } from './choices.ts';
import { SnapshotFaults } from './faults.ts';
import { type Constrain, newSlice, OF_ALL_SLICES, type SlicedElement } from './new-slice.ts';
import type { ElementNode, SnapshotNode } from './tree.ts';
import { idBelow, type Walk } from './unfold.ts';

/**
 * @param base the element as the base has it
 * @param whole the element with what the differential says of it and of its content
 * @returns the element with its slices: the base's first, new ones in the differential's order
 */
export function constrainSlices(
  base: SnapshotNode,
  whole: SnapshotNode,
  differential: ElementNode,
  id: string,
  walk: Walk,
  constrain: Constrain,
): SnapshotNode {
  const implied = whole.element.slicing ? undefined : impliedSlicing(base, differential);
  const slicing = whole.element.slicing ?? implied;
  if (!slicing) {
    if (differential.slices.length > 0) walk.faults.add('snapshot-slicing-missing', id, NOT_SLICED);
    return whole;
  }
  const at: SlicedElement = { base, whole, differential, id, slicing, walk, constrain };
  const slices = slicesOf(at);
  const type = implied?.rules === 'closed' ? typesOf(whole.element, slices) : whole.element.type;
  return { ...whole, element: { ...whole.element, ...(type ? { type } : {}), slicing }, slices };
}

const NOT_SLICED =
  'is not sliced in the base, and has slices here: give it slicing, with discriminator and rules';

function slicesOf(at: SlicedElement): SnapshotNode[] {
  const { base, id, walk, constrain } = at;
  const idOf = (slice: ElementNode): string => idBelow(parentOf(id), slice);
  const { known, fresh } = matched(at, idOf);
  const inherit = inheritance(at);
  const slices = base.slices.map((slice) => {
    const own = known.get(slice);
    return own ? constrain(inherit(slice), own, idOf(own), walk) : inherit(slice);
  });
  for (const slice of fresh) {
    if (base.element.slicing?.rules === 'closed')
      walk.faults.add('snapshot-slicing', idOf(slice), 'is a new slice of a closed slicing: leave it out');
    slices.push(newSlice(at, slice, idOf(slice)));
  }
  return slices;
}

/**
 * What is said of the unsliced element holds in every slice. Where a slice of the base says something stricter, or
 * something else, the slice is right: that is no fault of the differential.
 */
function inheritance({
  differential,
  id,
  walk,
  constrain,
}: SlicedElement): (slice: SnapshotNode) => SnapshotNode {
  const { name, element, children } = differential;
  if (!element && !children) return (slice) => slice;
  const ofEach = { ...(element ?? { path: name }) };
  for (const key of [...OF_ALL_SLICES, 'min'] as const) delete ofEach[key];
  const unsliced: ElementNode = { name, sliceName: undefined, element: ofEach, children, slices: [] };
  const quiet: Walk = { ...walk, faults: new SnapshotFaults(walk.url) };
  const inherit = (slice: SnapshotNode): SnapshotNode => {
    const whole = constrain({ ...slice, slices: [] }, unsliced, id, quiet);
    return { ...whole, slices: slice.slices.map(inherit) };
  };
  return inherit;
}

function parentOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('.')));
}

/** @returns what the differential says of the base's slices, and its new slices */
function matched(
  { base, whole, differential, walk }: SlicedElement,
  idOf: (slice: ElementNode) => string,
): { known: ReadonlyMap<SnapshotNode, ElementNode>; fresh: readonly ElementNode[] } {
  const known = new Map<SnapshotNode, ElementNode>();
  const fresh: ElementNode[] = [];
  for (const slice of nested(differential.slices, base.slices)) {
    const { sliceName } = slice;
    const found = base.slices.find((one) => one.sliceName === sliceName) ?? typeSliceOf(slice, base);
    if (found ? known.has(found) : fresh.some((one) => one.sliceName === sliceName))
      walk.faults.add(
        'snapshot-duplicate',
        idOf(slice),
        'speaks of a slice a second time: put both into one element',
      );
    else if (found) known.set(found, slice);
    else if (slice.element || withSliceType(slice, whole).element) fresh.push(slice);
    else
      walk.faults.add(
        'snapshot-unknown-slice',
        idOf(slice),
        `has content, and there is no such slice: add the element with sliceName ${sliceName}, or correct the name`,
      );
  }
  return { known, fresh };
}

/** Extensions are always sliced by URL; a choice element by its type. */
function impliedSlicing(base: SnapshotNode, differential: ElementNode): ElementDefinitionSlicing | undefined {
  if (base.sliceName === undefined && base.name.endsWith('[x]'))
    return {
      discriminator: [{ type: 'type', path: '$this' }],
      ordered: false,
      rules: isByShortNames(differential) ? 'closed' : 'open',
    };
  if (base.element.type?.[0]?.code !== 'Extension') return undefined;
  return { discriminator: [{ type: 'value', path: 'url' }], ordered: false, rules: 'open' };
}

/** A choice that is closed to all but its slices has their types only. */
function typesOf({ type = [] }: ElementDefinition, slices: readonly SnapshotNode[]): ElementDefinitionType[] {
  const codes = new Set(slices.flatMap((slice) => (slice.element.type ?? []).map(({ code }) => code)));
  return type.filter(({ code }) => codes.has(code));
}

/** Slices named `a/b` are slices of the base's slice `a`. */
function nested(own: readonly ElementNode[], base: readonly SnapshotNode[]): readonly ElementNode[] {
  const found: ElementNode[] = [];
  for (const slice of own) {
    const within = base.find(({ sliceName }) => slice.sliceName!.startsWith(`${sliceName}/`));
    if (!within || base.some(({ sliceName }) => sliceName === slice.sliceName)) {
      found.push(slice);
      continue;
    }
    const at = found.findIndex(({ sliceName }) => sliceName === within.sliceName);
    const holder = found[at] ?? {
      ...slice,
      sliceName: within.sliceName,
      element: undefined,
      children: undefined,
      slices: [],
    };
    const filled = { ...holder, slices: [...holder.slices, slice] };
    if (at < 0) found.push(filled);
    else found[at] = filled;
  }
  return found;
}
