/** A referral's way through the shipped sources: what may follow, what is kept, and what is refused with advice. */
import { Readable } from 'node:stream';
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { beforeEach, expect, test } from 'vitest';
import { resourceId } from '../../src/fhir/ids.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Pipeline } from '../../src/pipeline.ts';
import { CASE_SYSTEM, type Voice } from '../../src/referral/judge-task.ts';
import { readCsv } from '../../src/source/read-csv.ts';
import { readJson } from '../../src/source/read-json.ts';
import type { IntakeSummary } from '../../src/source/tally.ts';
import type { Store } from '../../src/store/store.ts';
import { csvChunks, referralRows } from '../../tooling/demo/load.ts';
import { columnsOf } from '../../tooling/demo-set.ts';
import { example, type Json, NOW_MS, parts, shippedPipeline, shippedStore } from './shipped.ts';

let store: Store;

beforeEach(async () => {
  store = await shippedStore();
});

const pipelineOf = (voices: ReadonlyMap<string, Voice> = parts.voices): Pipeline =>
  shippedPipeline(store, { voices });

const ADULT = example('referral/adult-referred-by-gp');

/** @param day of March on which it was so */
function referral(day: number, state: string, more: object = {}): Json {
  const time = `2026-03-${String(day).padStart(2, '0')}T09:00:00Z`;
  const { acceptedAt: _accepted, stateSince: _since, ...known } = ADULT.referral as Record<string, unknown>;
  return { ...ADULT, updatedAt: time as never, referral: { ...known, state, stateSince: time, ...more } };
}

function closure(day: number, state: string): Json {
  const { closure: one, ...rest } = example('outcome/completed-with-outcomes');
  const time = `2026-03-${String(day).padStart(2, '0')}T09:00:00Z`;
  return {
    ...rest,
    updatedAt: time as never,
    closure: { ...one, referralId: 'R-100', state, closedAt: time },
  };
}

async function send(kind: string, record: Json, pipeline = pipelineOf()): Promise<IntakeSummary> {
  const reader = parts.sources.get('platform')!.kinds.get(kind)!;
  return await pipeline.ingest(
    'platform',
    kind,
    readJson(reader, JSON.stringify([record]), { nowMs: NOW_MS }),
  );
}

/** @returns statuses of a Task, oldest first */
async function course(key = 'R-100', role = 'referral', source = 'platform'): Promise<string[]> {
  const versions = await store.history('Task', resourceId(source, { type: 'Task', role, key }), 50);
  return versions.map(({ resource }) => (resource as Task).status).toReversed();
}

async function requestStatus(key = 'R-100'): Promise<unknown> {
  const id = resourceId('platform', { type: 'ServiceRequest', role: 'referral', key });
  const stored = await store.read('ServiceRequest', id);
  return (stored?.resource as ServiceRequest | undefined)?.status;
}

/** @returns open items by rules of referrals: kind, rule and text */
async function items(): Promise<[string, string | undefined, string | undefined][]> {
  const open = await store.worklist({ open: true, count: 99 });
  return open.flatMap(({ kind, outcome }) =>
    outcome.issue.flatMap((issue): [string, string | undefined, string | undefined][] =>
      ruleOf(issue)?.startsWith('referral-') ? [[kind, ruleOf(issue), issue.diagnostics]] : [],
    ),
  );
}

test('the steps that a source does not tell are written to history, in order, and only the last is sent', async () => {
  await send('referral', referral(1, 'NEW'));
  const { deliveries } = await send(
    'referral',
    referral(5, 'CLOSED', { acceptedAt: '2026-03-02T09:00:00Z' }),
  );
  expect(await course()).toEqual(['requested', 'accepted', 'in-progress', 'completed']);
  expect(await requestStatus()).toBe('completed');
  const id = resourceId('platform', { type: 'Task', role: 'referral', key: 'R-100' });
  const [, between] = await store.history('Task', id, 9);
  expect(between?.resource?.meta?.lastUpdated).toBe(new Date(NOW_MS).toISOString());
  expect(deliveries).toBe(4); // Task, ServiceRequest, EpisodeOfCare and Provenance
  expect(await items()).toEqual([]);
});

test('a source that declares no backload has to tell every step', async () => {
  const strict = pipelineOf(new Map([['platform', { ...CASE_SYSTEM, backload: false }]]));
  await send('referral', referral(1, 'NEW'), strict);
  await send('referral', referral(5, 'OPEN'), strict);
  expect(await course()).toEqual(['requested']);
  expect(await items()).toMatchObject([
    ['rejected', 'referral-transition', expect.stringContaining('Send the steps between first (accepted)')],
  ]);
  await send('referral', referral(4, 'ACCEPTED'), strict);
  await send('referral', referral(5, 'OPEN'), strict);
  expect(await course()).toEqual(['requested', 'accepted', 'in-progress']);
  expect(await items()).toEqual([]); // what was refused was sent again, and is settled
});

test('a source that speaks for the referrer alone cannot accept', async () => {
  const gp = pipelineOf(new Map([['platform', { ...CASE_SYSTEM, speaksFor: ['referrer'] }]]));
  await send('referral', referral(1, 'NEW'), gp);
  await send('referral', referral(2, 'ACCEPTED'), gp);
  expect(await course()).toEqual(['requested']);
  expect(await items()).toMatchObject([
    ['rejected', 'referral-actor', expect.stringContaining('only the service')],
  ]);
  await send('referral', referral(3, 'CANCELLED'), gp);
  expect(await course()).toEqual(['requested', 'cancelled']);
});

test('an ended referral is not opened again: nothing of the record is taken, and the worklist says what to send', async () => {
  await send('referral', referral(1, 'OPEN'));
  await send('referral', referral(2, 'CLOSED'));
  const summary = await send('referral', referral(3, 'OPEN', { urgency: 'URGENT' }));
  expect(summary.receipt).toMatchObject({ refused: 1, committed: 0 });
  expect(await course()).toEqual(['in-progress', 'completed']);
  expect(await items()).toMatchObject([
    [
      'rejected',
      'referral-transition',
      expect.stringMatching(
        /cannot go from completed to in-progress.*send a new referral under a key of its own/,
      ),
    ],
  ]);
});

test('completed may come before accepted: the late word is kept, takes nothing back, and is not refused', async () => {
  await send('outcome', closure(20, 'CLOSED'));
  expect(await course()).toEqual([]); // only parts of it are known
  await send('referral', referral(2, 'ACCEPTED'));
  expect(await course()).toEqual(['completed']);
  await send('referral', referral(10, 'OPEN'));
  expect(new Set(await course())).toEqual(new Set(['completed']));
  expect(await requestStatus()).toBe('completed');
  expect(await items()).toEqual([]);
});

test('an older version of a record changes no state, and says so', async () => {
  await send('referral', referral(5, 'OPEN'));
  const { receipt } = await send('referral', referral(2, 'NEW'));
  expect(receipt).toMatchObject({ unchanged: 1, refused: 0 });
  expect(await course()).toEqual(['in-progress']);
  expect(await store.worklist({ kind: 'warning', open: true, count: 9 })).toMatchObject([
    { outcome: { issue: [{ details: { coding: [{ code: 'store-older-record' }] } }] } },
  ]);
});

test('on hold and resumed; on hold without a reason asks for it until it is given', async () => {
  await send('referral', referral(1, 'OPEN'));
  await send('referral', referral(2, 'PAUSED'));
  expect(await items()).toMatchObject([['warning', 'referral-reason', expect.anything()]]);
  await send('referral', referral(3, 'OPEN'));
  expect(await course()).toEqual(['in-progress', 'on-hold', 'in-progress']);
  expect(await items()).toEqual([]);
});

for (const state of ['WITHDRAWN', 'UNREACHABLE', 'DIED', 'MOVED'])
  test(`${state} after acceptance ends the referral as failed, even where the record names no day of acceptance`, async () => {
    await send('referral', referral(1, 'OPEN'));
    await send('referral', referral(9, state));
    expect(await course()).toEqual(['in-progress', 'failed']);
    expect(await requestStatus()).toBe('revoked');
    const again = await send('referral', referral(10, state, { urgency: 'URGENT' }));
    expect(again.receipt).toMatchObject({ committed: 1, refused: 0 });
    expect((await course()).at(-1)).toBe('failed');
  });

test('a decline before acceptance cancels, and a referrer cannot cancel what is under way', async () => {
  await send('referral', referral(1, 'OFFERED'));
  await send('referral', referral(2, 'DECLINED'));
  expect(await course()).toEqual(['draft', 'cancelled']);
  const other = (day: number, state: string): Json => referral(day, state, { id: 'R-200', ubrn: undefined });
  await send('referral', other(1, 'OPEN'));
  await send('referral', other(2, 'CANCELLED'));
  expect(await course('R-200')).toEqual(['in-progress']);
  expect(await items()).toMatchObject([
    ['rejected', 'referral-transition', expect.stringContaining('withdrawn by the service (failed)')],
  ]);
});

test('what was entered in error may be said at any time, and is the end', async () => {
  await send('referral', referral(1, 'CLOSED'));
  await send('referral', referral(2, 'ERROR'));
  expect(await course()).toEqual(['completed', 'entered-in-error']);
  expect(await requestStatus()).toBe('entered-in-error');
  await send('referral', referral(3, 'NEW'));
  expect(await course()).toEqual(['completed', 'entered-in-error']);
  expect(await items()).toMatchObject([
    ['rejected', 'referral-transition', expect.stringContaining('Nothing may follow')],
  ]);
});

test('a hand-over: the first service holds the person until the other accepts, and then lets go', async () => {
  const old = example('referral/hospital-referral-active');
  const [offered, accepted] = ['offered', 'accepted'].map((word) => example(`referral/hand-over-${word}`));
  const at = (record: Json, time: string): Json => ({ ...record, updatedAt: time as never });
  await send('referral', at(old, '2026-01-10T09:00:00Z'));
  await send('referral', at(offered!, '2026-01-19T16:00:00Z'));
  expect((await course('R-103')).at(-1)).toBe('in-progress');
  await send('referral', at(accepted!, '2026-01-20T12:00:00Z'));
  expect((await course('R-103')).at(-1)).toBe('completed');
  expect(await course('R-104')).toEqual(['requested', 'accepted']);
  expect(await requestStatus('R-103')).toBe('completed');
  expect(await items()).toEqual([]);
  await send('referral', at({ ...old, eventId: 'later' as never }, '2026-02-01T09:00:00Z'));
  expect((await course('R-103')).at(-1)).toBe('completed');
  expect(await items()).toMatchObject([['rejected', 'referral-transition', expect.anything()]]);
});

test('a hand-over that is not taken: the first service still holds the person, and somebody is told', async () => {
  const old = example('referral/hospital-referral-active');
  const offered = example('referral/hand-over-offered');
  await send('referral', { ...old, updatedAt: '2026-01-10T09:00:00Z' as never });
  await send('referral', offered);
  const refused = { ...offered.referral, state: 'REJECTED', stateReason: 'FULL' };
  await send('referral', { ...offered, updatedAt: '2026-01-21T12:00:00Z' as never, referral: refused });
  expect(await course('R-104')).toEqual(['requested', 'rejected']);
  expect((await course('R-103')).at(-1)).toBe('in-progress');
  expect(await items()).toMatchObject([
    ['warning', 'referral-hand-over', expect.stringContaining('still holds the person')],
  ]);
});

test('a referral of somebody who has died asks to be ended', async () => {
  const died = { ...referral(3, 'OPEN'), client: { ...ADULT.client, deceased: true } };
  await send('referral', died);
  expect(await items()).toMatchObject([['warning', 'referral-after-death', expect.anything()]]);
  await send('referral', { ...died, ...referral(4, 'DIED'), client: died.client });
  expect(await items()).toEqual([]);
});

test('a spreadsheet that only says how things stand: active, then dropped out, then active again', async () => {
  const pipeline = pipelineOf();
  const reader = parts.sources.get('spreadsheet')!.kinds.get('referral')!;
  const [row] = referralRows(1);
  const week = async (Status: string, day: string): Promise<IntakeSummary> => {
    const told = {
      ...row,
      Status,
      'Last updated': `${day} 17:05`,
      'Accepted on': undefined,
      'Status date': day,
    };
    const text = [...csvChunks(columnsOf('referral'), [told])].join('');
    return await pipeline.ingest(
      'spreadsheet',
      'referral',
      readCsv(reader, Readable.from([Buffer.from(text)]), { nowMs: NOW_MS }),
    );
  };
  await week('Waiting', '02/03/2026');
  await week('Active', '09/03/2026');
  await week('Dropped out', '16/03/2026');
  const key = String(row!['Referral ID']);
  expect(await course(key, 'referral', 'spreadsheet')).toEqual([
    'requested',
    'accepted',
    'in-progress',
    'failed',
  ]);
  expect((await week('Active', '23/03/2026')).receipt).toMatchObject({ refused: 1 });
  expect((await items()).map(([kind, rule]) => [kind, rule])).toEqual([['rejected', 'referral-transition']]);
});
