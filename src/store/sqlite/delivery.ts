/** Turns claims and settlements into moves of outbox rows, so that a key's entries leave in order and none is lost. */
import type { DatabaseSync } from 'node:sqlite';
import type { ClaimedGroup, Settlement } from '../store.ts';
import { deliveryItem, deliveryItemId } from '../work-items.ts';
import { deleteLink, upsertLink } from './link-rows.ts';
import {
  claimEntries,
  countWaiting,
  deleteEntry,
  deleteKey,
  type EntryRow,
  insertEntry,
  insertKey,
  leaseKey,
  type NewEntry,
  outboxEntry,
  putKey,
  recoverEntries,
  releaseEntry,
  restartEntry,
  retryEntry,
  selectEntry,
  selectExpiredKeys,
  selectKey,
  selectKeyState,
  selectNextKey,
  stopEntry,
} from './outbox-rows.ts';
import { selectResource } from './resource-rows.ts';
import { putWork, resolveWorkItem } from './work-rows.ts';

/** Puts a delivery in line, behind what its person or resource already waits for. */
export function enqueue(db: DatabaseSync, entry: NewEntry, nowMs: number): void {
  insertKey(db, entry.target, entry.deliveryKey, insertEntry(db, entry), nowMs);
}

/** Leases the key that has been due longest, and claims its first entries. */
export function claimGroup(
  db: DatabaseSync,
  target: string,
  options: { nowMs: number; leaseMs: number; maxEntries: number },
): ClaimedGroup | undefined {
  const key = selectNextKey(db, target, options.nowMs);
  if (key === undefined) return undefined;
  leaseKey(db, target, key, options.nowMs + options.leaseMs);
  const entries = claimEntries(db, target, key, options.maxEntries).map(outboxEntry);
  return { target, deliveryKey: key, entries };
}

/** When a key's remaining entries may go: the latest retry; else at once when others wait too; else the earliest wait. */
interface Pause {
  retryMs?: number;
  waitMs?: number;
  /** entries settled as waiting */
  waiting: number;
}

/** Ends a claim. Entries are found by seq: a join may have moved them to another key meanwhile. */
export function settleGroup(
  db: DatabaseSync,
  target: string,
  deliveryKey: string,
  settlements: readonly Settlement[],
  nowMs: number,
): void {
  const pauses = new Map<string, Pause>([[deliveryKey, { waiting: 0 }]]);
  for (const settlement of settlements) {
    const entry = selectEntry(db, settlement.seq, target);
    if (settlement.kind === 'delivered') upsertLink(db, settlement.link);
    if (!entry) continue;
    const pause = pauses.get(entry.delivery_key) ?? { waiting: 0 };
    pauses.set(entry.delivery_key, pause);
    settleEntry(db, entry, settlement, pause, nowMs);
  }
  for (const [key, pause] of pauses) {
    const joinedMs = selectKey(db, target, key)?.due_ms ?? 0; // in the future only when a join brought a wait along
    refreshKey(db, target, key, Math.max(joinedMs, dueAfter(db, target, key, pause, nowMs)), nowMs);
  }
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
    deleteEntry(db, entry.seq);
  else if (entry.state !== 'claimed')
    return; // its lease ran out: what became of it since then counts
  else if (settlement.kind === 'wait') {
    releaseEntry(db, entry.seq);
    pause.waitMs = Math.min(pause.waitMs ?? Number.MAX_SAFE_INTEGER, settlement.dueMs);
    pause.waiting += 1;
  } else if (isErasedPut(db, entry)) deleteEntry(db, entry.seq);
  else settleFailed(db, entry, settlement, pause, nowMs);
}

/** Erased while on its way: there is nothing left to send, and the delete behind it must not be held back. */
function isErasedPut(db: DatabaseSync, entry: EntryRow): boolean {
  return entry.action === 'put' && selectResource(db, entry.type, entry.id)?.state === 'erased';
}

function settleFailed(
  db: DatabaseSync,
  entry: EntryRow,
  settlement: Extract<Settlement, { outcome: unknown }>,
  pause: Pause,
  nowMs: number,
): void {
  const outcome = JSON.stringify(settlement.outcome);
  if (settlement.kind === 'retry') {
    retryEntry(db, entry.seq, settlement.ambiguous, outcome);
    pause.retryMs = Math.max(pause.retryMs ?? 0, settlement.dueMs);
    return;
  }
  const state = settlement.kind === 'park' ? 'parked' : 'held';
  stopEntry(db, entry.seq, state, outcome);
  putWork(db, deliveryItem(stuck(entry), state, settlement.outcome), nowMs);
}

function stuck(entry: EntryRow): EntryRow & { ownerOrg: string; deliveryKey: string } {
  return { ...entry, ownerOrg: entry.owner_org, deliveryKey: entry.delivery_key };
}

function dueAfter(db: DatabaseSync, target: string, key: string, pause: Pause, nowMs: number): number {
  if (pause.retryMs !== undefined) return pause.retryMs;
  if (pause.waitMs === undefined) return nowMs;
  const others = countWaiting(db, target, key, pause.waiting + 1) > pause.waiting;
  return others ? nowMs : pause.waitMs; // what else waits may be what these entries need
}

/** Brings a key's row in step with its entries: gone when none waits, leased while any is on its way. */
export function refreshKey(
  db: DatabaseSync,
  target: string,
  key: string,
  dueMs: number,
  nowMs: number,
): void {
  const { first_waiting: first, claimed } = selectKeyState(db, target, key);
  if (first === null && claimed === 0) {
    deleteKey(db, target, key);
    return;
  }
  const lease = claimed ? (selectKey(db, target, key)?.lease_until_ms ?? nowMs) : null;
  putKey(db, { target, key, firstSeq: first ?? 0, dueMs, leaseUntilMs: lease });
}

/** Frees leases that ran out by `untilMs`; nobody knows what became of their entries. @returns how many entries */
export function recoverGroups(db: DatabaseSync, untilMs: number, nowMs: number): number {
  let recovered = 0;
  for (const { target, delivery_key: key } of selectExpiredKeys(db, untilMs)) {
    recovered += recoverEntries(db, target, key);
    refreshKey(db, target, key, nowMs, nowMs);
  }
  return recovered;
}

/**
 * Puts parked or held entries back in line at their old place, with their attempts forgotten and their items resolved.
 * @param hurry their keys are due now; without it a key that waits out a retry goes on waiting
 */
export function releaseStuck(
  db: DatabaseSync,
  entries: readonly EntryRow[],
  nowMs: number,
  hurry: boolean,
): void {
  const keys = new Map<string, EntryRow>();
  for (const entry of entries) {
    restartEntry(db, entry.seq);
    resolveWorkItem(db, deliveryItemId(stuck(entry), entry.state === 'held' ? 'held' : 'parked'), nowMs);
    keys.set(`${entry.target}\n${entry.delivery_key}`, entry);
  }
  for (const { target, delivery_key: key } of keys.values()) {
    const waitMs = hurry ? undefined : selectKey(db, target, key)?.due_ms;
    refreshKey(db, target, key, waitMs ?? nowMs, nowMs);
  }
}
