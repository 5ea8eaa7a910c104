/** Documents by MESH, as a practice answers them: acknowledged, filed, refused, not found, or not answered at all. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { hear, type Said } from '../../../src/target/document/answers.ts';
import { begin, sweep } from '../../../src/target/document/course.ts';
import { type CourseOptions, errandId, wayOf } from '../../../src/target/document/errand.ts';
import { folderWay } from '../../../src/target/document/folder.ts';
import { mayLeave } from '../../../src/target/document/leaving.ts';
import { acknowledgementHandler, meshWay, saidBy } from '../../../src/target/document/mesh.ts';
import { recall } from '../../../src/target/document/recall.ts';
import type { Exchange } from '../../../src/wire/exchange.ts';
import type { MeshServer } from '../../servers/mesh.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { assembled, CLOSED, CLOSED_REQUEST, documentOf, FACTS } from '../../target/document/samples.ts';
import {
  Clock,
  DAY_MS,
  live,
  MINUTE_MS,
  mailbox,
  meshServer,
  PASSWORD,
  SIGNAL,
  temporaryFolder,
} from '../mesh/harness.ts';
import { answerOf } from './answers.ts';
import { SETTINGS } from './names.ts';

const { reference } = FACTS;
const PRACTICE = 'GPPROVIDER_9990000018_17051948_Testperson';
const DAYS_MS = 3 * DAY_MS;

interface Post {
  readonly course: CourseOptions;
  /** what the person says */
  agreed: boolean;
  isDown: boolean;
  readonly store: Store;
  readonly clock: Clock;
  readonly server: MeshServer;
  readonly letters: string;
  /** time passes, and all that is due is done */
  pass(ms: number): Promise<void>;
  answer(code: string, response: string): void;
  states(): Promise<string[]>;
  work(): Promise<string[]>;
}

async function post(
  practice: { mailbox: string } | { code: string } = { mailbox: 'PRACTICE' },
  businessAcknowledgement = true,
): Promise<Post> {
  const [clock, store, letters] = [new Clock(), await temporaryStore(), temporaryFolder()];
  const mailboxes = {
    OURS: { password: PASSWORD, ods: 'A1A1A', workflows: [SETTINGS.acknowledgementWorkflow] },
    PRACTICE: { password: 'other', ods: 'Y99001', workflows: [SETTINGS.workflow] },
  };
  const server = await meshServer(clock, { mailboxes, practices: { [PRACTICE]: practice } });
  const around =
    (exchange: Exchange): Exchange =>
    async (request, signal) =>
      self.isDown ? { ok: false, sent: false, reason: 'ECONNREFUSED' } : await exchange(request, signal);
  const ours = mailbox({ server, store, clock, around });
  const by = meshWay({
    ...{ channel: ours, to: 'registered-practice', workflowId: SETTINGS.workflow, subject: SETTINGS.subject },
    ...{ format: 'xml', names: SETTINGS.names, businessAcknowledgement },
    sender: { odsCode: 'A1A1A', name: 'Example Link Workers' },
    source: { name: 'Hedgerow', endpoint: SETTINGS.endpoint },
  });
  const course: CourseOptions = {
    ...{ target: 'gp-letters', ways: [by, folderWay(letters)], store, clock: clock.read },
    ...{ mayGo: async () => self.agreed, silentAfterMs: DAYS_MS, filedWithinMs: DAYS_MS },
  };
  const listen = async (said: Said): Promise<boolean> => await hear(course, said);
  ours.onMessage(SETTINGS.acknowledgementWorkflow, acknowledgementHandler(SETTINGS.responses, listen));
  ours.onReport(async (report) => {
    const said = saidBy(report);
    if (said) await listen(said);
  });
  ours.onLeaving((leaving) => mayLeave(course, leaving));
  await keep(course);
  const self: Post = {
    ...{ store, clock, server, letters, course, agreed: true, isDown: false },
    pass: async (ms) => {
      await live(clock, ms, ours);
      while ((await sweep(course, SIGNAL)) > 0);
    },
    answer: (code, response) =>
      void server.put('OURS', Buffer.from(answerOf({ reference, code, response })), {
        'mex-workflowid': SETTINGS.acknowledgementWorkflow,
      }),
    states: async () => {
      const all = await store.messages.ofConversation('gp-letters', reference);
      return all.toSorted((a, b) => wayOf(a) - wayOf(b)).map(({ state }) => state);
    },
    work: async () => (await store.worklist({ open: true, count: 50 })).map(({ rule }) => rule ?? '').sort(),
  };
  return self;
}

async function keep(course: CourseOptions): Promise<void> {
  const { bundle, summary } = await documentOf(assembled(...CLOSED), CLOSED_REQUEST);
  const addressee = {
    ...{ nhsNumber: '9990000018', birthDate: '1948-05-17', familyName: 'Testperson' },
    ...{ personName: summary.person.name, location: 'Riverside' },
  };
  const document = {
    reference,
    title: summary.title,
    bundle: JSON.stringify(bundle),
    addressee,
    version: 1,
    isCodedOnly: false,
  };
  await begin(course, {
    ...{ channel: 'gp-letters', direction: 'out', id: errandId('document', 0), conversation: reference },
    ...{
      about: 'Task/517fb13d-54d5-54e4-936f-32bb4a1c76b0',
      ownerOrg: 'X26',
      body: JSON.stringify(document),
    },
  });
}

const sentIn = ({ server }: Post) => server.messages.filter(({ workflow }) => workflow === SETTINGS.workflow);

test('a practice that takes a document and files it is heard at both', async () => {
  const here = await post();
  await here.pass(MINUTE_MS);
  expect([sentIn(here).length, await here.states()]).toEqual([1, ['sent']]);
  here.answer('20013', 'ok');
  await here.pass(20 * MINUTE_MS);
  expect(await here.states()).toEqual(['acknowledged']);
  here.answer('30001', 'ok');
  await here.pass(20 * MINUTE_MS);
  await here.pass(5 * MINUTE_MS);
  expect([sentIn(here).length, await here.states(), await here.work()]).toEqual([1, ['answered'], []]);
  expect(readdirSync(here.letters)).toEqual([]);
});

test.each([
  [true, ['document-unfiled']],
  [false, []],
])('of what arrived and is not filed, where filing was asked for (%s), is told %j', async (asks, told) => {
  const here = await post(undefined, asks);
  await here.pass(MINUTE_MS);
  here.answer('20013', 'ok');
  await here.pass(20 * MINUTE_MS);
  here.clock.pass(DAYS_MS);
  await here.pass(MINUTE_MS);
  expect([await here.states(), await here.work(), readdirSync(here.letters)]).toEqual([
    ...[['acknowledged'], told, []],
  ]);
  here.answer('30002', 'fatal-error');
  await here.pass(20 * MINUTE_MS);
  expect(readdirSync(here.letters)).toEqual(['document.1.pdf']);
});

test.each([
  ['is not found by MESH', { code: 'EPL-153' }, undefined],
  ['refuses it', { mailbox: 'PRACTICE' }, ['30002', 'fatal-error']],
] as const)(
  'a practice that %s has a letter instead, and nobody need look',
  async (_what, practice, answer) => {
    const here = await post(practice);
    await here.pass(MINUTE_MS);
    if (answer) here.answer(...answer);
    await here.pass(20 * MINUTE_MS);
    await here.pass(20 * MINUTE_MS);
    expect([await here.states(), await here.work()]).toEqual([['rejected', 'answered'], []]);
    expect(readdirSync(here.letters)).toEqual(['document.1.pdf']);
  },
);

test('an answer that comes after the letter is a question for a person: the letter counts', async () => {
  const here = await post();
  await here.pass(MINUTE_MS);
  here.clock.pass(DAYS_MS);
  await here.pass(MINUTE_MS);
  expect([await here.states(), readdirSync(here.letters)]).toEqual([
    ['silent', 'answered'],
    ['document.1.pdf'],
  ]);
  here.answer('30001', 'ok');
  await here.pass(20 * MINUTE_MS);
  expect([sentIn(here).length, await here.states(), await here.work()]).toEqual([
    ...[1, ['replaced', 'answered'], ['document-twice']],
  ]);
});

test('consent that is withdrawn while MESH is down keeps the document from leaving', async () => {
  const here = await post();
  here.isDown = true;
  await here.pass(MINUTE_MS);
  expect(await here.states()).toEqual(['sent']); // by the mailbox, which has not sent it yet
  here.agreed = false;
  here.isDown = false;
  await here.pass(30 * MINUTE_MS);
  expect([sentIn(here).length, await here.states(), await here.work()]).toEqual([
    ...[0, ['replaced'], ['document-stopped']],
  ]);
});

test.each([
  ['waits in the mailbox is called back for good', true, 0],
  ['has left is known to have left', false, 1],
])('a document that %s', async (_what, isDown, there) => {
  const here = await post();
  here.isDown = isDown;
  await here.pass(MINUTE_MS);
  const [copy] = await here.store.messages.ofConversation('gp-letters', reference);
  expect([await recall(here.course, copy!), await here.states()]).toEqual([isDown, ['replaced']]);
  const [again] = await here.store.messages.ofConversation('gp-letters', reference);
  expect(await recall(here.course, again!)).toBe(isDown);
  here.isDown = false;
  await here.pass(30 * MINUTE_MS);
  expect([sentIn(here).length, readdirSync(here.letters)]).toEqual([there, []]);
});

test('an answer that names no document of ours waits for a person', async () => {
  const here = await post();
  await here.pass(MINUTE_MS);
  const strange = answerOf({ reference: 'another', code: '20013', response: 'ok' });
  here.server.put('OURS', Buffer.from(strange), { 'mex-workflowid': SETTINGS.acknowledgementWorkflow });
  await here.pass(20 * MINUTE_MS);
  expect([await here.states(), await here.work()]).toEqual([['sent'], ['gp-connect-answer-unknown']]);
});
