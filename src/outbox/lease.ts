/** Ends what is done under a claim before the claim runs out, also where the machine stood still meanwhile and no timer could run. */

export interface LeaseOptions {
  readonly clock: () => number;
  /** the work has to end within this time */
  readonly ms: number;
  /** ends it early */
  readonly halt: AbortSignal;
}

/**
 * A machine that stood still runs what had become ready in any order: an answer that came may be acted upon before the
 * timer that is long overdue. So the signal counts as aborted as soon as the clock says so.
 */
export class Lease {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #halt: AbortSignal;
  readonly #end: () => void;

  constructor({ clock, ms, halt }: LeaseOptions) {
    const over = new AbortController();
    const untilMs = clock() + ms;
    this.#end = () => over.abort();
    this.#timer = setTimeout(this.#end, ms);
    this.#halt = halt;
    halt.addEventListener('abort', this.#end);
    if (halt.aborted) this.#end();
    this.signal = new Proxy(over.signal, {
      get(signal, name) {
        if (name === 'aborted' && !signal.aborted && clock() >= untilMs) over.abort();
        const member: unknown = Reflect.get(signal, name, signal);
        return typeof member === 'function' ? member.bind(signal) : member;
      },
    });
  }

  /** The work is done: nothing is to be ended any more. */
  release(): void {
    clearTimeout(this.#timer);
    this.#halt.removeEventListener('abort', this.#end);
  }
}
