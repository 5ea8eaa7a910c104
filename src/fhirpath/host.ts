/** What an expression asks of its caller: references, terminology, profiles and the trace. All of it is synchronous. */

export interface Host {
  /**
   * Finds the resource that a reference points to; undefined leaves the reference out. Contained resources are found without it, and
   * `resolve() is X` asks only where the reference names no type.
   */
  readonly resolve?: (reference: string) => unknown;
  /** @param coded a code, Coding or CodeableConcept, as JSON @returns undefined when the value set is not known: the answer is empty */
  readonly memberOf?: (coded: unknown, valueSet: string) => boolean | undefined;
  /** whether the first, a Coding or CodeableConcept, is the second or above it; undefined when that is not known */
  readonly subsumes?: (general: unknown, specific: unknown) => boolean | undefined;
  /** @returns undefined when there is no such profile: the expression ends in an error */
  readonly conformsTo?: (item: unknown, profile: string) => boolean | undefined;
  /** receives what `trace()` sees; the values may be a patient's, so no trace is written where this is absent */
  readonly trace?: (name: string, values: readonly unknown[]) => void;
}

/** Functions that exist only where the caller gives their answers, and what they need. */
export const HOST_NEEDS = {
  resolve: 'a function that resolves references (option resolve); without one only resolve() is X works',
  memberOf: 'a terminology (option memberOf)',
  subsumes: 'a terminology (option subsumes)',
  conformsTo: 'a validator (option conformsTo)',
} as const;
