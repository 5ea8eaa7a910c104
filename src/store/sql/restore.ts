/** Puts in line anew what a target has deleted and a person wants to be there, in one piece of work with the item that asked. */
import { appendAudit } from './audit-rows.ts';
import { lockCommits } from './counter-rows.ts';
import { releaseStuck } from './delivery.ts';
import { deleteLink, selectLinks, selectStuck } from './link-rows.ts';
import { enqueue, hasWaiting } from './outbox-rows.ts';
import { selectResource } from './resource-rows.ts';
import type { Step } from './statement.ts';
import type { Act } from './work-changes.ts';
import { deleteRefusedPayload, resolveRejected, resolveWorkItem, selectWorkItem } from './work-rows.ts';

/** @returns false when there is no such open item, or nothing here to restore */
export function* restoreDeleted(work: string, { actor, nowMs }: Act): Step<boolean> {
  yield* lockCommits(); // the audit's chain grows row by row
  const item = yield* selectWorkItem(work);
  if (!item?.resource || item.target === undefined || item.resolvedMs !== undefined) return false;
  const { target } = item;
  const [type, id] = item.resource.split('/') as [string, string];
  const row = yield* selectResource(type, id);
  if (row?.state !== 'current') return false;
  const [link] = yield* selectLinks(target, [item.resource]);
  yield* deleteLink(type, id, target); // it holds none: what was known of its copy would refuse the next
  yield* releaseStuck(yield* selectStuck({ target, type, id, state: 'parked' }), nowMs, true);
  const { owner_org: ownerOrg, version, person_id: personId } = row;
  const deliveryKey = personId ?? item.resource;
  const entry = { target, ownerOrg, deliveryKey, type, id, version, action: 'put' } as const;
  if (!(yield* hasWaiting(entry))) yield* enqueue([{ ...entry, lookFirst: true }], nowMs);
  yield* resolveRejected(target, type, link?.remoteId ?? id, nowMs); // and what was seen of it otherwise
  yield* resolveWorkItem(work, nowMs);
  yield* deleteRefusedPayload(work);
  const detail = JSON.stringify({ work, choice: 'restore', target, resource: item.resource });
  yield* appendAudit([{ atMs: nowMs, ownerOrg: item.ownerOrg, actor, action: 'decide', detail }]);
  return true;
}
