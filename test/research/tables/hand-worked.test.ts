/** Derived tables over a few rows, so that a reader can work out by hand what must come out. */
import { expect, test } from 'vitest';
import { type Row, SETTINGS, table } from './bench.ts';

/** Referral A of person p, taken over by B; C of person q was declined after it was made; D of person r is an offer; E of person s waits. */
const REFERRALS = {
  service_request: [
    {
      request_key: 'A',
      patient_key: 'p',
      status: 'completed',
      intent: 'order',
      is_referral: true,
      authored: '2026-01-10',
    },
    {
      request_key: 'B',
      patient_key: 'p',
      status: 'active',
      intent: 'order',
      is_referral: true,
      authored: '2026-02-10',
      based_on_key: 'A',
      replaces_key: 'A',
    },
    {
      request_key: 'C',
      patient_key: 'q',
      status: 'revoked',
      intent: 'order',
      is_referral: true,
      authored: '2026-01-20',
    },
    {
      request_key: 'D',
      patient_key: 'r',
      status: 'draft',
      intent: 'order',
      is_referral: false,
      authored: '2026-01-21',
    },
    {
      request_key: 'E',
      patient_key: 's',
      status: 'active',
      intent: 'order',
      is_referral: true,
      authored: '2026-02',
    },
    {
      request_key: 'walk',
      patient_key: 'p',
      status: 'active',
      intent: 'order',
      is_referral: false,
      based_on_key: 'B',
      activity_kind: 'nature',
      authored: '2026-02-20',
    },
    {
      request_key: 'wrong',
      patient_key: 's',
      status: 'entered-in-error',
      intent: 'order',
      is_referral: true,
      authored: '2026-02-01',
    },
  ],
  request_reason: [
    { request_key: 'A', patient_key: 'p', need_code: 'debt', is_text_only: false },
    { request_key: 'A', patient_key: 'p', is_text_only: true },
  ],
  task: [
    {
      task_key: 't1',
      request_key: 'C',
      patient_key: 'q',
      status: 'cancelled',
      reason_snomed: '871711000000103',
      authored: '2026-01-20',
    },
    { task_key: 't2', request_key: 'B', patient_key: 'p', status: 'in-progress', authored: '2026-02-10' },
  ],
  episode: [
    {
      episode_key: 'e1',
      patient_key: 'p',
      request_key: 'A',
      status: 'finished',
      started: '2026-01-12T10:00:00Z',
      ended: '2026-02-10',
    },
    { episode_key: 'e2', patient_key: 'p', request_key: 'B', status: 'active', started: '2026-02-11' },
  ],
  encounter: [
    {
      encounter_key: 'met',
      patient_key: 'p',
      request_key: 'A',
      status: 'finished',
      started: '2026-01-15T09:00:00Z',
      is_own: true,
    },
    {
      encounter_key: 'missed',
      patient_key: 'p',
      request_key: 'B',
      status: 'cancelled',
      started: '2026-02-15T09:00:00Z',
      appointment_key: 'ap1',
      is_own: true,
    },
    {
      encounter_key: 'walked',
      patient_key: 'p',
      request_key: 'walk',
      status: 'finished',
      started: '2026-02-25T09:00:00Z',
      group_session: 'G',
      is_own: true,
    },
  ],
  appointment: [
    {
      appointment_key: 'ap1',
      patient_key: 'p',
      request_key: 'B',
      status: 'noshow',
      started: '2026-02-15T09:00:00Z',
      reason_code: 'unwell',
    },
    {
      appointment_key: 'ap2',
      patient_key: 's',
      request_key: 'E',
      status: 'noshow',
      started: '2026-03-01T09:00:00Z',
    },
  ],
  patient: [
    { patient_key: 'p', gender: 'female', birth_date: '1976-01-11', imd_decile: 1, neighbourhood: 'N1' },
    { patient_key: 'q', gender: 'male', birth_date: '1950', imd_decile: 10, neighbourhood: 'N1' },
    { patient_key: 'r', gender: 'female', birth_date: '2010-06-01', imd_decile: 2 },
    { patient_key: 's', gender: 'female', deceased: true, neighbourhood: 'N2' },
  ],
};

const by = (rows: readonly Row[], key: string): Record<string, Row> =>
  Object.fromEntries(rows.map((row) => [String(row[key]), row]));

test('referrals: a hand-over is of the same journey, a decline and an offer are known, what is in error is not there', async () => {
  const rows = by(await table('referrals', REFERRALS), 'referral_key');
  expect(Object.keys(rows).sort()).toEqual(['A', 'B', 'C', 'D', 'E']);
  expect(rows.A).toMatchObject({
    journey_key: 'A',
    is_handover: false,
    status: 'completed',
    needs: 2,
    uncoded_needs: 1,
    accepted: '2026-01-12T10:00:00Z',
    first_contact: '2026-01-15T09:00:00Z',
    closed: '2026-02-10',
  });
  expect(rows.B).toMatchObject({
    journey_key: 'A',
    is_handover: true,
    status: 'in-progress',
    needs: 0,
    first_contact: null,
    closed: null,
  });
  expect(rows.C).toMatchObject({ is_declined: true, is_offer: false, status: 'cancelled' });
  expect(rows.D).toMatchObject({ is_declined: false, is_offer: true, status: 'draft' });
});

test('patients: bands by age at the first referral, by years alone where only the year is known', async () => {
  const rows = by(await table('patients', REFERRALS), 'patient_key');
  // p is 49 on 10 January 2026: 50 the day after
  expect(rows.p).toMatchObject({
    age_band: '45-54',
    referrals: 1,
    first_referred: '2026-01-10',
    is_deceased: false,
  });
  expect(rows.q).toMatchObject({ age_band: '75-84', referrals: 1 });
  // an offer is no referral: the age is today's
  expect(rows.r).toMatchObject({ age_band: '0-17', referrals: 0, first_referred: null });
  expect(rows.s).toMatchObject({ age_band: null, is_deceased: true });
});

test.each([
  ['2008-01-11', '0-17'],
  ['2008-01-10', '18-24'],
  ['2001-01-11', '18-24'],
  ['2001-01-10', '25-34'],
  ['1941-01-11', '75-84'],
  ['1941-01-10', '85+'],
  ['2030-01-01', null],
])('patients: who was born on %s is of the band %s on 10 January 2026', async (birth_date, band) => {
  const patient = [{ patient_key: 'p', birth_date }];
  expect((await table('patients', { ...REFERRALS, patient }))[0]).toMatchObject({ age_band: band });
});

test('contacts: one row for an appointment and its encounter, and one for an appointment alone', async () => {
  const rows = by(await table('contacts', REFERRALS), 'contact_key');
  expect(Object.keys(rows).sort()).toEqual(['ap2', 'met', 'missed', 'walked']);
  expect(rows.met).toMatchObject({ attendance: 'attended', is_activity: false });
  expect(rows.missed).toMatchObject({ attendance: 'missed', reason_code: 'unwell' });
  expect(rows.walked).toMatchObject({ attendance: 'attended', is_activity: true, group_session: 'G' });
  expect(rows.ap2).toMatchObject({ attendance: 'missed', patient_key: 's' });
});

test('activities: onward referrals, and how often people took part', async () => {
  expect(await table('activities', REFERRALS)).toMatchObject([
    {
      request_key: 'walk',
      referral_key: 'B',
      activity_kind: 'nature',
      attended: 1,
      missed: 0,
      first_attended: '2026-02-25T09:00:00Z',
    },
  ]);
});

test('referral_funnel: the hand-over counts once, offers do not count, and who came further came to all before', async () => {
  expect(await table('referral_funnel', REFERRALS)).toEqual([
    { stage: 'referred', people: 3, referrals: 3 },
    { stage: 'accepted', people: 1, referrals: 1 },
    { stage: 'first contact', people: 1, referrals: 1 },
    { stage: 'connected to an activity', people: 1, referrals: 1 },
    { stage: 'took part', people: 1, referrals: 1 },
  ]);
});

test('referral_funnel: a person with two referrals is one person', async () => {
  const more = {
    request_key: 'F',
    patient_key: 'p',
    status: 'active',
    intent: 'order',
    is_referral: true,
    authored: '2026-05-01',
  };
  const [first] = await table('referral_funnel', {
    ...REFERRALS,
    service_request: [...REFERRALS.service_request, more],
  });
  expect(first).toEqual({ stage: 'referred', people: 3, referrals: 4 });
});

test('referral_months: by the month in which the journey began', async () => {
  expect(await table('referral_months', REFERRALS)).toEqual([
    { month: '2026-01', referrals: 2, people: 2 },
    { month: '2026-02', referrals: 1, people: 1 },
  ]);
});

test('referral_months: a journey that an offer came before begins with its first referral', async () => {
  const of = (request_key: string, authored: string, rest: Row): Row => ({
    ...{ request_key, patient_key: 'p', is_referral: true, authored, status: 'active', intent: 'order' },
    ...rest,
  });
  const service_request = [
    of('offer', '2026-01-10', { intent: 'proposal' }),
    of('taken up', '2026-03-02', { based_on_key: 'offer' }),
    of('handed over', '2026-04-02', { replaces_key: 'taken up' }),
    of('only offered', '2026-01-11', { patient_key: 'q', status: 'draft' }),
  ];
  expect(await table('referral_months', { service_request })).toEqual([
    { month: '2026-03', referrals: 1, people: 1 },
  ]);
});

test('waiting_times: days between the steps of a journey; one without a day or still open is not counted', async () => {
  const rows = by(await table('waiting_times', REFERRALS), 'step');
  expect(Object.keys(rows)).toEqual([
    'referral to acceptance',
    'referral to first contact',
    'acceptance to first contact',
    'first contact to first activity',
  ]);
  expect(Object.values(rows).map(({ n, median }) => [n, median])).toEqual([
    [1, 2],
    [1, 5],
    [1, 3],
    [1, 41],
  ]);
});

test('waiting_times: percentiles by nearest rank', async () => {
  const days = [1, 2, 3, 4, 5, 6, 7, 8, 9, 30];
  const keys = days.map((_, at) => `r${at}`);
  const service_request = keys.map((request_key) => ({
    request_key,
    patient_key: request_key,
    status: 'active',
    intent: 'order',
    is_referral: true,
    authored: '2026-01-01',
  }));
  const episode = keys.map((request_key, at) => ({
    episode_key: request_key,
    patient_key: request_key,
    request_key,
    status: 'active',
    started: `2026-01-${String(days[at]! + 1).padStart(2, '0')}`,
  }));
  expect(await table('waiting_times', { service_request, episode })).toEqual([
    { step: 'referral to acceptance', n: 10, p25: 3, median: 5, p75: 8, p90: 9, mean: 7.5 },
  ]);
});

const score = (
  key: string,
  day: string | null,
  value: number | null,
  stage: string | null,
  patient = 'p',
  questionnaire = 'phq-9',
): Row => ({
  observation_key: key,
  patient_key: patient,
  score_code: 'phq-9-total',
  is_component: false,
  value,
  effective: day,
  response_key: `${key}/${stage}/${questionnaire}`,
});
const scored = (...rows: readonly Row[]): Record<string, readonly Row[]> => ({
  score: rows,
  response: rows.map(({ response_key }) => {
    const [, stage, questionnaire] = String(response_key).split('/');
    return { response_key, stage: stage === 'null' ? null : stage, questionnaire };
  }),
});

test('paired_outcomes: from the baseline to the latest, and whether the change counts', async () => {
  const rows = scored(
    score('a', '2026-01-01', 20, 'baseline'),
    score('b', '2026-02-01', 25, 'follow-up'),
    score('c', '2026-03-01', 14, 'closure'),
  );
  expect(await table('paired_outcomes', rows)).toEqual([
    {
      patient_key: 'p',
      instrument: 'phq-9',
      score: 'phq-9-total',
      baseline_date: '2026-01-01',
      baseline_value: 20,
      last_date: '2026-03-01',
      last_value: 14,
      change: -6,
      direction: 'lower',
      meaningful_change: 'better',
      threshold: 6,
    },
  ]);
});

test.each([
  ['as much as the threshold', 20, 14, 'better'],
  ['a little less', 20, 15, 'same'],
  ['for the worse', 14, 20, 'worse'],
  ['not at all', 9, 9, 'same'],
])('paired_outcomes: a change %s', async (_, first, last, change) => {
  const [row] = await table(
    'paired_outcomes',
    scored(score('a', '2026-01-01', first, 'baseline'), score('b', '2026-03-01', last, 'closure')),
  );
  expect(row).toMatchObject({ change: last - first, meaningful_change: change });
});

test('paired_outcomes: a threshold of one’s own', async () => {
  const [row] = await table(
    'paired_outcomes',
    scored(score('a', '2026-01-01', 20, 'baseline'), score('b', '2026-03-01', 15, 'closure')),
    { ...SETTINGS, changes: { 'phq-9-total': 5 } },
  );
  expect(row).toMatchObject({ meaningful_change: 'better', threshold: 5 });
});

test.each<[string, readonly Row[]]>([
  ['there is one score alone', [score('a', '2026-01-01', 20, 'baseline')]],
  [
    'the second was refused',
    [score('a', '2026-01-01', 20, 'baseline'), score('b', '2026-03-01', null, 'closure')],
  ],
  ['the second has no date', [score('a', '2026-01-01', 20, 'baseline'), score('b', null, 9, 'closure')]],
  [
    'the other is before the baseline',
    [score('a', '2026-03-01', 20, 'baseline'), score('b', '2026-01-01', 9, 'follow-up')],
  ],
  [
    'both are of one day and one stage',
    [score('a', '2026-01-01', 20, 'baseline'), score('b', '2026-01-01', 9, 'baseline')],
  ],
  [
    'the second is of another version',
    [score('a', '2026-01-01', 20, 'baseline'), score('b', '2026-03-01', 9, 'closure', 'p', 'phq-9|2')],
  ],
  [
    'the second is another person’s',
    [score('a', '2026-01-01', 20, 'baseline'), score('b', '2026-03-01', 9, 'closure', 'q')],
  ],
])('paired_outcomes: no pair where %s', async (_, rows) => {
  expect(await table('paired_outcomes', scored(...rows))).toEqual([]);
});

test('paired_outcomes: on one day the baseline comes before the closure; without a stage the first is the baseline', async () => {
  const [sameDay] = await table(
    'paired_outcomes',
    scored(score('b', '2026-01-01', 9, 'closure'), score('c', '2026-01-01', 20, 'baseline')),
  );
  expect(sameDay).toMatchObject({ baseline_value: 20, last_value: 9 });
  const [unstaged] = await table(
    'paired_outcomes',
    scored(score('b', '2026-03-01', 9, null), score('c', '2026-01-01', 20, null)),
  );
  expect(unstaged).toMatchObject({ baseline_value: 20, last_value: 9 });
});

test('outcome_summary: mean, standard deviation and confidence interval of the changes', async () => {
  const pair = (patient: string, last: number): Row[] => [
    score(`${patient}1`, '2026-01-01', 20, 'baseline', patient),
    score(`${patient}2`, '2026-03-01', last, 'closure', patient),
  ];
  // changes −2, −6, −10: mean −6, sd 4; t of 2 degrees of freedom 4.3027;
  // half = 4.3027 × 4 / √3 = 9.94
  expect(
    await table('outcome_summary', scored(...pair('p', 18), ...pair('q', 14), ...pair('r', 10))),
  ).toEqual([
    {
      instrument: 'phq-9',
      score: 'phq-9-total',
      direction: 'lower',
      pairs: 3,
      mean_change: -6,
      sd: 4,
      ci_low: -15.94,
      ci_high: 3.94,
      improved: 2,
      same: 1,
      worse: 0,
    },
  ]);
  const [alone] = await table('outcome_summary', scored(...pair('p', 18)));
  expect(alone).toMatchObject({ pairs: 1, mean_change: -2, sd: null, ci_low: null, ci_high: null });
});

test('outcome_summary: with five pairs the interval is that of Student', async () => {
  // changes −1 to −5: mean −3, sd √2.5; t of 4 degrees of freedom 2.7764; half = 2.7764 × √2.5 / √5 = 1.96
  const pairs = [1, 2, 3, 4, 5].flatMap((change) => [
    score(`${change}a`, '2026-01-01', 20, 'baseline', `p${change}`),
    score(`${change}b`, '2026-03-01', 20 - change, 'closure', `p${change}`),
  ]);
  expect(await table('outcome_summary', scored(...pairs))).toMatchObject([
    { pairs: 5, mean_change: -3, sd: 1.58, ci_low: -4.96, ci_high: -1.04 },
  ]);
});

test('outcome_completeness: all eight determinants are there, measured or not', async () => {
  const given = {
    ...REFERRALS,
    condition: [{ condition_key: 'n', patient_key: 'q', determinant_code: 'income', is_text_only: false }],
    outcome: [
      { observation_key: 'o', patient_key: 'p', determinant_code: 'social', effective: '2026-03-01' },
      { observation_key: 'o2', patient_key: 'p', determinant_code: 'social', effective: '2026-04-01' },
      { observation_key: 'o3', patient_key: 'r', determinant_code: 'social', effective: '2026-04-01' },
    ],
    ...scored(score('a', '2026-01-01', 20, 'baseline', 'q'), score('b', '2026-01-01', null, 'baseline', 's')),
  };
  const rows = by(await table('outcome_completeness', given), 'name');
  expect(Object.values(rows).filter(({ kind }) => kind === 'determinant')).toHaveLength(8);
  // r was never referred
  expect(rows.social).toMatchObject({ measured: 1, measured_twice: 1, needed: 0, people: 3 });
  expect(rows.income).toMatchObject({ measured: 0, needed: 1, people: 3 });
  expect(rows['phq-9']).toMatchObject({
    kind: 'instrument',
    measured: 1,
    measured_twice: 0,
    needed: null,
    people: 3,
  });
});

test('coding_quality: national codes, other codes, none, and declines that are coded', async () => {
  const condition = [
    {
      condition_key: '1',
      patient_key: 'p',
      snomed_code: '267076002',
      need_code: 'loneliness',
      is_text_only: false,
    },
    { condition_key: '2', patient_key: 'p', need_code: 'debt', is_text_only: false },
    { condition_key: '3', patient_key: 'p', is_text_only: true },
  ];
  const rows = by(await table('coding_quality', { ...REFERRALS, condition }), 'element');
  expect(rows.need).toMatchObject({ uncoded: 1, outside_national: 1, declined_coded: 0, total: 3 });
  expect(rows['referral reason']).toMatchObject({ uncoded: 1, outside_national: 1, total: 2 });
  expect(rows['reason of an end']).toMatchObject({
    uncoded: 0,
    outside_national: 0,
    declined_coded: 1,
    total: 1,
  });
  expect(rows['ethnic category']).toMatchObject({ uncoded: 4, total: 4 });
});

test('coding_quality: what was entered in error counts for nothing', async () => {
  const wrong = { patient_key: 'p', status: 'entered-in-error' };
  const support = { procedure_key: '1', patient_key: 'p', status: 'completed', kind_code: 'arts' };
  const rows = by(
    await table('coding_quality', {
      service_request: [{ ...wrong, request_key: 'E', based_on_key: 'A', is_referral: false }],
      procedure: [support, { ...wrong, procedure_key: '2' }],
    }),
    'element',
  );
  expect(Object.keys(rows)).toEqual(['support']);
  expect(rows.support).toMatchObject({ uncoded: 0, outside_national: 1, total: 1 });
});

test('inequalities: each person is once in each dimension, with rates where the residents are known', async () => {
  const rows = await table('inequalities', REFERRALS);
  const groups = by(
    rows.filter(({ dimension }) => dimension === 'gender'),
    'group',
  );
  expect(groups.female).toEqual({
    dimension: 'gender',
    group: 'female',
    people: 3,
    population: 2000,
    asked: 3,
    referred: 2,
    declined: 0,
    appointed: 2,
    not_attended: 2,
    referral_rate: 1,
    decline_rate: 0,
    missed_rate: 100,
  });
  expect(groups.male).toEqual({
    dimension: 'gender',
    group: 'male',
    people: 1,
    population: null,
    asked: 1,
    referred: 1,
    declined: 1,
    appointed: 0,
    not_attended: 0,
    referral_rate: null,
    decline_rate: 100,
    missed_rate: null,
  });
  expect(rows.filter(({ dimension }) => dimension === 'imd_decile').map(({ group }) => group)).toEqual([
    '1',
    '2',
    '10',
    'not known',
  ]);
  for (const dimension of ['imd_decile', 'ethnic_category', 'age_band', 'gender'])
    expect(
      rows.filter((row) => row.dimension === dimension).reduce((sum, { people }) => sum + Number(people), 0),
    ).toBe(4);
});

const visit = (patient_key: string, started: string, rest: Row = {}): Row => ({
  encounter_key: `${patient_key}${started}`,
  patient_key,
  status: 'finished',
  started,
  is_own: false,
  ...rest,
});

test('gp_contacts: six months before and after; not the day of the referral, not what the service did, not who is too new', async () => {
  const { service_request, patient } = REFERRALS;
  const late = {
    request_key: 'L',
    patient_key: 'q',
    status: 'active',
    intent: 'order',
    is_referral: true,
    authored: '2026-06-01',
  };
  const given = {
    patient,
    service_request: [...service_request.filter(({ request_key }) => request_key === 'A'), late],
    encounter: [
      ...[
        '2025-07-10',
        '2025-07-11',
        '2025-12-01',
        '2026-01-10',
        '2026-01-11',
        '2026-07-09',
        '2026-07-10',
      ].map((day) => visit('p', `${day}T09:00:00Z`)),
      visit('p', '2026-02-01', { request_key: 'A' }),
      visit('p', '2026-02-02', { status: 'cancelled' }),
      visit('q', '2026-05-01'),
    ],
  };
  expect(await table('gp_contacts', given)).toEqual([
    { period: 'before', people: 1, contacts: 2, per_person: 2 },
    { period: 'after', people: 1, contacts: 2, per_person: 2 },
  ]);
});

test('gp_contacts: whose practice began or ceased to send contacts meanwhile is left out, and who has died; who had none is not', async () => {
  const people = ['old', 'none', 'late', 'began', 'ceased', 'alone'];
  const practice: Row = { old: 'P1', none: 'P1', late: 'P1', began: 'P2', ceased: 'P3', alone: null };
  const given = {
    patient: people.map((patient_key) => ({
      ...{ patient_key, practice_key: practice[patient_key], deceased: patient_key === 'late' },
    })),
    service_request: people.map((patient_key) => ({
      ...{ request_key: `of-${patient_key}`, patient_key, status: 'active', intent: 'order' },
      ...{ is_referral: true, authored: '2026-01-10' },
    })),
    encounter: [
      ...['2025-07-01', '2025-12-01', '2026-07-20'].map((day) => visit('old', day)),
      visit('late', '2025-12-01'),
      visit('none', '2025'), // says no day
      ...['2025-12-01', '2026-07-20'].map((day) => visit('began', day)),
      ...['2025-07-01', '2025-12-01', '2026-03-01'].map((day) => visit('ceased', day)),
      ...['2025-07-01', '2026-02-01', '2026-07-20'].map((day) => visit('alone', day)),
    ],
  };
  expect(await table('gp_contacts', given)).toEqual([
    { period: 'before', people: 3, contacts: 1, per_person: 0.333 },
    { period: 'after', people: 3, contacts: 1, per_person: 0.333 },
  ]);
});

test('frequent_visitors: bands from the threshold of the settings on, within their months', async () => {
  const often = (patient: string, times: number): Row[] =>
    Array.from({ length: times }, (_, at) => visit(patient, `2026-0${1 + at}-05`));
  const { patient, service_request } = REFERRALS;
  const given = {
    patient: [
      ...patient.map((one) => ({ ...one, deceased: false })),
      { patient_key: 'late', deceased: true },
    ],
    service_request,
    encounter: [
      ...often('p', 4),
      ...often('r', 5),
      ...often('q', 3),
      visit('q', '2025-09-30'),
      visit('q', '2026-10-02'),
      ...often('s', 8),
      ...often('late', 8),
    ],
  };
  expect(await table('frequent_visitors', given)).toEqual([
    { band: '4 to 5', people: 2, not_referred: 1 },
    { band: '8 or more', people: 1, not_referred: 0 },
  ]);
});

test('reach: neighbourhoods where nobody is referred are there, and people whose neighbourhood is not known', async () => {
  expect(await table('reach', REFERRALS)).toEqual([
    { neighbourhood: 'N1', population: 1000, referred: 2, rate: 2 },
    { neighbourhood: 'N2', population: null, referred: 1, rate: null },
    { neighbourhood: 'N9', population: 500, referred: 0, rate: 0 },
  ]);
});

test('goal_attainment, needs_summary and support_summary: things, and the people they belong to', async () => {
  const goal = ['achieved', 'achieved', null].map((achievement, at) => ({
    goal_key: String(at),
    patient_key: 'p',
    lifecycle_status: 'active',
    achievement,
  }));
  expect(await table('goal_attainment', { goal })).toEqual([
    { status: 'achieved', goals: 2, people: 1 },
    { status: 'not known', goals: 1, people: 1 },
  ]);
  const condition = ['p', 'p', 'q'].map((patient_key, at) => ({
    condition_key: String(at),
    patient_key,
    need_code: 'debt',
    determinant_code: 'income',
  }));
  expect(await table('needs_summary', { condition })).toEqual([
    { determinant_code: 'income', need_code: 'debt', people: 2 },
  ]);
  const procedure = ['completed', 'not-done', 'entered-in-error'].map((status, at) => ({
    procedure_key: String(at),
    patient_key: 'p',
    kind_code: 'arts',
    status,
  }));
  expect(await table('support_summary', { procedure })).toEqual([
    { kind_code: 'arts', people: 1, not_done: 1 },
  ]);
});
