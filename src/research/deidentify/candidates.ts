/** Finds the rules that may speak of an element, and of what is in it. */
import type { Definitions, ElementType } from '../../fhir/definitions.ts';
import { choiceName } from '../../fhirpath/types.ts';
import type { Guard, RuleNode, RuleTree } from './rule-tree.ts';

/** `whole`: a rule keeps the object, so that rules of its data type hold in it; `parts`: only rules whose path leads through it. */
export type Opening = 'whole' | 'parts';

/** Where paths have led, and the conditions under which they do. */
export interface Candidate {
  readonly node: RuleNode;
  readonly guards: readonly Guard[];
  /** the path names an element that may have several types, and none of them */
  readonly isChoice: boolean;
  /** path of a rule there, for messages */
  readonly rule: string | undefined;
}

export interface Owner {
  readonly nodes: readonly RuleNode[];
  readonly owner: string;
  readonly opening: Opening;
}

export interface Wanted {
  readonly element: ElementType;
  readonly type: string;
  /** of an extension */
  readonly url: string | undefined;
}

export interface Candidates {
  readonly deciding: readonly Candidate[];
  readonly within: readonly Candidate[];
}

/** @returns rules by path, the most particular first, then rules of all elements of the type; and what the types of the item say of its parts */
export function candidatesOf(
  { tree, definitions }: { readonly tree: RuleTree; readonly definitions: Definitions },
  { nodes }: Owner,
  wanted: Wanted,
): Candidates {
  const { type } = wanted;
  const backbone = type.includes('.') ? tree.ofType(type) : undefined;
  const everywhere = tree.everywhere(type);
  return {
    deciding: [
      ...nodes.flatMap((node) => follow(node, wanted)),
      ...(backbone ? [candidate(backbone, [], false)] : []),
      ...(everywhere ? reached(everywhere, type, [], false) : []),
    ],
    within: rootsOf(tree, definitions, type).flatMap((root) => reached(root, type, [], false)),
  };
}

/** @returns rules that start at a type, or at one that it is made from */
export function rootsOf(tree: RuleTree, definitions: Definitions, type: string): RuleNode[] {
  const roots: RuleNode[] = [];
  for (let at: string | undefined = type; at !== undefined; at = definitions.type(at)?.base) {
    const root = tree.ofType(at);
    if (root) roots.push(root);
  }
  return roots;
}

function follow(node: RuleNode, { element, type, url }: Wanted): Candidate[] {
  return node.edges.flatMap(({ step, node: below }) => {
    if (typeof step === 'function') return [];
    if (url !== undefined)
      return step.kind === 'extension' && step.name === url ? reached(below, type, [], false) : [];
    if (step.kind !== 'element') return [];
    if (step.name === element.name) return reached(below, type, [], element.isChoice);
    const isNamed = element.isChoice && step.name === choiceName(element.name, type);
    return isNamed ? reached(below, type, [], false) : [];
  });
}

/** @returns the node, and those behind its conditions and types */
export function reached(
  node: RuleNode,
  type: string,
  guards: readonly Guard[],
  isChoice: boolean,
): Candidate[] {
  const behind = node.edges.flatMap(({ step, node: below }) => {
    if (typeof step === 'function') return reached(below, type, [...guards, step], isChoice);
    return step.kind === 'type' && step.name === type ? reached(below, type, guards, false) : [];
  });
  return [...behind, candidate(node, guards, isChoice)];
}

function candidate(node: RuleNode, guards: readonly Guard[], isChoice: boolean): Candidate {
  return { node, guards, isChoice, rule: node.rules[0]?.rule.path };
}
