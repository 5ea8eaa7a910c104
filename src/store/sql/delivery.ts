/** Turns claims and settlements into moves of outbox rows, so that a key's entries leave in order and none is lost. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { basisOf } from '../deliveries.ts';
import type { ClaimedGroup, Settlement, TargetLink } from '../store.ts';
import {
  deliveryItem,
  deliveryItemId,
  firstRuleOf,
  LOCKED_REPORT,
  reportItem,
  reportItemId,
} from '../work-items.ts';
import { lockCommits } from './counter-rows.ts';
import { putFiling } from './filing-rows.ts';
import {
  deleteKey,
  leaseNextKey,
  lockKey,
  momentOf,
  putKey,
  selectExpiredKeys,
  selectKey,
  selectKeyState,
} from './key-rows.ts';
import { deleteLink, selectHeldOfPerson, selectStuck, upsertLinks } from './link-rows.ts';
import {
  claimEntries,
  countWaiting,
  deleteEntries,
  type EntryRow,
  outboxEntry,
  recoverEntries,
  releaseEntry,
  restartEntry,
  retryEntry,
  selectEntries,
  stopEntry,
} from './outbox-rows.ts';
import { selectBasis, selectResource } from './resource-rows.ts';
import { hastenKeys, shortenLeases } from './rewind-rows.ts';
import type { Step } from './statement.ts';
import { putWork, resolveWorkItem } from './work-rows.ts';

/** Leases the key that has been due longest, and claims its first entries. */
export function* claimGroup(
  target: string,
  options: { nowMs: number; leaseMs: number; maxEntries: number },
): Step<ClaimedGroup | undefined> {
  const key = yield* leaseNextKey(target, options.nowMs, options.leaseMs);
  if (key === undefined) return undefined;
  const entries = (yield* claimEntries(target, key, options.maxEntries)).map(outboxEntry);
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
export function* settleGroup(
  target: string,
  deliveryKey: string,
  settlements: readonly Settlement[],
  nowMs: number,
): Step<void> {
  if (settlements.some(({ kind }) => kind === 'hold')) yield* lockCommits(); // whoever commits now sees what is held, or is seen
  const seqs = settlements.map(({ seq }) => seq);
  const entries = yield* selectEntries(seqs, target);
  const delivered = settlements.filter((one) => one.kind === 'delivered');
  yield* upsertLinks(newestLinks(delivered.map(({ link }) => link)));
  for (const { seq, link } of delivered)
    yield* tellHolder(link, entries.get(seq)?.delivery_key ?? deliveryKey, nowMs);
  const pauses = new Map<string, Pause>([[deliveryKey, { waiting: 0 }]]);
  const ended: number[] = [];
  for (const settlement of settlements) {
    const entry = entries.get(settlement.seq);
    if (!entry) continue;
    const pause = pauses.get(entry.delivery_key) ?? { waiting: 0 };
    pauses.set(entry.delivery_key, pause);
    if ((yield* settleEntry(entry, settlement, pause, nowMs)) === 'ended') ended.push(entry.seq);
  }
  yield* deleteEntries(ended);
  for (const [key, pause] of pauses) {
    const row = yield* selectKey(target, key, nowMs);
    const joinedMs = row?.due_ms ?? 0; // in the future only when a join brought a wait along
    const waitMs = (yield* dueAfter(target, key, pause, nowMs)) - nowMs;
    yield* refreshKey(target, key, Math.max(joinedMs, (row?.now_ms ?? nowMs) + waitMs), nowMs);
  }
}

/** Several versions of a resource may be settled at once. */
function newestLinks(links: readonly TargetLink[]): readonly TargetLink[] {
  const newest = new Map<string, TargetLink>();
  for (const link of links) {
    const key = `${link.type}/${link.id}`;
    if (link.version >= (newest.get(key)?.version ?? 0)) newest.set(key, link);
  }
  return [...newest.values()];
}

/**
 * Notes that a target holds a resource.
 * @param key under which its deliveries stand in line
 */
export function* noteLink(link: TargetLink, key: string, nowMs: number): Step<void> {
  yield* upsertLinks([link]);
  yield* tellHolder(link, key, nowMs);
}

/** Whoever is known to hold a person must hear what they decided: that may have been held as nobody else's business. */
function* tellHolder(link: TargetLink, key: string, nowMs: number): Step<void> {
  if (link.type !== 'Patient') return;
  const held = yield* selectHeldOfPerson(key);
  const decisions = held.filter(({ target, type }) => target === link.target && type === 'Consent');
  yield* releaseStuck(decisions, nowMs, false);
}

/** @returns `ended` where nothing of the entry is left to do: it goes out of line */
function* settleEntry(
  entry: EntryRow,
  settlement: Settlement,
  pause: Pause,
  nowMs: number,
): Step<'ended' | 'stays'> {
  if (settlement.kind === 'removed') yield* deleteLink(entry.type, entry.id, entry.target);
  if (settlement.kind === 'delivered' || settlement.kind === 'superseded' || settlement.kind === 'removed') {
    // What was reported while it could not be delivered is settled with it.
    if (entry.outcome) yield* resolveWorkItem(reportItemId(stuck(entry), LOCKED_REPORT), nowMs);
    if (settlement.kind === 'delivered') {
      if (settlement.report) yield* putWork([reportItem(stuck(entry), settlement.report)], nowMs);
      if (settlement.filing) yield* putFiling(stuck(entry), settlement.filing, nowMs);
    }
    return 'ended';
  }
  if (entry.state !== 'claimed') return 'stays'; // its lease ran out: what became of it since then counts
  if (settlement.kind === 'wait') {
    yield* releaseEntry(entry.seq);
    pause.waitMs = Math.min(pause.waitMs ?? Number.MAX_SAFE_INTEGER, settlement.dueMs);
    pause.waiting += 1;
  } else if (yield* isErasedPut(entry)) return 'ended';
  else yield* settleFailed(entry, settlement, pause, nowMs);
  return 'stays';
}

/** Erased while on its way: there is nothing left to send, and the delete behind it must not be held back. */
function* isErasedPut(entry: EntryRow): Step<boolean> {
  return entry.action === 'put' && (yield* selectResource(entry.type, entry.id))?.state === 'erased';
}

function* settleFailed(
  entry: EntryRow,
  settlement: Extract<Settlement, { outcome: unknown }>,
  pause: Pause,
  nowMs: number,
): Step<void> {
  const outcome = JSON.stringify(settlement.outcome);
  if (settlement.kind === 'retry') {
    yield* retryEntry(entry.seq, settlement.ambiguous, outcome, settlement.locked ? 0 : 1);
    if (settlement.report) yield* putWork([reportItem(stuck(entry), settlement.report)], nowMs);
    pause.retryMs = Math.max(pause.retryMs ?? 0, settlement.dueMs);
    return;
  }
  if (settlement.kind === 'hold' && (yield* isOutdated(entry, settlement.basis))) {
    yield* releaseEntry(entry.seq);
    return;
  }
  if (settlement.kind === 'park' && settlement.filing)
    yield* putFiling(stuck(entry), settlement.filing, nowMs);
  const state = settlement.kind === 'park' ? 'parked' : 'held';
  const ambiguous = settlement.kind === 'park' && settlement.ambiguous === true;
  yield* stopEntry(entry.seq, state, { ambiguous, outcome, nowMs });
  if (settlement.kind === 'hold' && settlement.quiet) return;
  yield* putWork([deliveryItem(stuck(entry), state, settlement.outcome)], nowMs);
}

/** Consent or identity came while the delivery was being decided: nothing would release it later. */
function* isOutdated(entry: EntryRow, basis: string | undefined): Step<boolean> {
  return basis !== undefined && basisOf(yield* selectBasis(entry.delivery_key)) !== basis;
}

function stuck(entry: EntryRow): EntryRow & { ownerOrg: string; deliveryKey: string } {
  return { ...entry, ownerOrg: entry.owner_org, deliveryKey: entry.delivery_key };
}

function* dueAfter(target: string, key: string, pause: Pause, nowMs: number): Step<number> {
  if (pause.retryMs !== undefined) return pause.retryMs;
  if (pause.waitMs === undefined) return nowMs;
  const others = (yield* countWaiting(target, key, pause.waiting + 1)) > pause.waiting;
  return others ? nowMs : pause.waitMs; // what else waits may be what these entries need
}

/**
 * Brings a key's row in step with its entries: gone when none waits, leased while any is on its way.
 * @param dueMs as it is kept (`momentOf`)
 */
export function* refreshKey(target: string, key: string, dueMs: number, nowMs: number): Step<void> {
  yield* lockKey(target, key); // what is put in line meanwhile is seen, or waits for this to end
  const { first_waiting: first, claimed } = yield* selectKeyState(target, key);
  if (first === null && claimed === 0) {
    yield* deleteKey(target, key);
    return;
  }
  const leased = claimed ? yield* selectKey(target, key, nowMs) : undefined;
  const leaseUntilMs = claimed ? (leased?.lease_until_ms ?? leased?.now_ms ?? nowMs) : null;
  yield* putKey({ target, key, firstSeq: first ?? 0, dueMs, leaseUntilMs });
}

/** Keys due more than `aheadMs` from now are due now, and no lease outlasts a new one. @returns how many keys changed */
export function* rewindKeys(
  target: string,
  { nowMs, leaseMs, aheadMs }: { nowMs: number; leaseMs: number; aheadMs: number },
): Step<number> {
  return (yield* hastenKeys(target, nowMs, aheadMs)) + (yield* shortenLeases(nowMs, leaseMs));
}

/** Frees leases that ran out, or every one; nobody knows what became of their entries. @returns how many entries */
export function* recoverGroups(nowMs: number, everything: boolean): Step<number> {
  let recovered = 0;
  for (const { target, delivery_key: key, now_ms: dueMs } of yield* selectExpiredKeys(nowMs, everything)) {
    recovered += yield* recoverEntries(target, key);
    yield* refreshKey(target, key, dueMs, nowMs);
  }
  return recovered;
}

/**
 * Puts parked or held entries back in line at their old place, with their attempts forgotten and their items resolved.
 * @param hurry their keys are due now; without it a key that waits out a retry goes on waiting
 */
export function* releaseStuck(entries: readonly EntryRow[], nowMs: number, hurry: boolean): Step<void> {
  const keys = new Map<string, EntryRow>();
  for (const entry of entries) {
    yield* restartEntry(entry.seq);
    yield* resolveWorkItem(deliveryItemId(stuck(entry), entry.state === 'held' ? 'held' : 'parked'), nowMs);
    keys.set(`${entry.target}\n${entry.delivery_key}`, entry);
  }
  for (const { target, delivery_key: key } of keys.values()) {
    const waitMs = hurry ? undefined : (yield* selectKey(target, key, nowMs))?.due_ms;
    yield* refreshKey(target, key, waitMs ?? (yield* momentOf(nowMs)), nowMs);
  }
}

type StuckFilter = Parameters<typeof selectStuck>[0] & {
  /** that the failure names first */
  readonly rule?: string | undefined;
};

function isOfRule({ outcome }: EntryRow, { rule }: StuckFilter): boolean {
  return (
    rule === undefined || (outcome !== null && firstRuleOf(JSON.parse(outcome) as OperationOutcome) === rule)
  );
}

/** Puts what stands still back in line, due now. @returns how many entries */
export function* replayStuck(filter: StuckFilter, nowMs: number): Step<number> {
  const entries = (yield* selectStuck(filter)).filter((entry) => isOfRule(entry, filter));
  yield* releaseStuck(entries, nowMs, true);
  return entries.length;
}
