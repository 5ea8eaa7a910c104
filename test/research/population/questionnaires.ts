/** Questionnaires that made-up people filled in at the beginning and the end, with their scores. */
import type {
  Patient,
  QuestionnaireResponse,
  QuestionnaireResponseItem,
  QuestionnaireResponseItemAnswer,
  ServiceRequest,
} from '@medplum/fhirtypes';
import type { Instrument, Item } from '../../../src/referral/instrument.ts';
import { INSTRUMENTS } from '../../../src/referral/instruments.ts';
import { score } from '../../../src/referral/scores.ts';
import type { Identified } from '../../../src/store/store.ts';
import type { Draw } from './draw.ts';
import type { Person } from './people.ts';
import { ENDINGS, type Ending } from './referral-states.ts';
import type { Referral } from './referrals.ts';
import { HEDGEROW, type Made, profiled, timeAgo, to } from './words.ts';

const USED = ['ons4', 'phq-9', 'gad-7', 'swemwbs', 'ucla-3', 'pam', 'mycaw'];
const HIGH_IS_WELL = new Set(['swemwbs', 'pam', 'ons4']);
const BASE = `${HEDGEROW}/Questionnaire/`;

/** The same questionnaires at both ends; some people have left by the second. */
export function* questionnaires(person: Person, referral: Referral, draw: Draw): Made {
  if (!(ENDINGS[referral.ending] as Ending).episode || referral.ending === 'accepted') return;
  const well = 0.15 + draw.next() * 0.4;
  const gained = draw.weighted({ much: 50, little: 30, lost: 20 });
  const later = well + { much: 0.3, little: 0.03, lost: -0.12 }[gained];
  const isMeasuredTwice = referral.ending === 'completed' && draw.chance(0.75);
  for (const slug of draw.some(USED, draw.whole(1, 3))) {
    const instrument = INSTRUMENTS.find((one) => one.slug === slug)!;
    yield* filledIn(
      person,
      referral,
      instrument,
      { stage: 'baseline', well, before: referral.accepted },
      draw,
    );
    if (isMeasuredTwice)
      yield* filledIn(
        ...[person, referral, instrument],
        ...[{ stage: 'closure', well: later, before: referral.ended } as const, draw],
      );
  }
}

interface Moment {
  readonly stage: 'baseline' | 'closure';
  /** 0 to 1 */
  readonly well: number;
  readonly before: number;
}

function* filledIn(
  person: Person,
  referral: Referral,
  instrument: Instrument,
  { stage, well, before }: Moment,
  draw: Draw,
): Made {
  const id = `${referral.id}-${instrument.slug}-${stage}`;
  const items = itemsOf(instrument, well, draw);
  const response: QuestionnaireResponse & Identified = {
    resourceType: 'QuestionnaireResponse',
    id,
    extension: [{ url: `${HEDGEROW}/StructureDefinition/questionnaire-stage`, valueCode: stage }],
    questionnaire: `${BASE}${instrument.slug}`,
    status: 'completed',
    basedOn: [to<ServiceRequest>('ServiceRequest', referral.id)],
    authored: timeAgo(before, 12),
    item: items,
    subject: to<Patient>('Patient', person.id),
    source: to<Patient>('Patient', person.id),
    meta: profiled('questionnaire-response'),
  };
  yield { ...response, item: draw.chance(0.2) ? grouped(items) : items };
  const { observations, flags } = score(response);
  for (const one of observations)
    yield {
      ...one,
      id: `${id}-${one.id!.slice(one.id!.indexOf('|') + 1)}`,
      meta: profiled('observation'),
    };
  for (const one of flags) yield { ...one, id: `${id}-flag`, meta: profiled('flag') };
}

/** Some people refuse a question; whoever says what they are worried about says it in their own words. */
function itemsOf({ slug, items }: Instrument, well: number, draw: Draw): QuestionnaireResponseItem[] {
  if (slug === 'pam') return pamItems(well);
  const answered = items.filter(() => !draw.chance(0.01));
  const made = answered.map((item) => ({
    linkId: item.linkId,
    answer: [{ valueInteger: answerTo(item, HIGH_IS_WELL.has(slug) && !isAnxiety(slug, item), well, draw) }],
  }));
  const words = [
    { linkId: 'concern-1-text', answer: [{ valueString: 'Testname cannot sleep in Test Street' }] },
  ];
  return [...made, ...(slug === 'mycaw' ? words : [])];
}

function isAnxiety(slug: string, { linkId }: Item): boolean {
  return slug === 'ons4' && linkId === '4';
}

function answerTo({ min, max }: Item, highIsWell: boolean, well: number, draw: Draw): number {
  const share = Math.min(1, Math.max(0, (highIsWell ? well : 1 - well) + (draw.next() - 0.5) * 0.2));
  return Math.round(min + (max - min) * share);
}

/** Its scores are given, never made of its questions: 0 to 100, in four levels. */
function pamItems(well: number): QuestionnaireResponseItem[] {
  const points = Math.round(well * 1000) / 10;
  const level = points <= 47 ? 1 : points <= 55.1 ? 2 : points <= 72.4 ? 3 : 4;
  return [
    { linkId: 'score', answer: [{ valueDecimal: points }] },
    { linkId: 'level', answer: [{ valueInteger: level }] },
  ];
}

/** The same answers as a form with parts would send them: within a group, and the last below another's answer. */
function grouped(items: readonly QuestionnaireResponseItem[]): QuestionnaireResponseItem[] {
  const [first, ...rest] = items;
  const last = rest.pop();
  if (!first || !last) return [...items];
  const [answer, ...others] = first.answer as QuestionnaireResponseItemAnswer[];
  const parent = { ...first, answer: [{ ...answer!, item: [last] }, ...others] };
  return [{ linkId: 'group', item: [parent, ...rest] }];
}
