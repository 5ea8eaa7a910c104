/** Has a resource that is no more taken away wherever it is held: what was to be sent of it is not, and a delete goes in its place. */
import { refreshKey } from './delivery.ts';
import { selectKey } from './key-rows.ts';
import { deleteLink, selectLinkTargets } from './link-rows.ts';
import { deletePuts, enqueue, selectSentTargets } from './outbox-rows.ts';
import type { ResourceRow } from './resource-rows.ts';
import type { Step } from './statement.ts';

/** @returns targets that hold a resource, or may */
export function* holdersOf(
  { type, id }: Pick<ResourceRow, 'type' | 'id'>,
  deliveryKey: string,
): Step<Set<string>> {
  return new Set([
    ...(yield* selectLinkTargets(type, id)),
    ...(yield* selectSentTargets(deliveryKey, type, id)),
  ]);
}

/**
 * @param row as it was last
 * @param but targets that deleted it themselves
 * @returns how many deletes were put in line
 */
export function* deleteEverywhere(
  row: Pick<ResourceRow, 'type' | 'id' | 'version' | 'owner_org'>,
  deliveryKey: string,
  nowMs: number,
  but: readonly string[] = [],
): Step<number> {
  const { type, id } = row;
  const targets = yield* holdersOf(row, deliveryKey);
  for (const target of but) if (targets.delete(target)) yield* deleteLink(type, id, target);
  for (const target of yield* deletePuts(deliveryKey, type, id)) {
    const key = yield* selectKey(target, deliveryKey, nowMs);
    if (key) yield* refreshKey(target, deliveryKey, key.due_ms, nowMs);
  }
  const entry = { deliveryKey, ownerOrg: row.owner_org, type, id, version: row.version + 1 };
  const deletes = [...targets].map((target) => ({ ...entry, target, action: 'delete' as const }));
  yield* enqueue(deletes, nowMs);
  return targets.size;
}
