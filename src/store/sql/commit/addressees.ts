/** Tells to which targets a version of a resource goes, and notes which hold it since they said it themselves. */
import type { CommitRecord, Identified } from '../../store.ts';
import type { ResourceRow } from '../resource-rows.ts';
import type { Batch } from './batch.ts';

/** A version that was written just now. */
export interface Addressed {
  readonly row: ResourceRow;
  readonly content: Identified;
  readonly record: CommitRecord;
  /** the target that it came from, where that is in step with it */
  readonly origin: string | undefined;
}

/**
 * A system that is a source and a target too holds what it said, and is not sent it. Only where something that it has not
 * heard is still on its way to it, that is in the version too, and it is sent it in its place.
 * @returns names of targets, each once
 */
export function addresseesOf(batch: Batch, addressed: Addressed): ReadonlySet<string> {
  const { rules, view } = batch;
  const { row, content, record, origin } = addressed;
  const key = `${row.type}/${row.id}`;
  const targets = new Set(rules.route(content, origin, record.source));
  const own = rules.ownTargets?.(record.source) ?? [];
  const followers = rules.followers?.(record.source) ?? [];
  if (own.length + followers.length > 0) {
    const byType = rules.route(content, origin);
    for (const target of own.filter((one) => byType.includes(one)))
      if (view.standing.isQueued(target, key)) targets.add(target);
      else holdOwn(batch, target, row);
    for (const target of followers.filter((one) => byType.includes(one)))
      if (isFollowed(batch, target, row)) targets.add(target);
  }
  for (const target of targets) view.standing.queue(target, key);
  return targets;
}

function holdOwn({ pending, view, context }: Batch, target: string, row: ResourceRow): void {
  const { type, id, version, digest } = row;
  view.standing.hold(target, `${type}/${id}`);
  pending.targetLinks.set(`${target}/${type}/${id}`, [
    ...[type, id, target, id],
    ...[version, digest, context.nowMs],
  ]);
}

/** What a target holds is kept as it is now; what a person decided is told to whoever holds them. */
function isFollowed({ view: { standing } }: Batch, target: string, row: ResourceRow): boolean {
  if (standing.isHeld(target, `${row.type}/${row.id}`)) return true;
  return row.type === 'Consent' && row.person_id !== null && standing.knowsPerson(target, row.person_id);
}
