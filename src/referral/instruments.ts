/** The one table of instruments: items, ranges, scoring, codes and bands. Wordings are not here: most are licensed. */
import { SNOMED_SYSTEM } from '../fhir/identifiers.ts';
import {
  type Band,
  type Instrument,
  type Item,
  LOINC_SYSTEM,
  QUESTIONNAIRE_BASE,
  type ScoreCoding,
  type ScoreDefinition,
} from './instrument.ts';
import {
  DEJONG_GIERVELD_SUBSCALE,
  DEJONG_GIERVELD_TOTAL,
  GAD_7,
  LONELINESS_DIRECT,
  ONS_ANXIETY,
  ONS_WELLBEING,
  PHQ_9,
  SWEMWBS_METRIC,
  UCLA_3,
} from './score-bands.ts';

/** @returns items '1' to 'n' of one range */
function numbered(count: number, min: number, max: number, loinc: readonly string[] = []): Item[] {
  return Array.from({ length: count }, (_, at) => ({
    linkId: String(at + 1),
    min,
    max,
    ...(loinc[at] === undefined ? {} : { loinc: loinc[at] }),
  }));
}

function linkIds(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at + 1));
}

function snomed(code: string, display: string, ...earlier: readonly string[]): ScoreCoding {
  return { system: SNOMED_SYSTEM, code, display, verified: true, earlier };
}

function loinc(code: string, display: string): ScoreCoding {
  return { system: LOINC_SYSTEM, code, display, verified: true };
}

function ons(item: string, code: string, display: string): ScoreDefinition {
  const anxiety = code === 'ons4-anxiety';
  return {
    code,
    display,
    rule: { kind: 'answer', item },
    higherIs: anxiety ? 'worse' : 'better',
    bands: anxiety ? ONS_ANXIETY : ONS_WELLBEING,
  };
}

/** De Jong Gierveld answers: 1 yes, 2 more or less, 3 no. Emotional items count yes, social items no; both 'more or less'. */
const DJG_EMOTIONAL = ['1', '2', '3'].map((item) => ({ item, values: [1, 2] }));
const DJG_SOCIAL = ['4', '5', '6'].map((item) => ({ item, values: [2, 3] }));

function dejong(
  part: 'total' | 'emotional' | 'social',
  counting: typeof DJG_EMOTIONAL,
  missingAllowed: number,
  bands: readonly Band[],
): ScoreDefinition {
  return {
    code: `dejong-gierveld-6-${part}`,
    display: `De Jong Gierveld 6 ${part}`,
    rule: { kind: 'count', counting, missingAllowed },
    higherIs: 'worse',
    bands,
  };
}

const PHQ_9_ITEMS = '44250-9 44255-8 44259-0 44254-1 44251-7 44258-2 44252-5 44253-3 44260-8'.split(' ');
const GAD_7_ITEMS = '69725-0 68509-9 69733-4 69734-2 69735-9 69689-8 69736-7'.split(' ');
const DIFFICULTY: Item = { linkId: 'difficulty', min: 0, max: 3, loinc: '69722-7' };
const EQ_DIMENSIONS = ['mobility', 'self-care', 'usual-activities', 'pain-discomfort', 'anxiety-depression'];

function mycaw(item: string, display: string): ScoreDefinition {
  return {
    code: `mycaw-${item}`,
    display,
    rule: { kind: 'answer', item },
    higherIs: 'worse',
    meaningfulChange: { some: 1 },
  };
}

/**
 * Every instrument that the adapter scores.
 * @source the publishers' scoring guides; change thresholds: Warwick FAQ and NHS England MHSDS outcome measures (WEMWBS 3 and 9,
 * SWEMWBS 3), Shah 2018 (SWEMWBS 1.03), NHS Talking Therapies (PHQ-9 6, GAD-7 4)
 */
export const INSTRUMENTS: readonly Instrument[] = [
  {
    slug: 'wemwbs',
    title: 'Warwick-Edinburgh Mental Wellbeing Scale',
    items: numbered(14, 1, 5),
    scores: [
      {
        code: 'wemwbs-total',
        display: 'WEMWBS total',
        rule: { kind: 'sum', items: linkIds(14) },
        codings: [snomed('718426000', 'Warwick-Edinburgh Mental Well-being Scale score', '885541000000103')],
        higherIs: 'better',
        meaningfulChange: { some: 3, reliable: 9 },
      },
    ],
  },
  {
    slug: 'swemwbs',
    title: 'Short Warwick-Edinburgh Mental Wellbeing Scale',
    items: numbered(7, 1, 5),
    scores: [
      {
        code: 'swemwbs-metric',
        display: 'SWEMWBS metric score',
        rule: {
          kind: 'converted-sum',
          items: linkIds(7),
          table: SWEMWBS_METRIC,
          raw: { code: 'swemwbs-raw', display: 'SWEMWBS raw score' },
        },
        codings: [
          snomed('718466001', 'Short Warwick-Edinburgh Mental Well-being Scale score', '960481000000107'),
        ],
        higherIs: 'better',
        meaningfulChange: { some: 1.03, reliable: 3 },
      },
    ],
  },
  {
    slug: 'ons4',
    title: 'ONS personal well-being questions',
    items: numbered(4, 0, 10),
    scores: [
      ons('1', 'ons4-satisfaction', 'ONS4 life satisfaction'),
      ons('2', 'ons4-worthwhile', 'ONS4 worthwhile'),
      ons('3', 'ons4-happiness', 'ONS4 happiness'),
      ons('4', 'ons4-anxiety', 'ONS4 anxiety'),
    ],
  },
  {
    slug: 'ucla-3',
    title: 'UCLA three-item loneliness scale',
    items: numbered(3, 1, 3),
    scores: [
      {
        code: 'ucla-3-total',
        display: 'UCLA three-item loneliness total',
        rule: { kind: 'sum', items: linkIds(3) },
        higherIs: 'worse',
        bands: UCLA_3,
      },
    ],
  },
  {
    slug: 'loneliness-direct',
    title: 'ONS direct measure of loneliness',
    items: numbered(1, 1, 5),
    scores: [
      {
        code: 'loneliness-direct',
        display: 'Direct measure of loneliness',
        rule: { kind: 'answer', item: '1' },
        higherIs: 'better',
        bands: LONELINESS_DIRECT,
      },
    ],
  },
  {
    slug: 'phq-9',
    title: 'Patient Health Questionnaire 9',
    items: [...numbered(9, 0, 3, PHQ_9_ITEMS), DIFFICULTY],
    scores: [
      {
        code: 'phq-9-total',
        display: 'PHQ-9 total',
        rule: { kind: 'sum', items: linkIds(9) },
        codings: [
          snomed('720433000', 'Patient health questionnaire 9 score', '506701000000100'),
          loinc('44261-6', 'Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]'),
        ],
        higherIs: 'worse',
        bands: PHQ_9,
        meaningfulChange: { reliable: 6 },
      },
    ],
  },
  {
    slug: 'gad-7',
    title: 'Generalised Anxiety Disorder 7',
    items: [...numbered(7, 0, 3, GAD_7_ITEMS), DIFFICULTY],
    scores: [
      {
        code: 'gad-7-total',
        display: 'GAD-7 total',
        rule: { kind: 'sum', items: linkIds(7) },
        codings: [
          snomed('445455005', 'Generalized anxiety disorder 7 item score'),
          loinc('70274-6', 'Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]'),
        ],
        higherIs: 'worse',
        bands: GAD_7,
        meaningfulChange: { reliable: 4 },
      },
    ],
  },
  {
    slug: 'pam',
    title: 'Patient Activation Measure',
    items: [
      { linkId: 'score', min: 0, max: 100, decimal: true },
      { linkId: 'level', min: 1, max: 4 },
    ],
    words: ['scorer-version'],
    scores: [
      {
        code: 'pam-score',
        display: 'Patient Activation Measure score',
        rule: { kind: 'answer', item: 'score' },
        higherIs: 'better',
      },
      {
        code: 'pam-level',
        display: 'Patient Activation Measure level',
        rule: { kind: 'answer', item: 'level' },
        codings: [snomed('962851000000103', 'Patient Activation Measure Level')],
        higherIs: 'better',
      },
    ],
  },
  {
    slug: 'eq-5d-5l',
    title: 'EQ-5D-5L',
    items: [
      ...EQ_DIMENSIONS.map((linkId) => ({ linkId, min: 1, max: 5 })),
      { linkId: 'vas', min: 0, max: 100 },
    ],
    scores: [
      {
        code: 'eq-5d-5l-profile',
        display: 'EQ-5D-5L profile',
        rule: { kind: 'digits', items: EQ_DIMENSIONS },
      },
      {
        code: 'eq-5d-5l-vas',
        display: 'EQ VAS',
        rule: { kind: 'answer', item: 'vas' },
        codings: [snomed('736535009', 'EuroQol visual analogue score')],
        higherIs: 'better',
      },
      {
        code: 'eq-5d-5l-index',
        display: 'EQ-5D-5L index',
        rule: { kind: 'given' },
        codings: [snomed('736534008', 'EuroQol five dimension five level index value')],
        higherIs: 'better',
      },
    ],
  },
  {
    slug: 'mycaw',
    title: 'Measure Yourself Concerns and Wellbeing',
    items: ['concern-1', 'concern-2', 'wellbeing'].map((linkId) => ({ linkId, min: 0, max: 6 })),
    words: ['concern-1-text', 'concern-2-text'],
    scores: [
      mycaw('concern-1', 'MYCaW concern 1'),
      mycaw('concern-2', 'MYCaW concern 2'),
      mycaw('wellbeing', 'MYCaW wellbeing'),
    ],
  },
  {
    slug: 'dejong-gierveld-6',
    title: 'De Jong Gierveld six-item loneliness scale',
    items: numbered(6, 1, 3),
    scores: [
      dejong('total', [...DJG_EMOTIONAL, ...DJG_SOCIAL], 1, DEJONG_GIERVELD_TOTAL),
      dejong('emotional', DJG_EMOTIONAL, 0, DEJONG_GIERVELD_SUBSCALE),
      dejong('social', DJG_SOCIAL, 0, DEJONG_GIERVELD_SUBSCALE),
    ],
  },
];

const BY_SLUG = new Map(INSTRUMENTS.map((instrument) => [instrument.slug, instrument]));

/** @param canonical of a Questionnaire, `|version` allowed @returns its instrument, or undefined when it is none of ours */
export function instrumentOf(canonical: string | undefined): Instrument | undefined {
  if (!canonical?.startsWith(QUESTIONNAIRE_BASE)) return undefined;
  const name = canonical.slice(QUESTIONNAIRE_BASE.length);
  const cut = name.indexOf('|');
  return BY_SLUG.get(cut < 0 ? name : name.slice(0, cut));
}
