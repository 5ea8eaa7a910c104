/** Turns score Observations into the course of each score: baseline, last, change, and what the change means where that is published. */
import type { Observation } from '@medplum/fhirtypes';
import { scoreCodeOf } from '../given-scores.ts';
import type { Instrument, ScoreDefinition } from '../instrument.ts';
import { INSTRUMENTS } from '../instruments.ts';
import type { ScoreCourse, ScorePoint } from './content.ts';
import { type Displays, figure, momentOf, nameOfConcept, ukDateOf } from './words.ts';

const DEFINITIONS = new Map(
  INSTRUMENTS.flatMap((instrument) =>
    instrument.scores.map((score) => [score.code, { instrument, score }] as const),
  ),
);
const NOT_SAID: ReadonlySet<string> = new Set(['entered-in-error', 'cancelled', 'registered']);

/** @returns courses in the order of the table of instruments; scores without a number or a date are left out */
export function scoreCourses(
  observations: readonly Observation[],
  displays: Displays,
): readonly ScoreCourse[] {
  const points = new Map<string, ScorePoint[]>();
  for (const observation of observations) {
    const code = NOT_SAID.has(observation.status) ? undefined : scoreCodeOf(observation.code);
    const point = pointOf(observation, displays);
    if (code !== undefined && point !== undefined) points.set(code, [...(points.get(code) ?? []), point]);
  }
  return [...DEFINITIONS].flatMap(([code, known]) => {
    const found = points.get(code);
    return found
      ? [
          courseOf(
            known,
            found.toSorted((a, b) => a.atMs - b.atMs),
          ),
        ]
      : [];
  });
}

function pointOf(
  { valueQuantity, valueInteger, effectiveDateTime, interpretation }: Observation,
  displays: Displays,
): ScorePoint | undefined {
  const value = valueQuantity?.value ?? valueInteger;
  const atMs = momentOf(effectiveDateTime);
  if (value === undefined || atMs === undefined) return undefined;
  const band = nameOfConcept(interpretation?.[0], displays);
  return { value, atMs, date: ukDateOf(atMs)!, ...(band === undefined ? {} : { band }) };
}

function courseOf(
  { instrument, score }: { readonly instrument: Instrument; readonly score: ScoreDefinition },
  points: readonly ScorePoint[],
): ScoreCourse {
  const [low, high] = rangeOf(instrument, score);
  const reading = score.higherIs === undefined ? undefined : `higher is ${score.higherIs}`;
  const change =
    points.length < 2 ? undefined : Math.round((points.at(-1)!.value - points[0]!.value) * 100) / 100;
  const meaning = change === undefined ? undefined : meaningOf(score, change);
  return {
    code: score.code,
    name: score.display,
    low,
    high,
    points,
    ...(reading === undefined ? {} : { reading }),
    ...(change === undefined ? {} : { change }),
    ...(meaning === undefined ? {} : { meaning }),
  };
}

/** Only where a threshold is published is a change called meaningful, or not. */
function meaningOf({ higherIs, meaningfulChange }: ScoreDefinition, change: number): string | undefined {
  if (higherIs === undefined || meaningfulChange === undefined) return undefined;
  const { some, reliable } = meaningfulChange;
  const size = Math.abs(change);
  const way = change > 0 === (higherIs === 'better') ? 'better' : 'worse';
  if (reliable !== undefined && size >= reliable)
    return `${way}: a reliable change (${figure(reliable)} or more)`;
  if (some !== undefined && size >= some) return `${way}: some change (${figure(some)} or more)`;
  return `less than a meaningful change (${figure(some ?? reliable!)})`;
}

/** @returns lowest and highest value that a score can have */
function rangeOf({ items }: Instrument, { rule }: ScoreDefinition): readonly [low: number, high: number] {
  const named = (linkId: string) => items.find((item) => item.linkId === linkId);
  switch (rule.kind) {
    case 'sum': {
      const used = rule.items.flatMap((linkId) => named(linkId) ?? []);
      return [used.reduce((sum, { min }) => sum + min, 0), used.reduce((sum, { max }) => sum + max, 0)];
    }
    case 'converted-sum': {
      const values = [...rule.table.values()];
      return [Math.min(...values), Math.max(...values)];
    }
    case 'answer':
      return [named(rule.item)?.min ?? 0, named(rule.item)?.max ?? 1];
    case 'count':
      return [0, rule.counting.length];
    default:
      return [0, 1];
  }
}
