/** Turns a differential's short names of choice elements, `valueQuantity`, into type slices of the choice, `value[x]:valueQuantity`. */
import type { ElementDefinition } from '@medplum/fhirtypes';
import type { ElementNode, SnapshotNode } from './tree.ts';
import { typeNamed, typeSuffix } from './types.ts';

/** @returns the differential's children in order, by the base child that each speaks of, or by their own name when there is none */
export function byBaseName(
  differential: readonly ElementNode[],
  base: readonly SnapshotNode[],
): ReadonlyMap<string, ElementNode> {
  const named = new Map<string, ElementNode>();
  for (const child of differential) {
    const choice = base.some(({ name }) => name === child.name)
      ? undefined
      : base.find(({ name, element }) => {
          const suffix = typeSuffix(name, child.name);
          return suffix !== undefined && typeNamed(element, suffix) !== undefined;
        });
    const name = choice?.name ?? child.name;
    const said = choice ? asChoice(child, choice) : child;
    const before = named.get(name);
    named.set(name, before ? together(before, said) : said);
  }
  return named;
}

/** `valueQuantity` and what is below it become a slice of `value[x]`, which keeps the short name as its own. */
function asChoice(child: ElementNode, choice: SnapshotNode): ElementNode {
  const slice: ElementNode[] =
    child.element || child.children ? [{ ...child, sliceName: child.name, slices: [] }] : [];
  return {
    name: choice.name,
    sliceName: undefined,
    element: undefined,
    children: undefined,
    slices: [...slice, ...child.slices],
  };
}

function together(one: ElementNode, other: ElementNode): ElementNode {
  return {
    ...one,
    element: one.element ?? other.element,
    children: one.children ?? other.children,
    slices: [...one.slices, ...other.slices],
  };
}

/** @returns true when all that is said of a choice is said by short names: then no other type is allowed */
export function isByShortNames({ name, element, slices }: ElementNode): boolean {
  return element === undefined && slices.every((slice) => slice.name !== name);
}

/** @returns the base's slice that a type slice speaks of, by name or by type */
export function typeSliceOf(slice: ElementNode, base: SnapshotNode): SnapshotNode | undefined {
  const type = base.name.endsWith('[x]') ? sliceType(slice, base) : undefined;
  if (type === undefined) return undefined;
  return base.slices.find(({ element }) => element.type?.length === 1 && element.type[0]!.code === type.code);
}

/** @returns what a type slice says, with the type that its name stands for when it does not say one */
export function withSliceType(slice: ElementNode, base: SnapshotNode): ElementNode {
  const type = sliceType(slice, base);
  if (type === undefined || slice.element?.type) return slice;
  const path = base.element.path;
  const element: ElementDefinition = { ...(slice.element ?? { path }), type: [type] };
  return { ...slice, element };
}

function sliceType(slice: ElementNode, base: SnapshotNode): ReturnType<typeof typeNamed> {
  const own = slice.element?.type;
  if (own) return own.length === 1 ? own[0] : undefined;
  const suffix = typeSuffix(base.name, slice.sliceName ?? '');
  return suffix === undefined ? undefined : typeNamed(base.element, suffix);
}
