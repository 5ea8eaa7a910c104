/** Turns a seed into an order of events: a clock that jumps from event to event, with the timers of the program under test on it. */
import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';

/** A program whose events are on the timeline; what belongs to one that has died never happens. */
export interface Owner {
  readonly name: string;
  isAlive: boolean;
  /** stands still until then, as a machine does that is paused: what was to happen happens late */
  pausedUntilMs?: number;
}

interface Event {
  atMs: number;
  /** among events of one moment: by chance, since a real machine promises no order */
  readonly order: number;
  readonly owner: Owner;
  run: (() => void) | undefined;
}

/** What happens outside of any program: the network, the other side, whoever makes the faults. */
export const WORLD: Owner = { name: 'world', isAlive: true };

const realImmediate = globalThis.setImmediate;
const LARGEST_DELAY_MS = 2 ** 31 - 1;

export class Timeline {
  nowMs: number;
  /** events that happened */
  count = 0;
  #owner: Owner = WORLD;
  readonly #random: () => number;
  readonly #heap: Event[] = [];

  constructor(startMs: number, random: () => number) {
    this.nowMs = startMs;
    this.#random = random;
  }

  /** whose event this is */
  get owner(): Owner {
    return this.#owner;
  }

  /** @param owner default: whoever asks now @returns takes it back */
  after(ms: number, run: () => void, owner = this.#owner): () => void {
    const delayMs = Math.min(Math.max(Number.isFinite(ms) ? ms : 0, 0), LARGEST_DELAY_MS);
    const event: Event = { atMs: this.nowMs + delayMs, order: this.#random(), owner, run };
    this.#push(event);
    return () => {
      event.run = undefined;
    };
  }

  sleep(ms: number, owner = this.#owner): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve, owner));
  }

  /** Runs what is asked as if `owner` did. */
  as<T>(owner: Owner, run: () => T): T {
    const before = this.#owner;
    this.#owner = owner;
    try {
      return run();
    } finally {
      this.#owner = before;
    }
  }

  /** Lets events happen until `isOver`, or until the time. @returns false when the time came first, or nothing was left to happen */
  async run(untilMs: number, isOver: () => boolean): Promise<boolean> {
    await settled(); // what was begun before the first event belongs to whoever began it
    while (!isOver()) {
      const event = this.#pop();
      if (!event || event.atMs > untilMs) return false;
      this.nowMs = Math.max(this.nowMs, event.atMs);
      if (!event.run || !event.owner.isAlive) continue;
      if ((event.owner.pausedUntilMs ?? 0) > this.nowMs) {
        event.atMs = event.owner.pausedUntilMs!;
        this.#push(event);
        continue;
      }
      this.count += 1;
      this.#owner = event.owner;
      event.run();
      await settled();
      this.#owner = WORLD;
    }
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Every promise that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => realImmediate(resolve));
}

/** Puts this thread's timers on a timeline. @returns gives them back */
export function takeTimers(timeline: () => Timeline): () => void {
  const { setTimeout, clearTimeout, setImmediate, clearImmediate } = globalThis;
  const real = { setTimeout: timersPromises.setTimeout, setImmediate: timersPromises.setImmediate };
  const clear = (handle: unknown): void => (handle as { cancel?: () => void } | undefined)?.cancel?.();
  const later = (run: (...args: unknown[]) => void, ms: number, args: unknown[]): object => ({
    cancel: timeline().after(ms, () => run(...args)),
    ref: () => {},
    unref: () => {},
  });
  Object.assign(globalThis, {
    setTimeout: (run: () => void, ms = 0, ...args: unknown[]) => later(run, ms, args),
    setImmediate: (run: () => void, ...args: unknown[]) => later(run, 0, args),
    clearTimeout: clear,
    clearImmediate: clear,
  });
  Object.assign(timersPromises, {
    setTimeout: (ms = 0, value?: unknown, options?: { signal?: AbortSignal }) =>
      pause(timeline(), ms, value, options?.signal),
    setImmediate: (value?: unknown) => pause(timeline(), 0, value, undefined),
  });
  syncBuiltinESMExports();
  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout, setImmediate, clearImmediate });
    Object.assign(timersPromises, real);
    syncBuiltinESMExports();
  };
}

function pause<T>(timeline: Timeline, ms: number, value: T, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = timeline.after(ms, () => {
      signal?.removeEventListener('abort', stopped);
      resolve(value);
    });
    if (signal?.aborted) stopped();
    else signal?.addEventListener('abort', stopped, { once: true });
  });
}
