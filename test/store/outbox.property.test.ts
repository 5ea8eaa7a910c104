/** The outbox under random commits, claims, settlements and restarts: order by key, nothing lost, nothing twice at once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClaimedGroup, OutboxEntry, Settlement, Store } from '../../src/store/store.ts';
import { ENGINES } from './engines.ts';
import { contact, delivered, idOf, patient, RULES, recordOf } from './samples.ts';

const OUTCOME = { resourceType: 'OperationOutcome' as const, issue: [] };
const PEOPLE = ['p', 'q', 'r'];
type Step =
  | { do: 'commit'; person: string; count: number }
  | { do: 'claim'; max: number }
  | { do: 'settle'; ends: ('delivered' | 'retry' | 'wait' | 'park')[] }
  | { do: 'recover' | 'replay' }
  | { do: 'pass'; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      person: fc.constantFrom(...PEOPLE),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('claim' as const), max: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      ends: fc.array(
        fc.constantFrom('delivered' as const, 'retry' as const, 'wait' as const, 'park' as const),
        { minLength: 3, maxLength: 3 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('recover' as const, 'replay' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 2_000 }) }),
  },
);

/** What the outbox should hold, kept beside it. */
class Model {
  nowMs = 1_000_000;
  serial = 0;
  readonly committed = new Set<string>();
  readonly arrived = new Set<string>();
  readonly parked = new Set<number>();
  readonly flying: ClaimedGroup[] = [];
  readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  async run(one: Step): Promise<void> {
    if (one.do === 'commit') await this.commit(one.person, one.count);
    else if (one.do === 'claim') await this.claim(one.max);
    else if (one.do === 'settle') await this.settle(one.ends);
    else if (one.do === 'pass') this.nowMs += one.ms;
    else if (one.do === 'recover') {
      const inFlight = this.flying.splice(0).flatMap((group) => group.entries).length;
      expect(await this.store.recoverClaims(this.nowMs, true)).toBe(inFlight);
    } else {
      expect(await this.store.replayDeliveries({}, this.nowMs)).toBe(this.parked.size);
      this.parked.clear();
    }
  }

  async commit(person: string, count: number): Promise<void> {
    const contacts = Array.from({ length: count }, (_, i) => contact(`e${this.serial + i}`, person));
    this.serial += count;
    for (const one of contacts) this.committed.add(one.id);
    const key = `R${this.serial}`;
    await this.store.commit([recordOf(contacts, { key })], RULES, this.nowMs);
  }

  async claim(maxEntries: number): Promise<void> {
    const group = await this.store.claim('ehr', { nowMs: this.nowMs, leaseMs: 1e9, maxEntries });
    if (!group) return;
    expect(group.entries.length).toBeGreaterThan(0);
    expect(this.flying.map((other) => other.deliveryKey)).not.toContain(group.deliveryKey);
    const seqs = group.entries.map((entry) => entry.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    for (const entry of group.entries) expect(this.arrived.has(entry.id)).toBe(false);
    this.flying.push(group);
  }

  async settle(ends: readonly ('delivered' | 'retry' | 'wait' | 'park')[]): Promise<void> {
    const group = this.flying.shift();
    if (!group) return;
    const settlements = group.entries.map((entry, i) => this.end(entry, ends[i]!));
    await this.store.settle('ehr', group.deliveryKey, settlements, this.nowMs);
  }

  end(entry: OutboxEntry, kind: 'delivered' | 'retry' | 'wait' | 'park'): Settlement {
    const { seq } = entry;
    const dueMs = this.nowMs + 500;
    if (kind === 'delivered') this.arrived.add(entry.id);
    if (kind === 'park') this.parked.add(seq);
    if (kind === 'delivered') return delivered(entry);
    if (kind === 'retry') return { kind, seq, dueMs, ambiguous: false, outcome: OUTCOME };
    return kind === 'wait' ? { kind, seq, dueMs } : { kind, seq, outcome: OUTCOME };
  }

  /** Delivers all that is left. @returns entries in the order they left, by key */
  async drain(): Promise<Map<string, number[]>> {
    await this.store.recoverClaims(this.nowMs, true);
    await this.store.replayDeliveries({}, this.nowMs);
    this.nowMs += 10_000;
    const order = new Map<string, number[]>();
    for (;;) {
      const group = await this.store.claim('ehr', { nowMs: this.nowMs, leaseMs: 1, maxEntries: 2 });
      if (!group) return order;
      order.set(group.deliveryKey, [
        ...(order.get(group.deliveryKey) ?? []),
        ...group.entries.map((one) => one.seq),
      ]);
      for (const entry of group.entries) this.arrived.add(entry.id);
      await this.store.settle('ehr', group.deliveryKey, group.entries.map(delivered), this.nowMs);
    }
  }
}

test.each(ENGINES)(
  '%s delivers everything exactly once, in order by key, whatever happens on the way',
  async (_engine, open) => {
    const store = await open();
    await store.commit([recordOf(PEOPLE.map((name) => patient(name)))], { ...RULES, route: () => [] }, 1);
    const model = new Model(store); // goes on from run to run: an outbox is never new
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        for (const one of steps) await model.run(one);
        model.flying.length = 0;
        model.parked.clear();
        for (const seqs of (await model.drain()).values())
          expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        expect(model.arrived).toEqual(model.committed);
        expect(await store.nextDueMs('ehr', model.nowMs)).toBeUndefined();
        expect(await store.recoverClaims(model.nowMs, true)).toBe(0);
      }),
      { numRuns: 25 },
    );
  },
);

test.each(ENGINES)(
  '%s moves waiting deliveries with a joined and a parted person, whatever their state',
  async (_engine, open) => {
    const store = await open();
    const model = new Model(store);
    const join = fc.constantFrom<'link' | 'unlink'>('link', 'unlink');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(step, join), { minLength: 5, maxLength: 30 }), async (steps) => {
        for (const one of steps) {
          if (one === 'link') await store.linkPerson(idOf('q'), idOf('p'), 'by hand', model.nowMs);
          else if (one === 'unlink') await store.unlinkPerson(idOf('q'), model.nowMs);
          else if (one.do !== 'recover' && one.do !== 'claim') await model.run(one);
          else if (one.do === 'claim' && model.flying.length === 0) await model.claim(one.max);
        }
        model.flying.length = 0;
        model.parked.clear();
        for (const seqs of (await model.drain()).values())
          expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        expect(model.arrived).toEqual(model.committed);
        expect(await store.nextDueMs('ehr', model.nowMs)).toBeUndefined();
      }),
      { numRuns: 25 },
    );
  },
);
