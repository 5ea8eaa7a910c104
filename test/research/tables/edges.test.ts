/** Derived tables at the edges where a count goes wrong, worked by hand, on both engines that need no server. */
import { expect, test } from 'vitest';
import { comparable, derived, inDuckDb, type Row, type Rows, shippedTables } from './bench.ts';
import { EDGES } from './edges.ts';

/** @returns rows of a table, after DuckDB was found to say the same */
async function table(name: string, given: Rows): Promise<Row[]> {
  const { columns } = (await shippedTables()).derived.get(name)!;
  const [ours, duck] = [(await derived([name], given))[name]!, (await inDuckDb(given))[name]!];
  expect(comparable(duck, columns)).toEqual(comparable(ours, columns));
  return ours;
}

/** @returns one column of a table, by another */
async function told(name: string, given: Rows, key: string, column: string): Promise<Row> {
  return Object.fromEntries((await table(name, given)).map((row) => [String(row[key]), row[column]]));
}

test('who declined an offer was not referred; who declined a referral, or was taken on, was', async () => {
  expect(await told('referrals', EDGES.ASKED, 'referral_key', 'is_offer')).toEqual({
    ...{ P: false, Q: true, R: false, S: false, offer: true, T: false },
  });
  // p, r, s and t
  const [first] = await table('referral_funnel', EDGES.ASKED);
  expect(first).toEqual({ stage: 'referred', people: 4, referrals: 4 });
  expect(await told('patients', EDGES.ASKED, 'patient_key', 'referrals')).toEqual({
    ...{ p: 1, q: 0, r: 1, s: 1, t: 1, u: 0 },
  });
  expect(await told('referrals', EDGES.ASKED, 'referral_key', 'is_declined')).toMatchObject({
    ...{ Q: true, R: true, P: false },
  });
});

test('a referral that follows an offer only is no hand-over', async () => {
  expect(await told('referrals', EDGES.ASKED, 'referral_key', 'is_handover')).toMatchObject({ T: false });
  expect(await told('referrals', EDGES.HANDED_OVER, 'referral_key', 'is_handover')).toEqual({
    ...{ A: false, B: true, C: false, D: true },
  });
});

test('inequalities: those decline who were asked; who never was is not among them', async () => {
  const [row] = (await table('inequalities', EDGES.ASKED)).filter(({ dimension }) => dimension === 'gender');
  // q and r of p, q, r, s and t
  expect(row).toMatchObject({ people: 6, asked: 5, referred: 4, declined: 2, decline_rate: 40 });
});

test('referral_funnel: accepted without a day counts; an activity that was declined, or turned the person away, does not', async () => {
  expect(await table('referral_funnel', EDGES.ONWARD)).toEqual([
    { stage: 'referred', people: 4, referrals: 4 },
    { stage: 'accepted', people: 4, referrals: 4 },
    // r and s
    { stage: 'first contact', people: 2, referrals: 2 },
    { stage: 'connected to an activity', people: 2, referrals: 2 },
    { stage: 'took part', people: 1, referrals: 1 },
  ]);
});

test('what the practice is asked to do says nothing of where the referral stands, nor how it ended', async () => {
  expect(await told('referrals', EDGES.GP_ACTION, 'referral_key', 'status')).toEqual({ P: 'completed' });
  expect(await told('coding_quality', EDGES.GP_ACTION, 'element', 'total')).toEqual({});
});

test('referrals: a kept appointment is a first contact, and so is what is known by its episode alone', async () => {
  expect(await told('referrals', EDGES.MET, 'referral_key', 'first_contact')).toEqual({
    P: '2026-01-20T09:00:00Z',
    Q: '2026-01-15T09:00:00Z',
  });
  expect(await told('contacts', EDGES.MET, 'contact_key', 'request_key')).toEqual({ a: 'P', m: 'Q' });
});

test.each([['waiting_times'], ['waiting_times_months']])(
  '%s: a journey whose hand-over still waits is not closed; one whose hand-over was turned down is',
  async (name) => {
    const closed = (await table(name, EDGES.HANDED_OVER)).filter(
      ({ step }) => step === 'referral to closure',
    );
    // C alone: 10 January to 9 February
    expect(closed).toMatchObject([{ n: 1, median: 30 }]);
  },
);

test('paired_outcomes: the last is no baseline of a later referral, and stages order what days do not', async () => {
  const pairs = await table('paired_outcomes', EDGES.SCORES);
  expect(
    Object.fromEntries(pairs.map((row) => [row.patient_key, [row.baseline_value, row.last_value]])),
  ).toEqual({
    p: [20, 12],
    q: [20, 10],
    r: [20, 11],
    t: [20, 9],
  });
});

test('scores: not of a response that was entered in error', async () => {
  const rows = await table('scores', EDGES.SCORES);
  expect(rows.filter(({ patient_key }) => patient_key === 'u')).toMatchObject([{ value: 20 }]);
});

test('gp_contacts: a contact without a day does not leave its practice out', async () => {
  // before: 1 December, and not 1 July, more than six months before; after: 1 March
  expect(await table('gp_contacts', EDGES.UNDATED)).toEqual([
    { period: 'before', people: 1, contacts: 1, per_person: 1 },
    { period: 'after', people: 1, contacts: 1, per_person: 1 },
  ]);
});

test.each([
  [2, -7.85, 4.85], // 12.7062 × √½ / √2 = 6.35
  [3, -4.48, 0.48], // 4.3027 × 1 / √3 = 2.48
  [4, -4.55, -0.45], // 3.1824 × √(5 / 3) / √4 = 2.05
])('outcome_summary: with %i pairs the interval is that of Student', async (n, ci_low, ci_high) => {
  // changes −1 to −n, whose mean is −(n + 1) / 2
  const people = Array.from({ length: n }, (_, at) => `p${at}`);
  const score = (patient_key: string, effective: string, value: number): Row => ({
    ...{
      observation_key: patient_key + effective,
      patient_key,
      score_code: 'phq-9-total',
      is_component: false,
    },
    ...{ value, effective },
  });
  const given = {
    score: people.flatMap((one, at) => [score(one, '2026-01-01', 20), score(one, '2026-03-01', 19 - at)]),
  };
  expect(await table('outcome_summary', given)).toMatchObject([{ pairs: n, ci_low, ci_high }]);
});
