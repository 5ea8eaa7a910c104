/** Remembers which values conform to which definitions, so that resources that refer to each other are looked at once each. */
import type { TypeBook } from './element-rules.ts';

/** Answers of one validation. */
export class Held {
  readonly #answers = new Map<unknown, Map<TypeBook, boolean>>();
  /** what was found to conform, in that order: it may rest on what is still being asked */
  readonly #found: (readonly [value: unknown, book: TypeBook])[] = [];

  /**
   * While a value is held against a definition it counts as conforming: where resources refer to each other in a ring, each
   * conforms when all of them do. If it does not after all, what was found meanwhile is forgotten.
   * @param ask whether the value conforms
   */
  against(value: unknown, book: TypeBook, ask: () => boolean): boolean {
    const answers = this.#answers.get(value) ?? new Map<TypeBook, boolean>();
    this.#answers.set(value, answers);
    const known = answers.get(book);
    if (known !== undefined) return known;
    const before = this.#found.length;
    answers.set(book, true);
    try {
      const conforms = ask();
      if (conforms) this.#found.push([value, book]);
      else for (const [other, one] of this.#found.splice(before)) this.#answers.get(other)?.delete(one);
      answers.set(book, conforms);
      return conforms;
    } catch (error) {
      answers.delete(book);
      throw error;
    }
  }

  /** Takes the value to conform while the body runs, which says why it does not. */
  explaining(value: unknown, book: TypeBook, body: () => void): void {
    const answers = this.#answers.get(value) ?? new Map<TypeBook, boolean>();
    this.#answers.set(value, answers);
    const known = answers.get(book);
    answers.set(book, true);
    body();
    if (known === undefined) answers.delete(book);
    else answers.set(book, known);
  }
}
