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

/** Written out by hand: state, event, who may say so (r referrer, s service, n receiving service), state after. */
const ALLOWED = `
none offered r draft
none referred r requested
none self-referred r requested
draft referred r requested
draft self-referred r requested
draft declined r cancelled
draft withdrawn rs cancelled
draft died rs cancelled
draft moved rs cancelled
requested received s received
requested accepted s accepted
requested rejected s rejected
requested cancelled r cancelled
requested withdrawn rs cancelled
requested died rs cancelled
requested moved rs cancelled
received accepted s accepted
received rejected s rejected
received cancelled r cancelled
received withdrawn rs cancelled
received died rs cancelled
received moved rs cancelled
accepted contact-attempted s in-progress
accepted cancelled r cancelled
accepted withdrawn s failed
accepted could-not-be-contacted s failed
accepted died s failed
accepted moved s failed
in-progress contact-attempted s in-progress
in-progress put-on-hold s on-hold
in-progress withdrawn s failed
in-progress could-not-be-contacted s failed
in-progress died s failed
in-progress moved s failed
in-progress hand-over-offered s in-progress
in-progress hand-over-accepted n completed
in-progress hand-over-refused n in-progress
in-progress completed s completed
on-hold resumed s in-progress
on-hold withdrawn s failed
on-hold could-not-be-contacted s failed
on-hold died s failed
on-hold moved s failed
on-hold completed s completed
draft entered-in-error rs entered-in-error
requested entered-in-error rs entered-in-error
received entered-in-error rs entered-in-error
accepted entered-in-error rs entered-in-error
rejected entered-in-error rs entered-in-error
cancelled entered-in-error rs entered-in-error
in-progress entered-in-error rs entered-in-error
on-hold entered-in-error rs entered-in-error
failed entered-in-error rs entered-in-error
completed entered-in-error rs entered-in-error
`
  .trim()
  .split('\n')
  .map((line) => line.split(' ') as [string, string, string, string]);
const LETTER: Readonly<Record<ReferralActor, string>> = {
  referrer: 'r',
  service: 's',
  'receiving-service': 'n',
};

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
