/** Decides what a search starts from: where it has a choice, it counts a little of what each condition leaves. */
import type { SortKey } from '../../search-query.ts';
import { madeOnce, type Step } from '../statement.ts';
import type { Asking } from './asking.ts';
import type { Node } from './nodes.ts';
import { ridsOf } from './rids.ts';
import { bothTexts } from './texts.ts';

/** Rows that are gathered and sorted without anybody noticing. */
const FEW = 5_000;
/** Resources of which the content is read to see what they refer to. */
const FEW_READ = 500;

export interface Plan {
  /** condition that the search starts from; undefined: the type */
  readonly start: Node | undefined;
  /** it leaves few, so that they can be sorted */
  readonly isSmall: boolean;
  readonly few: ReadonlySet<Node>;
}

/** @param nodes all of which hold */
export function* planSearch(
  asking: Asking,
  type: string,
  nodes: readonly Node[],
  sort: readonly SortKey[],
): Step<Plan> {
  const few = new Set<Node>();
  for (const node of nodes) yield* findFew(asking, node, few);
  const known = { ...asking, few };
  if (nodes.some((node) => node.kind === 'ids')) return { start: undefined, isSmall: true, few };
  const starts = nodes.filter((node) => ridsOf(known, type, node) !== undefined);
  const narrow = starts.find((node) => node.kind === 'lookup' && node.isNarrow);
  const only = starts.length === 1 ? starts[0] : narrow;
  if (sort.length === 0 && (only || starts.length === 0)) return { start: only, isSmall: false, few };
  let best: { node: Node; count: number } | undefined;
  for (const node of starts) {
    const count = isWide(node) ? FEW : yield* countUpTo(known, type, node, best?.count ?? FEW);
    if (count < (best?.count ?? FEW)) best = { node, count };
  }
  if (best) return { start: best.node, isSmall: true, few };
  // all leave many: one that is in order of rid ends with the page
  const ordered = starts.find((node) => ridsOf(known, type, node)?.isOrdered);
  return { start: ordered ?? starts[0], isSmall: false, few };
}

/** Conditions along references that leave few at their other end. */
function* findFew(asking: Asking, node: Node, few: Set<Node>): Step<void> {
  if (node.kind === 'not') return yield* findFew(asking, node.node, few);
  if (node.kind === 'all' || node.kind === 'any') {
    for (const one of node.nodes) yield* findFew(asking, one, few);
    return;
  }
  if (node.kind !== 'chain' && node.kind !== 'has') return;
  for (const one of node.nodes) yield* findFew(asking, one, few);
  const most = node.kind === 'has' ? FEW_READ : FEW;
  for (const one of node.nodes) {
    const isFew =
      one.kind === 'ids' ||
      (!isWide(one) && (yield* countUpTo({ ...asking, few }, node.type, one, most)) < most);
    if (isFew) return void few.add(node);
  }
}

/** Text in the midst of others is sought in all rows: to count them would be to search. */
function isWide(node: Node): boolean {
  return node.kind === 'lookup' && node.alternatives.some((one) => one.isWide);
}

/** @returns how many rows a condition leaves, and no more than `most`; `most` for one that leads to none */
function* countUpTo(asking: Asking, type: string, node: Node, most: number): Step<number> {
  if (node.kind === 'chain' || node.kind === 'has') return asking.few.has(node) ? FEW - 1 : most;
  const text = yield* bothTexts(asking, (one) => {
    const { parts } = ridsOf(one, type, node) ?? { parts: undefined };
    if (parts === undefined) return undefined;
    if (parts.length === 0) return { text: 'SELECT 0 AS n', values: [] };
    return {
      text: `SELECT count(*) AS n FROM (SELECT 1 FROM (${parts.map((part) => part.text).join(' UNION ALL ')}) found LIMIT ?) counted`,
      values: [...parts.flatMap((part) => part.values), most],
    };
  });
  if (!text) return most;
  return Number(((yield* madeOnce(text.texts).get(...text.values)) as { n: number | string }).n);
}
