/** Tells who asks after an export far more often than they were told to. */

/** Between one question and the next, of a client that is heard. */
const SOON_MS = 500;
const MOST_SOON = 20;
/** A client that goes on is answered again after so long. */
const PAUSE_MS = 10_000;
const MOST_KNOWN = 1_000;

/** Counted by this process alone: it guards it from loops, not from guesses. */
export class Polls {
  readonly #clock: () => number;
  readonly #asked = new Map<string, { lastMs: number; soon: number }>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** @returns seconds that who asks after this export has to wait first; undefined: none */
  tooSoon(id: string): number | undefined {
    const nowMs = this.#clock();
    const known = this.#asked.get(id);
    const sinceMs = nowMs - (known?.lastMs ?? Number.NEGATIVE_INFINITY);
    if (known && known.soon >= MOST_SOON && sinceMs < PAUSE_MS)
      return Math.ceil((PAUSE_MS - sinceMs) / 1_000);
    const soon = known && sinceMs < SOON_MS ? known.soon + 1 : 0;
    if (this.#asked.size >= MOST_KNOWN) this.#asked.clear();
    this.#asked.set(id, { lastMs: nowMs, soon });
    return undefined;
  }

  forget(id: string): void {
    this.#asked.delete(id);
  }
}
