/** Tables as a neighbourhood's report has them, small numbers suppressed, made by hand. */
import { type ColumnRole, SUPPRESSED } from '../../../src/research/disclosure/table.ts';
import type { ReportAbout, ReportTable } from '../../../src/research/report/input.ts';

/** A number that is not told. */
export const HIDDEN = SUPPRESSED;

export const ABOUT: ReportAbout = {
  title: 'Who is reached, and what it changed',
  period: { start: '2025-04-01', end: '2026-03-31' },
  organisations: ['Hedgerow Primary Care Network (Y99999)', 'Thornbury Community Trust'],
  madeOn: '2026-05-12',
  population: {
    description: 'People referred in the period who agreed that their records are used for research.',
    people: 640,
    leftOut: [
      { reason: 'No consent for research', people: 115 },
      { reason: 'National data opt-out', people: 25 },
      { reason: 'Restricted record', people: HIDDEN },
    ],
  },
  smallNumbers: { below: 5, roundTo: 5, keepZero: true },
};

type ColumnOf = readonly [name: string, role: ColumnRole, description: string];

function table(
  name: string,
  title: string,
  columns: readonly ColumnOf[],
  rows: readonly (readonly unknown[])[],
): ReportTable {
  return {
    name,
    title,
    description: `${title}.`,
    columns: columns.map(([column, role, description]) => ({
      name: column,
      role,
      description,
      type: role === 'dimension' || role === 'key' ? 'string' : 'decimal',
    })),
    rows,
  };
}

const FUNNEL = table(
  'referral_funnel',
  'People and referrals at each stage',
  [
    ['stage', 'dimension', 'How far the referral came'],
    ['people', 'count', 'People who came so far'],
    ['referrals', 'count', 'Referrals that came so far'],
  ],
  [
    ['referred', 640, 690],
    ['accepted', 560, 600],
    ['first contact', 480, 505],
    ['plan agreed', 390, 395],
    ['connected to an activity', 310, 320],
    ['took part', 245, 250],
  ],
);

const MONTHS = table(
  'referral_months',
  'Referrals made in each month',
  [
    ['month', 'dimension', 'Month of the referral'],
    ['referrals', 'count', 'Referrals made in it'],
    ['people', 'count', 'People referred in it'],
  ],
  [
    ['2025-04', 45, 45],
    ['2025-05', 60, 55],
    ['2025-06', 55, 55],
    ['2025-07', 40, 40],
    ['2025-08', HIDDEN, HIDDEN],
    ['2025-09', 75, 70],
    ['2025-10', 80, 80],
    ['2025-11', 85, 80],
    ['2025-12', 30, 30],
    ['2026-01', 90, 85],
    ['2026-02', 65, 65],
    ['2026-03', 65, 60],
  ],
);

const WAITS = table(
  'waiting_times',
  'Days from one step to the next',
  [
    ['step', 'dimension', 'From which step to which'],
    ['n', 'count', 'People who came to both'],
    ['p25', 'measure', 'A quarter waited so many days or less'],
    ['median', 'measure', 'Half waited so many days or less'],
    ['p75', 'measure', 'Three quarters waited so many days or less'],
    ['p90', 'measure', 'Nine in ten waited so many days or less'],
  ],
  [
    ['referral to acceptance', 560, 1, 3, 7, 12],
    ['referral to first contact', 480, 6, 11, 20, 38],
    ['first contact to plan', 390, 7, 14, 24, 40],
    ['plan to first activity', 310, 9, 21, 40, 63],
    ['hospital link worker to community link worker', HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN],
  ],
);

const OUTCOMES = table(
  'outcome_summary',
  'First and last scores of the same people',
  [
    ['instrument', 'dimension', 'Questionnaire'],
    ['score', 'dimension', 'Score of it'],
    ['direction', 'dimension', 'Which way is better'],
    ['pairs', 'count', 'People with a first and a last score'],
    ['mean_change', 'measure', 'Mean of last less first'],
    ['sd', 'measure', 'Standard deviation of the change'],
    ['ci_low', 'measure', 'Lower end of the 95% confidence interval'],
    ['ci_high', 'measure', 'Upper end of the 95% confidence interval'],
    ['improved', 'count', 'People better by the change that matters, or more'],
    ['same', 'count', 'People who changed less'],
    ['worse', 'count', 'People worse by the change that matters, or more'],
  ],
  [
    ['ONS4', 'Life satisfaction', 'higher', 180, 1.12, 2.1, 0.81, 1.43, 95, 60, 25],
    ['ONS4', 'Anxiety yesterday', 'lower', 180, -0.9, 2.6, -1.28, -0.52, 85, 60, 35],
    [
      'SWEMWBS',
      'Short Warwick–Edinburgh Mental Wellbeing Scale, metric score',
      'higher',
      120,
      2.34,
      4.2,
      1.59,
      3.09,
      55,
      50,
      15,
    ],
    ['UCLA-3', 'UCLA loneliness, three items', 'lower', 95, -0.4, 1.9, -0.78, -0.02, 30, 50, 15],
    ['PHQ-9', 'PHQ-9 total', 'lower', 60, -2.7, 5.4, -4.07, -1.33, 25, 30, 5],
    ['GAD-7', 'GAD-7 total', 'lower', 55, -0.6, 4.8, -1.87, 0.67, 15, 30, 10],
    [
      'PAM',
      'Patient Activation Measure',
      'higher',
      HIDDEN,
      HIDDEN,
      HIDDEN,
      HIDDEN,
      HIDDEN,
      HIDDEN,
      HIDDEN,
      HIDDEN,
    ],
  ],
);

const GOALS = table(
  'goal_attainment',
  'Goals by how far they are reached',
  [
    ['status', 'dimension', 'How far the goal is reached'],
    ['goals', 'count', 'Goals'],
    ['people', 'count', 'People who set them'],
  ],
  [
    ['achieved', 160, 120],
    ['improving', 95, 80],
    ['no change', 40, 40],
    ['not achieved', 20, 20],
    ['not known', 55, 50],
  ],
);

const COMPLETENESS = table(
  'outcome_completeness',
  'People for whom it is measured',
  [
    ['kind', 'dimension', 'determinant or instrument'],
    ['name', 'dimension', 'Which one'],
    ['measured', 'count', 'People for whom it is recorded'],
    ['people', 'denominator', 'People referred'],
  ],
  [
    ['determinant', 'employment and volunteering', 145, 640],
    ['determinant', 'social', 410, 640],
    ['determinant', 'education and skills', 70, 640],
    ['determinant', 'crime', HIDDEN, 640],
    ['determinant', 'housing', 130, 640],
    ['determinant', 'legal', 0, 640],
    ['determinant', 'income', 215, 640],
    ['determinant', 'welfare', 95, 640],
    ['instrument', 'ONS4', 320, 640],
    ['instrument', 'SWEMWBS', 240, 640],
    ['instrument', 'UCLA-3', 180, 640],
    ['instrument', 'PHQ-9', 110, 640],
    ['instrument', 'GAD-7', 105, 640],
    ['instrument', 'PAM', HIDDEN, 640],
  ],
);

const CODING = table(
  'coding_quality',
  'Entries by their codes',
  [
    ['element', 'dimension', 'What is coded'],
    ['uncoded', 'count', 'Entries without a code'],
    ['outside_national', 'count', 'Entries with a code of another list only'],
    ['declined_coded', 'count', 'Entries that say, in a code, that the person declined'],
    ['total', 'denominator', 'All entries'],
  ],
  [
    ['need', 120, 85, 0, 910],
    ['activity', 65, 30, 25, 520],
    ['referral reason', 45, 20, 10, 690],
    ['ethnic category', 55, 0, 40, 640],
    ['procedure', HIDDEN, HIDDEN, 0, 60],
  ],
);

const INEQUALITIES = table(
  'inequalities',
  'People and rates by group',
  [
    ['dimension', 'dimension', 'What the groups differ in'],
    ['group', 'dimension', 'Group'],
    ['people', 'count', 'People in the tables'],
    ['population', 'denominator', 'Residents of that group'],
    ['asked', 'count', 'People who were referred, or were only offered it'],
    ['referred', 'count', 'People referred'],
    ['declined', 'count', 'People who declined'],
    ['appointed', 'count', 'People with an appointment'],
    ['not_attended', 'count', 'People who missed an appointment'],
  ],
  [
    ...[95, 90, 80, 75, 70, 60, 55, 45, 40, 30].map((referred, at) => [
      'imd_decile',
      String(at + 1),
      referred,
      [3900, 4100, 4000, 4200, 4300, 4100, 4000, 3900, 4000, 4100][at],
      referred,
      referred,
      [25, 15, 15, 10, 10, 5, 5, 5, HIDDEN, HIDDEN][at],
      Math.round((referred * 0.8) / 5) * 5,
      [20, 20, 15, 10, 10, 5, 5, 5, 5, HIDDEN][at],
    ]),
    ['ethnic_category', 'White', 470, 31000, 470, 470, 55, 375, 65],
    ['ethnic_category', 'Asian or Asian British', 70, 5400, 70, 70, 15, 55, 10],
    ['ethnic_category', 'Black, African, Caribbean or Black British', 45, 2600, 45, 45, 10, 35, 10],
    ['ethnic_category', 'Mixed or multiple ethnic groups', 15, 1100, 15, 15, HIDDEN, 10, HIDDEN],
    ['ethnic_category', 'Other ethnic group', HIDDEN, 500, HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN],
    ['ethnic_category', 'Not stated', 40, null, 40, 40, 10, 30, 5],
    ['age_band', '0–17', 15, 8400, 15, 15, HIDDEN, 10, HIDDEN],
    ['age_band', '18–39', 145, 12500, 145, 145, 30, 115, 35],
    ['age_band', '40–64', 225, 13600, 225, 225, 30, 180, 30],
    ['age_band', '65–79', 165, 4600, 165, 165, 20, 130, 15],
    ['age_band', '80 and over', 90, 1500, 90, 90, 10, 70, 10],
    ['gender', 'female', 405, 20600, 405, 405, 50, 325, 50],
    ['gender', 'male', 225, 20000, 225, 225, 40, 180, 40],
    ['gender', 'other', 10, null, 10, 10, HIDDEN, 5, HIDDEN],
  ],
);

const CONTACTS = table(
  'gp_contacts',
  'Contacts with the practice, six months before and after',
  [
    ['period', 'dimension', 'Six months before the referral, or after it'],
    ['people', 'denominator', 'People whose contacts are held for the whole time'],
    ['contacts', 'count', 'Their contacts'],
    ['per_person', 'measure', 'Contacts for each of them'],
  ],
  [
    ['before', 210, 1070, 5.1],
    ['after', 210, 820, 3.9],
  ],
);

const VISITORS = table(
  'frequent_visitors',
  'People who come to the practice often',
  [
    ['band', 'dimension', 'Contacts in twelve months'],
    ['people', 'count', 'People with so many'],
    ['not_referred', 'count', 'Of them, not referred'],
  ],
  [
    ['12 to 17', 340, 250],
    ['18 to 23', 120, 80],
    ['24 or more', 45, 20],
    ['36 or more', 10, HIDDEN],
  ],
);

const REACH = table(
  'reach',
  'People referred in each neighbourhood',
  [
    ['neighbourhood', 'dimension', 'Neighbourhood'],
    ['population', 'denominator', 'People who live there'],
    ['referred', 'count', 'People referred'],
    ['rate', 'measure', 'Referred per 1,000 residents'],
  ],
  [
    ['Thornbury East', 9400, 190, 20.2],
    ['Millbrook', 11200, 205, 18.3],
    ['Ashcombe and the Levels', 7800, 120, 15.4],
    ['Old Town', 6100, 80, 13.1],
    ['Riverside', 6000, 45, 7.5],
    ['Upper Fold', 480, HIDDEN, HIDDEN],
  ],
);

const NEEDS = table(
  'needs_summary',
  'People by need',
  [
    ['determinant_code', 'dimension', 'Determinant of health'],
    ['need_code', 'dimension', 'Need'],
    ['people', 'count', 'People who have it'],
  ],
  [
    ['social', 'loneliness', 310],
    ['income', 'debt', 140],
    ['housing', 'housing', HIDDEN],
  ],
);

const SUPPORT = table(
  'support_summary',
  'People by support',
  [
    ['kind_code', 'dimension', 'Kind of support'],
    ['people', 'count', 'People to whom it was given'],
    ['not_done', 'count', 'People who declined it'],
  ],
  [
    ['coaching', 220, 15],
    ['befriending', 90, HIDDEN],
  ],
);

export const TABLES: readonly ReportTable[] = [
  FUNNEL,
  MONTHS,
  WAITS,
  OUTCOMES,
  GOALS,
  COMPLETENESS,
  CODING,
  INEQUALITIES,
  CONTACTS,
  VISITORS,
  REACH,
  NEEDS,
  SUPPORT,
];
