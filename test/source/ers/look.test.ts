/** What e-RS holds for a service comes in once, follows what becomes of it there, and stays asked for while it cannot be had. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Organization, ServiceRequest, Task } from '@medplum/fhirtypes';
import { pino } from 'pino';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { loadParts, ROOT } from '../../../src/cli/load.ts';
import { type ErsWatch, openErs } from '../../../src/cli/nhs/ers.ts';
import { loadConfig } from '../../../src/config.ts';
import { createPipeline, type Pipeline } from '../../../src/pipeline.ts';
import type { Store } from '../../../src/store/store.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { type ErsServer, startErsServer } from '../../servers/ers.ts';
import { temporaryStore } from '../../store/temporary.ts';

const NOW_MS = Date.UTC(2026, 2, 20, 6);
const REVIEW = 'REFERRALS_FOR_REVIEW';
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-ers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

writeFileSync(
  join(folder, 'hedgerow.config.json'),
  JSON.stringify({ sources: [], nhs: { ers: { services: [{ id: '11010' }], ownerOrg: 'A1001' } } }),
);
const config = loadConfig({ cwd: folder, root: ROOT });
if (!config.ok) throw new Error(JSON.stringify(config.outcome));
const loaded = loadParts(config.value, ROOT);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
const parts = loaded.value;

let server: ErsServer;
let store: Store;
let pipeline: Pipeline;
let nowMs: number;
let lines: string[];
/** of ours, at e-RS */
let services: readonly { readonly id: string }[];
/** how often it was looked whether a turn is due */
let looks: number;

beforeEach(async () => {
  nowMs = NOW_MS;
  lines = [];
  looks = 0;
  services = [{ id: '11010' }];
  server = await startErsServer(['11010', '11020']);
  store = await temporaryStore();
  pipeline = createPipeline({
    ...parts,
    store,
    ownerOrg: () => 'A1001',
    route: () => [],
    clock: () => nowMs,
  });
});

/** One process that looks at e-RS. */
function watch(lookMs = 1_000_000): ErsWatch {
  const { exchange, close } = createExchange();
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const sharedNowMs: Store['sharedNowMs'] = (ms) => {
    looks += 1;
    return store.sharedNowMs(ms);
  };
  const watching = openErs(
    { ...(config.ok && config.value.nhs!.ers!), services, url: server.url } as Parameters<typeof openErs>[0],
    {
      access: { exchange, baseUrl: () => server.url },
      ...{ sources: parts.sources, pipeline, store: { ...store, sharedNowMs }, log, clock: () => nowMs },
    },
    lookMs,
  );
  return {
    look: watching.look,
    start: watching.start,
    stop: async () => {
      await watching.stop();
      close();
    },
  };
}

async function look(): Promise<void> {
  const watching = watch();
  await watching.look();
  await watching.stop();
}

/** Status of each referral by its booking reference, with that of its Task. */
async function standing(): Promise<Record<string, string>> {
  const found = async (type: string): Promise<readonly unknown[]> =>
    (await store.search({ type, clauses: [], count: 99 })).versions.map(({ resource }) => resource);
  const tasks = (await found('Task')) as Task[];
  return Object.fromEntries(
    ((await found('ServiceRequest')) as ServiceRequest[]).map(({ id, status, identifier }) => {
      const task = tasks.find(({ focus }) => focus?.reference === `ServiceRequest/${id}`);
      return [identifier?.[0]?.value, `${status} ${task?.status}`];
    }),
  );
}

test('the referrals on a list come in, coded and owned, and a second look changes nothing', async () => {
  server.referrals.set('000000070001', { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW });
  server.referrals.set('000000070002', { ubrn: '000000070002', nhsNumber: '9990000026', list: REVIEW });
  server.referrals.set('000000070009', { ubrn: '000000070009', nhsNumber: '9990000034' });
  await look();
  expect(await standing()).toEqual({
    '000000070001': 'active requested',
    '000000070002': 'active requested',
  });
  const page = await store.search({ type: 'ServiceRequest', clauses: [], count: 9 });
  expect(page.versions.map(({ ownerOrg, version }) => `${ownerOrg} ${version}`)).toEqual([
    'A1001 1',
    'A1001 1',
  ]);
  await look();
  const again = await store.search({ type: 'ServiceRequest', clauses: [], count: 9 });
  expect(again.versions.map(({ version }) => version)).toEqual([1, 1]);
});

test('a referral that has left the lists is followed until it has ended there', async () => {
  const one = { ubrn: '000000070001', nhsNumber: '9990000018' };
  server.referrals.set(one.ubrn, { ...one, list: REVIEW });
  await look();
  server.referrals.set(one.ubrn, { ...one, state: 'CANCELLED_REFERRAL' });
  server.nextDay();
  await look();
  expect(await standing()).toEqual({ [one.ubrn]: 'revoked cancelled' });
  server.asked.length = 0;
  await look();
  expect(server.asked.filter((key) => key.includes(one.ubrn))).toEqual([]);
});

test('what could not be had is asked for at the next look, and the rest comes in meanwhile', async () => {
  for (const ubrn of ['000000070001', '000000070002'])
    server.referrals.set(ubrn, { ubrn, nhsNumber: '9990000018', list: REVIEW });
  server.broken.set('GET /ReferralRequest/000000070001', { status: 503 });
  await look();
  expect(Object.keys(await standing())).toEqual(['000000070002']);
  server.broken.clear();
  await look();
  expect(Object.keys(await standing()).sort()).toEqual(['000000070001', '000000070002']);
});

test('a list that is refused is told without what was asked, and known referrals are still followed', async () => {
  const one = { ubrn: '000000070001', nhsNumber: '9990000018' };
  server.referrals.set(one.ubrn, { ...one, list: REVIEW });
  await look();
  await look();
  server.referrals.set(one.ubrn, { ...one, state: 'REJECTED', list: REVIEW });
  await look(); // the third of the day: the lists answer 429
  expect(await standing()).toEqual({ [one.ubrn]: 'revoked rejected' });
  expect(lines.filter((line) => line.includes('e-RS could not be asked'))).not.toEqual([]);
  expect(lines.join('')).not.toMatch(/9990000018|000000070001/);
});

test('a referral that e-RS does not show is on the worklist under its booking reference', async () => {
  server.referrals.set('000000070001', { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW });
  server.broken.set('GET /ReferralRequest/000000070001', { status: 403, body: '{}' });
  await look();
  const [item] = await store.worklist({ open: true, count: 9 });
  expect(item).toMatchObject({ kind: 'rejected', source: 'e-rs', recordKey: '000000070001' });
  expect(item?.outcome.issue[0]?.diagnostics).toContain('nhs.ers.services');
});

/** Commits a referral of another source under a booking reference. */
async function hold(
  ubrn: string,
  status: ServiceRequest['status'] = 'active',
  id = 'held-by-the-case-system',
): Promise<void> {
  const held = {
    resourceType: 'ServiceRequest' as const,
    id,
    identifier: [{ system: 'https://fhir.nhs.uk/Id/UBRN', value: ubrn }],
    status,
    intent: 'order' as const,
    subject: { display: 'somebody' },
  };
  const common = { source: 'platform', kind: 'referral', key: id, ownerOrg: 'A1001', receiptId: 'r' };
  const record = {
    ...common,
    payload: {},
    digest: `d ${status} ${nowMs}`,
    mapDigest: 'm',
    sourceTimeMs: nowMs,
    timeOf: 'source' as const,
  };
  await store.commit(
    [{ ...record, resources: [{ resource: held, partial: false }], warnings: [] }],
    pipeline.rules,
    nowMs,
  );
}

test('a referral that a case system brought under the same booking reference is left to it', async () => {
  server.referrals.set('000000070001', { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW });
  await hold('000000070001');
  await look();
  const page = await store.search({ type: 'ServiceRequest', clauses: [], count: 9 });
  expect(page.versions.map(({ id }) => id)).toEqual(['held-by-the-case-system']);
});

test('a referral that a case system brings later is taken back here, and said once', async () => {
  server.referrals.set('000000070001', { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW });
  await look();
  await hold('000000070001');
  await look();
  const page = await store.search({ type: 'ServiceRequest', clauses: [], count: 9 });
  const standing = page.versions.map(({ resource }) => (resource as ServiceRequest).status).sort();
  expect(standing).toEqual(['active', 'entered-in-error']);
  server.nextDay();
  server.asked.length = 0;
  await look();
  expect(server.asked.filter((key) => key.startsWith('GET'))).toEqual([]);
});

test('a booking after triage is no step back', async () => {
  const one = { ubrn: '000000070001', nhsNumber: '9990000018' };
  server.referrals.set(one.ubrn, { ...one, state: 'TRIAGED_PROVIDER_TO_ACTION', list: REVIEW });
  await look();
  expect(await standing()).toEqual({ [one.ubrn]: 'active accepted' });
  server.referrals.set(one.ubrn, { ...one, state: 'BOOKED' });
  await look();
  expect(await standing()).toEqual({ [one.ubrn]: 'active accepted' });
  expect(await store.worklist({ open: true, kind: 'rejected', count: 9 })).toEqual([]);
  server.referrals.set(one.ubrn, { ...one, state: 'CANCELLED_REFERRAL' });
  await look();
  expect(await standing()).toEqual({ [one.ubrn]: 'revoked cancelled' });
});

/** The service says here how a referral ended, as its own system does. */
async function end(ubrn: string, status: Task['status'], code: string): Promise<void> {
  const page = await store.search({ type: 'Task', clauses: [], count: 9 });
  const base = page.versions[0]!.resource as Task & { id: string };
  const system = 'https://hedgerow.example/fhir/CodeSystem/referral-status';
  const ended: typeof base = { ...base, status, statusReason: { coding: [{ system, code }] } };
  const [done] = await store.commit(
    [
      {
        ...{ source: 'ehr', kind: 'Task', key: base.id, digest: status, mapDigest: 'fhir', payload: {} },
        ...{ ownerOrg: 'A1001', sourceTimeMs: nowMs, timeOf: 'reading' as const, receiptId: 'r' },
        resources: [{ resource: ended, partial: false }],
        warnings: [],
        received: { target: 'ehr', remoteId: ubrn, remoteVersion: '2', base, heldDigest: undefined },
      },
    ],
    pipeline.rules,
    nowMs,
  );
  if (done?.state === 'refused') throw new Error(JSON.stringify(done.outcome));
}

const words = async (): Promise<readonly (string | undefined)[]> =>
  (await store.worklist({ open: true, count: 9 })).map(({ rule }) => rule).sort();

test.each<[Task['status'], string]>([
  ['failed', 'withdrawn'],
  ['cancelled', 'cancelled'],
  ['rejected', 'rejected'],
  ['completed', 'completed'],
])('a referral that is %s here is left alone, whatever becomes of its booking', async (status, code) => {
  const one = { ubrn: '000000070001', nhsNumber: '9990000018' };
  const state = status === 'rejected' ? 'NOT_BOOKED' : 'TRIAGED_PROVIDER_TO_ACTION';
  server.referrals.set(one.ubrn, { ...one, state, list: REVIEW });
  await look();
  nowMs += 1_000;
  await end(one.ubrn, status, code);
  const before = await words();
  const ended = await standing();
  expect(ended[one.ubrn]).toContain(` ${status}`);
  server.referrals.set(one.ubrn, { ...one, state: 'BOOKED' });
  await look();
  server.nextDay();
  server.referrals.set(one.ubrn, { ...one, state: 'CANCELLED_REFERRAL' });
  await look();
  expect(await standing()).toEqual(ended);
  expect(await words()).toEqual(before);
  expect(server.asked.filter((key) => key.startsWith('GET'))).toHaveLength(1);
});

test('while e-RS goes on listing what is over here, somebody looks', async () => {
  const one = { ubrn: '000000070001', nhsNumber: '9990000018' };
  server.referrals.set(one.ubrn, { ...one, state: 'AWAITING_TRIAGE', list: REVIEW });
  await look();
  nowMs += 1_000;
  await end(one.ubrn, 'rejected', 'rejected');
  const before = await words();
  await look();
  expect(await words()).toEqual(['ers-over-here', ...before]);
  await look(); // the third of the day: the lists are refused, and tell nothing
  expect(await words()).toEqual(['ers-over-here', ...before]);
  server.nextDay();
  server.referrals.set(one.ubrn, { ...one, state: 'AWAITING_TRIAGE' });
  await look();
  expect(await words()).toEqual(before);
});

test('where what was held here was entered in error, nobody is told to end the referral at e-RS, until it is brought in again', async () => {
  server.referrals.set('000000070001', { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW });
  await look();
  nowMs += 1_000;
  await hold('000000070001');
  await look();
  server.nextDay();
  nowMs += 1_000;
  await hold('000000070001', 'entered-in-error');
  await look();
  expect(await words()).toEqual(['ers-not-held']);
  const items = await store.worklist({ open: true, count: 9 });
  const item = items.find(({ rule }) => rule === 'ers-not-held');
  expect(item?.outcome.issue[0]?.diagnostics).toContain('bring it in again');
  expect(JSON.stringify(items)).not.toContain('end it there');
  nowMs += 1_000;
  await hold('000000070001', 'active', 'held-anew');
  await look();
  expect(await words()).toEqual([]);
});

/** Name of the service that performs the one referral, and how many versions there are of it and of its Task. */
async function performers(): Promise<{
  readonly now: string | undefined;
  readonly versions: readonly number[];
}> {
  const newest = async (type: string) => (await store.search({ type, clauses: [], count: 9 })).versions;
  const requests = await newest('ServiceRequest');
  const tasks = await newest('Task');
  const { performer } = requests[0]!.resource as ServiceRequest;
  const organizations = (await newest('Organization')).map(({ resource }) => resource as Organization);
  const now = organizations.find(({ id }) => performer?.[0]?.reference === `Organization/${id}`)?.name;
  return { now, versions: [...requests, ...tasks].map(({ version }) => version) };
}

test('a referral that goes from one of our services to another changes once, and stays there when it leaves the lists', async () => {
  services = [{ id: '11010' }, { id: '11020' }];
  const one = { ubrn: '000000070001', nhsNumber: '9990000018' };
  server.referrals.set(one.ubrn, { ...one, list: REVIEW });
  await look();
  expect(await performers()).toEqual({ now: 'Riverside Social Prescribing', versions: [1, 1] });
  server.referrals.set(one.ubrn, { ...one, list: REVIEW, service: '11020' });
  await look();
  const moved = { now: 'Hilltop Social Prescribing', versions: [2, 2] };
  expect(await performers()).toEqual(moved);
  for (let turn = 0; turn < 2; turn += 1) {
    server.nextDay();
    server.asked.length = 0;
    await look();
    expect(await performers()).toEqual(moved);
    expect(server.asked.filter((key) => key.startsWith('GET'))).toHaveLength(1);
  }
  server.referrals.set(one.ubrn, { ...one, state: 'CANCELLED_REFERRAL' });
  server.nextDay();
  await look();
  expect(await standing()).toEqual({ [one.ubrn]: 'revoked cancelled' });
});

test('a referral that comes back to the service that had it first is read by that one again', async () => {
  services = [{ id: '11010' }, { id: '11020' }];
  const one = { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW };
  for (const service of ['11010', '11020', '11010']) {
    server.referrals.set(one.ubrn, { ...one, service });
    server.nextDay();
    await look();
  }
  const back = { now: 'Riverside Social Prescribing', versions: [3, 3] };
  expect(await performers()).toEqual(back);
  server.nextDay();
  await look();
  expect(await performers()).toEqual(back);
});

test('a referral that two of our services list at once is read by the one that came to list it last', async () => {
  services = [{ id: '11010' }, { id: '11020' }];
  const one = { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW };
  server.referrals.set(one.ubrn, one);
  await look();
  server.referrals.set(one.ubrn, { ...one, service: ['11010', '11020'] });
  for (let turn = 0; turn < 3; turn += 1) {
    server.nextDay();
    await look();
    expect(await performers()).toEqual({ now: 'Hilltop Social Prescribing', versions: [2, 2] });
  }
  server.referrals.set(one.ubrn, one);
  for (let turn = 0; turn < 2; turn += 1) {
    server.nextDay();
    await look();
  }
  expect(await performers()).toEqual({ now: 'Riverside Social Prescribing', versions: [3, 3] });
});

test('what one service lists of a referral that is over here is not taken back by another that had it before', async () => {
  services = [{ id: '11020' }, { id: '11010' }];
  const one = { ubrn: '000000070001', nhsNumber: '9990000018', state: 'AWAITING_TRIAGE', list: REVIEW };
  server.referrals.set(one.ubrn, one);
  await look();
  nowMs += 1_000;
  await end(one.ubrn, 'rejected', 'rejected');
  const before = await words();
  server.referrals.set(one.ubrn, { ...one, service: '11020' });
  await look();
  expect(await words()).toEqual(['ers-over-here', ...before]);
});

test('a referral that e-RS knows no more is not asked for again', async () => {
  const one = { ubrn: '000000070001', nhsNumber: '9990000018' };
  server.referrals.set(one.ubrn, { ...one, list: REVIEW });
  await look();
  server.referrals.delete(one.ubrn);
  server.nextDay();
  await look();
  server.asked.length = 0;
  await look();
  expect(server.asked.filter((key) => key.startsWith('GET'))).toEqual([]);
});

test('a busy e-RS is asked for no other referral in this look', async () => {
  for (const ubrn of ['000000070001', '000000070002'])
    server.referrals.set(ubrn, { ubrn, nhsNumber: '9990000018', list: REVIEW });
  server.broken.set('GET /ReferralRequest/000000070001', { status: 429, headers: { 'retry-after': '60' } });
  await look();
  expect(server.asked.filter((key) => key.startsWith('GET'))).toHaveLength(1);
  server.broken.clear();
  await look();
  expect(Object.keys(await standing()).sort()).toEqual(['000000070001', '000000070002']);
});

test('a list that is refused for good is on the worklist until it is given', async () => {
  server.broken.set('POST /ReferralRequest/$ers.fetchworklist', { status: 403, body: '{}' });
  await look();
  expect((await store.worklist({ open: true, count: 9 })).map(({ rule }) => rule)).toEqual([
    'ers-answer',
    'ers-answer',
  ]);
  server.broken.clear();
  await look();
  expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
});

/** Looks whether a turn is due have begun, so often from now on: the last but one of each process has ended. */
async function looked(times: number): Promise<void> {
  const from = looks;
  await expect.poll(() => looks - from, { timeout: 10_000 }).toBeGreaterThanOrEqual(times);
}

test('a turn that was missed on its day is made up for, and one of the day before is not', async () => {
  server.referrals.set('000000070001', { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW });
  const early = watch(5); // at six, when the last turn was that of 13:00 on the day before
  early.start();
  await looked(3);
  await early.stop();
  expect(server.asked).toEqual([]);
  nowMs = Date.UTC(2026, 2, 20, 7, 50);
  const late = watch(5);
  late.start();
  await expect.poll(async () => Object.keys(await standing()).length).toBe(1);
  await late.stop();
});

test('lists are read at their times only, by one of two processes on the store', async () => {
  server.referrals.set('000000070001', { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW });
  const both = [watch(5), watch(5)];
  for (const one of both) one.start();
  const lists = (): string[] => server.asked.filter((key) => key.startsWith('POST'));
  await looked(5);
  expect(lists()).toEqual([]);
  nowMs = Date.UTC(2026, 2, 20, 7, 1);
  await expect.poll(async () => Object.keys(await standing()).length).toBe(1);
  await looked(5);
  for (const one of both) await one.stop();
  expect(lists()).toHaveLength(2); // one for each kind of list
});

test('a page in place of an answer is no referral', async () => {
  server.referrals.set('000000070001', { ubrn: '000000070001', nhsNumber: '9990000018', list: REVIEW });
  server.broken.set('GET /ReferralRequest/000000070001', { status: 200, body: '<html>sign in</html>' });
  await look();
  expect(await standing()).toEqual({});
  server.broken.set('GET /ReferralRequest/000000070001', { status: 200, body: '{"resourceType":"Patient"}' });
  await look();
  expect((await store.worklist({ open: true, count: 9 }))[0]?.rule).toBe('ers-unreadable');
});
