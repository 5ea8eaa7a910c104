/** Finds the answers that a condition means: of several occurrences of a question, the nearest. */
import { jsonOf, listOf, textOf } from '../json-parts.ts';
import { DEEPEST, type Json } from '../run.ts';

/** An item of the response, and those around it. */
export interface Scope {
  readonly linkId: string;
  readonly item: Json;
  readonly around: Scope | undefined;
}

/** Where an item is, or would be. */
export interface Spot {
  /** items around it, innermost first */
  readonly around: Scope | undefined;
  /** the item; where it is missing, what it would stand in, at the end */
  readonly at: Json;
  readonly isMissing: boolean;
}

/** Order of the document: where an item or an answer begins, and where what is below it ends. */
interface Span {
  readonly start: number;
  end: number;
}

/** Answers looked at, conditions asked, required items looked for: no real response comes near, and hostile ones end there. */
const MOST_STEPS = 1_000_000;

export class Places {
  readonly #spans = new Map<Json, Span>();
  /** occurrences of the questions asked for, in the order of the document */
  readonly #asked = new Map<string, { readonly item: Json; readonly start: number }[]>();
  #next = 0;
  #left = MOST_STEPS;

  /** @param asked linkIds that conditions ask for */
  constructor(response: Json, asked: ReadonlySet<string>) {
    if (asked.size > 0) this.#number(response.item, asked, 0);
  }

  /** @returns false when the work that one response may make is used up */
  take(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }

  /**
   * @param spot of the item that the condition is on
   * @returns answers, none where the question does not occur; undefined when there are more than may be looked at
   * @source hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen.question
   */
  answersTo(question: string, spot: Spot): readonly Json[] | undefined {
    const item = this.#nearest(question, spot);
    const answers = Array.isArray(item?.answer) ? item.answer : [];
    return this.take(answers.length + 1) ? listOf(answers) : undefined;
  }

  #nearest(question: string, { around, at, isMissing }: Spot): Json | undefined {
    for (let scope = around; scope; scope = scope.around) if (scope.linkId === question) return scope.item;
    const all = this.#asked.get(question) ?? [];
    const span = this.#spans.get(at);
    const place = span === undefined ? this.#next : isMissing ? span.end : span.start;
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (all[middle]!.start < place) low = middle + 1;
      else high = middle;
    }
    return (all[low - 1] ?? all.find(({ item }) => item !== at))?.item;
  }

  #number(list: unknown, asked: ReadonlySet<string>, depth: number): void {
    if (!Array.isArray(list) || depth > DEEPEST) return;
    for (const one of list) {
      const item = jsonOf(one);
      if (!item) continue;
      const span = this.#begin(item);
      const linkId = textOf(item.linkId);
      if (linkId !== undefined && asked.has(linkId)) {
        const known = this.#asked.get(linkId);
        if (known) known.push({ item, start: span.start });
        else this.#asked.set(linkId, [{ item, start: span.start }]);
      }
      this.#number(item.item, asked, depth + 1);
      for (const answer of listOf(item.answer)) {
        const within = this.#begin(answer);
        this.#number(answer.item, asked, depth + 1);
        within.end = this.#next;
      }
      span.end = this.#next;
    }
  }

  #begin(value: Json): Span {
    const span = { start: this.#next, end: this.#next };
    this.#next++;
    this.#spans.set(value, span);
    return span;
  }
}
