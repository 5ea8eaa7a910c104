/** A document that failed by MESH, and that a person has sent again: it goes as far as consent goes, or that person is told. */
import { expect, test } from 'vitest';
import type { ResourceKey } from '../../../src/store/store.ts';
import { mayLeave } from '../../../src/target/document/leaving.ts';
import { meshWay, saidBy } from '../../../src/target/document/mesh.ts';
import type { Fault } from '../../servers/mesh.ts';
import { concern, openLine, TASK } from '../../target/document/line.ts';
import { SILENT_MS, TARGET } from '../../target/document/world.ts';
import { Clock, live, MINUTE_MS, mailbox, meshServer, PASSWORD } from '../mesh/harness.ts';
import { SETTINGS } from './names.ts';

const FLAG: ResourceKey = `Flag/${concern().id}`;

/** A referral that ended, of somebody whose practice is reached by MESH alone. */
async function post() {
  const clock = new Clock();
  const mailboxes = {
    OURS: { password: PASSWORD, ods: 'A1A1A', workflows: [SETTINGS.acknowledgementWorkflow] },
    PRACTICE: { password: 'other', ods: 'Y99001', workflows: [SETTINGS.workflow] },
  };
  const practices = { GPPROVIDER_9990000018_17051948_Testperson: { mailbox: 'PRACTICE' } };
  const server = await meshServer(clock, { mailboxes, practices });
  let ours!: ReturnType<typeof mailbox>;
  const here = await openLine((store) => {
    ours = mailbox({ server, store, clock });
    const by = meshWay({
      ...{ channel: ours, to: 'registered-practice', workflowId: SETTINGS.workflow, format: 'xml' },
      ...{ subject: SETTINGS.subject, names: SETTINGS.names, businessAcknowledgement: true },
      sender: { odsCode: 'A1A1A', name: 'Example Link Workers' },
      source: { name: 'Hedgerow', endpoint: SETTINGS.endpoint },
    });
    return [by];
  }, clock);
  ours.onLeaving((leaving) => mayLeave(here.course, leaving));
  ours.onReport(async (report) => {
    const said = saidBy(report);
    if (said) await here.hear(said);
  });
  const copyOf = async (about: ResourceKey) => (await here.store.messages.about(about, TARGET))[0]!;
  return {
    ...{ ...here, server, clock, copyOf },
    async pass(ms: number): Promise<void> {
      await here.sweep();
      await live(clock, ms, ours);
      await here.sweep();
    },
    answers: (fault: Fault | undefined) =>
      server.setFault(({ path }) => (path.endsWith('/outbox') ? fault : undefined)),
    retry: async (about: ResourceKey) => await ours.retry('out', (await copyOf(about)).id),
  };
}

type Post = Awaited<ReturnType<typeof post>>;

/** MESH will not have the document, and there is no other way. */
async function refused(here: Post, about: ResourceKey): Promise<void> {
  here.answers({ status: 417 });
  await here.deliver();
  await here.pass(MINUTE_MS);
  expect(await here.states(about)).toEqual(['rejected']);
  expect((await here.copyOf(about)).body === undefined).toBe(true);
  here.answers(undefined);
}

test('a document in codes goes again, and its answer is waited for', async () => {
  const here = await post();
  await here.agree('codes');
  await refused(here, TASK);
  expect(await here.retry(TASK)).toMatchObject({ ok: true });
  await here.pass(MINUTE_MS);
  expect([here.server.messages.length, await here.states()]).toEqual([1, ['sent']]);
  const { conversation: reference } = await here.copyOf(TASK);
  await here.hear({ what: 'filed', reference });
  expect(await here.states()).toEqual(['answered']);
});

test('a document of a concern for safety goes again', async () => {
  const here = await post();
  await here.deliver();
  await here.pass(MINUTE_MS);
  await here.say(concern());
  await refused(here, FLAG);
  expect(await here.retry(FLAG)).toMatchObject({ ok: true });
  await here.pass(MINUTE_MS);
  expect([here.server.messages.length, await here.states(FLAG)]).toEqual([2, ['sent']]);
});

test('one that goes again and meets a busy MESH waits, and goes', async () => {
  const here = await post();
  await refused(here, TASK);
  here.answers({ status: 429 });
  await here.retry(TASK);
  await here.pass(MINUTE_MS);
  expect(here.server.messages).toEqual([]);
  here.answers(undefined);
  await here.pass(30 * MINUTE_MS);
  expect([here.server.messages.length, await here.states()]).toEqual([1, ['sent']]);
});

test('one that may not go any more is told to whoever had it sent again', async () => {
  const here = await post();
  await refused(here, TASK);
  await here.agree('nothing');
  expect(await here.retry(TASK)).toMatchObject({ ok: true });
  await here.pass(MINUTE_MS);
  expect([here.server.messages, await here.states()]).toEqual([[], ['replaced']]);
  expect(await here.work()).toContain('document-stopped');
});

test.each([
  ['not answered', undefined, 'silent', 1],
  ['refused', { status: 417 }, 'rejected', 0],
])('one that is %s a second time is told a second time', async (_what, fault, state, count) => {
  const here = await post();
  await refused(here, TASK);
  for (const { id } of await here.store.worklist({ open: true, count: 50, target: TARGET }))
    await here.store.resolveWork(id, here.clock.nowMs, 'Sam');
  expect(await here.work()).not.toContain('document-no-answer');
  here.answers(fault);
  await here.retry(TASK);
  await here.pass(MINUTE_MS);
  here.clock.pass(SILENT_MS);
  await here.pass(MINUTE_MS);
  expect([await here.states(), here.server.messages.length]).toEqual([[state], count]);
  expect(await here.work()).toContain('document-no-answer');
});

test('one that its receiver has does not go again, and a person is told', async () => {
  const here = await post();
  here.answers('lost');
  await here.deliver();
  await here.pass(40 * MINUTE_MS);
  expect(await here.work()).toContain('mesh-unsure');
  const { conversation: reference } = await here.copyOf(TASK);
  await here.hear({ what: 'filed', reference });
  here.answers(undefined);
  expect(await here.retry(TASK)).toMatchObject({ ok: true });
  await here.pass(MINUTE_MS);
  expect([here.server.messages.length, await here.states()]).toEqual([1, ['answered']]);
  expect(await here.work()).toEqual(['document-not-again']);
});
