/** What the status page and the metrics say of a terminology server, asked over real HTTP. */
import { afterEach, expect, test } from 'vitest';
import { createExchange } from '../../src/wire/exchange.ts';
import { createTerminologyServer } from '../../src/wire/terminology-server.ts';
import { startAdapter } from '../api/adapter.ts';
import { startScripted } from '../servers/scripted.ts';
import { NOW_MS } from '../store/samples.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** An adapter whose terminology server has this status; yes to every question where it is 200. */
async function adapterWith(status: number) {
  const body = { resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean: true }] };
  const scripted = await startScripted(() => ({ status, body }));
  const { exchange, close } = createExchange();
  closing.push(() => scripted.close(), close);
  const server = createTerminologyServer({
    url: scripted.url,
    exchange,
    clock: () => NOW_MS,
    circuit: { failures: 1 },
  });
  const adapter = await startAdapter({ terminology: () => server.state() });
  const ask = (code: string) =>
    server.validateCode({ valueSet: 'http://x.example/set', system: 'http://x.example/s', code });
  const words = async () =>
    (await (await adapter.get('/')).text()).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  const metrics = async () => await (await adapter.get('/metrics')).text();
  return { ask, words, metrics };
}

test('says that the server is asked, how often, and how many answers are kept', async () => {
  const { ask, words, metrics } = await adapterWith(200);
  expect(await words()).toContain('Last failure None since the start');
  for (const code of ['a', 'b', 'a']) await ask(code);
  expect(await words()).toMatch(
    /Terminology server State Asked when a code cannot be told here .* 2 sent, 1 answered from what is kept, 0 without an answer Answers kept 2 /,
  );
  const text = await metrics();
  expect(text).toContain('hedgerow_terminology_circuit{state="closed"} 1');
  expect(text).toContain('hedgerow_terminology_circuit{state="open"} 0');
  expect(text).toContain('hedgerow_terminology_questions{outcome="sent"} 2');
  expect(text).toContain('hedgerow_terminology_answers 2');
});

test('says that a server that fails is left alone, and why, without a code', async () => {
  const { ask, words, metrics } = await adapterWith(503);
  for (const code of ['secret-1', 'secret-2']) await ask(code);
  const page = await words();
  expect(page).toMatch(
    /State Left alone for a while .* Last failure status 503 , 3 Mar 2025, 09:00:00 UTC .* 1 sent, 0 answered from what is kept, 2 without an answer/,
  );
  const text = await metrics();
  expect(text).toContain('hedgerow_terminology_circuit{state="open"} 1');
  expect(text).toContain('hedgerow_terminology_questions{outcome="failed"} 1');
  expect(text).toContain('hedgerow_terminology_questions{outcome="skipped"} 1');
  expect(page + text).not.toContain('secret');
});

test('says nothing of a terminology server where there is none', async () => {
  const adapter = await startAdapter();
  expect(await (await adapter.get('/')).text()).not.toContain('Terminology server');
  expect(await (await adapter.get('/metrics')).text()).not.toMatch(/^hedgerow_terminology/m);
});
