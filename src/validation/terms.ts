/** Answers for coded values: in a value set, not in it, or not to be told here. */
import { ByName } from './by-name.ts';
import type { Binding } from './element-rules.ts';
import type { Json } from './run.ts';
import type { CodeTest, Terminology } from './terminology/terminology.ts';

/** One code of a value. */
export interface Coded {
  readonly system: string | undefined;
  readonly code: string;
}

type System = NonNullable<ReturnType<Terminology['codeSystem']>>;

/** Code systems that are remembered, known or not. */
const MOST_SYSTEMS = 1_000;

export class Terms {
  readonly #terminology: Terminology;
  readonly #whole = new ByName<System | undefined>(MOST_SYSTEMS);

  constructor(terminology: Terminology) {
    this.#terminology = terminology;
  }

  /** @returns the system where all of its codes are here */
  #wholeSystem(system: string): System | undefined {
    const found = this.#terminology.codeSystem(system);
    const whole = found?.isComplete ? found : undefined;
    this.#whole.keep(system, whole);
    return whole;
  }

  codes(valueSet: string): CodeTest {
    return this.#terminology.codes(valueSet);
  }

  /** @returns whether a code, Coding, CodeableConcept or Quantity is in the set; undefined when that is not known here */
  isIn(value: unknown, valueSet: string): boolean | undefined {
    return inSet(codesOf(value), this.codes(valueSet));
  }

  /** @returns false when a system that is here whole does not have the code */
  isKnown({ system, code }: Coded): boolean {
    if (system === undefined) return true;
    const whole = this.#whole.has(system) ? this.#whole.get(system) : this.#wholeSystem(system);
    return whole === undefined || whole.has(code) !== false;
  }
}

/** @returns true when any code is in the set, false when none is; undefined when none is for sure, and some may be */
export function inSet(codes: readonly Coded[], test: CodeTest): boolean | undefined {
  let answer: boolean | undefined = false;
  for (const { system, code } of codes) {
    const one = test.has(system, code);
    if (one === true) return true;
    if (one === undefined) answer = undefined;
  }
  return answer;
}

/** @returns the codes of a code, Coding, CodeableConcept or Quantity; none for a text alone */
export function codesOf(value: unknown): readonly Coded[] {
  if (typeof value === 'string') return [{ system: undefined, code: value }];
  if (typeof value !== 'object' || value === null) return [];
  const { coding, code, system } = value as Json;
  if (Array.isArray(coding)) return coding.length === 1 ? codesOf(coding[0]) : coding.flatMap(codesOf);
  if (typeof code !== 'string') return [];
  return [{ system: typeof system === 'string' ? system : '', code }];
}

/** @returns true when a binding has nothing to say of the value: a text without codes, where codes are not required */
export function isUncoded(codes: readonly Coded[], { strength }: Pick<Binding, 'strength'>): boolean {
  return codes.length === 0 && strength !== 'required';
}
