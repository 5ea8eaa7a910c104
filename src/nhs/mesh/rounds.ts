/** Repeats a piece of work, one round after the other, until it is stopped. */

export interface Rounds {
  start(): void;
  /** Begins the next round at once. */
  wake(): void;
  /** @returns when the round under way has ended */
  stop(): Promise<void>;
}

/**
 * @param round says whether the next begins at once; what it throws is its own to tell of
 * @param signal aborted before `stop`
 */
export function createRounds(round: () => Promise<boolean>, everyMs: number, signal: AbortSignal): Rounds {
  let timer: NodeJS.Timeout | undefined;
  let isWoken = false;
  let running: Promise<void> = Promise.resolve();
  const begin = (): void => {
    timer = undefined;
    isWoken = false;
    running = round().then((isMore) => {
      if (!signal.aborted) timer = setTimeout(begin, isMore || isWoken ? 0 : everyMs);
    });
  };
  return {
    start: begin,
    wake() {
      isWoken = true;
      if (timer === undefined || signal.aborted) return; // a round is under way, or none was begun
      clearTimeout(timer);
      begin();
    },
    async stop() {
      clearTimeout(timer);
      await running;
    },
  };
}
