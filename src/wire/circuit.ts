/** A circuit breaker for one server: after several failures in a row nothing is sent for a while, then one probe decides. */

export interface CircuitOptions {
  /** failures in a row that open it; default 5 */
  readonly failures?: number;
  /** first pause; doubles while probes fail; default 5 s */
  readonly firstPauseMs?: number;
  /** default 5 min */
  readonly longestPauseMs?: number;
}

export type CircuitState = 'closed' | 'open' | 'half-open';

/** closed → open on the last failure; open → half-open when the pause is over and a probe is let through; half-open → closed or open. */
export class Circuit {
  readonly #mostFailures: number;
  readonly #firstPauseMs: number;
  readonly #longestPauseMs: number;
  #failures = 0;
  #openings = 0;
  #openUntilMs = 0;
  #state: CircuitState = 'closed';

  constructor(options: CircuitOptions = {}) {
    this.#mostFailures = options.failures ?? 5;
    this.#firstPauseMs = options.firstPauseMs ?? 5_000;
    this.#longestPauseMs = options.longestPauseMs ?? 300_000;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** @returns milliseconds until something may be sent: 0 now, undefined while the probe's end is awaited */
  waitMs(nowMs: number): number | undefined {
    if (this.#state === 'closed') return 0;
    if (this.#state === 'half-open') return undefined;
    const leftMs = Math.max(0, this.#openUntilMs - nowMs);
    return leftMs > this.#longestPauseMs ? 0 : leftMs; // the clock went back: no pause is that long
  }

  /** Call when something is about to be sent, after `waitMs` gave 0: when open, this is the probe. */
  begin(): void {
    if (this.#state === 'open') this.#state = 'half-open';
  }

  /** Call when nothing was to be sent after all: the next one is the probe. */
  cancel(): void {
    if (this.#state === 'half-open') this.#state = 'open';
  }

  succeeded(): void {
    this.#state = 'closed';
    this.#failures = 0;
    this.#openings = 0;
  }

  failed(nowMs: number): void {
    this.#failures += 1;
    if (this.#state === 'closed' && this.#failures < this.#mostFailures) return;
    // Groups sent before it opened may still fail; they must not lengthen the pause.
    if (this.#state === 'open') return;
    const pauseMs = Math.min(this.#longestPauseMs, this.#firstPauseMs * 2 ** this.#openings);
    this.#openings += 1;
    this.#openUntilMs = nowMs + pauseMs;
    this.#state = 'open';
  }
}
