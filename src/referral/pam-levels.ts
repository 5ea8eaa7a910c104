/** Turns a given PAM score and level into the question whether they agree; never computes a level. */
import type { Answers } from './answers.ts';

/** Upper ends of levels 1 to 3 on the 0-100 score, by the version of the scorer. */
interface PamLevels {
  /** as a site writes it into `scorer-version` */
  readonly scorer: string;
  /** checked against a published source */
  readonly verified: boolean;
  readonly upper: readonly [number, number, number];
}

/** @source sralab.org, Patient Activation Measure (72.4); the earlier limit of level 3 is 67.0 */
const PAM_LEVELS: readonly PamLevels[] = [
  { scorer: '72.4', verified: true, upper: [47, 55.1, 72.4] },
  { scorer: '67.0', verified: false, upper: [47, 55.1, 67] },
];

/** @returns true when the level is not that of the score under the scorer named, or under none where none we know is named */
export function pamLevelDisagrees(answers: Answers): boolean {
  const score = answers.numbers.get('score');
  const level = answers.numbers.get('level');
  if (score === undefined || level === undefined) return false;
  const named = PAM_LEVELS.filter(({ scorer }) => scorer === answers.words.get('scorer-version'));
  const candidates = named.length > 0 ? named : PAM_LEVELS;
  return candidates.every(({ upper }) => levelOf(score, upper) !== level);
}

function levelOf(score: number, upper: readonly number[]): number {
  return 1 + upper.filter((limit) => score > limit).length;
}
