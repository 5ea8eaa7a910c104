/** Keeps answers for a time each, a bounded number of them: the ones asked for longest ago go first. */
export class AnswerCache<Answer> {
  readonly #most: number;
  /** in the order they were last asked for */
  readonly #kept = new Map<string, { readonly answer: Answer; readonly untilMs: number }>();

  /** @param most answers that are kept */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** @returns the answer, boxed because it may be undefined itself; undefined when there is none or its time is over */
  get(question: string, nowMs: number): { readonly answer: Answer } | undefined {
    const found = this.#kept.get(question);
    if (!found) return undefined;
    this.#kept.delete(question);
    if (found.untilMs <= nowMs) return undefined;
    this.#kept.set(question, found);
    return found;
  }

  set(question: string, answer: Answer, untilMs: number): void {
    this.#kept.delete(question);
    if (this.#kept.size >= this.#most) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    this.#kept.set(question, { answer, untilMs });
  }
}
