/** Takes from a tree what two texts of the same map may differ in. */
import type { Expression } from '../../src/mapping/tree.ts';
import { IN_BRACKETS } from './tree-words.ts';

/** @returns the tree without places, the file's name and brackets that a text needs around FHIRPath, to compare two of them */
export function withoutPlaces(tree: unknown): unknown {
  if (isExpression(tree)) return { kind: 'expression', text: withoutBrackets(tree.text) };
  if (Array.isArray(tree)) return tree.map(withoutPlaces);
  if (tree instanceof Map) return { entries: [...tree].map(withoutPlaces) };
  if (typeof tree !== 'object' || tree === null) return tree;
  const members = Object.entries(tree).filter(([key]) => key !== 'at' && key !== 'file');
  return Object.fromEntries(members.map(([key, value]) => [key, withoutPlaces(value)]));
}

function isExpression(tree: unknown): tree is Expression {
  return (tree as Expression | undefined)?.kind === 'expression';
}

function withoutBrackets(text: string): string {
  const inner = /^\((.*)\)$/s.exec(text)?.[1];
  return inner !== undefined && IN_BRACKETS.has(inner) ? inner : text;
}
