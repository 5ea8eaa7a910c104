/** Writes resources, current and superseded, as though they had always said less. */
import type { SearchIndex } from '../search-index.ts';
import type { Identified } from '../store.ts';
import { contentDigest } from '../versions.ts';
import { deleteIndexRows, indexChange, insertIndexRows, type Names } from './index-rows.ts';
import { selectLinkTargets } from './link-rows.ts';
import { enqueue } from './outbox-rows.ts';
import { type ResourceRow, selectHistory } from './resource-rows.ts';
import { rewriteHistory, rewriteResource } from './restricted-rows.ts';
import type { Step } from './statement.ts';

/** What rewriting needs of the store. */
export interface Rewriting {
  readonly names: Names;
  readonly index: SearchIndex;
  readonly nowMs: number;
}

/**
 * The current version says less without a new number; who holds it as it was is sent it again.
 * @param but targets that said it themselves: it is theirs to keep
 */
export function* rewriteRow(
  { names, index, nowMs }: Rewriting,
  row: ResourceRow,
  content: Identified,
  hidden: Identified,
  but: ReadonlySet<string> = new Set(),
): Step<void> {
  const digest = contentDigest(hidden);
  if (digest === contentDigest(content)) return;
  const { rid, type, id, version, owner_org: ownerOrg, person_id: personId } = row;
  const { gone, fresh, present } = indexChange(index(content), index(hidden));
  yield* deleteIndexRows(
    names,
    gone.map((one) => ({ rid, row: one })),
  );
  yield* insertIndexRows(
    names,
    fresh.map((one) => ({ rid, row: one })),
  );
  yield* rewriteResource(rid, { content: JSON.stringify(hidden), digest, present });
  const deliveryKey = personId ?? `${type}/${id}`;
  const entry = { ownerOrg, deliveryKey, type, id, version, action: 'put' as const };
  const targets = (yield* selectLinkTargets(type, id)).filter((target) => !but.has(target));
  yield* enqueue(
    targets.map((target) => ({ ...entry, target })),
    nowMs,
  );
}

/** @returns the superseded versions as they were */
export function* rewriteVersions(
  { rid, type, id, version }: ResourceRow,
  rewrite: (content: Identified) => Identified,
): Step<Identified[]> {
  const was: Identified[] = [];
  for (const before of yield* selectHistory(type, id, version, version)) {
    if (before.content === null) continue;
    const content = JSON.parse(before.content) as Identified;
    was.push(content);
    const hidden = rewrite(content);
    yield* rewriteHistory(rid, before.version, JSON.stringify(hidden), contentDigest(hidden));
  }
  return was;
}
