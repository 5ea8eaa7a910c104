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

/** What is left to all evaluations of the run around them; outside of any there is no limit. */
const whole = { visits: Number.POSITIVE_INFINITY, characters: Number.POSITIVE_INFINITY };

type Counts = Pick<Limits, 'visits' | 'built'>;

/** Runs one evaluation with a count of its own; that of an evaluation around it goes on afterwards. */
export function counted<A, B, R>(limits: Counts, run: (a: A, b: B) => R, a: A, b: B): R {
  const { visits, characters } = left;
  const mostVisits = Math.min(limits.visits, whole.visits);
  const mostCharacters = Math.min(limits.built, whole.characters);
  left.visits = mostVisits;
  left.characters = mostCharacters;
  try {
    return run(a, b);
  } finally {
    whole.visits -= mostVisits - left.visits;
    whole.characters -= mostCharacters - left.characters;
    left.visits = visits;
    left.characters = characters;
  }
}

/** Runs what evaluates many times, a map with a condition in a loop: all its evaluations together keep to the limits. */
export function countedTogether<R>(limits: Counts, run: () => R): R {
  const { visits, characters } = whole;
  whole.visits = limits.visits;
  whole.characters = limits.built;
  try {
    return run();
  } finally {
    whole.visits = visits;
    whole.characters = characters;
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
