/** Decides by the rules that speak of an element what is done with it. */
import { isPrimitive } from '../../fhirpath/types.ts';
import type { Candidate, Opening } from './candidates.ts';
import { type Change, keep } from './methods.ts';
import { isPlain } from './primitives.ts';
import type { RuleNode } from './rule-tree.ts';

/** Nothing of it leaves, or a changed value, or what rules say of its elements. */
export type Decision =
  | { readonly rule: string; readonly change: 'drop' | Change }
  | { readonly rule: string; readonly nodes: readonly RuleNode[]; readonly opening: Opening };

export interface Asked {
  readonly type: string;
  /** what it is an element of, and how that was opened */
  readonly owner: string;
  readonly opening: Opening;
  /** rules that speak of it, the first that has a method decides */
  readonly deciding: readonly Candidate[];
  /** rules of its data type, for what is in it */
  readonly within: readonly Candidate[];
}

export function decisionOf({ type, owner, opening, deciding, within }: Asked): Decision {
  const isValue = isPrimitive(type);
  const nodes = deciding.map(({ node }) => node);
  const inside = within.map(({ node }) => node);
  const whole = (rule: string): Decision => ({ rule, nodes: [...nodes, ...inside], opening: 'whole' });
  for (const { node, isChoice } of deciding)
    for (const { rule, method } of node.rules.toSorted((a, b) => a.at - b.at)) {
      if (method !== 'open')
        return { rule: rule.path, change: method === 'drop' || isValue ? method : 'drop' };
      if (!isValue) return whole(rule.path);
      // kept without a word on its type: texts and days need one
      if (!isChoice || isPlain(type)) return { rule: rule.path, change: keep(type) };
    }
  // an extension that is kept is kept with its value, where no rule speaks of that; not with extensions in it
  const isOfExtension = owner === 'Extension' && opening === 'whole' && type !== 'Extension';
  if (isOfExtension && isPlain(type)) return { rule: 'extension', change: keep(type) };
  if (isValue) return { rule: '', change: 'drop' };
  if (isOfExtension && nodes.every(({ edges }) => edges.length === 0)) return whole('extension');
  // rules speak of what is in it: they alone open it
  const parts = [...nodes, ...(type.includes('.') ? inside : [])];
  if (parts.every(({ edges }) => edges.length === 0)) return { rule: '', change: 'drop' };
  return { rule: '', nodes: parts, opening: 'parts' };
}
