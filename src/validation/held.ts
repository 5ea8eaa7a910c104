/** Remembers which values are sound and which definitions they conform to, so that what refers to itself is looked at once. */
import type { TypeBook } from './element-rules.ts';

/** A definition that a value is held against; undefined: the value alone, by its type and what it claims. */
type Question = TypeBook | undefined;

/** Answers of one validation. */
export class Held {
  readonly #answers = new Map<unknown, Map<Question, boolean>>();
  /** what was found to be good, in that order: it may rest on what is still being asked */
  readonly #found: (readonly [value: unknown, question: Question])[] = [];

  /**
   * While a value is held against a definition it counts as conforming: where resources refer to each other in a ring, each
   * conforms when all of them do. If it does not after all, what was found good meanwhile is forgotten. What was found
   * faulty stays so: a fault among values that were all taken for good is one without them too.
   * @param ask whether the value conforms
   */
  against(value: unknown, book: TypeBook, ask: () => boolean): boolean {
    const answers = this.#of(value);
    const known = answers.get(book);
    if (known !== undefined) return known;
    const before = this.#found.length;
    answers.set(book, true);
    let conforms = false;
    try {
      conforms = ask();
      return conforms;
    } finally {
      if (conforms) this.#found.push([value, book]);
      else this.#forget(before);
      answers.set(book, conforms);
    }
  }

  /**
   * Each definition around a resource or an extension asks of it again, and so on at every level: it is looked at once. An
   * answer that rests on what is still being held against something is forgotten with that.
   * @param ask whether the value is sound by its type and what it claims
   */
  alone(value: unknown, ask: () => boolean): boolean {
    const answers = this.#of(value);
    const known = answers.get(undefined);
    if (known !== undefined) return known;
    const isSound = ask();
    answers.set(undefined, isSound);
    if (isSound) this.#found.push([value, undefined]);
    return isSound;
  }

  /** Takes the value to conform while the body runs, which says why it does not. */
  explaining(value: unknown, book: TypeBook, body: () => void): void {
    const answers = this.#of(value);
    const known = answers.get(book);
    const before = this.#found.length;
    answers.set(book, true);
    body();
    if (known === undefined) answers.delete(book);
    else answers.set(book, known);
    if (known !== true) this.#forget(before);
  }

  #of(value: unknown): Map<Question, boolean> {
    const answers = this.#answers.get(value) ?? new Map<Question, boolean>();
    this.#answers.set(value, answers);
    return answers;
  }

  #forget(from: number): void {
    for (const [value, question] of this.#found.splice(from)) this.#answers.get(value)?.delete(question);
  }
}
