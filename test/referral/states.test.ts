/** The referral's state machine: every (state, event, actor). */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import {
  next,
  REFERRAL_ACTORS,
  REFERRAL_EVENTS,
  REFERRAL_STATES,
  type ReferralActor,
  stateOf,
} from '../../src/referral/states.ts';
import { ALLOWED, LETTER } from './allowed.ts';

test('the table is written out for known states and events only, and for every event', () => {
  for (const [state, event] of ALLOWED) {
    expect(REFERRAL_STATES).toContain(state);
    expect(REFERRAL_EVENTS).toContain(event);
  }
  expect(new Set(ALLOWED.map(([, event]) => event))).toEqual(new Set(REFERRAL_EVENTS));
});

for (const state of REFERRAL_STATES) {
  for (const event of REFERRAL_EVENTS) {
    const row = ALLOWED.find(([from, what]) => from === state && what === event);
    for (const actor of REFERRAL_ACTORS) {
      const allowed = row?.[2].includes(LETTER[actor]) === true;
      test(`${actor}: ${state} + ${event} ${allowed ? `becomes ${row![3]}` : 'is refused'}`, () => {
        const result = next(state, event, actor);
        if (allowed) expect(result).toMatchObject({ ok: true, value: { state: row![3] } });
        else {
          expect(result.ok).toBe(false);
          const rule = !result.ok && ruleOf(result.outcome.issue[0]!);
          expect(rule).toBe(row ? 'referral-actor' : 'referral-state');
        }
      });
    }
  }
}

test('what ends a referral against its wish needs a reason and revokes the request', () => {
  for (const [state, event, by, after] of ALLOWED.filter(([, , , to]) =>
    ['cancelled', 'rejected', 'failed'].includes(to),
  )) {
    const actor = REFERRAL_ACTORS.find((one) => by.includes(LETTER[one]))!;
    const result = next(state as never, event as never, actor);
    expect(result, `${state} ${event} ${after}`).toMatchObject({
      ok: true,
      value: { reasonRequired: true, request: 'revoked' },
    });
  }
});

test('the episode begins with acceptance and ends with the referral', () => {
  const effects = (state: string, event: string, actor: ReferralActor) => {
    const result = next(state as never, event as never, actor);
    return result.ok ? [result.value.request, result.value.episode] : [];
  };
  expect(effects('requested', 'accepted', 'service')).toEqual([undefined, 'begins']);
  expect(effects('in-progress', 'completed', 'service')).toEqual(['completed', 'finished']);
  expect(effects('in-progress', 'hand-over-accepted', 'receiving-service')).toEqual([
    'completed',
    'finished',
  ]);
  expect(effects('accepted', 'died', 'service')).toEqual(['revoked', 'ends']);
  expect(effects('completed', 'entered-in-error', 'service')).toEqual([
    'entered-in-error',
    'entered-in-error',
  ]);
});

test('attempts to reach the person are counted from the first', () => {
  expect(next('accepted', 'contact-attempted', 'service')).toMatchObject({ value: { attempt: 'first' } });
  expect(next('in-progress', 'contact-attempted', 'service')).toMatchObject({ value: { attempt: 'next' } });
});

test('a refused hand-over goes to a person’s worklist', () => {
  expect(next('in-progress', 'hand-over-refused', 'receiving-service')).toMatchObject({
    value: { worklist: true },
  });
});

test('a Task’s status is a state, none before there is a Task, and nothing where referrals do not use it', () => {
  expect([stateOf(undefined), stateOf({ status: 'on-hold' }), stateOf({ status: 'ready' })]).toEqual([
    'none',
    'on-hold',
    undefined,
  ]);
});
