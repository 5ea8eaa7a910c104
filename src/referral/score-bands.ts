/** The published bands of scores, and the table that turns a raw SWEMWBS sum into a metric score. */
import type { Band } from './instrument.ts';

/** @returns bands that follow one another from `low`, each up to its own limit */
function bands(
  low: number,
  ...limits: readonly (readonly [high: number, code: string, display: string])[]
): Band[] {
  return limits.map(([high, code, display], at) => ({
    code,
    display,
    low: at === 0 ? low : limits[at - 1]![0] + 1,
    high,
  }));
}

const SWEMWBS_LOWEST_RAW = 7;
/**
 * SWEMWBS: raw sum 7-35 to metric score.
 * @source University of Warwick, SWEMWBS raw score to metric score conversion table
 */
export const SWEMWBS_METRIC: ReadonlyMap<number, number> = new Map(
  [
    7, 9.51, 11.25, 12.4, 13.33, 14.08, 14.75, 15.32, 15.84, 16.36, 16.88, 17.43, 17.98, 18.59, 19.25, 19.98,
    20.73, 21.54, 22.35, 23.21, 24.11, 25.03, 26.02, 27.03, 28.13, 29.31, 30.7, 32.55, 35,
  ].map((metric, at) => [SWEMWBS_LOWEST_RAW + at, metric]),
);

/** Life satisfaction, worthwhile and happiness. @source Office for National Statistics, personal well-being thresholds */
export const ONS_WELLBEING = bands(
  0,
  [4, 'low', 'Low'],
  [6, 'medium', 'Medium'],
  [8, 'high', 'High'],
  [10, 'very-high', 'Very high'],
);
/** @source Office for National Statistics, personal well-being thresholds */
export const ONS_ANXIETY = bands(
  0,
  [1, 'very-low', 'Very low'],
  [3, 'low', 'Low'],
  [5, 'medium', 'Medium'],
  [10, 'high', 'High'],
);

export const UCLA_3 = bands(3, [5, 'not-lonely', 'Not lonely'], [9, 'lonely', 'Lonely']);

/** The direct measure has no score: its answers are its bands. */
export const LONELINESS_DIRECT = bands(
  1,
  [1, 'often-always', 'Often or always'],
  [2, 'some-of-the-time', 'Some of the time'],
  [3, 'occasionally', 'Occasionally'],
  [4, 'hardly-ever', 'Hardly ever'],
  [5, 'never', 'Never'],
);

/** @source Van Tilburg and De Jong Gierveld, manual of the loneliness scale, 1999 */
export const DEJONG_GIERVELD_TOTAL = bands(
  0,
  [1, 'not-lonely', 'Not lonely'],
  [4, 'moderately-lonely', 'Moderately lonely'],
  [6, 'severely-lonely', 'Severely lonely'],
);
export const DEJONG_GIERVELD_SUBSCALE = bands(0, [0, 'not-lonely', 'Not lonely'], [3, 'lonely', 'Lonely']);

/** @source Kroenke, Spitzer and Williams, PHQ-9, 2001 */
export const PHQ_9 = bands(
  0,
  [4, 'minimal', 'None or minimal'],
  [9, 'mild', 'Mild'],
  [14, 'moderate', 'Moderate'],
  [19, 'moderately-severe', 'Moderately severe'],
  [27, 'severe', 'Severe'],
);

/** @source Spitzer, Kroenke, Williams and Löwe, GAD-7, 2006 */
export const GAD_7 = bands(
  0,
  [4, 'minimal', 'Minimal'],
  [9, 'mild', 'Mild'],
  [14, 'moderate', 'Moderate'],
  [21, 'severe', 'Severe'],
);
