/** Writes what a change that was made at a target leaves beside the resource: where that target stands now, or the conflict that it is. */
import { filingOf } from '../../../referral/filing.ts';
import type { CommitRecord, CommitResult, Conflict, Identified, Received, ResourceKey } from '../../store.ts';
import { conflictItem } from '../../work-items.ts';
import { refreshKey, releaseStuck } from '../delivery.ts';
import { noteFiling } from '../filing-rows.ts';
import { selectKey } from '../key-rows.ts';
import { deleteWaiting, selectStuck, upsertLinks } from '../link-rows.ts';
import { hasWaiting, type NewEntry } from '../outbox-rows.ts';
import { hiddenPayload } from '../restrict.ts';
import type { Step } from '../statement.ts';
import { resolveRejected } from '../work-rows.ts';
import type { Batch } from './batch.ts';
import { RECEIVED, recordKeyOf } from './view.ts';

/**
 * Both versions wait for a person; neither is written over the other. What the record conflicted with before is past.
 * @param isHidden the person has just been restricted: what both say is kept without what leads to them
 */
export function* refuseConflict(
  batch: Batch,
  record: CommitRecord,
  conflict: Conflict,
  isHidden: boolean,
): Step<CommitResult> {
  const { source, kind, key, receiptId } = record;
  const item = conflictItem(record, conflict);
  yield* batch.pending.flush();
  yield* resolveRejected(source, kind, key, batch.context.nowMs);
  yield* batch.pending.openWork(item);
  batch.view.openWork.add(recordKeyOf(record));
  const payload = JSON.stringify(conflict);
  batch.pending.payloads.set(item.id, [item.id, receiptId, isHidden ? hiddenPayload(payload) : payload]);
  return { state: 'refused', outcome: item.outcome };
}

/** A Task that came back from where a referral was sent says what was made of it there. */
export function* noteTask({ context }: Batch, record: CommitRecord, content: Identified): Step<void> {
  if (content.resourceType !== 'Task') return;
  const { nowMs, rules } = context;
  const targets = record.received ? [record.source] : (rules.ownTargets?.(record.source) ?? []);
  const filing = targets.length > 0 ? filingOf(content) : undefined;
  if (!filing) return;
  for (const target of targets)
    for (const reference of filing.about)
      yield* noteFiling({ target, resource: reference as ResourceKey, state: filing.state }, nowMs);
}

/** From now on what sources say of the resource is reconciled with what it is. */
export function markReceived(
  { view, pending }: Batch,
  record: CommitRecord,
  recordId: number,
  { resourceType: type, id }: Identified,
): void {
  if (view.received.has(`${type}/${id}`)) return;
  view.received.add(`${type}/${id}`);
  const { source, kind, key, sourceTimeMs, ownerOrg } = record;
  const origin = { source, kind, key, sourceTimeMs, ownerOrg, file: null, line: null };
  const resource = { resourceType: type, id } as Identified;
  pending.putSaying(type, id, {
    ...origin,
    saying: RECEIVED,
    digest: '',
    partial: false,
    recordId,
    resource,
  });
}

/**
 * Says where the target stands: at the version that was received. What waited to be sent there is needless when it is in
 * step; else it has yet to get what only we have. What stood still there is moved by a decision.
 * @returns deliveries that were put in line
 */
export function* settleOrigin(
  batch: Batch,
  record: CommitRecord,
  { resourceType: type, id }: Identified,
  { received, isInStep }: { readonly received: Received; readonly isInStep: boolean },
): Step<number> {
  const row = batch.view.resources.get(`${type}/${id}`)!;
  const { target, remoteId, remoteVersion } = received;
  const { version, digest, person_id: personId } = row;
  const deliveredMs = batch.context.nowMs;
  const link = {
    ...{ target, type, id, remoteId, remoteVersion, version, deliveredMs },
    digest: isInStep ? digest : '', // no version of ours is what it holds
  };
  yield* upsertLinks([link]);
  const deliveryKey = personId ?? `${type}/${id}`;
  const entry = { target, deliveryKey, ownerOrg: record.ownerOrg, type, id, version, action: 'put' } as const;
  yield* batch.pending.flush();
  if (record.decision)
    yield* releaseStuck(yield* selectStuck({ target, type, id, state: 'parked' }), deliveredMs, true);
  if (isInStep) yield* dropWaiting(entry, deliveredMs);
  else if (!(yield* hasWaiting(entry))) return putInLine(batch, entry, row.content);
  return 0;
}

function* dropWaiting(entry: NewEntry, nowMs: number): Step<void> {
  const { target, deliveryKey } = entry;
  if (!(yield* deleteWaiting(entry))) return;
  const key = yield* selectKey(target, deliveryKey, nowMs);
  if (key) yield* refreshKey(target, deliveryKey, key.due_ms, nowMs);
}

function putInLine({ context, pending }: Batch, entry: NewEntry, content: string | null): number {
  const targets = content ? context.rules.route(JSON.parse(content) as Identified) : [];
  if (!targets.includes(entry.target)) return 0;
  pending.deliveries.push(entry);
  return 1;
}
