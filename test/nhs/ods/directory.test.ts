/** What is known of organisations: asked of both interfaces of ODS, kept with its date, and used while ODS is down. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { createOdsClient, type OdsClientOptions } from '../../../src/nhs/ods/client.ts';
import { createOdsDirectory, type OdsDirectory } from '../../../src/nhs/ods/directory.ts';
import { withClosed, workedBy } from '../../../src/nhs/ods/successors.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import type { AccessTokens } from '../../../src/wire/token.ts';
import { type Held, type OdsServer, startOds } from '../../servers/ods.ts';
import { startScripted } from '../../servers/scripted.ts';
import { temporaryStore } from '../../store/temporary.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2026-03-02T09:00:00Z');
const never = new AbortController().signal;
const codes = {
  pcnRole: 'RO272',
  pcnRelationship: 'RE8',
  successor: ['Successor'],
  predecessor: ['Predecessor'],
};
const closing: (() => unknown)[] = [];
let nowMs = START_MS;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  nowMs = START_MS;
});

async function serve(held: Readonly<Record<string, Held>>): Promise<OdsServer> {
  const server = await startOds(held);
  closing.push(() => server.close());
  return server;
}

function client(baseUrl: string, options: Partial<OdsClientOptions> = {}) {
  const { exchange, close } = createExchange();
  closing.push(close);
  return createOdsClient({
    form: 'ord',
    baseUrl,
    exchange,
    deadlineMs: 5_000,
    uuid: randomUUID,
    codes,
    ...options,
  });
}

async function directory(baseUrl: string, options: Partial<OdsClientOptions> = {}): Promise<OdsDirectory> {
  const { answers } = await temporaryStore();
  const ask = client(baseUrl, options);
  return createOdsDirectory({ ask, answers, clock: () => nowMs, freshMs: 7 * DAY_MS });
}

const ELM: Held = {
  name: 'THE ELM SURGERY',
  closedOn: '2026-01-31',
  successors: ['B20002'],
  predecessors: ['A00009'],
  pcn: 'U12345',
};

const CASES: readonly ('ord' | 'fhir')[] = ['ord', 'fhir'];
test.each(CASES)('reads the %s interface into one shape', async (form) => {
  const server = await serve({ A10001: ELM });
  const url = form === 'ord' ? server.ordUrl : server.fhirUrl;
  expect(await client(url, { form, apiKey: 'ods-key' })('A10001', never)).toEqual({
    ok: true,
    organisation: {
      code: 'A10001',
      name: 'THE ELM SURGERY',
      status: 'inactive',
      roles: [
        { code: 'RO177', isPrimary: true, isActive: false },
        { code: 'RO76', isPrimary: false, isActive: false },
      ],
      successors: [{ code: 'B20002', since: '2026-02-01' }],
      predecessors: [{ code: 'A00009', since: '2026-02-01' }],
      pcn: 'U12345',
      openedOn: '1974-04-01',
      closedOn: '2026-01-31',
      lastChange: '2026-02-03',
    },
  });
  const none = client(url, { form, apiKey: 'ods-key' })('Z99999', never);
  expect(await none).toEqual({ ok: true, organisation: undefined });
});

test('a code that ODS does not know is told apart from an address where ODS is not', async () => {
  const server = await serve({ A10001: ELM });
  const wrong = await client(`${server.ordUrl}/elsewhere`)('A10001', never);
  expect(wrong).toMatchObject({ ok: false, retry: 'permanent' });
  expect(!wrong.ok && ruleOf(wrong.outcome.issue[0]!)).toBe('ods-answer');
  expect(await client(server.fhirUrl, { form: 'fhir', apiKey: 'wrong' })('A10001', never)).toMatchObject({
    ok: false,
  });
});

test.each([
  ['another organisation', { Organisation: { Name: 'X', OrgId: { extension: 'B1' }, Status: 'Active' } }],
  ['no organisation', { Organisations: [] }],
  ['nothing', undefined],
])('an answer that is %s is not believed', async (_, body) => {
  const server = await startScripted(() => ({ status: 200, body }));
  closing.push(server.close);
  expect(await client(server.url)('A10001', never)).toMatchObject({ ok: false, retry: 'permanent' });
});

test('asks the FHIR interface under an access token, which is renewed where it is refused', async () => {
  let held = 'old';
  const server = await startOds({ A10001: ELM }, (token) => token === 'new');
  closing.push(() => server.close());
  const tokens: AccessTokens = {
    get: async () => ({ ok: true, token: held }),
    refused: () => {
      held = 'new';
    },
  };
  const ask = client(server.fhirUrl, { form: 'fhir', tokens });
  expect(await ask('A10001', never)).toMatchObject({ ok: true, organisation: { code: 'A10001' } });
  const [organization, affiliations] = ['Organization/A10001', 'OrganizationAffiliation'];
  expect(server.asked.map((path) => path.split('/fhir/')[1]?.split('?')[0])).toEqual([
    organization,
    organization,
    affiliations,
  ]);
});

test('asks once in days, whoever asks and however the code is written', async () => {
  const server = await serve({ A10001: ELM });
  const ods = await directory(server.ordUrl);
  const first = await ods.lookUp('A10001', never);
  nowMs += 7 * DAY_MS - 1;
  expect(await ods.lookUp(' a10001 ', never)).toEqual(first);
  expect(first).toMatchObject({ askedMs: START_MS, isStale: false });
  expect(server.asked).toHaveLength(1);
  nowMs += 1;
  expect(await ods.lookUp('A10001', never)).toMatchObject({ askedMs: nowMs, isStale: false });
  expect(server.asked).toHaveLength(2);
});

test('what ODS said before is used while it is down, and said to be old', async () => {
  const server = await serve({ A10001: ELM });
  const ods = await directory(server.ordUrl);
  await ods.lookUp('A10001', never);
  await ods.lookUp('Z99999', never);
  server.isDown = true;
  nowMs += 30 * DAY_MS;
  expect(await ods.lookUp('A10001', never)).toMatchObject({
    ok: true,
    organisation: { name: 'THE ELM SURGERY' },
    askedMs: START_MS,
    isStale: true,
  });
  expect(await ods.lookUp('Z99999', never)).toMatchObject({
    ok: true,
    organisation: undefined,
    isStale: true,
  });
  expect(await ods.lookUp('B20002', never)).toMatchObject({ ok: false, retry: 'transient' });
});

test('a service that is down is not asked for every code, and is asked again after a pause', async () => {
  const server = await serve({ A10001: { name: 'ELM' } });
  server.isDown = true;
  const ods = await directory(server.ordUrl);
  for (let many = 0; many < 10; many++)
    expect(await ods.lookUp(`A1000${many}`, never)).toMatchObject({ ok: false });
  expect(server.asked).toHaveLength(3);
  server.isDown = false;
  nowMs += 5_000;
  expect(await ods.lookUp('A10001', never)).toMatchObject({ ok: true });
});

test('one code that cannot be answered keeps none of the others from being asked about', async () => {
  const server = await serve({ A10001: { name: 'ELM' } });
  const ods = await directory(server.ordUrl, {
    exchange: async ({ url }, signal) =>
      url.endsWith('/A10001')
        ? await createExchangeOnce(url, signal)
        : { ok: true, status: 200, headers: {}, text: '{"Organisation":{}}' },
  });
  for (let many = 2; many < 9; many++)
    expect(await ods.lookUp(`A1000${many}`, never)).toMatchObject({ ok: false, retry: 'permanent' });
  expect(await ods.lookUp('A10001', never)).toMatchObject({ ok: true });
});

async function createExchangeOnce(url: string, signal: AbortSignal) {
  const { exchange, close } = createExchange();
  closing.push(close);
  const headers = { accept: 'application/json', 'x-request-id': randomUUID() };
  return await exchange({ method: 'GET', url, headers }, signal);
}

const closed = (name: string, ...successors: string[]): Held => ({
  name,
  closedOn: '2026-01-31',
  successors,
});
const ENDS: readonly (readonly [string, Readonly<Record<string, Held>>, string, readonly string[]])[] = [
  ['works', { A1: { name: 'A' } }, 'open', ['A1']],
  ['was taken over', { A1: closed('A', 'B2'), B2: { name: 'B' } }, 'succeeded', ['A1', 'B2']],
  [
    'was taken over by one that was taken over',
    { A1: closed('A', 'B2'), B2: closed('B', 'C3'), C3: { name: 'C' } },
    'succeeded',
    ['A1', 'B2', 'C3'],
  ],
  ['was split', { A1: closed('A', 'B2', 'C3') }, 'split', ['A1']],
  [
    'was taken over by one that was split',
    { A1: closed('A', 'B2'), B2: closed('B', 'C3', 'D4') },
    'split',
    ['A1', 'B2'],
  ],
  ['has no successor', { A1: closed('A') }, 'ended', ['A1']],
  ['has a successor that is not known', { A1: closed('A', 'B2') }, 'lost', ['A1']],
  ['comes back to itself', { A1: closed('A', 'B2'), B2: closed('B', 'A1') }, 'circular', ['A1', 'B2']],
  ['names itself', { A1: closed('A', 'A1') }, 'circular', ['A1']],
];
test.each(ENDS)('follows an organisation that %s', async (_, held, kind, chain) => {
  const ods = await directory((await serve(held)).ordUrl);
  const found = await ods.follow('A1', never);
  if (!found.ok || found.succession.kind === 'unknown') throw new Error('nothing was found');
  expect([found.succession.kind, found.succession.chain.map(({ code }) => code)]).toEqual([kind, chain]);
});

test('believes no endless row of successors', async () => {
  const row = Array.from({ length: 40 }, (_, at) => [`A${at}`, closed('A', `A${at + 1}`)] as const);
  const server = await serve(Object.fromEntries(row));
  const found = await (await directory(server.ordUrl)).follow('A0', never);
  expect(found).toMatchObject({ succession: { kind: 'too-long' } });
  expect(server.asked.length).toBeLessThan(12);
});

test('says that a code is unknown, and that nothing can be told while ODS is down', async () => {
  const server = await serve({ A1: closed('A', 'B2') });
  const ods = await directory(server.ordUrl);
  expect(await ods.follow('Z9', never)).toEqual({
    ok: true,
    succession: { kind: 'unknown' },
    isStale: false,
  });
  await ods.lookUp('A1', never);
  server.isDown = true;
  expect(await ods.follow('A1', never)).toMatchObject({ ok: false });
});

test('a target for a practice is one for those whose work it does, and for no others', () => {
  const successors = new Map([
    ['A1', 'B2'],
    ['C3', 'D4'],
  ]);
  expect(withClosed(['b2', 'E5'], successors)).toEqual(['b2', 'E5', 'A1']);
  const own = ['A1', 'E5'];
  expect(withClosed(own, successors)).toBe(own);
  expect([workedBy('A1', successors, undefined), workedBy('a1', successors, ['b2'])]).toEqual(['B2', 'B2']);
  expect([workedBy('A1', successors, ['A1']), workedBy('Z9', successors, undefined)]).toEqual(['A1', 'Z9']);
});
