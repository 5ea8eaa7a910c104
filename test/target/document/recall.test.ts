/** A copy that is called back counts as one that may have left, until its way has said that it never does. */
import { expect, test } from 'vitest';
import type { Message } from '../../../src/store/messages.ts';
import { hasLeft, recall } from '../../../src/target/document/recall.ts';
import { keepOne, REFERENCE, TARGET, testWay, type World, world } from './world.ts';

async function copyIn({ store }: World): Promise<Message> {
  return (await store.messages.ofConversation(TARGET, REFERENCE))[0]!;
}

test('a copy that another process has begun since it was read may have left', async () => {
  const way = testWay('fhir', 'answered');
  const { send } = way;
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = {
    ...way,
    send: async (...given: Parameters<typeof send>) => {
      begun.resolve();
      await ended.promise;
      return await send(...given);
    },
    stop: async () => false,
  };
  const here = await world([slow]);
  await keepOne(here);
  const stale = await copyIn(here);
  const sweeping = here.sweep();
  await begun.promise;
  expect(await recall(here.course, stale)).toBe(false);
  expect(hasLeft(await copyIn(here))).toBe(true);
  ended.resolve();
  await sweeping;
  expect([await here.states(), hasLeft(await copyIn(here))]).toEqual([['replaced'], true]);
});

test('a process that dies before the way has answered leaves a copy that may have left', async () => {
  const way = testWay('fhir', 'again');
  const here = await world([{ ...way, stop: () => Promise.reject(new Error('the process died')) }]);
  await keepOne(here);
  await here.sweep();
  await expect(recall(here.course, await copyIn(here))).rejects.toThrow('died');
  expect([await here.states(), hasLeft(await copyIn(here))]).toEqual([['replaced'], true]);
});

test('a copy that was never begun has not left, whatever its way can say', async () => {
  const here = await world([{ ...testWay('fhir', 'answered'), stop: async () => false }]);
  await keepOne(here);
  expect(await recall(here.course, await copyIn(here))).toBe(true);
  await here.sweep();
  expect([await here.states(), hasLeft(await copyIn(here))]).toEqual([['replaced'], false]);
});

test('a copy that leaves while it is called back is known to have left', async () => {
  const way = testWay('folder', 'answered');
  const { send } = way;
  const here = await world([way]);
  way.send = async (...given) => {
    expect(await recall(here.course, await copyIn(here))).toBe(true); // it is not there yet
    return await send(...given);
  };
  await keepOne(here);
  await here.sweep();
  expect([await here.states(), hasLeft(await copyIn(here)), await here.work()]).toEqual([
    ...[['replaced'], true, ['document-twice']],
  ]);
});

test('a way that asks to be tried again at once is not, and time passes in between', async () => {
  const way = testWay('fhir', 'again');
  const { send } = way;
  way.send = async (...given) =>
    ({ ...(await send(...given)), waitMs: 0 }) as Awaited<ReturnType<typeof send>>;
  const here = await world([way]);
  await keepOne(here);
  await here.sweep();
  expect([way.calls, await here.states()]).toEqual([1, ['prepared']]);
  here.nowMs += 5_000;
  await here.sweep();
  expect(way.calls).toBe(2);
});
