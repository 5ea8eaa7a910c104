/** One adapter of the simulation: the real store logic, delivery and worker, over a disk and a network that fail. */
import type { Definitions } from '../../../src/fhir/definitions.ts';
import { type Deliver, type OutboxWorker, startWorker } from '../../../src/outbox/worker.ts';
import type { SearchIndex } from '../../../src/store/search-index.ts';
import { Names } from '../../../src/store/sql/index-rows.ts';
import { sqlStore } from '../../../src/store/sql/sql-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { createDelivery, type Gate } from '../../../src/target/fhir/deliver-group.ts';
import { createFhirServerTarget } from '../../../src/target/fhir/fhir-server.ts';
import { createShareGate } from '../../../src/target/share-gate.ts';
import type { Target } from '../../../src/target/target.ts';
import type { Exchange } from '../../../src/wire/exchange.ts';
import type { Disk } from './disk.ts';
import { BASE, type Kind } from './ehr.ts';
import { START_MS } from './people.ts';
import { receiveFrom, TARGET } from './receiving.ts';
import type { Owner, Timeline } from './timeline.ts';

export const LEASE_MS = 60_000;
const DEADLINE_MS = 2_000;
const PATIENCE_MS = 500;

/** What is made once for all seeds. */
export interface Standing {
  readonly definitions: Definitions;
  readonly index: SearchIndex;
}

/** What a test breaks on purpose, to see that the simulation notices. */
export interface Broken {
  readonly target?: (target: Target) => Target;
  readonly gate?: (gate: Gate) => Gate;
  readonly store?: (store: Store) => Store;
}

export interface Settings {
  readonly kind: Kind;
  readonly maxEntries: number;
  readonly concurrency: number;
  /** no other adapter works on the same store */
  readonly isAlone: boolean;
  /** how changes at the EHR are asked for; undefined: not at all */
  readonly receives: 'search' | 'history' | undefined;
  /** what becomes of a copy that two adapters made at once */
  readonly twins: 'report' | 'delete';
  readonly broken: Broken;
}

export interface Surroundings {
  readonly timeline: Timeline;
  readonly random: () => number;
  readonly disk: Disk;
  readonly exchange: () => Exchange;
  /** the machine's clock, which may be wrong */
  readonly clock: () => number;
  /** told of each group as its delivery begins; @returns what to call when it has ended */
  readonly onGroup: (person: string) => () => void;
  readonly onError: (error: unknown) => void;
}

export class Program {
  readonly owner: Owner;
  readonly store: Store;
  readonly clock: () => number;
  /** undefined until it has recovered what the one before it left */
  worker: OutboxWorker | undefined;
  readonly #settings: Settings;
  readonly #around: Surroundings;

  constructor(owner: Owner, settings: Settings, standing: Standing, around: Surroundings) {
    this.owner = owner;
    this.#settings = settings;
    this.#around = around;
    this.clock = around.clock;
    const names = new Names();
    const store = sqlStore(
      around.disk.engine(() => names.forget()),
      standing.index,
      names,
      around.clock,
    );
    this.store = settings.broken.store?.(store) ?? store;
    around.timeline.after(0, () => void this.#start(standing), owner);
  }

  async #start({ definitions }: Standing): Promise<void> {
    const { store } = this;
    const { clock, random, timeline, exchange, onError } = this.#around;
    const { broken, kind, maxEntries, concurrency, isAlone, receives, twins } = this.#settings;
    while (isAlone && !(await store.recoverClaims(clock(), true).then(always, never)))
      await timeline.sleep(PATIENCE_MS, this.owner);
    const about = { name: TARGET, baseUrl: BASE, ids: kind.ids, twins, deadlineMs: DEADLINE_MS, clock };
    const target = createFhirServerTarget({ ...about, exchange: exchange() });
    const sharing = { name: TARGET, purpose: 'share-with-gp' as const, requiresVerifiedNhsNumber: true };
    const gate = createShareGate({
      store,
      target: { ...sharing, allowRestricted: false },
      clock,
      definitions,
    });
    const deliver = createDelivery({
      store,
      target: broken.target?.(target) ?? target,
      gate: broken.gate?.(gate) ?? gate,
      clock,
      random,
    });
    const options = { store, target: TARGET, clock, random, concurrency, leaseMs: LEASE_MS, maxEntries };
    this.worker = startWorker({ ...options, deliver: this.#watched(deliver), onError });
    if (!receives) return;
    const asked = { gate, clock, exchange: exchange(), deadlineMs: DEADLINE_MS, by: receives };
    receiveFrom({ ...asked, store, sinceMs: START_MS, wake: () => this.worker?.wake() });
  }

  #watched(deliver: Deliver): Deliver {
    return async (group, signal) => {
      const ended = this.#around.onGroup(group.deliveryKey);
      try {
        return await deliver(group, signal);
      } finally {
        ended();
      }
    };
  }
}

function always(): boolean {
  return true;
}

function never(): boolean {
  return false;
}
