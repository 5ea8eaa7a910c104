/** Works at exports, one at a time: takes the next, has a thread make it, keeps how far it came, and removes what is over. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { askedIn, progressIn } from '../../research/export/asked.ts';
import { EXPORT_ID, folderOf } from '../../research/export/files.ts';
import type { TransformPlace } from '../../research/export/transform.ts';
import type { ClaimedExport, Store, Viewer } from '../../store/store.ts';
import { digestOfTransform } from './digest.ts';
import type { StorePlace } from './task.ts';
import { startThread, type Thread, type ThreadEnd } from './thread.ts';

export interface ExportWorkOptions {
  readonly store: Pick<Store, 'exports' | 'accesses'>;
  readonly place: StorePlace;
  readonly folder: string;
  readonly keepMs: number;
  readonly linesPerFile: number;
  /** what a client may see now; undefined when there is no such client any more */
  readonly viewerOf: (client: string) => Viewer | undefined;
  readonly transformOf: (client: string) => TransformPlace | undefined;
  readonly clock: () => number;
  readonly onError: (rule: string | undefined, id: string) => void;
  readonly lookMs: number;
  /** what commits that have their time already are given to end in */
  readonly settleMs: number;
  readonly leaseMs: number;
  readonly keepEveryMs?: number | undefined;
}

/** Between tries at a store that does not answer. */
const AGAIN_MS = 5_000;

export class ExportWork {
  readonly #options: ExportWorkOptions;
  readonly #stopping = new AbortController();
  #current: { readonly id: string; readonly thread: Thread } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isStarted = false;

  constructor(options: ExportWorkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isStarted = true;
    this.#timer = setInterval(() => this.wake(), this.#options.lookMs).unref();
    this.wake();
  }

  #isBusy = false;
  wake(): void {
    if (!this.#isStarted || this.#isBusy || this.#stopping.signal.aborted) return;
    this.#isBusy = true;
    this.#turn = this.#look()
      .catch(() => this.#options.onError('export-store', ''))
      .finally(() => {
        this.#isBusy = false;
      });
  }

  /** Whoever made it has gone; the next checkpoint would find so too. */
  async cancel(id: string): Promise<void> {
    if (this.#current?.id === id) await this.#current.thread.stop();
  }

  /** What is under way is gone on with at the next start. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#current?.thread.stop();
    await this.#turn;
  }

  async #look(): Promise<void> {
    const { store, clock, leaseMs } = this.#options;
    await this.#tidy();
    while (!this.#stopping.signal.aborted) {
      const claimed = await store.exports.claim(clock(), leaseMs);
      if (!claimed) return;
      await this.#work(claimed);
    }
  }

  async #work(claimed: ClaimedExport): Promise<void> {
    const { store, clock, leaseMs } = this.#options;
    const renewing = setInterval(() => {
      store.exports.keep(claimed, undefined, clock(), leaseMs).catch(() => undefined); // the next one does it
    }, leaseMs / 3);
    try {
      const end = this.#refusal(claimed) ?? (await this.#made(claimed));
      await this.#settle(claimed, end);
    } finally {
      clearInterval(renewing);
    }
  }

  /** Nothing is made for who is gone, nor otherwise than it was begun. */
  #refusal({ client, asked }: ClaimedExport): ThreadEnd | undefined {
    const { viewerOf, transformOf } = this.#options;
    const failed = (rule: string, why: string) =>
      ({ kind: 'failed', isTransient: false, rule, why }) as const;
    if (!viewerOf(client)) return failed('export-client', 'There is no such client any more.');
    if (digestOfTransform(transformOf(client)) === askedIn(asked).transform) return undefined;
    return failed('export-transform', 'How this client gets its data has changed: ask for the export anew.');
  }

  async #made(claimed: ClaimedExport): Promise<ThreadEnd> {
    const { folder, linesPerFile, place, transformOf, keepEveryMs } = this.#options;
    if (!(await this.#isSettled(claimed))) return { kind: 'stopped' };
    const thread = startThread(
      {
        ...{ linesPerFile, keepEveryMs, store: place, viewer: claimed.viewer, asOfMs: claimed.asOfMs },
        asked: askedIn(claimed.asked),
        folder: folderOf(folder, claimed.id),
        from: progressIn(claimed.progress),
        transform: transformOf(claimed.client),
      },
      {
        keep: (progress) => this.#keep(claimed, JSON.stringify(progress)),
        finished: (type, count) => this.#noteRead(claimed, type, count),
      },
    );
    this.#current = { id: claimed.id, thread };
    try {
      return await thread.ended;
    } finally {
      this.#current = undefined;
    }
  }

  /** What was committed with a time before the export's has to be there when it is read. @returns false when stopped */
  async #isSettled({ asOfMs }: ClaimedExport): Promise<boolean> {
    const { clock, settleMs, store } = this.#options;
    const { signal } = this.#stopping;
    const leftMs = Math.min(settleMs, asOfMs + settleMs - clock());
    if (leftMs > 0) await wait(leftMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return false;
    await store.exports.settled();
    return !signal.aborted;
  }

  #keep(claimed: ClaimedExport, progress: string): Promise<boolean> {
    const { store, clock, leaseMs } = this.#options;
    return store.exports.keep(claimed, progress, clock(), leaseMs);
  }

  /** One row a type: of millions of resources each would have one else. */
  async #noteRead(claimed: ClaimedExport, type: string, count: number): Promise<void> {
    const { store, clock } = this.#options;
    await store.accesses.record(
      [
        {
          ownerOrg: claimed.ownerOrg,
          client: claimed.client,
          action: 'access',
          status: 200,
          interactions: ['$export'],
          request: claimed.id,
          keys: [],
          params: [`export ${claimed.id}`, `type ${type}`, `resources ${count}`],
          purpose: claimed.viewer.purpose,
          reason: undefined,
        },
      ],
      clock(),
      true,
    );
  }

  async #settle(claimed: ClaimedExport, end: ThreadEnd): Promise<void> {
    const { store, clock, keepMs, folder, onError } = this.#options;
    if (end.kind === 'stopped' || (end.kind === 'end' && end.progress === undefined))
      return await store.exports.release(claimed);
    if (end.kind === 'end') {
      const progress = JSON.stringify(end.progress);
      await store.exports.end(claimed, { state: 'finished', progress, keepMs }, clock());
      return;
    }
    onError(end.rule, claimed.id);
    if (end.isTransient) {
      await wait(AGAIN_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      return await store.exports.release(claimed);
    }
    await rm(folderOf(folder, claimed.id), { recursive: true, force: true });
    const ended = { state: 'failed', progress: '{"part":0,"after":0,"resources":0,"files":[]}' } as const;
    await store.exports.end(claimed, { ...ended, fault: end.why, keepMs }, clock());
  }

  /** Files go with their export, whoever took that away. */
  async #tidy(): Promise<void> {
    const { store, clock, folder } = this.#options;
    await store.exports.removeOver(clock());
    const there = await readdir(folder).catch(() => []);
    if (there.length === 0) return;
    const kept = new Set(await store.exports.ids());
    for (const name of there)
      if (EXPORT_ID.test(name) && !kept.has(name))
        await rm(join(folder, name), { recursive: true, force: true });
  }
}
