/** Lays the tree of a differential over the tree of its base: child by child, slice by slice. */
import type { ElementDefinition } from '@medplum/fhirtypes';
import { byBaseName } from './choices.ts';
import type { SnapshotRule } from './faults.ts';
import { mergeConstraints, mergeElement } from './merge.ts';
import { constrainSlices } from './slices.ts';
import type { ElementNode, SnapshotNode } from './tree.ts';
import { narrowedTypes, typeDefinition, typeSuffix, valueOfOtherType } from './types.ts';
import { idBelow, typeTree, type Unfolded, unfold, type Walk } from './unfold.ts';

/**
 * @param base what the node stands on: the base's element, or for a new slice the element that is sliced
 * @param id of the node in the differential
 * @param sliced for a new slice the element that is sliced: it bounds the slice's cardinality
 */
export function constrain(
  base: SnapshotNode,
  differential: ElementNode,
  id: string,
  walk: Walk,
  sliced?: ElementDefinition,
): SnapshotNode {
  const said = differential.element ? overlay(base, differential.element, id, walk, sliced) : base.element;
  const isNarrowed = codesOf(said) !== codesOf(base.element);
  const unfolded = { element: said, children: base.children };
  const { element, children } = constrainChildren(unfolded, isNarrowed, differential, id, walk);
  const whole = { ...base, element, children };
  if (differential.slices.length === 0 && base.slices.length === 0) return whole;
  return constrainSlices(base, whole, differential, id, walk, constrain);
}

function overlay(
  base: SnapshotNode,
  own: ElementDefinition,
  id: string,
  walk: Walk,
  sliced: ElementDefinition | undefined,
): ElementDefinition {
  const fault = faultOn(id, walk);
  const type = narrowedTypes(base.element.type, own.type, walk.canonicals, (text) =>
    fault('snapshot-type', text),
  );
  const value = valueOfOtherType(own, type ?? []);
  if (value !== undefined)
    fault('snapshot-fixed', `has ${value}, and the type ${codesOf({ type })}: write the value in that type`);
  return mergeElement(base.element, own, type, {
    url: walk.url,
    baseUrl: walk.baseUrl,
    isRoot: base === walk.base,
    mayModify:
      walk.isSpecialization ||
      base.element.path.split('.').at(-1) === 'Extension' ||
      base.element.type?.[0]?.code === 'Extension',
    ...(sliced ? { sliced } : {}),
    fault,
  });
}

function faultOn(id: string, walk: Walk): (rule: SnapshotRule, text: string) => void {
  return (rule, text) => walk.faults.add(rule, id, text);
}

/** @param isNarrowed the differential leaves fewer types, whose content the base did not need to show */
function constrainChildren(
  base: Unfolded,
  isNarrowed: boolean,
  differential: ElementNode,
  id: string,
  walk: Walk,
): Unfolded {
  const own = differential.children;
  if (!own) return base;
  const { element, children } = base.children && !isNarrowed ? base : unfoldAgain(base, id, walk);
  if (!children && !walk.isSpecialization) {
    for (const child of own)
      walk.faults.add(
        'snapshot-unknown-element',
        idBelow(id, child),
        `is below an element without content: ${contentText(element)}`,
      );
    return base;
  }
  const content = children ?? [];
  const named = byBaseName(own, content);
  checkOrder(named, content, id, walk);
  const constrained = content.map((child) => {
    const said = named.get(child.name);
    return said ? constrain(child, said, idBelow(id, said), walk) : child;
  });
  return { element, children: [...constrained, ...added(named, content, id, walk)] };
}

/** What the base says of the content stays, and what only the type has comes to it. */
function unfoldAgain(base: Unfolded, id: string, walk: Walk): Unfolded {
  const { element, children } = unfold(base.element, id, walk);
  const known = base.children;
  if (!known || !children) return { element, children: children ?? known };
  return {
    element,
    children: children.map((child) => known.find(({ name }) => name === child.name) ?? child),
  };
}

function codesOf({ type }: Pick<ElementDefinition, 'type'>): string {
  return (type ?? []).map(({ code }) => code).join(' ');
}

function contentText({ type }: ElementDefinition): string {
  const codes = (type ?? []).map(({ code }) => code).join(', ');
  return codes === ''
    ? 'leave it out'
    : `its type ${codes} has no elements that are known here: leave it out, or add the package that defines the type`;
}

function checkOrder(
  named: ReadonlyMap<string, ElementNode>,
  content: readonly SnapshotNode[],
  id: string,
  walk: Walk,
): void {
  let last = -1;
  for (const [name, child] of named) {
    const place = content.findIndex((one) => one.name === name);
    if (place < 0) continue;
    if (place < last)
      walk.faults.add(
        'snapshot-order',
        idBelow(id, child),
        `comes after ${content[last]!.name}, which the base has later: put it before ${content[last]!.name}`,
      );
    last = Math.max(last, place);
  }
}

/** Elements that the base does not have: of a specialisation, or faults. */
function added(
  named: ReadonlyMap<string, ElementNode>,
  content: readonly SnapshotNode[],
  id: string,
  walk: Walk,
): SnapshotNode[] {
  const found: SnapshotNode[] = [];
  for (const [name, child] of named) {
    if (content.some((one) => one.name === name)) continue;
    if (walk.isSpecialization && child.element)
      found.push(define(child, child.element, idBelow(id, child), walk));
    else addUnknown(child, content, idBelow(id, child), walk);
  }
  return found;
}

function addUnknown(child: ElementNode, content: readonly SnapshotNode[], id: string, walk: Walk): void {
  const choice = content.find(({ name }) => typeSuffix(name, child.name) !== undefined);
  if (choice) {
    const codes = (choice.element.type ?? []).map(({ code }) => code).join(', ');
    walk.faults.add(
      'snapshot-type',
      id,
      `names no type that the base allows for ${choice.name}: use one of ${codes}`,
    );
    return;
  }
  const names = content.map(({ name }) => name).join(', ');
  walk.faults.add('snapshot-unknown-element', id, `is not in the base: use one of ${names}`);
}

/** An element that a specialisation adds; it has the constraints that every element has, and extensions theirs. */
function define(node: ElementNode, own: ElementDefinition, id: string, walk: Walk): SnapshotNode {
  const code = own.type?.[0]?.code;
  const type = code === 'Extension' ? code : 'Element';
  const isElement = code === undefined || isElementType(code, walk);
  const inherited = isElement ? typeTree(type, walk)?.element.constraint : undefined;
  const context = { url: walk.url, baseUrl: walk.baseUrl, fault: faultOn(id, walk) };
  const constraint = mergeConstraints(inherited, own.constraint, context);
  const element = constraint ? { ...own, constraint } : own;
  const bare: SnapshotNode = {
    name: node.name,
    sliceName: undefined,
    element,
    children: undefined,
    slices: [],
  };
  return constrain(bare, { ...node, element: undefined }, id, walk);
}

/** FHIRPath's types and resources are no elements. */
function isElementType(code: string, walk: Walk): boolean {
  return (
    !code.startsWith('http://hl7.org/fhirpath/') && typeDefinition(code, walk.canonicals)?.kind !== 'resource'
  );
}
