/** Keeps requests to PDS within the rate that the application has, and within the pauses that PDS asks for, over all processes on the store. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../store/store.ts';

export interface PaceOptions {
  readonly store: Pick<Store, 'pace' | 'answers'>;
  /** rates are the environment's own */
  readonly environment: string;
  /** transactions per second */
  readonly tps: number;
  readonly clock: () => number;
  /** waits; ends early when the signal aborts. Default: by the timer */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface Pace {
  /** Waits for the next slot. @returns milliseconds to come back in, where PDS asked for a longer pause; undefined: go */
  turn(signal: AbortSignal): Promise<number | undefined>;
  /** Says that PDS wants nothing for a while; all processes keep to it. */
  rest(ms: number): Promise<void>;
}

/** Under this key of the kept answers stands until when everybody waits. */
const RESTS = 'pds-rest';
/** A longer pause is not sat out with a claim in hand. */
const LONGEST_SAT_MS = 5_000;

export function createPace(options: PaceOptions): Pace {
  const { store, environment, tps, clock } = options;
  const pause = options.pause ?? byTimer;
  return {
    async turn(signal) {
      const rest = (await store.answers.get(RESTS, environment))?.untilMs ?? 0;
      const restMs = rest - clock();
      if (restMs > LONGEST_SAT_MS) return restMs;
      if (restMs > 0) await pause(restMs, signal);
      const waitMs = await store.pace(`pds:${environment}`, Math.ceil(1_000 / tps), clock());
      if (waitMs > 0) await pause(waitMs, signal);
      return undefined;
    },
    async rest(ms) {
      const untilMs = clock() + ms;
      const kept = await store.answers.get(RESTS, environment);
      if ((kept?.untilMs ?? 0) < untilMs)
        await store.answers.keep(RESTS, environment, { answer: '', untilMs }, clock());
    },
  };
}

async function byTimer(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
