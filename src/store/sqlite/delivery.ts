/** Turns claims and settlements into moves of outbox rows, so that a key's entries leave in order and none is lost. */
import type { DatabaseSync } from 'node:sqlite';
import { type ClaimedGroup, type Settlement } from '../store.ts';
import { deliveryItem, deliveryItemId } from '../work-items.ts';
import { deleteLink, selectStuck, upsertLink } from './link-rows.ts';
import {
  claimEntries,
  deleteEntry,
  deleteKey,
  type EntryRow,
  insertEntry,
  insertKey,
  leaseKey,
  type NewEntry,
  outboxEntry,
  promoteDueKeys,
  putKey,
  recoverEntries,
  releaseEntry,
  retryEntry,
  selectEntry,
  selectExpiredKeys,
  selectKey,
  selectKeyState,
  selectNextKey,
  stopEntry,
} from './outbox-rows.ts';
import { putWork, resolveWorkItem } from './work-rows.ts';

/** Puts a delivery in line, behind what its person or resource already waits for. */
export function enqueue(db: DatabaseSync, entry: NewEntry, nowMs: number): void {
  const key = entry.personId ?? `${entry.type}/${entry.id}`;
  const seq = insertEntry(db, entry, key);
  insertKey(db, entry.target, key, seq, nowMs);
}

/** Leases the ready key that has waited longest, and claims its first entries. */
export function claimGroup(
  db: DatabaseSync,
  target: string,
  options: { nowMs: number; leaseMs: number; maxEntries: number },
): ClaimedGroup | undefined {
  promoteDueKeys(db, target, options.nowMs);
  const key = selectNextKey(db, target);
  if (key === undefined) return undefined;
  leaseKey(db, target, key, options.nowMs + options.leaseMs);
  const entries = claimEntries(db, target, key, options.maxEntries).map(outboxEntry);
  return { target, deliveryKey: key, entries };
}

/** When a key's remaining entries may go: the latest retry; else at once when others wait too; else the earliest wait. */
interface Pause {
  retryMs?: number;
  waitMs?: number;
  readonly waiting: Set<number>;
}

/** Ends a claim. Entries are found by seq: a join may have moved them to another key meanwhile. */
export function settleGroup(
  db: DatabaseSync,
  target: string,
  deliveryKey: string,
  settlements: readonly Settlement[],
  nowMs: number,
): void {
  const pauses = new Map<string, Pause>([[deliveryKey, { waiting: new Set() }]]);
  for (const settlement of settlements) {
    const entry = selectEntry(db, settlement.seq, target);
    if (settlement.kind === 'delivered') upsertLink(db, settlement.link);
    if (!entry) continue;
    const pause = pauses.get(entry.delivery_key) ?? { waiting: new Set() };
    pauses.set(entry.delivery_key, pause);
    settleEntry(db, entry, settlement, pause, nowMs);
  }
  for (const [key, pause] of pauses) refreshKey(db, target, key, dueAfter(pause, nowMs), nowMs);
}

function settleEntry(
  db: DatabaseSync,
  entry: EntryRow,
  settlement: Settlement,
  pause: Pause,
  nowMs: number,
): void {
  if (settlement.kind === 'removed') deleteLink(db, entry.type, entry.id, entry.target);
  if (settlement.kind === 'delivered' || settlement.kind === 'superseded' || settlement.kind === 'removed')
    return deleteEntry(db, entry.seq);
  if (entry.state !== 'claimed') return; // its lease ran out: what became of it since then counts
  if (settlement.kind === 'retry') {
    retryEntry(db, entry.seq, settlement.ambiguous, JSON.stringify(settlement.outcome));
    pause.retryMs = Math.max(pause.retryMs ?? 0, settlement.dueMs);
  } else if (settlement.kind === 'wait') {
    releaseEntry(db, entry.seq);
    pause.waitMs = Math.min(pause.waitMs ?? Number.MAX_SAFE_INTEGER, settlement.dueMs);
    pause.waiting.add(entry.seq);
  } else {
    const state = settlement.kind === 'park' ? 'parked' : 'held';
    stopEntry(db, entry.seq, state, JSON.stringify(settlement.outcome));
    const of = { ...entry, ownerOrg: entry.owner_org };
    putWork(db, deliveryItem(of, state, settlement.outcome), nowMs);
  }
}
