/** What two versions of a referral's Task say happened, and whether it may: every (state, event, actor), told by real Tasks. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { CASE_SYSTEM, judgeTask, readTask, type Voice } from '../../src/referral/judge-task.ts';
import {
  REFERRAL_ACTORS,
  REFERRAL_EVENTS,
  REFERRAL_STATES,
  type ReferralEvent,
  type ReferralState,
} from '../../src/referral/states.ts';
import { ALLOWED, LETTER } from './allowed.ts';
import { reason, task, taskAfter } from './tasks.ts';

/** One word for two things: how the Task alone is read where the state does not know the event. */
const READ_AS: Readonly<Record<string, ReferralEvent>> = {
  'draft cancelled': 'declined',
  'none declined': 'withdrawn',
  'requested declined': 'withdrawn',
  'received declined': 'withdrawn',
  'accepted declined': 'withdrawn',
  'in-progress declined': 'withdrawn',
  'on-hold declined': 'withdrawn',
  'rejected declined': 'withdrawn',
  'failed declined': 'withdrawn',
  'completed declined': 'withdrawn',
  'entered-in-error declined': 'withdrawn',
  'on-hold contact-attempted': 'resumed',
};

function before(state: ReferralState) {
  return state === 'none' ? undefined : task(state);
}

/** @returns rules of the errors, and what the change was taken for */
function told(state: ReferralState, event: ReferralEvent, voice: Voice) {
  const { issues, event: read } = judgeTask(before(state), taskAfter(state, event)!, voice);
  const errors = issues.filter(({ severity }) => severity === 'error');
  return { read, rules: errors.map(ruleOf) };
}

for (const state of REFERRAL_STATES) {
  for (const event of REFERRAL_EVENTS) {
    const after = taskAfter(state, event);
    if (!after) continue; // a hand-over that is offered or refused changes the other service's Task
    const isNothing = after.status === state && event !== 'contact-attempted';
    const asked = event === 'resumed' && state !== 'on-hold' ? 'contact-attempted' : event;
    const meant = READ_AS[`${state} ${event}`] ?? asked;
    const row = ALLOWED.find(([from, what, , to]) => from === state && what === meant && to === after.status);
    for (const actor of REFERRAL_ACTORS) {
      const voice: Voice = { speaksFor: [actor], manner: 'request', backload: false };
      test(`a request of the ${actor}: ${state}, ${event}`, () => {
        const { read, rules } = told(state, event, voice);
        if (isNothing) return expect({ read, rules }).toEqual({ read: undefined, rules: [] });
        const actorMay = row?.[2].includes(LETTER[actor]) === true;
        expect(read).toBe(meant);
        expect(rules).toEqual(actorMay ? [] : [row ? 'referral-actor' : 'referral-transition']);
      });
    }
  }
}

/** From each state to each other, the states between as a source that tells only how it stands means them; `-` is refused. */
const WAYS = `
draft requested
draft received requested
draft accepted requested
draft rejected requested
draft cancelled
draft in-progress requested accepted
draft on-hold requested accepted in-progress
draft failed requested accepted
draft completed requested accepted in-progress
draft entered-in-error
requested received
requested accepted
requested rejected
requested cancelled
requested in-progress accepted
requested on-hold accepted in-progress
requested failed accepted
requested completed accepted in-progress
requested entered-in-error
received accepted
received rejected
received cancelled
received in-progress accepted
received on-hold accepted in-progress
received failed accepted
received completed accepted in-progress
received entered-in-error
accepted cancelled
accepted in-progress
accepted on-hold in-progress
accepted failed
accepted completed in-progress
accepted entered-in-error
in-progress on-hold
in-progress failed
in-progress completed
in-progress entered-in-error
on-hold in-progress
on-hold failed
on-hold completed
on-hold entered-in-error
rejected entered-in-error
cancelled entered-in-error
failed entered-in-error
completed entered-in-error
`
  .trim()
  .split('\n')
  .map((line) => line.split(' '));

for (const from of REFERRAL_STATES.slice(1) as Exclude<ReferralState, 'none'>[]) {
  for (const to of REFERRAL_STATES.slice(1) as Exclude<ReferralState, 'none'>[]) {
    if (from === to) continue;
    const way = WAYS.find(([one, other]) => one === from && other === to);
    const ended = ['cancelled', 'rejected', 'on-hold'].includes(to)
      ? reason('cancelled')
      : reason('no-contact');
    const judged = judgeTask(task(from), task(to, { statusReason: ended }), CASE_SYSTEM);

    test(`a source that tells how it stands: ${from} to ${to} ${way ? 'goes' : 'is refused'}`, () => {
      expect(judged.issues.map(ruleOf)).toEqual(way ? [] : ['referral-transition']);
      expect(judged.between).toEqual(way?.slice(2) ?? []);
    });

    if (way && way.length > 2)
      test(`a source that tells every step: ${from} to ${to} lacks ${way.slice(2)}`, () => {
        const voice = { ...CASE_SYSTEM, backload: false };
        const { issues } = judgeTask(task(from), task(to, { statusReason: ended }), voice);
        expect(issues.map(ruleOf)).toEqual(['referral-transition']);
        expect(issues[0]?.diagnostics).toContain(`Send the steps between first (${way.slice(2).join(', ')})`);
      });
  }
  test(`a first record may stand in any state: ${from}`, () => {
    const { issues, between } = judgeTask(undefined, task(from, { statusReason: reason('cancelled') }), {
      ...CASE_SYSTEM,
      backload: false,
    });
    expect([issues, between]).toEqual([[], []]);
  });
}

test('a refusal says from where to where, who may do what from there, and what to send instead', () => {
  const [issue] = judgeTask(task('completed'), task('in-progress'), CASE_SYSTEM).issues;
  expect(issue).toMatchObject({ severity: 'error', code: 'business-rule', expression: ['Task.status'] });
  expect(issue?.diagnostics).toBe(
    'Task.status cannot go from completed to in-progress (contact-attempted). From completed there may follow: ' +
      'entered-in-error by the referrer or the service (entered-in-error). An ended referral is not opened again: ' +
      'send a new referral under a key of its own, or entered-in-error if this one should never have been.',
  );
  const [back] = judgeTask(task('in-progress'), task('requested'), CASE_SYSTEM).issues;
  expect(back?.diagnostics).toContain('completed by the service (completed)');
  expect(back?.diagnostics).toContain('hand-over-accepted by the receiving service (completed)');
  expect(back?.diagnostics).toContain('Send one of these, or correct the status in the source.');
});

test('nothing follows what was entered in error', () => {
  const [issue] = judgeTask(task('entered-in-error'), task('accepted'), CASE_SYSTEM).issues;
  expect(issue?.diagnostics).toContain(
    'Nothing may follow entered-in-error. What was entered in error stays so',
  );
});

test('who may not say it is told who may, and what they may say themselves', () => {
  const voice: Voice = { ...CASE_SYSTEM, speaksFor: ['referrer'] };
  const [issue] = judgeTask(task('requested'), task('accepted'), voice).issues;
  expect(issue).toMatchObject({ code: 'forbidden', details: { coding: [{ code: 'referral-actor' }] } });
  expect(issue?.diagnostics).toContain('at the word of the referrer: only the service may say so');
  expect(issue?.diagnostics).toContain('cancelled by the referrer (cancelled)');
  expect(issue?.diagnostics).not.toContain('rejected by');
});

test('steps that are filled in are those that the source may tell', () => {
  const voice: Voice = { ...CASE_SYSTEM, speaksFor: ['service'] };
  expect(judgeTask(task('requested'), task('completed'), voice).between).toEqual(['accepted', 'in-progress']);
  expect(judgeTask(task('draft'), task('completed'), voice).issues.map(ruleOf)).toEqual([
    'referral-transition',
  ]);
});

test('a missing reason is an error of what is asked and a warning of what is reported, as long as it is missing', () => {
  const request: Voice = { speaksFor: ['service'], manner: 'request', backload: false };
  const severities = (voice: Voice, from: ReferralState, to: Exclude<ReferralState, 'none'>) =>
    judgeTask(before(from), task(to), voice).issues.map((one) => [one.severity, ruleOf(one)]);
  expect(severities(request, 'in-progress', 'on-hold')).toEqual([['error', 'referral-reason']]);
  expect(severities(CASE_SYSTEM, 'in-progress', 'on-hold')).toEqual([['warning', 'referral-reason']]);
  expect(severities(CASE_SYSTEM, 'on-hold', 'on-hold')).toEqual([['warning', 'referral-reason']]);
  expect(severities(CASE_SYSTEM, 'none', 'cancelled')).toEqual([['warning', 'referral-reason']]);
  expect(severities(CASE_SYSTEM, 'in-progress', 'completed')).toEqual([]);
});

test('an end that life gives is read as failed once the service had accepted, and as it was sent before', () => {
  const died = task('cancelled', { statusReason: reason('died') });
  const read = (known: Exclude<ReferralState, 'none'>) => readTask(died, task(known)).status;
  expect(REFERRAL_STATES.slice(1).map((one) => read(one as never))).toEqual(
    REFERRAL_STATES.slice(1).map((one) =>
      ['accepted', 'in-progress', 'on-hold', 'failed'].includes(one) ? 'failed' : 'cancelled',
    ),
  );
  expect(readTask(died, undefined)).toBe(died);
  const byReferrer = task('cancelled', { statusReason: reason('cancelled') });
  expect(readTask(byReferrer, task('in-progress'))).toBe(byReferrer);
});

test('an event that is named goes before a reason that implies another', () => {
  const statusReason = {
    coding: [...reason('no-reply', 'status-reason').coding!, ...reason('withdrawn').coding!],
  };
  expect(judgeTask(task('accepted'), task('failed', { statusReason }), CASE_SYSTEM).event).toBe('withdrawn');
  const implied = { statusReason: reason('no-reply', 'status-reason') };
  expect(judgeTask(task('accepted'), task('failed', implied), CASE_SYSTEM).event).toBe(
    'could-not-be-contacted',
  );
});

test('a status that referrals do not use is refused, and Tasks of other kinds are left alone', () => {
  const ready = { ...task('accepted'), status: 'ready' as const };
  expect(judgeTask(task('requested'), ready, CASE_SYSTEM).issues.map(ruleOf)).toEqual(['referral-status']);
  const other = { ...ready, code: { text: 'Phone the person' } };
  expect(judgeTask({ ...other, status: 'completed' }, other, CASE_SYSTEM).issues).toEqual([]);
});
