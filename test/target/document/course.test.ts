/** How documents go: once by each way, to the next where one refuses or is silent, and never filed twice unnoticed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryStore } from '../../store/temporary.ts';
import { keepOne, SILENT_MS, testWay, UNFILED_MS, world } from './world.ts';

test('a document is kept before it leaves, arrives, and is filed', async () => {
  const mesh = testWay('mesh', 'sent');
  const here = await world([mesh, testWay('folder', 'answered')]);
  expect(await keepOne(here)).toBe(true);
  expect([mesh.calls, await here.states()]).toEqual([0, ['prepared']]);
  await here.sweep();
  expect(await here.states()).toEqual(['sent']);
  await here.hear({ what: 'arrived', remoteId: 'remote-document.0' });
  expect(await here.states()).toEqual(['acknowledged']);
  await here.hear({ what: 'filed' });
  here.nowMs += 10 * UNFILED_MS;
  await here.sweep();
  expect([mesh.calls, await here.states(), await here.work()]).toEqual([1, ['answered'], []]);
  const [message] = await here.store.messages.ofConversation(
    'gp-letters',
    '5b0a3f0e-6c0e-5d6c-9d3f-0c6f7a0b1c2d',
  );
  expect(message!.body).toBeUndefined();
});

test('the same document is kept once', async () => {
  const here = await world([testWay('mesh', 'sent')]);
  expect([await keepOne(here), await keepOne(here)]).toEqual([true, false]);
});

test.each(['a refusal of the way', 'a rejection that comes back'])(
  '%s sends it the next way, under the same reference',
  async (how) => {
    const isAtOnce = how.startsWith('a refusal');
    const mesh = testWay('mesh', isAtOnce ? 'rejected' : 'sent');
    const folder = testWay('folder', 'answered');
    const here = await world([mesh, folder]);
    await keepOne(here);
    await here.sweep();
    if (!isAtOnce) await here.hear({ what: 'rejected', code: '30002' });
    await here.sweep();
    expect([await here.states(), [...folder.held.keys()], await here.work()]).toEqual([
      ...[['rejected', 'answered'], ['document.1'], []],
    ]);
  },
);

test('silence sends it the next way, and no sooner', async () => {
  const folder = testWay('folder', 'answered');
  const here = await world([testWay('mesh', 'sent'), folder]);
  await keepOne(here);
  await here.sweep();
  here.nowMs += SILENT_MS - 1;
  await here.sweep();
  expect([await here.states(), folder.calls]).toEqual([['sent'], 0]);
  here.nowMs += 1;
  await here.sweep();
  expect([await here.states(), folder.calls]).toEqual([['silent', 'answered'], 1]);
});

test('where nobody answers by any way, a person is told', async () => {
  const here = await world([testWay('mesh', 'sent'), testWay('fhir', 'sent')]);
  await keepOne(here);
  for (let days = 0; days < 8; days += 1) {
    await here.sweep();
    here.nowMs += SILENT_MS;
  }
  expect([await here.states(), await here.work()]).toEqual([['silent', 'silent'], ['document-no-answer']]);
});

test('what arrived and is not filed is asked after, not sent again', async () => {
  const folder = testWay('folder', 'answered');
  const here = await world([testWay('mesh', 'sent'), folder]);
  await keepOne(here);
  await here.sweep();
  await here.hear({ what: 'arrived' });
  here.nowMs += UNFILED_MS;
  await here.sweep();
  expect([await here.states(), folder.calls, await here.work()]).toEqual([
    ['acknowledged'],
    0,
    ['document-unfiled'],
  ]);
});

test.each([
  ['before the other way has sent it, calls it back', 'again', ['answered', 'replaced'], []],
  [
    'after the other way has filed it, the other counts and somebody is told',
    'answered',
    ['replaced', 'answered'],
    ['document-twice'],
  ],
  [
    'after the other way has sent it, the first counts and somebody is told',
    'sent',
    ['answered', 'replaced'],
    ['document-twice'],
  ],
] as const)('an acknowledgement that comes late, %s', async (_what, second, states, work) => {
  const other = testWay('other', second);
  const here = await world([testWay('mesh', 'sent'), other]);
  await keepOne(here);
  await here.sweep();
  here.nowMs += SILENT_MS;
  await here.sweep();
  await here.hear({ what: 'filed' });
  await here.hear({ what: 'filed' });
  here.nowMs += 60_000;
  await here.sweep();
  expect([await here.states(), await here.work()]).toEqual([states, work]);
  expect(other.held.size).toBe(second === 'again' ? 0 : 1);
});

test('a receiver that takes back what it said is a question for a person', async () => {
  const here = await world([testWay('mesh', 'sent'), testWay('folder', 'answered')]);
  await keepOne(here);
  await here.sweep();
  await here.hear({ what: 'filed' });
  await here.hear({ what: 'rejected', code: '30003' });
  await here.sweep();
  expect([await here.states(), await here.work()]).toEqual([['answered'], ['document-contradiction']]);
});

test('consent that was withdrawn while it waited stops it', async () => {
  const mesh = testWay('mesh', 'again');
  let agreed = true;
  const here = await world([mesh, testWay('folder', 'answered')], () => agreed);
  await keepOne(here);
  await here.sweep();
  agreed = false;
  here.nowMs += 60_000;
  await here.sweep();
  expect([mesh.calls, await here.states(), await here.work()]).toEqual([
    1,
    ['replaced'],
    ['document-stopped'],
  ]);
  const [message] = await here.store.messages.ofConversation(
    'gp-letters',
    '5b0a3f0e-6c0e-5d6c-9d3f-0c6f7a0b1c2d',
  );
  expect(message!.body).toBeUndefined();
});

test('a process that dies after the bytes have left sends the same under the same id', async () => {
  const mesh = testWay('mesh', 'sent');
  mesh.replies.push('dies');
  const here = await world([mesh]);
  await keepOne(here);
  await expect(here.sweep()).rejects.toThrow('died');
  here.nowMs += 60_000;
  await here.sweep();
  expect([mesh.held.size, mesh.calls, await here.states()]).toEqual([1, 2, ['sent']]);
});

test('a document that cannot be sent holds no other up', async () => {
  const mesh = testWay('mesh', 'sent');
  mesh.replies.push('dies');
  const here = await world([mesh]);
  await keepOne(here);
  await keepOne(here, { reference: 'other', name: 'other' });
  await expect(here.sweep()).rejects.toThrow('died');
  const [other] = await here.store.messages.ofConversation('gp-letters', 'other');
  expect(other!.state).toBe('sent');
});

test('what cannot leave for as long as an answer is waited for goes the next way', async () => {
  const [mesh, folder] = [testWay('mesh', 'again'), testWay('folder', 'answered')];
  const here = await world([mesh, folder]);
  await keepOne(here);
  await here.sweep();
  here.nowMs += SILENT_MS - 1;
  await here.sweep();
  expect([await here.states(), folder.calls]).toEqual([['prepared'], 0]);
  here.nowMs += 60_000;
  await here.sweep();
  expect([await here.states(), folder.calls]).toEqual([['silent', 'answered'], 1]);
});

test('an answer that comes while the next way is being begun keeps it from being gone', async () => {
  const [mesh, folder] = [testWay('mesh', 'sent'), testWay('folder', 'answered')];
  const here = await world([mesh, folder]);
  const { stop } = mesh;
  mesh.stop = async (id) => {
    await here.hear({ what: 'filed' });
    return await stop(id);
  };
  await keepOne(here);
  await here.sweep();
  here.nowMs += SILENT_MS;
  await here.sweep();
  here.nowMs += 60_000;
  await here.sweep();
  expect([await here.states(), folder.calls, await here.work()]).toEqual([['answered', 'replaced'], 0, []]);
});

test('of two ways of one kind, each hears of its own copy', async () => {
  const here = await world([testWay('mesh', 'sent'), testWay('mesh', 'sent'), testWay('folder', 'answered')]);
  await keepOne(here);
  await here.sweep();
  here.nowMs += SILENT_MS;
  await here.sweep();
  expect(await here.states()).toEqual(['silent', 'sent']);
  expect(await here.hear({ what: 'rejected', id: 'document.1' })).toBe(true);
  await here.sweep();
  expect(await here.states()).toEqual(['silent', 'rejected', 'answered']);
});

test('that a document was stopped is told, though the process dies before it has told', async () => {
  const here = await world([testWay('mesh', 'sent')], () => false);
  await keepOne(here);
  const { raiseWork } = here.store;
  let isDead = true;
  Object.assign(here.course.store, {
    raiseWork: async (...given: Parameters<typeof raiseWork>) => {
      if (isDead) throw new Error('the process died');
      return await raiseWork(...given);
    },
  });
  await expect(here.sweep()).rejects.toThrow('died');
  isDead = false;
  here.nowMs += 60_000;
  await here.sweep();
  expect([await here.states(), await here.work()]).toEqual([['replaced'], ['document-stopped']]);
});

test('an answer to something that was never sent is nobody’s', async () => {
  const here = await world([testWay('mesh', 'sent')]);
  await keepOne(here);
  expect(await here.hear({ what: 'filed', reference: 'another' })).toBe(false);
  expect(await here.states()).toEqual(['prepared']);
});

const step = fc.oneof(
  fc.constantFrom('arrived', 'filed', 'rejected').map((what) => ({ kind: 'hear' as const, what })),
  fc.constant({ kind: 'sweep' as const }),
  fc.constantFrom(60_000, SILENT_MS, UNFILED_MS).map((ms) => ({ kind: 'wait' as const, ms })),
);
const reply = fc.constantFrom('sent', 'answered', 'rejected', 'again', 'dies' as const);

test('whatever is answered in whatever order, one copy counts at most, and of two copies or none a person knows', async () => {
  const store = await temporaryStore();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.array(reply, { maxLength: 4 }),
      fc.constantFrom('sent', 'answered' as const),
      async (steps, replies, then) => {
        const [first, second] = [testWay('mesh', 'sent'), testWay('other', then)];
        first.replies.push(...replies);
        runs += 1;
        const here = await world([first, second], () => true, { store, target: `letters-${runs}` });
        await keepOne(here);
        for (const one of steps) {
          if (one.kind === 'hear') await here.hear({ what: one.what as 'filed' });
          else if (one.kind === 'wait') here.nowMs += one.ms;
          else await here.sweep().catch(() => {});
        }
        // all that is due happens, and a last silence passes
        for (let times = 0; times < 12; times += 1) {
          here.nowMs += UNFILED_MS;
          await here.sweep().catch(() => {});
        }
        const [states, work] = [await here.states(), await here.work()];
        const counting = states.filter((state) => state === 'answered' || state === 'acknowledged');
        expect(counting.length).toBeLessThanOrEqual(1);
        if (!states.includes('answered')) expect(work).not.toEqual([]);
        const isFirstThere =
          states[0] === 'answered' || states[0] === 'acknowledged' || states[0] === 'replaced';
        if (isFirstThere && first.held.size > 0 && second.held.size > 0)
          expect(work).toContain('document-twice');
        expect([first.held.size, second.held.size].every((size) => size <= 1)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});
