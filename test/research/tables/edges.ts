/** A few rows each, at the edges where a count goes wrong: what must come out is worked by hand in the tests. */
import type { Row, Rows } from './bench.ts';

/** @returns a referral of a person, made on 10 January 2026 */
export const referral = (request_key: string, patient_key: string, rest: Row = {}): Row => ({
  ...{
    request_key,
    patient_key,
    status: 'active',
    intent: 'order',
    is_referral: true,
    authored: '2026-01-10',
  },
  ...rest,
});

/** @returns the Task that a referral is followed by */
const task = (request_key: string, status: string, rest: Row = {}): Row => ({
  ...{ task_key: `of ${request_key}`, request_key, status, authored: '2026-01-10', task_code: 'fulfill' },
  ...rest,
});

const DECLINED = { reason_snomed: '871711000000103' };

/**
 * p is referred. q declined an offer, which carries no code of a referral; r declined a referral after it was made.
 * s was recommended only, and the service took s on; t was offered it, and then referred. u was never asked.
 */
const ASKED: Rows = {
  patient: ['p', 'q', 'r', 's', 't', 'u'].map((patient_key) => ({ patient_key, gender: 'female' })),
  service_request: [
    referral('P', 'p'),
    referral('Q', 'q', { status: 'revoked', is_referral: false }),
    referral('R', 'r', { status: 'revoked' }),
    referral('S', 's', { intent: 'proposal' }),
    referral('offer', 't', { status: 'completed', intent: 'proposal', is_referral: false }),
    referral('T', 't', { based_on_key: 'offer' }),
  ],
  task: [
    task('P', 'requested'),
    task('Q', 'cancelled', DECLINED),
    task('R', 'cancelled', DECLINED),
    task('S', 'in-progress'),
  ],
  episode: [
    { episode_key: 'e', patient_key: 's', request_key: 'S', status: 'active', started: '2026-01-20' },
  ],
};

/**
 * p and q are accepted; nobody wrote when. p was offered a walk and declined it, the choir of q turned q away, r went
 * to the garden twice, and of s's lunch club nothing more is known.
 */
const ONWARD: Rows = {
  service_request: [
    ...['p', 'q', 'r', 's'].map((person) => referral(person.toUpperCase(), person)),
    ...['p', 'q', 'r', 's'].map((person) =>
      referral(`onward ${person}`, person, { is_referral: false, based_on_key: person.toUpperCase() }),
    ),
  ],
  task: [
    task('P', 'in-progress'),
    task('Q', 'accepted'),
    task('R', 'accepted'),
    task('S', 'accepted'),
    task('onward p', 'cancelled', { referral_status: 'declined' }),
    task('onward q', 'rejected'),
    task('onward r', 'cancelled'),
  ],
  episode: [{ episode_key: 'e', patient_key: 'p', request_key: 'P', status: 'active' }],
  encounter: ['2026-02-01', '2026-02-08'].map((started) => ({
    ...{ encounter_key: started, patient_key: 'r', request_key: 'onward r', status: 'finished', started },
  })),
};

/** The service is done with P and asks the practice to act: a second Task about the same referral, of a later day. */
const GP_ACTION: Rows = {
  service_request: [referral('P', 'p', { status: 'completed' })],
  task: [
    task('P', 'completed', { last_modified: '2026-06-01' }),
    task('P', 'cancelled', { task_key: 'ask', task_code: 'gp-action', last_modified: '2026-06-15' }),
  ],
};

/** P came by a kept appointment without an Encounter; Q's contact is known by its episode alone. */
const MET: Rows = {
  service_request: [referral('P', 'p'), referral('Q', 'q')],
  episode: [
    { episode_key: 'e', patient_key: 'q', request_key: 'Q', status: 'active', started: '2026-01-11' },
  ],
  appointment: [
    {
      ...{ appointment_key: 'a', patient_key: 'p', request_key: 'P', status: 'fulfilled' },
      ...{ started: '2026-01-20T09:00:00Z' },
    },
  ],
  encounter: [
    {
      ...{ encounter_key: 'm', patient_key: 'q', episode_key: 'e', status: 'finished' },
      ...{ started: '2026-01-15T09:00:00Z' },
    },
  ],
};

/** A ended and was handed over to B, which waits to be accepted; C ended and D, its hand-over, was turned down. */
const HANDED_OVER: Rows = {
  service_request: [
    referral('A', 'p', { status: 'completed' }),
    referral('B', 'p', { based_on_key: 'A', authored: '2026-02-10' }),
    referral('C', 'q', { status: 'completed' }),
    referral('D', 'q', { based_on_key: 'C', status: 'revoked', authored: '2026-02-10' }),
  ],
  task: [task('A', 'completed'), task('B', 'requested'), task('C', 'completed'), task('D', 'rejected')],
  episode: ['A', 'C'].map((request_key, at) => ({
    ...{ episode_key: request_key, patient_key: 'pq'[at], request_key, status: 'finished' },
    ...{ started: '2026-01-12', ended: '2026-02-09' },
  })),
};

const score = (
  patient_key: string,
  effective: string,
  value: number,
  stage: string | null,
  rest: Row = {},
): Row => ({
  ...{ observation_key: `${patient_key} ${effective} ${stage}`, patient_key, score_code: 'phq-9-total' },
  ...{ is_component: false, value, effective, response_key: stage },
  ...rest,
});

const STAGES: readonly Row[] = [
  ...['baseline', 'follow-up', 'closure'].map((stage) => ({
    response_key: stage,
    stage,
    status: 'completed',
  })),
  { response_key: 'wrong', stage: 'closure', status: 'entered-in-error' },
];

/**
 * p is referred again, and measured at the start of it. q's month of closure alone is known, r's baseline likewise; of
 * s neither stage nor order is. t was measured twice on the last day. Of u the second response was entered in error.
 */
const SCORES: Rows = {
  response: STAGES.map((one) => ({ ...one, questionnaire: 'phq-9' })),
  score: [
    score('p', '2026-01-05', 20, 'baseline'),
    score('p', '2026-04-05', 12, 'closure'),
    score('p', '2027-01-05', 19, 'baseline'),
    score('q', '2026-01-05', 20, 'baseline'),
    score('q', '2026-01', 10, 'closure'),
    score('r', '2026-01', 20, 'baseline'),
    score('r', '2026-01-25', 11, 'closure'),
    score('s', '2026-01', 20, null),
    score('s', '2026-01-25', 11, null),
    score('t', '2026-01-05', 20, 'baseline'),
    score('t', '2026-03-05T16:00:00Z', 9, 'closure', { observation_key: 'a' }),
    score('t', '2026-03-05T09:00:00Z', 15, 'closure', { observation_key: 'b' }),
    score('u', '2026-01-05', 20, 'baseline'),
    score('u', '2026-03-05', 2, 'wrong'),
  ],
};

/** p's practice sent a contact of which the year alone is known, before all others. */
const UNDATED: Rows = {
  patient: [{ patient_key: 'p', practice_key: 'P1' }],
  service_request: [referral('P', 'p')],
  encounter: ['2025', '2025-07-01', '2025-12-01', '2026-03-01', '2026-08-01'].map((started) => ({
    ...{ encounter_key: started, patient_key: 'p', status: 'finished', started },
  })),
};

export const EDGES = { ASKED, ONWARD, GP_ACTION, MET, HANDED_OVER, SCORES, UNDATED } as const;
