/** What belongs together in a referral: its request and its Task, the two sides of a hand-over, a Task that is part of another. */
import type { Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { REQUEST_STATUSES } from '../../src/referral/agreement.ts';
import {
  type Change,
  judgeReferrals,
  readReferral,
  type Stored,
  seenBeside,
} from '../../src/referral/judge-record.ts';
import { CASE_SYSTEM } from '../../src/referral/judge-task.ts';
import { next, REFERRAL_STATES, TRANSITIONS } from '../../src/referral/states.ts';
import { handedTo, reason, request, task } from './tasks.ts';

type Identified = Change['incoming'];

const KEY = 'ServiceRequest/request';
const EMPTY: Stored = { resource: () => undefined, tasksOn: () => [] };

const came = (after: Identified, before?: Identified): Change => ({ incoming: after, before, after });

function storedOf(...resources: readonly Identified[]): Stored {
  return {
    resource: (key) => resources.find((one) => `${one.resourceType}/${one.id}` === key),
    tasksOn: (key) => resources.filter((one) => (one as Task).focus?.reference === key),
  };
}

/** @returns severity and rule of each issue */
function told(changes: readonly Change[], stored: Stored = EMPTY): string[] {
  return judgeReferrals(changes, stored, CASE_SYSTEM).issues.map((one) => `${one.severity} ${ruleOf(one)}`);
}

test('every state of the table names the statuses of its request, and what a transition makes of it is one of them', () => {
  expect(Object.keys(REQUEST_STATUSES).sort()).toEqual(
    REFERRAL_STATES.filter((one) => one !== 'none').sort(),
  );
  for (const { from, event, by } of TRANSITIONS)
    for (const state of from) {
      const result = next(state, event, by[0]!);
      if (result.ok && result.value.request)
        expect(REQUEST_STATUSES[result.value.state]).toContain(result.value.request);
    }
});

for (const [state, statuses] of Object.entries(REQUEST_STATUSES))
  for (const status of ['draft', 'active', 'on-hold', 'revoked', 'completed', 'entered-in-error'] as const) {
    const fits = statuses.includes(status);
    test(`a record with a Task ${state} and its request ${status} ${fits ? 'is taken' : 'contradicts itself'}`, () => {
      const given = task(state as 'draft', { statusReason: reason('other', 'status-reason') });
      expect(told([came(given), came(request(status))])).toEqual(fits ? [] : ['error referral-agreement']);
    });
  }

test('what is stored at odds with a record stands on the worklist until it follows', () => {
  const [active, revoked] = [request('active'), request('revoked')];
  const [held, failed] = [task('in-progress'), task('failed', { statusReason: reason('withdrawn') })];
  const standing = (changes: readonly Change[], stored: Stored) =>
    [...judgeReferrals(changes, stored, CASE_SYSTEM).standing].map(([key, issue]) => [
      key,
      issue && ruleOf(issue),
    ]);
  // the request first
  expect(standing([came(revoked, active)], storedOf(active, held))).toEqual([[KEY, 'referral-agreement']]);
  expect(standing([came(failed, held)], storedOf(revoked, held))).toEqual([[KEY, undefined]]);
  // the Task first
  expect(standing([came(failed, held)], storedOf(active, held))).toEqual([[KEY, 'referral-agreement']]);
  expect(standing([came(revoked, active)], storedOf(active, failed))).toEqual([[KEY, undefined]]);
  // both at once, where they were at odds
  expect(standing([came(failed, held), came(revoked, revoked)], EMPTY)).toEqual([[KEY, undefined]]);
  // nothing was or is wrong
  expect(standing([came(task('on-hold'), held)], storedOf(active, held))).toEqual([]);
});

test('a request without its Task is not opened again after its end', () => {
  expect(told([came(request('active'), request('revoked'))])).toEqual(['error referral-transition']);
  expect(told([came(request('entered-in-error'), request('revoked'))])).toEqual([]);
  expect(told([came(request('completed'), request('active'))])).toEqual([]);
});

test('an onward referral has a course of its own: its end is not the parent’s, nor the parent’s end its own', () => {
  const child = (status: 'requested' | 'completed') =>
    task(status, {
      id: 'child',
      focus: { reference: 'ServiceRequest/onward' },
      partOf: [{ reference: 'Task/task' }],
    });
  const onward = (status: 'active' | 'completed') =>
    request(status, { id: 'onward', basedOn: [{ reference: KEY }] });
  const parent = [request('active'), task('in-progress')] as const;
  expect(
    told(
      [came(child('completed'), child('requested')), came(onward('completed'), onward('active'))],
      storedOf(...parent),
    ),
  ).toEqual([]);
  const completed = [
    came(task('completed'), task('in-progress')),
    came(request('completed'), request('active')),
  ];
  expect(told(completed, storedOf(child('requested'), onward('active')))).toEqual([]);
  expect(told([came(child('requested')), came(onward('active'))], storedOf(request('completed')))).toEqual(
    [],
  );
});

const NEXT = 'ServiceRequest/next';
const taking = (status: Parameters<typeof task>[0], more: Partial<Task> = {}) =>
  task(status, { id: 'taking', focus: { reference: NEXT }, ...more });
const nextRequest = (status: 'active' | 'revoked') =>
  request(status, { id: 'next', basedOn: [{ reference: KEY }] });

test('a referral is not let go before the service that takes it over has accepted', () => {
  const letGo = [
    came(task('completed', { output: handedTo(NEXT) }), task('in-progress')),
    came(request('completed'), request('active')),
  ];
  expect(told([...letGo, came(taking('requested')), came(nextRequest('active'))])).toContain(
    'error referral-hand-over',
  );
  expect(told([...letGo, came(taking('accepted')), came(nextRequest('active'))])).toEqual([]);
});

test('a hand-over that is not taken is told as long as the first service holds the person', () => {
  const refused = [
    came(taking('rejected', { statusReason: reason('rejected') })),
    came(nextRequest('revoked')),
  ];
  expect(told(refused, storedOf(request('active')))).toEqual(['warning referral-hand-over']);
  expect(told(refused, storedOf(request('completed')))).toEqual([]);
});

test('a referral that has ended is not handed over', () => {
  const offer = [came(taking('requested')), came(nextRequest('active'))];
  expect(told(offer, storedOf(request('revoked')))).toEqual(['warning referral-hand-over']);
  expect(told(offer, storedOf(request('active')))).toEqual([]);
});

test('a person who is with a service does not change hands in silence', () => {
  const elsewhere = { owner: { reference: 'Organization/other' } };
  expect(told([came(task('in-progress', elsewhere), task('accepted'))])).toEqual([
    'warning referral-hand-over',
  ]);
  expect(told([came(task('requested', elsewhere), task('requested'))])).toEqual([]);
});

test('a death ends no referral by itself: an open one is asked to be ended', () => {
  const died: Change = came({ resourceType: 'Patient', id: 'person', deceasedDateTime: '2026-03-01' });
  expect(told([died, came(task('in-progress'))])).toEqual(['warning referral-after-death']);
  expect(told([died, came(task('failed', { statusReason: reason('died') }))])).toEqual([]);
  expect(told([came({ resourceType: 'Patient', id: 'person' }), came(task('in-progress'))])).toEqual([]);
});

test('what lies between is what was known, in each state, without the reason of another', () => {
  const before = task('on-hold', { statusReason: reason('unwell', 'status-reason'), description: 'kept' });
  const strict = judgeReferrals([came(task('completed'), task('accepted', before))], EMPTY, CASE_SYSTEM);
  expect([...strict.between]).toEqual([]); // its status is on-hold: one step
  const { between } = judgeReferrals(
    [came(task('completed'), { ...before, status: 'accepted' })],
    EMPTY,
    CASE_SYSTEM,
  );
  expect([...between]).toEqual([
    ['Task/task', [{ ...before, status: 'in-progress', statusReason: undefined }].map(withoutBlanks)],
  ]);
});

function withoutBlanks(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('looks beside a Task for its request, beside a request for what it is based on and for its Tasks', () => {
  expect(seenBeside(task('draft'))).toEqual({ keys: [KEY], tasksOn: [] });
  expect(seenBeside(nextRequest('active'))).toEqual({ keys: [KEY], tasksOn: [NEXT] });
  expect(seenBeside({ resourceType: 'Patient', id: 'p' })).toEqual({ keys: [], tasksOn: [] });
});

test('only Tasks are read otherwise than they stand', () => {
  const ended = task('cancelled', { statusReason: reason('moved') });
  expect(readReferral(ended, task('on-hold'))).toEqual({ ...ended, status: 'failed' });
  expect(readReferral(ended, undefined)).toBe(ended);
  const asked = request('revoked');
  expect(readReferral(asked, request('active'))).toBe(asked);
});
