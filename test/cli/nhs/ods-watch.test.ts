/** Closed practices: what is sent by practice follows who took over, a person is told, and the command line shows what is known. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../../src/cli/load.ts';
import { openNhsAccess } from '../../../src/cli/nhs/access.ts';
import { ods } from '../../../src/cli/nhs/ods.ts';
import { openOds, openOdsDirectory } from '../../../src/cli/nhs/ods-directory.ts';
import { lookAndReroute, type OdsLook } from '../../../src/cli/nhs/ods-watch.ts';
import { reroute } from '../../../src/cli/nhs/rerouting.ts';
import { nhsSchema } from '../../../src/config/nhs.ts';
import { loadConfig, type TargetConfig, targetOf } from '../../../src/config.ts';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { digestOf } from '../../../src/fhir/digest.ts';
import type { Identified } from '../../../src/store/store.ts';
import { createDelivery } from '../../../src/target/fhir/deliver-group.ts';
import { routeTo } from '../../../src/target/route.ts';
import { createShareGate } from '../../../src/target/share-gate.ts';
import { openTestStore, type TestStore, until } from '../../outbox/adapter-parts.ts';
import { consent as consentOf } from '../../referral/sharing.ts';
import { type Held, type OdsServer, startOds } from '../../servers/ods.ts';
import { NOW_MS, patient, referral, type TestEhr } from '../../target/deliveries.ts';
import { ehr, targetAt } from '../../target/harness.ts';

const definitions = loadBaseDefinitions();
const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
const DAY_MS = 86_400_000;
const log = pino({ level: 'silent' });
const never = new AbortController().signal;
const closed = (name: string, ...successors: string[]): Held => ({
  name,
  closedOn: '2025-01-31',
  successors,
});
let parts: TestStore;
let server: OdsServer;
let nowMs: number;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  nowMs = NOW_MS;
  parts = await openTestStore(() => nowMs);
  server = await startOds({
    A81001: closed('THE ELM SURGERY', 'B82002'),
    B82002: { name: 'THE OAK SURGERY' },
  });
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await server.close();
  await parts.close();
});

const organization = (code: string, id = `gp-${code.toLowerCase()}`): Identified => ({
  resourceType: 'Organization',
  id,
  name: `Practice ${code}`,
  identifier: [{ system: ODS, value: code }],
});

let records = 0;
const commit = async (targets: readonly TargetConfig[], ...resources: Identified[]): Promise<void> => {
  records += 1;
  await commitAs(`record-${records}`, targets, ...resources);
};

async function commitAs(
  key: string,
  targets: readonly TargetConfig[],
  ...resources: Identified[]
): Promise<void> {
  const record = {
    ...{
      source: 'test',
      kind: 'any',
      key,
      digest: digestOf(resources),
      mapDigest: 'map',
    },
    ...{ payload: {}, ownerOrg: 'org', sourceTimeMs: nowMs, timeOf: 'source' as const, receiptId: 'receipt' },
    resources: resources.map((resource) => ({ resource, partial: false })),
    warnings: [],
  };
  const silent = { check: () => [], provenanceId: () => undefined, provenance: () => undefined };
  await parts.store.commit([record], { ...silent, route: routeTo(targets) }, nowMs);
}

function watch() {
  const nhs = nhsSchema.parse({ ods: { url: server.ordUrl } });
  const access = openNhsAccess(nhs, { clock: () => nowMs, log });
  closing.push(access.close);
  const { store } = parts;
  const clock = () => nowMs;
  const directory = openOdsDirectory(nhs, access, { answers: store.answers, clock });
  return { store, directory, practiceRole: 'RO76', clock, log, wake: () => {} };
}

const look = (targets: readonly TargetConfig[] = []): Promise<OdsLook> =>
  lookAndReroute(watch(), targets, never);

async function diagnostics(): Promise<readonly (string | undefined)[]> {
  const items = await parts.store.worklist({ open: true, count: 99 });
  return items.map(({ rule, outcome }) => `${rule}: ${outcome.issue[0]?.diagnostics}`).sort();
}

async function drain(config: TargetConfig, at: TestEhr): Promise<void> {
  const clock = () => nowMs;
  const deliver = createDelivery({
    store: parts.store,
    target: targetAt(at.url, { name: config.name }),
    gate: createShareGate({ store: parts.store, target: config, definitions, clock }),
    clock,
    random: () => 0.5,
  });
  for (;;) {
    const group = await parts.store.claim(config.name, { nowMs, leaseMs: 60_000, maxEntries: 50 });
    if (!group) return;
    await parts.store.settle(config.name, group.deliveryKey, await deliver(group, never), nowMs);
  }
}

const target = (name: string, ...practices: string[]): TargetConfig =>
  targetOf({ name, url: 'http://127.0.0.1/fhir', requiresVerifiedNhsNumber: false, send: { practices } });

const person = (id: string, practice: string): Identified[] => [
  patient(id, { managingOrganization: { reference: `Organization/gp-${practice.toLowerCase()}` } }),
  { ...consentOf({}, 'full'), id: `consent-${id}`, patient: { reference: `Patient/${id}` } } as Identified,
  referral(`r-${id}`, id),
];

test('what was held back from the practice that took over goes there, what comes later too, and a person is told once', async () => {
  const [oak, ash] = [target('oak', 'B82002'), target('ash', 'C83003')];
  const [atOak, atAsh] = [await ehr(), await ehr()];
  const context = { clock: () => nowMs, signal: never, log };
  for (const one of [oak, ash]) await reroute(one, parts.store, context);
  await commit([oak, ash], organization('A81001'), ...person('p1', 'A81001'));
  await drain(oak, atOak);
  expect(await atOak.search('ServiceRequest')).toEqual([]);

  nowMs += 1_000;
  expect(await look([oak, ash])).toMatchObject({ codes: 1, raised: 1, unanswered: 0, changed: true });
  await drain(oak, atOak);
  await drain(ash, atAsh);
  expect((await atOak.search('ServiceRequest')).map(({ id }) => id)).toEqual(['r-p1']);
  expect(await atAsh.search('ServiceRequest')).toEqual([]);

  nowMs += 1_000;
  await commit([oak, ash], ...person('p2', 'A81001'));
  await drain(oak, atOak);
  expect((await atOak.search('ServiceRequest')).map(({ id }) => id).sort()).toEqual(['r-p1', 'r-p2']);

  nowMs += 8 * DAY_MS;
  expect(await look([oak, ash])).toMatchObject({ changed: false });
  expect(await diagnostics()).toEqual([
    'ods-practice-closed: The practice A81001 (THE ELM SURGERY) closed on 2025-01-31. B82002 (THE OAK SURGERY) took over from A81001: what is sent by practice goes from A81001 to B82002 now. Check that this is right, and write B82002 where records name A81001.',
  ]);
  // a start finds nothing to do anew
  expect(await reroute(oak, parts.store, context)).toBe(0);
});

test('a target of the closed practice itself goes on getting its people', async () => {
  const elm = target('elm', 'A81001');
  const atElm = await ehr();
  await commit([elm], organization('A81001'), ...person('p1', 'A81001'));
  await look([elm]);
  await drain(elm, atElm);
  expect((await atElm.search('ServiceRequest')).map(({ id }) => id)).toEqual(['r-p1']);
});

test.each([
  ['split', closed('THE ELM SURGERY', 'B82002', 'C83003'), /Several took over from A81001: B82002, C83003/],
  ['closed for good', closed('THE ELM SURGERY'), /names nobody who took over from A81001/],
  [
    'passed on to one that is not known',
    closed('THE ELM SURGERY', 'Z99999'),
    /Z99999, which took over from A81001, is not/,
  ],
  ['passed on in a circle', closed('THE ELM SURGERY', 'A81001'), /lead to none that works \(A81001\)/],
])('of a practice that was %s a person is asked, and nothing is sent elsewhere', async (_, held, words) => {
  server.held.set('A81001', held);
  const oak = target('oak', 'B82002');
  const atOak = await ehr();
  await commit([oak], organization('A81001'), ...person('p1', 'A81001'));
  expect(await look([oak])).toMatchObject({ raised: 1, changed: false });
  await drain(oak, atOak);
  expect(await atOak.search('ServiceRequest')).toEqual([]);
  const [only, ...more] = await diagnostics();
  expect([only, more]).toEqual([expect.stringMatching(words), []]);
  expect(only).toMatch(/^ods-practice-closed: .*Ask where its people are registered now/);
});

test('a chain of mergers leads to the one that works', async () => {
  server.held.set('B82002', closed('THE OAK SURGERY', 'C83003'));
  server.held.set('C83003', { name: 'THE ASH SURGERY' });
  await commit([], organization('A81001'));
  await look();
  expect(await diagnostics()).toEqual([
    expect.stringContaining('C83003 (THE ASH SURGERY) took over from A81001, by way of B82002'),
  ]);
});

test('organisations that work say nothing, codes that are unknown do, and what is no code is not asked about', async () => {
  server.held.set('D84004', { name: 'A CHARITY', roles: ['RO213'] });
  const open = [organization('B82002'), organization('b82002', 'twin'), organization('D84004')];
  await commit([], ...open, organization('X99999'), organization('../secret', 'odd'));
  expect(await look()).toMatchObject({ codes: 3, raised: 1 });
  expect(await diagnostics()).toEqual([expect.stringMatching(/^ods-code-unknown: .* the code X99999/)]);
  expect(server.asked.map((path) => path.split('/').at(-1)).sort()).toEqual(['B82002', 'D84004', 'X99999']);
});

test('while ODS is down what it said before holds, and what was never asked waits', async () => {
  const oak = target('oak', 'B82002');
  await commit([oak], organization('A81001'));
  await look([oak]);
  server.isDown = true;
  nowMs += 30 * DAY_MS;
  await commit([oak], organization('C83003'), ...person('p1', 'A81001'));
  expect(await look([oak])).toMatchObject({ codes: 2, stale: 1, unanswered: 1, changed: false });
  const atOak = await ehr();
  await drain(oak, atOak);
  expect((await atOak.search('ServiceRequest')).map(({ id }) => id)).toEqual(['r-p1']);
});

test('a practice that ODS opens again is sent to no other any more', async () => {
  const oak = target('oak', 'B82002');
  await commit([oak], organization('A81001'));
  await look([oak]);
  server.held.set('A81001', { name: 'THE ELM SURGERY' });
  nowMs += 8 * DAY_MS;
  expect(await diagnostics()).toHaveLength(1);
  expect(await look([oak])).toMatchObject({ raised: 0, changed: true });
  expect(await diagnostics()).toEqual([]);
  await commit([oak], ...person('p1', 'A81001'));
  const atOak = await ehr();
  await drain(oak, atOak);
  expect(await atOak.search('ServiceRequest')).toEqual([]);
});

test('of an organisation with two codes, what is said of one stands while ODS tells of the other alone', async () => {
  server.held.set('D84004', { name: 'THE ELM CHARITY' });
  const both = ['A81001', 'D84004'].map((value) => ({ system: ODS, value }));
  await commit([], { ...organization('A81001'), identifier: both } as Identified);
  await look();
  server.held.set('A81001', closed('THE ELM SURGERY', 'C83003'));
  server.held.set('C83003', { name: 'THE ASH SURGERY' });
  server.failing.add('C83003');
  nowMs += 8 * DAY_MS;
  expect(await look()).toMatchObject({ codes: 2, unanswered: 1, stale: 0 });
  expect(await diagnostics()).toEqual([expect.stringContaining('B82002 (THE OAK SURGERY) took over')]);
  server.failing.clear();
  await look();
  expect(await diagnostics()).toEqual([expect.stringContaining('C83003 (THE ASH SURGERY) took over')]);
});

test('what is said of a code is over when no organisation has it any more', async () => {
  await commitAs('elm', [], organization('X99999', 'gp-elm'));
  await look();
  expect(await diagnostics()).toHaveLength(1);
  nowMs += 1_000;
  await commitAs('elm', [], organization('B82002', 'gp-elm'));
  expect(await look()).toMatchObject({ codes: 1 });
  expect(await diagnostics()).toEqual([]);
});

test('a changed configuration that was cut off before it was carried out is carried out at the next start', async () => {
  const { store } = parts;
  const about = { clock: () => nowMs, signal: never, log };
  await reroute(target('oak', 'B82002'), store, about);
  const cut = { ...store, replayDeliveries: () => Promise.reject(new Error('cut off')) };
  await expect(reroute(target('oak', 'A81001'), cut, about)).rejects.toThrow('cut off');
  const replayed: unknown[] = [];
  const whole = { ...store, replayDeliveries: async (filter: object) => replayed.push(filter) };
  await reroute(target('oak', 'A81001'), whole, about);
  expect(replayed).toEqual([{ target: 'oak', state: 'held' }]);
});

test('of two processes one looks, when it is due', async () => {
  await commit([], organization('A81001'));
  const nhs = nhsSchema.parse({ ods: { url: server.ordUrl, schedule: '* * * * *' } });
  const config = { nhs, targets: [] };
  const access = openNhsAccess(nhs, { clock: () => nowMs, log });
  closing.push(access.close);
  const around = { config, store: parts.store, access, clock: () => nowMs, log, wake: () => {} };
  const both = [openOds(around, 20), openOds(around, 20)];
  for (const one of both) one?.start();
  await until(async () => (await diagnostics()).length > 0);
  await Promise.all(both.map((one) => one?.stop()));
  expect(server.asked).toHaveLength(2);
});

test('runs nothing where ODS is not configured', () => {
  const around = { store: parts.store, access: undefined, clock: () => nowMs, log, wake: () => {} };
  expect(openOds({ ...around, config: { nhs: nhsSchema.parse({}), targets: [] } })).toBeUndefined();
});

test('the command line shows what is known, without an adapter or a store', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'hedgerow-ods-'));
  closing.push(() => rmSync(cwd, { recursive: true, force: true }));
  const nhs = { ods: { url: server.ordUrl } };
  writeFileSync(join(cwd, 'hedgerow.config.json'), JSON.stringify({ nhs }));
  const config = loadConfig({ cwd, root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const ask = async (code: string, json = false): Promise<[number, string, string]> => {
    const [out, err]: [string[], string[]] = [[], []];
    const stdout = { write: (text: string) => out.push(text) };
    const stderr = { write: (text: string) => err.push(text) };
    const exit = await ods(code, { json }, config.value, { stdout, stderr }, () => nowMs);
    return [exit, out.join(''), err.join('')];
  };
  const [exit, out] = await ask('a81001');
  expect(exit).toBe(0);
  expect(out).toMatch(/^A81001 {2}THE ELM SURGERY\n/);
  for (const words of [
    'inactive, closed 2025-01-31',
    'B82002 from 2026-02-01',
    'B82002 (THE OAK SURGERY)',
    'RO76',
  ])
    expect(out).toContain(words);
  expect(JSON.parse((await ask('A81001', true))[1])).toMatchObject({
    organisation: { code: 'A81001' },
    succession: { kind: 'succeeded' },
  });
  expect(await ask('X99999')).toEqual([
    2,
    expect.stringContaining('no organisation with the code X99999'),
    '',
  ]);
  server.isDown = true;
  expect(await ask('A81001')).toEqual([1, '', expect.stringContaining('ODS could not be asked: 127.0.0.1')]);
});
