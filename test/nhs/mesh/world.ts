/** Two organisations at one MESH server, each with a store, a folder and a process that may die, and a person who looks into what is in doubt. */
import type { MeshMailbox } from '../../../src/nhs/mesh/mailbox.ts';
import { directionOf } from '../../../src/nhs/mesh/parts.ts';
import type { Store, WorkItem } from '../../../src/store/store.ts';
import type { Asked, Fault, MeshServer } from '../../servers/mesh.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { Clock, letter, MINUTE_MS, mailbox, meshServer, temporaryFolder } from './harness.ts';
import { Mortal } from './mortal.ts';

/** Runs one seed again. */
export const asked = process.env.HEDGEROW_SEED === undefined ? undefined : Number(process.env.HEDGEROW_SEED);

export type SideName = 'OURS' | 'THEIRS';
type Kind = 'lost' | 'cut' | 'half' | 503 | 429;

interface Side {
  readonly name: SideName;
  readonly store: Store;
  readonly folder: string;
  /** ids that are kept for good */
  readonly kept: Set<string>;
  mortal: Mortal;
  process: MeshMailbox;
}

const CHUNK_BYTES = 40;
const STEP_MINUTES = 15;

export class World {
  readonly clock = new Clock();
  /** of the requests to come, one each */
  readonly faults: (Kind | undefined)[] = [];
  /** local ids that a handler has taken in */
  readonly arrived = new Set<string>();
  /** messages that were not kept when their acknowledgement came */
  readonly acknowledgedTooSoon: string[] = [];
  readonly #sent: { readonly localId: string; readonly from: SideName }[] = [];
  readonly #trackByLocalId: boolean;
  readonly #sides = new Map<SideName, Side>();
  #server!: MeshServer;

  constructor(trackByLocalId: boolean) {
    this.#trackByLocalId = trackByLocalId;
  }

  static async open(trackByLocalId: boolean): Promise<World> {
    const world = new World(trackByLocalId);
    world.#server = await meshServer(world.clock, { fault: (asked) => world.#nextFault(asked) });
    for (const name of ['OURS', 'THEIRS'] as const) {
      const store = await temporaryStore();
      const side = { name, store, folder: temporaryFolder(), kept: new Set<string>(), mortal: new Mortal() };
      world.#sides.set(name, { ...side, process: world.#begin(side) });
    }
    return world;
  }

  get tooSoon(): readonly string[] {
    return this.#server.tooSoon;
  }

  #nextFault({ path }: Asked): Fault | undefined {
    const [to, , id, , word] = path.split('/');
    if (word === 'acknowledged' && !this.#sides.get(to as SideName)!.kept.has(id!))
      this.acknowledgedTooSoon.push(id!);
    const fault = this.faults.shift();
    return typeof fault === 'number' ? { status: fault } : fault;
  }

  #begin(side: Omit<Side, 'process'>): MeshMailbox {
    const made = mailbox({
      ...{ server: this.#server, clock: this.clock, mailbox: side.name, folder: side.folder },
      store: side.mortal.store(noting(side.store, side.kept)),
      settings: { chunkBytes: CHUNK_BYTES, trackByLocalId: this.#trackByLocalId },
      inStoreBytes: 60,
      around: side.mortal.around,
    });
    made.onMessage('DOC', async ({ localId, read }) => {
      await read();
      this.arrived.add(localId!);
      return { ok: true, value: undefined };
    });
    return made;
  }

  async #as<T>(name: SideName, act: (process: MeshMailbox) => Promise<T>): Promise<T | undefined> {
    const side = this.#sides.get(name)!;
    const done = await act(side.process).catch(() => undefined);
    if (side.mortal.isDead) {
      side.mortal = new Mortal();
      side.process = this.#begin(side);
    }
    return done;
  }

  dieAfter(name: SideName, steps: number): void {
    this.#sides.get(name)!.mortal.left = steps;
  }

  async send(from: SideName, to: 'there' | 'nobody' | 'unregistered', chunks: number): Promise<void> {
    const localId = `${from}-${this.#sent.length + 1}`;
    const content = Buffer.alloc((chunks - 1) * CHUNK_BYTES + 20, localId);
    const receiver = from === 'OURS' ? 'THEIRS' : 'OURS';
    const more = {
      to: to === 'nobody' ? 'NOBODY' : receiver,
      workflowId: to === 'unregistered' ? 'OTHER' : 'DOC',
      content,
    };
    const sent = await this.#as(from, (one) => one.send(letter(localId, more), new AbortController().signal));
    const { store } = this.#sides.get(from)!;
    // who sends has to send again what was not kept
    const isKept = await store.messages.get({ channel: from.toLowerCase(), direction: 'out', id: localId });
    if (sent?.ok || isKept) this.#sent.push({ localId, from });
  }

  async live(name: SideName, minutes: number): Promise<void> {
    for (let left = minutes; left > 0; left -= STEP_MINUTES) {
      this.clock.pass(Math.min(STEP_MINUTES, left) * MINUTE_MS);
      await this.#as(name, (one) => one.poll());
      await this.#as(name, (one) => one.tend());
    }
  }

  heal(): void {
    this.faults.length = 0;
    for (const { mortal } of this.#sides.values()) mortal.left = undefined;
  }

  /** Asks at MESH for what is in doubt: what is there is found, what is not is sent again. */
  async person(): Promise<void> {
    for (const { name, store } of this.#sides.values())
      for (const item of await store.worklist({ open: true, count: 200 }))
        if (item.rule === 'mesh-unsure' && directionOf(item) === 'out')
          await this.#lookInto(name, store, item);
  }

  async #lookInto(name: SideName, store: Store, item: WorkItem): Promise<void> {
    const there = this.#atMesh(item.recordKey!).length > 0;
    if (there) await store.resolveWork(item.id, this.clock.nowMs, 'Sam');
    else await this.#as(name, (one) => one.retry('out', item.recordKey!));
  }

  #atMesh(localId: string): readonly { readonly status: string }[] {
    return this.#server.messages.filter(
      ({ headers, report, status }) =>
        !report && headers['mex-localid'] === localId && status !== 'uploading',
    );
  }

  /** @returns messages that are at MESH more than once, whole */
  twice(): readonly string[] {
    return this.#sent.map(({ localId }) => localId).filter((id) => this.#atMesh(id).length > 1);
  }

  async neitherThereNorOnTheWorklist(): Promise<readonly string[]> {
    const lost: string[] = [];
    for (const { localId, from } of this.#sent) {
      const { store } = this.#sides.get(from)!;
      const items = await store.worklist({ open: true, count: 200 });
      const isOpen = items.some(({ recordKey }) => recordKey === localId);
      if (!this.arrived.has(localId) && !isOpen) lost.push(localId);
    }
    return lost;
  }

  async openItems(): Promise<number> {
    const items = await Promise.all(
      [...this.#sides.values()].map(({ store }) => store.worklist({ open: true, count: 200 })),
    );
    return items.flat().length;
  }
}

/** Notes what is kept when it is: before whoever kept it may die. */
function noting(store: Store, kept: Set<string>): Store {
  const messages: Store['messages'] = {
    ...store.messages,
    async keep(message, nowMs) {
      const done = await store.messages.keep(message, nowMs);
      kept.add(message.id);
      return done;
    },
  };
  return { ...store, messages };
}
