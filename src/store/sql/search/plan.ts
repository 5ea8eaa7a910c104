/** Decides what a search starts from: where it has a choice, it counts a little of what each condition leaves. */
import type { SortKey } from '../../search-query.ts';
import { madeOnce, type Step } from '../statement.ts';
import { ownedNode } from '../viewer.ts';
import type { Asking } from './asking.ts';
import type { Node, Owned } from './node.ts';
import { ridsOf } from './rids.ts';
import { bothTexts } from './texts.ts';

/** Rows that are gathered and sorted without anybody noticing. */
const FEW = 5_000;
/** Alternatives that are looked up for each resource of a type. */
const MOST_LOOKED_UP = 8;
/** Resources of which the content is read to see what they refer to. */
const FEW_READ = 500;

export interface Plan {
  /** condition that the search starts from; undefined: the type */
  readonly start: Node | undefined;
  /** where all are looked at, and in no order */
  readonly counted: Node | undefined;
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
  const from = (start: Node | undefined, isSmall: boolean): Plan => ({ start, counted: start, isSmall, few });
  if (nodes.some((node) => node.kind === 'ids')) return from(undefined, true);
  const starts = nodes.filter((node) => ridsOf(known, type, node) !== undefined);
  const narrow = starts.find((node) => node.kind === 'lookup' && node.isNarrow);
  const owned = ownedIn(asking, type);
  const only = narrow ?? (starts.length === 1 && !owned ? ordered(known, type, starts) : undefined);
  if (sort.length === 0 && (only || (starts.length === 0 && !owned))) return from(only, false);
  const best = yield* fewestOf(known, type, owned ? [owned, ...starts] : starts);
  if (best) return from(best, true);
  const one = ordered(known, type, starts);
  if (one || sort.length > 0) return from(one ?? starts[0], false);
  // nothing is in order: to go through the type ends with the page too, unless there is much to look up for each
  const varied = starts.find((node) => ridsOf(known, type, node)!.parts.length > MOST_LOOKED_UP);
  return { ...from(varied, false), counted: starts[0] };
}

/** @returns the one that leaves fewest, if any leaves few */
function* fewestOf(asking: Asking, type: string, starts: readonly Node[]): Step<Node | undefined> {
  let best: { node: Node; count: number } | undefined;
  for (const node of starts) {
    const count = isWide(node) ? FEW : yield* countUpTo(asking, type, node, best?.count ?? FEW);
    if (count < (best?.count ?? FEW)) best = { node, count };
    else if (node.kind === 'owned') asking.manyOwned?.add(ownedKey(node, type));
  }
  return best?.node;
}

/** @returns undefined where the viewer sees all, or is known to own much: who owned much once is not counted again */
function ownedIn({ viewer, manyOwned }: Asking, type: string): Owned | undefined {
  const node = ownedNode(viewer, type);
  return node && manyOwned?.has(ownedKey(node, type)) ? undefined : node;
}

function ownedKey({ organisations }: Owned, type: string): string {
  return [type, ...organisations].join(' ');
}

/** One that is in the order of rids ends with the page, though it leaves many. */
function ordered(asking: Asking, type: string, starts: readonly Node[]): Node | undefined {
  return starts.find((node) => ridsOf(asking, type, node)?.isOrdered);
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
