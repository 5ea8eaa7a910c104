/** Measures referral messages: made of their parts, checked and sent, against a bare loop that posts the same bytes to the same service. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Consent, ServiceRequest } from '@medplum/fhirtypes';
import { createBarsClient } from '../src/nhs/bars/client.ts';
import { madeId, type Part } from '../src/nhs/bars/entries.ts';
import { writeHeaders } from '../src/nhs/bars/headers.ts';
import { headersIn } from '../src/nhs/bars/message-headers.ts';
import { referralContent, requestMessage } from '../src/nhs/bars/request-message.ts';
import { createExchange, type Exchange } from '../src/wire/exchange.ts';
import {
  around,
  consent,
  person,
  request,
  SERVICE,
  START_MS,
  task,
  USE_CASE,
} from '../test/target/bars/world.ts';
import { partsOf } from './ingest.ts';
import { compareBatches, type Result } from './measure.ts';

const GOAL = 0.5;
const CONCURRENCY = 8;
/** Many short turns: what else the machine does meanwhile falls on both ways alike. */
const ROUNDS = 35;
const BATCH = 200;
const SETTINGS = {
  ...{ service: SERVICE, useCase: USE_CASE, version: '1.1.0' },
  source: { name: 'Example', software: 'Hedgerow', version: '1', dosServiceId: '2000099999' },
};

/** @returns `bars.send/bare`, in messages a second */
export async function benchBars(smoke: boolean): Promise<readonly Result[]> {
  const { validator } = partsOf();
  const service = spawn(
    process.execPath,
    [join(import.meta.dirname, 'bars-receiver.ts'), SERVICE.dosServiceId, USE_CASE.code],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const { exchange, close } = createExchange();
  try {
    const url = await urlOf(service);
    const client = createBarsClient({ baseUrl: url, deadlineMs: 10_000, exchange, clock: () => START_MS });
    const signal = new AbortController().signal;
    const check = (message: ReturnType<typeof requestMessage>): void => {
      for (const { resource } of message.entry!)
        if (!validator.accepts(resource!)) throw new Error(JSON.stringify(validator.validate(resource!)));
    };
    const send = async (at: number): Promise<void> => {
      const { body, headers } = messageOf(at, check);
      const answered = await client.post(body, headers, signal);
      if (!answered.ok || !answered.meaning.taken) throw new Error(JSON.stringify(answered));
    };
    const same = messageOf(0, () => {});
    const bare = { body: same.body, headers: writeHeaders(same.headers, true) };
    const count = smoke ? 20 : BATCH;
    // checks are compiled when they are first needed
    await inTurns(smoke ? 20 : 500, send);
    const result = await compareBatches(
      'bars.send/bare',
      () => inTurns(count, send),
      () => inTurns(count, () => post(exchange, url, bare, signal)),
      smoke ? 1 : ROUNDS,
      'messages/s',
    );
    return [
      { ...result, goal: GOAL, note: `messages of ${same.body.length} characters, ${CONCURRENCY} at once` },
    ];
  } finally {
    close();
    service.kill('SIGKILL');
  }
}

const PARTS = [...around(), person(), task('requested')] as readonly Part[];
const CONSENTS = [consent()] as readonly (Consent & { id: string })[];

function messageOf(at: number, check: (message: ReturnType<typeof requestMessage>) => void) {
  const main = request({ note: [{ text: `Version ${at}` }] }) as ServiceRequest & { id: string };
  const referral = { request: main, parts: [main, ...PARTS], journey: madeId('journey', main.id) };
  const content = referralContent(referral, CONSENTS, SETTINGS);
  if (!content.ok) throw new Error(JSON.stringify(content.outcome));
  const message = requestMessage(content.value, 'new', SETTINGS, {
    bundleId: randomUUID(),
    nowMs: START_MS,
  });
  check(message);
  const ids = { requestId: randomUUID(), correlationId: randomUUID() };
  const headers = headersIn(message, { software: { name: 'Hedgerow', version: '1' }, ...ids });
  return { body: JSON.stringify(message), headers };
}

async function post(
  exchange: Exchange,
  url: string,
  { body, headers }: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<void> {
  const answer = await exchange({ method: 'POST', url: `${url}/$process-message`, headers, body }, signal);
  if (!answer.ok || answer.status !== 200) throw new Error(JSON.stringify(answer));
}

async function inTurns(count: number, one: (at: number) => Promise<void>): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) await one(at);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return count;
}

async function urlOf(service: ChildProcess): Promise<string> {
  const [line] = (await once(service.stdout!, 'data')) as [Buffer];
  return line.toString().trim();
}
