/** A terminology server over real HTTP: what is asked, what is kept, and what happens when it is slow, wrong or gone. */
import type { Parameters } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import { createExchange } from '../../src/wire/exchange.ts';
import { createTerminologyServer, type TerminologyServerOptions } from '../../src/wire/terminology-server.ts';
import { type Answer, closedUrl, type Scripted, type Seen, startScripted } from '../servers/scripted.ts';

const SET = 'http://snomed.info/sct?fhir_vs=isa/73211009';
const SNOMED = 'http://snomed.info/sct';
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function scripted(script: (seen: Seen) => Answer | Promise<Answer>): Promise<Scripted> {
  const server = await startScripted(script);
  closing.push(() => server.close());
  return server;
}

function client(url: string, more: Partial<TerminologyServerOptions> = {}) {
  const { exchange, close } = createExchange();
  closing.push(close);
  return createTerminologyServer({ url, exchange, clock: () => 0, ...more });
}

const question = (code: string) => ({ valueSet: SET, system: SNOMED, code });

function result(value: boolean, ...more: NonNullable<Parameters['parameter']>): Answer {
  return {
    status: 200,
    body: { resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean: value }, ...more] },
  };
}

test('asks by POST, with the code in the body and not in the address', async () => {
  const server = await scripted(() => result(true));
  expect(
    await client(`${server.url}/fhir/`).validateCode({ ...question('44054006'), valueSet: `${SET}|1` }),
  ).toBe(true);
  expect(server.seen).toMatchObject([
    {
      method: 'POST',
      path: '/fhir/ValueSet/$validate-code',
      body: {
        resourceType: 'Parameters',
        parameter: [
          { name: 'url', valueUri: SET },
          { name: 'valueSetVersion', valueString: '1' },
          { name: 'code', valueCode: '44054006' },
          { name: 'system', valueUri: SNOMED },
        ],
      },
    },
  ]);
});

test('lets the server infer the system of an element of type code', async () => {
  const server = await scripted(() => result(false));
  expect(await client(server.url).validateCode({ valueSet: SET, system: undefined, code: 'x' })).toBe(false);
  expect(server.seen[0]?.body).toMatchObject({
    parameter: expect.arrayContaining([{ name: 'inferSystem', valueBoolean: true }]),
  });
});

test('keeps yes and no for their time, and unknown for a shorter one', async () => {
  let nowMs = 0;
  const server = await scripted(({ body }) => {
    const text = JSON.stringify(body);
    return text.includes('"gone"') ? { status: 404, body: {} } : result(text.includes('"in"'));
  });
  const terminology = client(server.url, { clock: () => nowMs, keepMs: 1_000, keepUnknownMs: 100 });
  const ask = () => terminology.validateCodes(['in', 'out', 'gone'].map(question));
  expect(await ask()).toEqual([true, false, undefined]);
  expect(await ask()).toEqual([true, false, undefined]);
  expect(server.seen).toHaveLength(3);
  nowMs = 100;
  await ask();
  expect(server.seen).toHaveLength(4);
  nowMs = 1_000;
  await ask();
  expect(server.seen).toHaveLength(7);
  expect(terminology.state()).toMatchObject({
    circuit: 'closed',
    lastFailure: { atMs: 1_000, reason: 'status 404' },
    counts: { sent: 7, kept: 5, unknown: 3, failed: 0, skipped: 0 },
  });
});

test('keeps no more answers than it may, and lets go of the one asked for longest ago', async () => {
  const server = await scripted(() => result(true));
  const terminology = client(server.url, { cacheSize: 2 });
  for (const code of ['a', 'b', 'a', 'c', 'a', 'b']) await terminology.validateCode(question(code));
  expect(server.seen.map(({ body }) => JSON.stringify(body).match(/"valueCode":"(.)"/)?.[1])).toEqual([
    'a',
    'b',
    'c',
    'b',
  ]);
});

test('asks once what several ask at the same time', async () => {
  const server = await scripted(() => result(true));
  const terminology = client(server.url);
  expect(await terminology.validateCodes([question('a'), question('a'), question('a')])).toEqual([
    true,
    true,
    true,
  ]);
  expect(server.seen).toHaveLength(1);
});

test('sends no more questions at once than it may, and answers all', async () => {
  let open = 0;
  let most = 0;
  const server = await scripted(async () => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 5));
    open--;
    return result(true);
  });
  const codes = Array.from({ length: 20 }, (_, i) => question(`c${i}`));
  expect(await client(server.url, { concurrency: 3 }).validateCodes(codes)).toEqual(codes.map(() => true));
  expect(most).toBe(3);
});

test.each<readonly [string, Answer, string]>([
  ['never answers', { silent: true }, 'wire-no-answer'],
  ['cuts the answer off', { cut: 'mid-body' }, 'wire-no-answer'],
  ['answers with a page', { status: 200, body: '<html></html>' }, 'wire-not-json'],
  [
    'answers another resource',
    { status: 200, body: { resourceType: 'OperationOutcome' } },
    'no Parameters with a result',
  ],
  ['answers without a body', { status: 200 }, 'no Parameters with a result'],
  [
    'answers a list',
    { status: 200, body: { resourceType: 'Parameters', parameter: [null, 'result'] } },
    'no Parameters with a result',
  ],
  ['fails', { status: 500, body: {} }, 'status 500'],
  ['lets nobody in', { status: 401, body: {} }, 'status 401'],
  ['sends elsewhere', { status: 302, headers: { location: '/elsewhere' } }, 'status 302'],
])('a server that %s leaves the code unchecked, and the state says so', async (_, answer, reason) => {
  const server = await scripted(() => answer);
  const terminology = client(server.url, { timeoutMs: 100 });
  expect(await terminology.validateCode(question('44054006'))).toBeUndefined();
  expect(terminology.state()).toMatchObject({ lastFailure: { reason }, counts: { failed: 1 } });
  expect(JSON.stringify(terminology.state())).not.toContain('44054006');
});

test('nothing is waited for where nothing listens, nor once the process stops', async () => {
  const stop = new AbortController();
  const terminology = client(await closedUrl(), { signal: stop.signal });
  expect(await terminology.validateCode(question('a'))).toBeUndefined();
  expect(terminology.state().lastFailure?.reason).toBe('wire-not-sent');
  stop.abort();
  expect(await terminology.validateCode(question('a'))).toBeUndefined();
  expect(terminology.state().counts).toMatchObject({ sent: 1, skipped: 1 });
});

test('after failures in a row nothing is sent for a while, then one probe decides', async () => {
  let nowMs = 0;
  let isUp = false;
  const server = await scripted(() => (isUp ? result(true) : { status: 502, body: {} }));
  const terminology = client(server.url, {
    clock: () => nowMs,
    circuit: { failures: 3, firstPauseMs: 1_000 },
    concurrency: 1,
  });
  const ask = () => terminology.validateCodes(['a', 'b', 'c', 'd', 'e'].map(question));
  expect(await ask()).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect(terminology.state()).toMatchObject({ circuit: 'open', counts: { sent: 3, skipped: 2 } });
  nowMs = 1_000;
  await ask();
  expect(terminology.state()).toMatchObject({ circuit: 'open', counts: { sent: 4 } });
  isUp = true;
  nowMs = 3_000;
  expect(await ask()).toEqual([true, true, true, true, true]);
  expect(terminology.state().circuit).toBe('closed');
});

test('waits as long as the server asks for', async () => {
  let nowMs = 0;
  const server = await scripted(() =>
    nowMs < 7_000 ? { status: 429, headers: { 'retry-after': '7' }, body: {} } : result(true),
  );
  const terminology = client(server.url, { clock: () => nowMs });
  await terminology.validateCode(question('a'));
  nowMs = 6_999;
  expect(await terminology.validateCode(question('a'))).toBeUndefined();
  expect(server.seen).toHaveLength(1);
  nowMs = 7_000;
  expect(await terminology.validateCode(question('a'))).toBe(true);
});

test.each<readonly [string, NonNullable<Parameters['parameter']>[number]]>([
  ['the system', { name: 'x-caused-by-unknown-system', valueCanonical: SNOMED }],
  [
    'what an issue names',
    {
      name: 'issues',
      resource: {
        resourceType: 'OperationOutcome',
        issue: [
          {
            severity: 'error',
            code: 'not-found',
            details: {
              coding: [{ system: 'http://hl7.org/fhir/tools/CodeSystem/tx-issue-type', code: 'not-found' }],
            },
          },
        ],
      },
    },
  ],
])('a no of a server that does not know %s is no answer', async (_, parameter) => {
  const server = await scripted(() => result(false, parameter));
  const terminology = client(server.url);
  expect(await terminology.validateCode(question('a'))).toBeUndefined();
  expect(terminology.state()).toMatchObject({ circuit: 'closed', counts: { unknown: 1, failed: 0 } });
});

test('a question of unreasonable length is not sent', async () => {
  const server = await scripted(() => result(true));
  expect(await client(server.url).validateCode(question('x'.repeat(5_000)))).toBeUndefined();
  expect(server.seen).toHaveLength(0);
});
