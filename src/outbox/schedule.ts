/** Decides from an attempt count when a delivery runs again. Pure: the clock's time and the randomness come in. */

const FIRST_DELAY_MS = 2_000;
/** A retry is never put off for longer, unless the target asks for it. */
export const LONGEST_DELAY_MS = 3_600_000;

/** @param attempt deliveries made, from 1  @param random [0,1)  @returns milliseconds, full jitter; Retry-After wins */
export function retryDelayMs(attempt: number, random: () => number, retryAfterMs?: number): number {
  if (retryAfterMs !== undefined) return retryAfterMs;
  return Math.floor(random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)));
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 60_000;

/** @param waits times it has waited for the same thing, from 1 @returns milliseconds until it is looked at again */
export function waitDelayMs(waits: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(waits - 1, 20));
}
