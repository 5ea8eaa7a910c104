/** Finds what is below an element that a snapshot ends at: the content of its type, of its profile, or of the element it refers to. */
import type { ElementDefinition } from '@medplum/fhirtypes';
import type { Canonicals } from '../../fhir/canonicals.ts';
import type { SnapshotFaults } from './faults.ts';
import type { ElementNode, SnapshotNode } from './tree.ts';
import { typeDefinition } from './types.ts';

/** What the merging of one differential needs to know and to say. */
export interface Walk {
  readonly canonicals: Canonicals;
  /** canonical URL of the definition that the differential belongs to */
  readonly url: string;
  readonly baseUrl: string;
  /** what the differential stands on, nothing of it applied */
  readonly base: SnapshotNode;
  /** new elements are defined, not faults */
  readonly isSpecialization: boolean;
  readonly faults: SnapshotFaults;
  /** @returns the snapshot of a StructureDefinition; undefined when it is not at hand, or is being made */
  tree(canonical: string): SnapshotNode | undefined;
}

/** An element with its content. */
export interface Unfolded {
  readonly element: ElementDefinition;
  /** undefined when the type has none */
  readonly children: readonly SnapshotNode[] | undefined;
}

/** @param id of the element in the differential, for findings */
export function unfold(element: ElementDefinition, id: string, walk: Walk): Unfolded {
  if (element.contentReference !== undefined)
    return unfoldReference(element, element.contentReference, id, walk);
  const types = element.type ?? [];
  const codes = new Set(types.map(({ code }) => code));
  // what several types have in common is what every element has
  const code = codes.size > 1 ? 'Element' : types[0]?.code;
  if (code === undefined || code.startsWith('http://hl7.org/fhirpath/'))
    return { element, children: undefined };
  const profiles = types.length === 1 ? (types[0]!.profile ?? []) : [];
  const profile = profiles.length === 1 ? walk.tree(profiles[0]!) : undefined;
  return { element, children: (profile ?? typeTree(code, walk))?.children };
}

/** @returns the snapshot of a type */
export function typeTree(code: string, walk: Walk): SnapshotNode | undefined {
  const definition = typeDefinition(code, walk.canonicals);
  return definition && walk.tree(definition.url);
}

/**
 * The element takes the type and the content of the one it refers to, as the type defines it: what a profile says of
 * that element is not said of this one.
 */
function unfoldReference(element: ElementDefinition, reference: string, id: string, walk: Walk): Unfolded {
  const path = reference.slice(reference.indexOf('#') + 1).split('.');
  const type = path[0]!;
  const root = typeTree(type, walk) ?? (walk.base.name === type ? walk.base : undefined);
  const target = root && nodeAt(root, path.slice(1));
  if (!target) {
    walk.faults.add(
      'snapshot-content-reference',
      id,
      `goes into content that is defined at ${reference}, where there is no element: correct the base’s contentReference`,
    );
    return { element, children: undefined };
  }
  const { contentReference: _, ...rest } = element;
  return {
    element: { ...rest, ...(target.element.type ? { type: target.element.type } : {}) },
    children: target.children,
  };
}

function nodeAt(root: SnapshotNode, names: readonly string[]): SnapshotNode | undefined {
  let node: SnapshotNode | undefined = root;
  for (const name of names) node = node?.children?.find((child) => child.name === name);
  return node;
}

/** @returns an element's id in the differential, or where it would stand when the differential only goes through it */
export function idBelow(parentId: string, { element, name, sliceName }: ElementNode): string {
  return element?.id ?? `${parentId}.${name}${sliceName === undefined ? '' : `:${sliceName}`}`;
}
