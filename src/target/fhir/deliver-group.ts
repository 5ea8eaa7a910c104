/** Turns a claimed group into deliveries, as far as order, references, consent and identity allow, and answers for every entry. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { waitDelayMs } from '../../outbox/schedule.ts';
import type { Deliver } from '../../outbox/worker.ts';
import type {
  ClaimedGroup,
  Identified,
  ResourceKey,
  Settlement,
  Store,
  TargetLink,
} from '../../store/store.ts';
import type { Gate } from '../gate.ts';
import { missingReference, missingVersion, nothingLeft } from '../not-sent.ts';
import { referencesOf, remoteKeysOf, withoutReferences, withRemoteReferences } from '../references.ts';
import type { Delivered, Delivery, Target } from '../target.ts';
import { claimNeeded, type Needing, withNewerOfDoubtful } from './claim-needed.ts';
import { isInDoubt, linkInDoubt } from './copy-in-doubt.ts';
import { earlierForms } from './earlier.ts';
import { inOrderOfReference, type Loaded, newestOfEach, type Planned, withReferences } from './group-plan.ts';
import { loadPlanned } from './load-planned.ts';
import { type Patience, type Receipts, settlementOf, withFiling } from './settlement.ts';
import { standingOf } from './standing.ts';
import { Waits } from './waits.ts';
import { widen } from './widen.ts';

export type { Gate } from '../gate.ts';

export interface DeliveryOptions extends Patience, Pick<Needing, 'bring'> {
  readonly store: Pick<
    Store,
    'readMany' | 'readVersion' | 'links' | 'keepLink' | 'blocked' | 'claimAlso' | 'resendStripped'
  >;
  readonly target: Target;
  readonly gate: Gate;
  readonly clock: () => number;
  readonly random: () => number;
  /** of what the target gives receipts, and how; default none */
  readonly receipts?: Receipts | undefined;
  /** oddities that hold nothing up: twins at the target */
  readonly report?: (issue: OperationOutcomeIssue) => void;
  /** times a missing reference is waited for before a person is asked; default 480: some eight hours */
  readonly maxWaits?: number;
  readonly waits?: Waits;
}

const MAX_WAITS = 480;
/** Between looks at something that only a replay frees. */
const BLOCKED_WAIT_MS = 60_000;

export function createDelivery(options: DeliveryOptions): Deliver {
  const waits = options.waits ?? new Waits();
  return (group, signal) => new GroupDelivery(options, waits, group).run(signal);
}

class GroupDelivery {
  readonly #options: DeliveryOptions;
  readonly #waits: Waits;
  readonly #group: ClaimedGroup;
  readonly #settlements = new Map<number, Settlement>();
  /** what this group cannot bring to the target now */
  readonly #stopped = new Set<ResourceKey>();
  #links = new Map<ResourceKey, TargetLink>();
  /** parked: they wait for a person */
  #blocked = new Set<ResourceKey>();
  /** held by consent or identity */
  readonly #held = new Set<ResourceKey>();

  constructor(options: DeliveryOptions, waits: Waits, group: ClaimedGroup) {
    this.#options = options;
    this.#waits = waits;
    this.#group = group;
  }

  async run(signal: AbortSignal): Promise<readonly Settlement[]> {
    const entries = await withNewerOfDoubtful(this.#options, this.#group);
    const loaded = await this.#load(newestOfEach(entries));
    await this.#look(loaded);
    await this.#fetchNeeded(loaded);
    const ready = await this.#admit(
      inOrderOfReference(loaded.filter((one) => !this.#isOutdated(one))),
      signal,
    );
    await this.#send(ready, signal);
    const settlements = [...this.#settlements.values()];
    this.#waits.settle(settlements);
    return settlements;
  }

  async #load(planned: readonly Planned[]): Promise<Loaded[]> {
    const { loaded, needless, missing } = await loadPlanned(this.#options.store, planned);
    for (const one of needless) this.#supersede([...one.older, one.entry.seq]);
    for (const one of missing) this.#park(one, missingVersion(one));
    return [...loaded];
  }

  /**
   * Records come in any order: what the group refers to may stand in line behind it, and is brought forward.
   * Else a person with more waiting than one group takes would wait for ever.
   */
  async #fetchNeeded(loaded: Loaded[]): Promise<void> {
    const here = new Set(loaded.map((one) => one.key));
    for (let fresh: readonly Loaded[] = loaded; fresh.length > 0; ) {
      const missing = fresh.flatMap((one) =>
        [...one.references].filter((key) => !here.has(key) && !this.#links.has(key)),
      );
      if (missing.length === 0) return;
      const entries = await claimNeeded(this.#options, this.#group.deliveryKey, missing);
      if (entries.length === 0) return;
      fresh = await this.#load(newestOfEach(entries));
      for (const one of fresh) here.add(one.key);
      loaded.push(...fresh);
      await this.#look(loaded);
    }
  }

  /** Held or parked while a newer version went ahead: it must not overwrite that one now. */
  #isOutdated(one: Loaded): boolean {
    const { action, version, seq } = one.entry;
    if (action === 'delete' || version >= (this.#links.get(one.key)?.version ?? 0)) return false;
    this.#supersede([...one.older, seq]);
    return true;
  }

  async #look(loaded: readonly Loaded[]): Promise<void> {
    const keys = loaded.flatMap((one) => [one.key, ...one.references]);
    const { links, parked, held } = await standingOf(this.#options, keys);
    this.#links = links;
    this.#blocked = parked;
    for (const key of held) this.#held.add(key);
  }

  /** @returns what may be sent now; everything else is settled as waiting or held */
  async #admit(ordered: readonly Loaded[], signal: AbortSignal): Promise<Loaded[]> {
    const admitted = new Map<ResourceKey, Loaded>();
    const inGroup = new Set(ordered.map((one) => one.key));
    for (const one of ordered) {
      // Consent first: what may not go at all is held with its reason, and does not wait for what may not go either.
      const passed = await this.#pass(one, signal);
      if (passed && !this.#waitsForOthers(passed, inGroup)) admitted.set(one.key, passed);
    }
    while (this.#dropDependents(admitted));
    return [...admitted.values()];
  }

  /** Waits where the resource is held back, or refers to what is, or to what the target does not hold. */
  #waitsForOthers(one: Loaded, inGroup: ReadonlySet<ResourceKey>): boolean {
    // A removal needs nothing, and what is parked before it no longer matters.
    if (one.resource === undefined) return false;
    const keys = [one.key, ...one.references];
    if (keys.some((key) => this.#blocked.has(key))) {
      this.#wait(one, this.#options.clock() + BLOCKED_WAIT_MS);
      return true;
    }
    const missing = keys.slice(1).find((key) => !inGroup.has(key) && !this.#links.has(key));
    if (missing !== undefined) this.#waitFor(one, missing);
    return missing !== undefined;
  }

  /** What refers to something of the group that waits or is held waits too. @returns true when any did */
  #dropDependents(admitted: Map<ResourceKey, Loaded>): boolean {
    const before = admitted.size;
    for (const [key, one] of admitted) {
      const stopped = [...one.references].find((reference) => this.#stopped.has(reference));
      if (stopped === undefined) continue;
      this.#waitFor(one, stopped);
      admitted.delete(key);
    }
    return admitted.size < before;
  }

  /** Asks consent and identity. A removal is always let through. */
  async #pass(one: Loaded, signal: AbortSignal): Promise<Loaded | undefined> {
    const { gate, target } = this.#options;
    if (one.resource === undefined) return one;
    const { personId } = one;
    const passed = await gate({ personId, resource: one.resource, target: target.name });
    const sendable = passed.send && this.#withoutHeld(passed.resource);
    if (sendable) this.#held.delete(one.key); // held until now, perhaps: what refers to it may name it
    if (sendable) return sendable === one.resource ? one : await this.#shaped(one, sendable);
    if (!(await this.#isCertain(one, signal))) return undefined;
    const hold = passed.send
      ? { outcome: nothingLeft(one) }
      : { outcome: passed.outcome, basis: passed.basis, quiet: passed.quiet };
    this.#held.add(one.key);
    this.#settle(one, { kind: 'hold', seq: one.entry.seq, ...hold });
    for (const seq of one.older) this.#settlements.set(seq, { kind: 'hold', seq, ...hold });
    return undefined;
  }

  /** What may go of it may name what it did not name: the person by the Patient that the target holds. */
  async #shaped(one: Loaded, sendable: Identified): Promise<Loaded> {
    const shaped = { ...withReferences(one, sendable), isStripped: true };
    const fresh = [...shaped.references].filter((key) => !one.references.has(key));
    if (fresh.length > 0)
      for (const [key, link] of (await standingOf(this.#options, fresh)).links) this.#links.set(key, link);
    return shaped;
  }

  /** Whoever may hold a copy of the person is asked before the rest is decided. @returns false when that has to wait */
  async #isCertain(one: Loaded, signal: AbortSignal): Promise<boolean> {
    if (!isInDoubt(one, this.#links.get(one.key))) return true;
    const { store, target, clock } = this.#options;
    const delivery = this.#deliveryOf(one, remoteKeysOf(this.#links));
    const found = await linkInDoubt(store, target, delivery, { signal, nowMs: clock() });
    if (found === undefined) return true;
    if ('target' in found) {
      this.#links.set(one.key, found);
      return true;
    }
    this.#conclude(one, delivery, found);
    return false;
  }

  /**
   * A resource that may go does not name those of the same person that may not, as where consent covers codes only.
   * What the target holds from before is no secret there: a withdrawal must say whose it is. A person who is held while
   * something of theirs may go has just been released: it waits for them, rather than say of nobody.
   */
  #withoutHeld(resource: Identified): Identified | undefined {
    const held = [...referencesOf(resource)].filter(
      (key) => this.#held.has(key) && !this.#links.has(key) && !key.startsWith('Patient/'),
    );
    return held.length === 0 ? resource : withoutReferences(resource, new Set(held));
  }

  async #send(ready: readonly Loaded[], signal: AbortSignal): Promise<void> {
    const { target, clock, report } = this.#options;
    if (ready.length === 0) return;
    const remoteKeys = remoteKeysOf(this.#links);
    const deliveries = ready.map((one) => this.#deliveryOf(one, remoteKeys));
    const answers = await target.deliver(deliveries, signal);
    for (const [index, one] of ready.entries()) {
      const delivered = answers[index];
      if (delivered === undefined || (!delivered.ok && delivered.retry === 'waits')) {
        this.#wait(one, clock() + waitDelayMs(1));
        continue;
      }
      if (delivered.ok && delivered.report) report?.(delivered.report);
      if (delivered.ok) await widen(this.#options, one, this.#links.get(one.key));
      this.#conclude(one, deliveries[index]!, delivered);
    }
  }

  #conclude(one: Loaded, delivery: Delivery, delivered: Delivered): void {
    const countLocked = (seq: number): number => this.#waits.countLocked(seq);
    const context = { ...this.#options, nowMs: this.#options.clock(), countLocked };
    const settlement = settlementOf(delivery, delivered, context);
    this.#settle(one, withFiling(settlement, one, this.#options.receipts));
    this.#supersede(one.older);
  }

  #deliveryOf(one: Loaded, remoteKeys: ReadonlyMap<string, string>): Delivery {
    const { entry, key, resource, digest } = one;
    return {
      entry,
      resource: resource && (remoteKeys.size > 0 ? withRemoteReferences(resource, remoteKeys) : resource),
      digest: digest ?? '',
      link: this.#links.get(key),
      earlier: () => this.#earlier(one, remoteKeys),
    };
  }

  async #earlier(one: Loaded, remoteKeys: ReadonlyMap<string, string>): Promise<readonly Identified[]> {
    const forms = await earlierForms(one, {
      ...this.#options,
      target: this.#options.target.name,
      personId: one.personId,
      firstVersion: this.#links.get(one.key)?.version ?? 1,
    });
    return forms
      .flatMap((form) => [this.#withoutHeld(form) ?? form, form])
      .map((form) => withRemoteReferences(form, remoteKeys));
  }

  #waitFor(one: Loaded, needed: ResourceKey): void {
    const { clock, maxWaits = MAX_WAITS, target } = this.#options;
    const { times, untilMs } = this.#waits.count(one.entry.seq, clock());
    if (times > maxWaits) this.#park(one, missingReference(one, needed, target.name));
    else this.#wait(one, untilMs);
  }

  /** The older entries wait with the newest: an ambiguous one among them must still be looked up. */
  #wait(one: Loaded, dueMs: number): void {
    this.#settle(one, { kind: 'wait', seq: one.entry.seq, dueMs });
    for (const seq of one.older) this.#settlements.set(seq, { kind: 'wait', seq, dueMs });
  }

  #park(one: Planned, outcome: OperationOutcome): void {
    const { seq, ambiguous } = one.entry;
    this.#settle(one, { kind: 'park', seq, outcome, ambiguous });
    this.#supersede(one.older);
  }

  #supersede(seqs: readonly number[]): void {
    for (const seq of seqs) this.#settlements.set(seq, { kind: 'superseded', seq });
  }

  #settle(one: Planned, settlement: Settlement): void {
    this.#settlements.set(settlement.seq, settlement);
    if (settlement.kind !== 'delivered' && settlement.kind !== 'removed') this.#stopped.add(one.key);
  }
}
