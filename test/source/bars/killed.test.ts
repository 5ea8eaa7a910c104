/** A process that dies between keeping a message, committing what it says and answering: nothing is lost, and nothing is twice. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { idOfSent, taskIdOf } from '../../../src/nhs/bars/read-message.ts';
import { openSqliteStore } from '../../../src/store/sqlite/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { headersFor, messageOf, newReferral } from '../../servers/bars-sender.ts';
import { definitions, temporaryFile, temporaryStore } from '../../store/temporary.ts';
import { NAME, pipelineOver, receiverOver } from './place.ts';

/** Never returns: whatever would follow is not done by this process. */
const dead = (): Promise<never> => new Promise(() => {});

/** Moments at which a process may end, as what it still does. */
const MOMENTS = {
  'before the message is kept': (store: Store) => dying(store, { keep: dead }),
  'after the message is kept': (store: Store) => ({ store, take: dead }),
  'after what it says is committed': (store: Store) => dying(store, { change: dead }),
} as const;

function dying(
  store: Store,
  instead: Partial<Store['messages']>,
): { store: Store; take?: () => Promise<never> } {
  const messages = new Proxy(store.messages, {
    get: (of, name: keyof Store['messages']) => instead[name] ?? of[name].bind(of),
  });
  return {
    store: new Proxy(store, {
      get: (of, name) => (name === 'messages' ? messages : Reflect.get(of, name, of)),
    }),
  };
}

async function versions(store: Store, type: string, id: string): Promise<number> {
  return (await store.history(type, id, 50)).length;
}

for (const [moment, die] of Object.entries(MOMENTS))
  for (const isRetried of [true, false])
    test(`a process that ends ${moment} leaves one referral, ${isRetried ? 'when its sender sends again' : 'though nobody sends again'}`, async () => {
      const store = await temporaryStore();
      const pipeline = pipelineOver(store);
      const referral = newReferral();
      const id = idOfSent(NAME, 'A83001', 'ServiceRequest', referral.id);
      const headers = headersFor({ 'x-request-id': randomUUID() });
      const text = JSON.stringify(messageOf(referral, 'new'));
      const first = receiverOver(store, pipeline, { ...die(store), budgetMs: 400 });
      expect((await first.process(headers, text)).status).toBe(408);
      const next = receiverOver(store, pipeline);
      const wasKept = moment !== 'before the message is kept';
      if (!isRetried) {
        expect(await next.resume(true)).toBe(wasKept ? 1 : 0);
        expect(await next.resume(true)).toBe(0);
      } else expect((await next.process(headers, text)).status).toBe(200);
      const isThere = wasKept || isRetried;
      expect(await versions(store, 'ServiceRequest', id)).toBe(isThere ? 1 : 0);
      expect(await versions(store, 'Task', taskIdOf(NAME, id))).toBe(isThere ? 1 : 0);
      expect((await next.process(headers, text)).status).toBe(isThere ? 409 : 200);
      expect(await versions(store, 'ServiceRequest', id)).toBe(1);
    });

test('a withdrawal that was committed and not answered is found done, not refused for being done', async () => {
  const store = await temporaryStore();
  const pipeline = pipelineOver(store);
  const referral = newReferral();
  const taken = await receiverOver(store, pipeline).process(
    headersFor(),
    JSON.stringify(messageOf(referral, 'new')),
  );
  expect(taken.status).toBe(200);
  const headers = headersFor();
  const cancel = JSON.stringify(messageOf(referral, 'cancel'));
  const dies = receiverOver(store, pipeline, { ...dying(store, { change: dead }), budgetMs: 400 });
  expect((await dies.process(headers, cancel)).status).toBe(408);
  expect((await receiverOver(store, pipeline).process(headers, cancel)).status).toBe(200);
  const task = (await store.read(
    'Task',
    taskIdOf(NAME, idOfSent(NAME, 'A83001', 'ServiceRequest', referral.id)),
  ))!;
  expect([(task.resource as Task).status, task.version]).toEqual(['cancelled', 2]);
});

const SCRIPT = join(import.meta.dirname, 'dying-receiver.ts');

/** @returns the signal that ended it */
async function runUntilKilled(file: string, moment: string, request: object): Promise<string | null> {
  const input = `${file}.${moment}.json`;
  writeFileSync(input, JSON.stringify(request));
  const child = spawn(process.execPath, [SCRIPT, file, moment, input], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return await new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
}

test('kill -9 once the message is kept, and once what it says is committed, leaves a referral that is there once', async () => {
  const moments = ['kept', 'committed'] as const;
  for (const moment of moments) {
    const file = temporaryFile();
    const referral = newReferral();
    const request = { headers: headersFor(), text: JSON.stringify(messageOf(referral, 'new')) };
    expect([moment, await runUntilKilled(file, moment, request)]).toEqual([moment, 'SIGKILL']);
    const store = await openSqliteStore({ file, definitions: definitions() });
    try {
      const id = idOfSent(NAME, 'A83001', 'ServiceRequest', referral.id);
      expect(await versions(store, 'ServiceRequest', id)).toBe(moment === 'kept' ? 0 : 1);
      const next = receiverOver(store, pipelineOver(store));
      expect(await next.resume(true)).toBe(1);
      expect((await next.process(request.headers, request.text)).status).toBe(409);
      expect(await versions(store, 'ServiceRequest', id)).toBe(1);
      expect(await versions(store, 'Task', taskIdOf(NAME, id))).toBe(1);
    } finally {
      await store.close();
    }
  }
}, 60_000);
