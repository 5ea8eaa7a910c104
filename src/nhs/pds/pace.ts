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
/** Nobody is kept from asking for longer by one answer; an end that lies further off was written by a clock that was wrong. */
export const LONGEST_REST_MS = 15 * 60_000;
/** A longer pause is not sat out with a claim in hand. */
const LONGEST_SAT_MS = 5_000;

export function createPace(options: PaceOptions): Pace {
  const { store, environment, tps, clock } = options;
  const pause = options.pause ?? byTimer;
  return {
    async turn(signal) {
      const rest = (await store.answers.get(RESTS, environment))?.untilMs ?? 0;
      const leftMs = rest - clock();
      const restMs = leftMs > LONGEST_REST_MS ? 0 : leftMs;
      if (restMs > LONGEST_SAT_MS) return restMs;
      if (restMs > 0) await pause(restMs, signal);
      const waitMs = await store.pace(`pds:${environment}`, Math.ceil(1_000 / tps), clock());
      if (waitMs > 0) await pause(waitMs, signal);
      return undefined;
    },
    async rest(ms) {
      const nowMs = clock();
      const untilMs = nowMs + Math.min(ms, LONGEST_REST_MS);
      const before = (await store.answers.get(RESTS, environment))?.untilMs ?? 0;
      if (before < untilMs || before - nowMs > LONGEST_REST_MS)
        await store.answers.keep(RESTS, environment, { answer: '', untilMs }, clock());
    },
  };
}

async function byTimer(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
