/** Turns "send these again" into outbox entries that are looked at before anything is written, so that nothing is there twice. */
import type { Resend } from '../store.ts';
import { appendAudit } from './audit-rows.ts';
import { lockCommits } from './counter-rows.ts';
import { deleteLink, selectLinks, setRemoteVersion } from './link-rows.ts';
import { enqueue, hasWaiting, type NewEntry } from './outbox-rows.ts';
import { selectResource } from './resource-rows.ts';
import type { Step } from './statement.ts';

/** Who asks for it, and when. */
export interface Asking {
  readonly target: string;
  readonly actor: string;
  readonly nowMs: number;
}

/** @returns how many entries were put in line; a resource that waits already, or that the store never had, makes none */
export function* resend(wanted: readonly Resend[], { target, actor, nowMs }: Asking): Step<number> {
  if (wanted.length === 0) return 0;
  yield* lockCommits(); // the audit's chain grows row by row
  const entries: NewEntry[] = [];
  for (const one of wanted) {
    const entry = yield* entryOf(one, target);
    if (!entry || (yield* hasWaiting(entry))) continue;
    if (one.how === 'first' && (yield* selectLinks(target, [one.key])).length > 0) continue; // it came there meanwhile
    if (one.how === 'anew') yield* deleteLink(entry.type, entry.id, target);
    if (one.how === 'over') yield* setRemoteVersion(entry, one.remoteId, one.remoteVersion);
    entries.push({ ...entry, lookFirst: one.how === 'look' || one.how === 'anew' });
  }
  yield* enqueue(entries, nowMs);
  const detail = JSON.stringify({ target, resources: entries.map(({ type, id }) => `${type}/${id}`) });
  if (entries.length > 0)
    yield* appendAudit([{ atMs: nowMs, ownerOrg: entries[0]!.ownerOrg, actor, action: 'resend', detail }]);
  return entries.length;
}

function* entryOf({ key }: Resend, target: string): Step<NewEntry | undefined> {
  const [type, id] = key.split('/') as [string, string];
  const row = yield* selectResource(type, id);
  if (!row) return undefined;
  const { owner_org: ownerOrg, version, person_id: personId, state } = row;
  const action = state === 'current' ? 'put' : 'delete';
  return { target, ownerOrg, deliveryKey: personId ?? key, type, id, version, action };
}
