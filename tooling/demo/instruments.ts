/** Turns chance into questionnaires answered at the start and again later, most people a little better the second time. */
import type { Random } from './random.ts';

/** The eleven instruments of the demo, by the ids of `profiles/questionnaires`. */
export const INSTRUMENTS = [
  'swemwbs',
  'wemwbs',
  'ons4',
  'ucla-3',
  'loneliness-direct',
  'phq-9',
  'gad-7',
  'pam',
  'eq-5d-5l',
  'mycaw',
  'dejong-gierveld-6',
] as const;
export type Instrument = (typeof INSTRUMENTS)[number];

/** An answer: a number, a code, the person's own words; `refused` where they would not say. Absent where left blank. */
export type Answer = number | string;

/** One person's form: answers by position from 0, and what comes beside them. */
export interface Answers {
  readonly items: readonly (Answer | undefined)[];
  /** PAM only: score and level as the licensed service returned them; EQ-5D-5L: the health scale 0-100 */
  readonly score?: number;
  readonly level?: number;
  /** MYCaW only: the concerns in the person's own words */
  readonly concerns?: readonly string[];
}

interface Shape {
  readonly items: number;
  readonly low: number;
  readonly high: number;
  /** true where a higher answer is better; per item where they differ */
  readonly better: (item: number) => boolean;
}

const up = (): boolean => true;
const down = (): boolean => false;
const SHAPES: Readonly<Partial<Record<Instrument, Shape>>> = {
  swemwbs: { items: 7, low: 1, high: 5, better: up },
  wemwbs: { items: 14, low: 1, high: 5, better: up },
  ons4: { items: 4, low: 0, high: 10, better: (item) => item < 3 },
  'ucla-3': { items: 3, low: 1, high: 3, better: down },
  'phq-9': { items: 9, low: 0, high: 3, better: down },
  'gad-7': { items: 7, low: 0, high: 3, better: down },
  'eq-5d-5l': { items: 5, low: 1, high: 5, better: down },
  mycaw: { items: 3, low: 0, high: 6, better: down },
};

/** From the loneliest answer to the least lonely. */
const DIRECT = ['often-always', 'some-of-the-time', 'occasionally', 'hardly-ever', 'never'] as const;
const YES_NO = ['yes', 'more-or-less', 'no'] as const;
/** What sources write for the answers that people tick as words, in the order in which the forms print them. */
export const ORDINALS: Readonly<Record<string, number>> = {
  'often-always': 1,
  'some-of-the-time': 2,
  occasionally: 3,
  'hardly-ever': 4,
  never: 5,
  yes: 1,
  'more-or-less': 2,
  no: 3,
};

/** De Jong Gierveld: the first three items are worded negatively, the last three positively. */
const DJG_NEGATIVE = 3;

/** Position of PHQ-9's last question. */
const PHQ_SELF_HARM = 8;

const CONCERNS = [
  'Sleeping badly since moving',
  'Nobody to talk to in the evenings',
  'Letters about money I do not open',
  'Pain in my knees, so I stay in',
  'Worry about my mother',
  'Getting back to work',
] as const;

/** @param times how often the form is filled in @returns that many forms, the first the baseline */
export function answersOverTime(random: Random, instrument: Instrument, times: number): Answers[] {
  const start = random.between(15, 55);
  const gain = random.weighted([
    [-8, 15],
    [6, 35],
    [18, 35],
    [30, 15],
  ]);
  const concerns = instrument === 'mycaw' ? random.some(CONCERNS, 2) : undefined;
  return Array.from({ length: times }, (_, at) => {
    const wellness = Math.min(95, Math.max(5, start + at * gain));
    const form = answersAt(random, instrument, wellness);
    return concerns ? { ...form, concerns } : form;
  });
}

/** @param wellness 0-100, how well the person is */
function answersAt(random: Random, instrument: Instrument, wellness: number): Answers {
  const felt = (): number => Math.min(99, Math.max(0, wellness + random.between(-15, 15)));
  if (instrument === 'pam') return activation(wellness);
  if (instrument === 'loneliness-direct') return { items: [DIRECT[Math.floor(felt() / 20)]!] };
  if (instrument === 'dejong-gierveld-6')
    return {
      items: Array.from({ length: 6 }, (_, item) => {
        const step = Math.floor(felt() / 34);
        return YES_NO[item < DJG_NEGATIVE ? step : 2 - step]!;
      }),
    };
  const shape = SHAPES[instrument]!;
  const items = Array.from({ length: shape.items }, (_, item): Answer | undefined => {
    if (random.below(200) === 0) return 'refused';
    if (random.below(200) === 0) return undefined;
    // thoughts of self-harm are rare, and each report of them raises a flag
    if (instrument === 'phq-9' && item === PHQ_SELF_HARM && random.chance(92)) return 0;
    const step = Math.floor((felt() * (shape.high - shape.low + 1)) / 100);
    return shape.better(item) ? shape.low + step : shape.high - step;
  });
  return instrument === 'eq-5d-5l' ? { items, score: felt() } : { items };
}

/** Score and level as given; the published limits of the levels are 47.0, 55.1 and 72.4. */
function activation(wellness: number): Answers {
  const score = 30 + Math.round(wellness * 6) / 10;
  const level = score <= 47 ? 1 : score <= 55.1 ? 2 : score <= 72.4 ? 3 : 4;
  return { items: [], score, level };
}
