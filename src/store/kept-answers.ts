/** Answers of services that are asked the same again and again (ODS, PDS), kept over restarts with the time they were had. */

export interface KeptAnswer {
  /** as it was kept: JSON text by habit */
  readonly answer: string;
  readonly askedMs: number;
  readonly untilMs: number;
}

export interface AnswerStore {
  /** @returns what was kept, however old: whoever asks says whether it still counts */
  get(service: string, question: string): Promise<KeptAnswer | undefined>;
  /** @param question must hold no patient value */
  keep(
    service: string,
    question: string,
    kept: { readonly answer: string; readonly untilMs: number },
    nowMs: number,
  ): Promise<void>;
  /**
   * Keeps an answer unless one is there that is still good: of several who try at once, in whatever process, one does.
   * @returns whether it was kept
   */
  keepOnce(
    service: string,
    question: string,
    kept: { readonly answer: string; readonly untilMs: number },
    nowMs: number,
  ): Promise<boolean>;
  /** Takes out what is no longer good. @returns how many */
  forget(service: string, untilBeforeMs: number): Promise<number>;
}
