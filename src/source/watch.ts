/** Turns a look at a system into looks at intervals, and when somebody asks for one: one at a time here, and one a turn of all processes on a database. */
import type { Store } from '../store/store.ts';

export interface WatchOptions {
  /** name of its turns, alike for all processes */
  readonly turn: string;
  /** between two looks, of all processes together */
  readonly everyMs: number;
  readonly store: Pick<Store, 'runOnce' | 'sharedNowMs'>;
  readonly clock: () => number;
  /** Looks once, and never rejects. @returns milliseconds for which nothing is to be asked, where that was said */
  readonly look: (signal: AbortSignal) => Promise<number | undefined>;
  /** the first look is made whoever has made that of its turn; default false */
  readonly looksAtStart?: boolean;
  /** told of what kept a turn from being taken */
  readonly onFailed: (error: unknown) => void;
}

export interface Watch {
  /** aborted by `stop` */
  readonly signal: AbortSignal;
  /** Begins with the turn that is due. */
  start(): void;
  /** Does it after what is under way, and before the next look. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Ends what is under way, and begins nothing more. */
  stop(): Promise<void>;
}

/** A timer of more than 2^31 ms ends at once; a turn that is not due is not begun. */
const LONGEST_TIMER_MS = 86_400_000;

/** Looks at nothing before `start`. @param options.clock tells time; waiting is by the process's own timers */
export function openWatch(options: WatchOptions): Watch {
  const stopping = new AbortController();
  const { signal } = stopping;
  let line: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = line.then(work);
    line = next.catch(() => {});
    return next;
  };
  const round = async (isFree: boolean): Promise<void> => {
    const waitMs = await inTurn(async () => {
      const restMs = isFree ? await options.look(signal) : await takeTurn(options, signal);
      return Math.max(await untilNextTurn(options), restMs ?? 0);
    });
    // It may have been stopped while it waited for the time of the database.
    if (!signal.aborted) timer = setTimeout(() => void round(false), Math.min(waitMs, LONGEST_TIMER_MS));
  };
  return {
    signal,
    inTurn,
    start: () => void round(options.looksAtStart ?? false),
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await line;
    },
  };
}

/** Turns are counted from the epoch, so that all processes on one database mean the same, and one of them looks. */
async function takeTurn(options: WatchOptions, signal: AbortSignal): Promise<number | undefined> {
  const { turn, store, clock, everyMs, look, onFailed } = options;
  if (signal.aborted) return undefined;
  let restMs: number | undefined;
  try {
    const nowMs = await store.sharedNowMs(clock());
    const dueMs = Math.floor(Math.floor(nowMs / everyMs) * everyMs);
    await store.runOnce(turn, { dueMs, nowMs: clock() }, async () => {
      restMs = await look(signal);
    });
  } catch (error) {
    onFailed(error);
  }
  return restMs;
}

async function untilNextTurn({ store, clock, everyMs }: WatchOptions): Promise<number> {
  const nowMs = await store.sharedNowMs(clock()).catch(() => clock());
  return Math.ceil(everyMs - (nowMs % everyMs));
}
