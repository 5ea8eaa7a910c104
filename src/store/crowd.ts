/** Tells how many callers come together, so that a batch can wait for those who are about to call again. */

/**
 * Callers who wait for each answer and then send again fall apart into two groups: while one is being written, the other
 * gathers, and each transaction is half as large as it could be. Waiting for as many as were there brings them together.
 */
export class Crowd {
  readonly #mostWaitMs: number;
  /** callers of late */
  #size = 1;
  #waiting: { readonly resolve: () => void; readonly timer: NodeJS.Timeout } | undefined;

  /** @param mostWaitMs longest pause between two callers that is waited through */
  constructor(mostWaitMs: number) {
    this.#mostWaitMs = mostWaitMs;
  }

  /** Resolves when as many callers are there as were of late, or nobody came for a while. @param there callers now */
  async gathered(there: number): Promise<void> {
    if (there >= this.#size) return;
    await new Promise<void>((resolve) => {
      this.#waiting = { resolve, timer: setTimeout(resolve, this.#mostWaitMs) };
    });
    this.#waiting = undefined;
  }

  /** A caller came. @param there callers now, with this one */
  came(there: number): void {
    if (!this.#waiting) return;
    if (there < this.#size) this.#waiting.timer.refresh();
    else {
      clearTimeout(this.#waiting.timer);
      this.#waiting.resolve();
    }
  }

  /** A batch was written. @param served callers who are answered now @param waiting callers who came meanwhile */
  served(served: number, waiting: number): void {
    this.#size = served + waiting;
  }
}
