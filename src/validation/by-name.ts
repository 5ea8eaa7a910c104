/** Keeps what was found by names that data may hold: there is no end of those, so only so many are kept, and no long ones. */

/** Longest name that is kept, in characters: canonicals of real definitions stay under 200. */
const LONGEST_NAME = 1_000;

export class ByName<Found> {
  readonly #most: number;
  readonly #found = new Map<string, Found>();

  /** @param most names that are kept; when there are more, all are looked for anew */
  constructor(most: number) {
    this.#most = most;
  }

  has(name: string): boolean {
    return this.#found.has(name);
  }

  get(name: string): Found | undefined {
    return this.#found.get(name);
  }

  keep(name: string, found: Found): void {
    if (name.length > LONGEST_NAME) return;
    if (this.#found.size >= this.#most) this.#found.clear();
    this.#found.set(name, found);
  }
}
