/** Counts what one compilation writes, and refuses maps that would become more code, or deeper code, than the limits allow. */
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import type { Limits } from './limits.ts';

export class Budget {
  readonly #limits: Limits;
  #names = 0;
  #characters = 0;
  #depth = 0;
  /** the rule or group that is being compiled: `referral.map:12:3 (rule "id")` */
  reached = '';

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @returns a name that no other variable of the compilation has */
  name(): string {
    this.#names += 1;
    return `v${this.#names}`;
  }

  /**
   * Counts characters of code; work that may leave none is counted as if it left some, for it costs time too.
   * @throws AdapterError `map-too-large`
   */
  spend(characters: number): void {
    const { code } = this.#limits;
    this.#characters += characters;
    if (this.#characters > code)
      throw this.#refusal(`compile to more than ${code} characters; make groups call each other less often`);
  }

  /**
   * Writes something one level deeper.
   * @throws AdapterError `map-too-large` for depth that JavaScript could not follow
   */
  within<T>(write: () => T): T {
    const { nesting } = this.#limits;
    if (this.#depth >= nesting)
      throw this.#refusal(`nest deeper than ${nesting} levels; let groups, rules and paths go less deep`);
    this.#depth += 1;
    const written = write();
    this.#depth -= 1;
    return written;
  }

  /**
   * Writes all that belongs together.
   * @throws AdapterError `map-too-large` where JavaScript's own stack ends first: a wide limit, or a deep caller
   */
  guarded<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.#refusal('nest deeper than JavaScript can follow; let groups, rules and paths go less deep');
    }
  }

  #refusal(what: string): AdapterError {
    const diagnostics = `${this.reached}: here the maps ${what}`;
    return new AdapterError('permanent', issueOf({ rule: 'map-too-large', code: 'too-costly', diagnostics }));
  }
}
