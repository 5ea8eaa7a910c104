/** Bounds what an expression may cost: its text before it is compiled, its steps while it runs. */
import { EvaluationFault } from './fault.ts';

/** All are at least 1; what goes over one is refused with `fhirpath-limit`, or ends in `fhirpath-evaluation` where it runs. */
export interface Limits {
  /** characters of an expression */
  readonly text: number;
  /** levels that an expression nests */
  readonly depth: number;
  /** pieces of JavaScript that an expression may become */
  readonly pieces: number;
  /** items that one evaluation may visit, each time that it visits them: a product of three collections counts all its triples */
  readonly visits: number;
  /** characters that one evaluation may build, all its texts together */
  readonly built: number;
}

export const DEFAULT_LIMITS: Limits = {
  text: 16_384,
  depth: 200,
  pieces: 50_000,
  visits: 10_000_000,
  built: 50_000_000,
};

/** What is left to the evaluation that runs; outside of any there is no limit. Evaluations are synchronous: one place is enough. */
const left = { visits: Number.POSITIVE_INFINITY, characters: Number.POSITIVE_INFINITY };

/**
 * Runs one evaluation, or something that evaluates many times, with a count of its own. What is counted within it counts
 * in what is around it too, and ends where that ends: a map that evaluates in a loop is bounded as a whole.
 */
export function counted<A, B, R>(
  limits: Pick<Limits, 'visits' | 'built'>,
  run: (a: A, b: B) => R,
  a: A,
  b: B,
): R {
  const { visits, characters } = left;
  const mostVisits = Math.min(limits.visits, visits);
  const mostCharacters = Math.min(limits.built, characters);
  left.visits = mostVisits;
  left.characters = mostCharacters;
  try {
    return run(a, b);
  } finally {
    left.visits = visits - (mostVisits - left.visits);
    left.characters = characters - (mostCharacters - left.characters);
  }
}

/** Counts visited items, before the work is done. @throws EvaluationFault when the evaluation has visited too many */
export function visit(items: number): void {
  left.visits -= items;
  if (left.visits < 0)
    throw new EvaluationFault(
      'more items are visited than the limit allows; narrow the path, or raise limits.visits',
    );
}

/** Counts the characters of a text before it is built. @throws EvaluationFault when the evaluation has built too many */
export function build(characters: number): void {
  left.characters -= characters;
  if (left.characters < 0)
    throw new EvaluationFault('more text is built than the limit allows; shorten it, or raise limits.built');
}
