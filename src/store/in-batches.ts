/** Turns what is asked for at the same time into one question, for what costs about as much for many as for one. */

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/** While a batch is on its way, what comes goes together in the next one. */
export class InBatches<Asked, Answer> {
  readonly #most: number;
  readonly #ask: (all: readonly Asked[]) => Promise<readonly Answer[]>;
  #waiting: Waiting<Asked, Answer>[] = [];
  #isUnderWay = false;

  /** @param most of a batch @param ask answers a batch, in its order; what it throws, all of the batch are told */
  constructor(most: number, ask: (all: readonly Asked[]) => Promise<readonly Answer[]>) {
    this.#most = most;
    this.#ask = ask;
  }

  /** @param asked begins its way at the end of this turn of the event loop, or once the batch before is answered */
  add(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      if (this.#isUnderWay) return;
      this.#isUnderWay = true;
      setImmediate(() => void this.#next());
    });
  }

  async #next(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, this.#most);
      try {
        const answers = await this.#ask(taken.map(({ asked }) => asked));
        for (const [at, { resolve }] of taken.entries()) resolve(answers[at]!);
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    this.#isUnderWay = false;
  }
}
