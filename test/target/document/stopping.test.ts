/** What becomes of a document that was stopped, called back or written in error: made again once the person agrees, never filed twice unnoticed. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Identified } from '../../../src/store/store.ts';
import { concern, openLine, TASK } from './line.ts';
import { assembled, CLOSED, MADE_MS } from './samples.ts';
import { SILENT_MS, TARGET, testWay } from './world.ts';

const RESTRICTED = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }];

test('a document that consent stopped is made again when the person agrees again, though its referral is over', async () => {
  const mesh = testWay('mesh', 'sent');
  const here = await openLine(() => [mesh]);
  await here.deliver();
  await here.agree('nothing');
  await here.sweep();
  await here.deliver();
  expect([mesh.calls, await here.states()]).toEqual([0, ['replaced']]);
  expect(await here.work()).toContain('document-stopped');
  await here.agree('all');
  for (let times = 0; times < 2; times += 1) {
    await here.deliver();
    await here.sweep();
  }
  expect([mesh.held.size, await here.states()]).toEqual([1, ['replaced', 'sent']]);
});

test('a document that says more than the person agrees to now is made again in codes', async () => {
  const mesh = testWay('mesh', 'sent');
  const here = await openLine(() => [mesh]);
  await here.deliver();
  await here.agree('codes');
  await here.sweep();
  await here.deliver();
  await here.sweep();
  const held = [...mesh.held.values()].map((text) => JSON.parse(text) as { isCodedOnly: boolean });
  expect(held.map(({ isCodedOnly }) => isCodedOnly)).toEqual([true]);
});

async function stoppedOnItsSecondWay() {
  const clock = { nowMs: MADE_MS };
  const [mesh, folder] = [testWay('mesh', 'sent'), testWay('folder', 'answered')];
  const here = await openLine(() => [mesh, folder], clock);
  await here.deliver();
  await here.sweep();
  await here.agree('nothing');
  clock.nowMs += SILENT_MS;
  await here.sweep();
  await here.deliver();
  expect([await here.states(), folder.calls]).toEqual([['silent', 'replaced'], 0]);
  const [first] = (await here.store.messages.about(TASK, TARGET)).toReversed();
  await here.agree('all');
  await here.deliver();
  expect(await here.states()).toEqual(['silent', 'replaced', 'prepared']);
  return { here, mesh, reference: first!.conversation };
}

test('a document that was stopped on its second way is made again, as one that replaces the first', async () => {
  const { here, mesh, reference } = await stoppedOnItsSecondWay();
  await here.sweep();
  const last = JSON.parse([...mesh.held.values()].at(-1)!) as { replaces: string };
  expect([mesh.held.size, last.replaces]).toEqual([2, reference]);
  await here.hear({ what: 'filed', reference });
  expect(await here.states()).toEqual(['answered', 'replaced', 'replaced']);
  expect(await here.work()).toContain('document-twice');
});

test('an acknowledgement of the first that comes before the one made again has left keeps that from leaving', async () => {
  const { here, mesh, reference } = await stoppedOnItsSecondWay();
  await here.hear({ what: 'filed', reference });
  await here.sweep();
  await here.deliver();
  expect([mesh.held.size, await here.states()]).toEqual([1, ['answered', 'replaced', 'replaced']]);
  expect(await here.work()).not.toContain('document-twice');
});

test('a copy that may have left before it was stopped is still asked back when its referral was an error', async () => {
  const fhir = { ...testWay('fhir', 'again'), stop: async () => false };
  const clock = { nowMs: MADE_MS };
  const here = await openLine(() => [fhir], clock);
  await here.deliver();
  await here.sweep();
  await here.agree('nothing');
  clock.nowMs += 60_000;
  await here.sweep();
  expect(await here.states()).toEqual(['replaced']);
  await here.agree('all');
  const task = (await here.store.readMany([TASK]))[0]!.resource!;
  await here.say({ ...task, status: 'entered-in-error' } as typeof task);
  await here.deliver();
  expect(await here.work()).toContain('document-in-error');
});

test.each([
  ['had begun to leave is told to have left, perhaps', true, ['document-left', 'document-stopped']],
  ['had not begun to leave is only stopped', false, ['document-stopped']],
])('a document of somebody who becomes restricted that %s', async (_what, isBegun, rules) => {
  const fhir = { ...testWay('fhir', 'again'), stop: async () => false };
  const clock = { nowMs: MADE_MS };
  const here = await openLine(() => [fhir], clock);
  await here.deliver();
  if (isBegun) await here.sweep();
  const patient = assembled(...CLOSED).find(
    (one): one is Patient & Identified => one.resourceType === 'Patient',
  )!;
  await here.say({ ...patient, meta: { security: RESTRICTED } });
  const [hidden] = await here.store.messages.about(TASK, TARGET);
  expect(JSON.stringify(hidden)).not.toContain('Testperson');
  expect([hidden!.state, hidden!.body]).toEqual(['prepared', undefined]);
  clock.nowMs += 60_000;
  await here.sweep();
  const [copy] = await here.store.messages.about(TASK, TARGET);
  expect([copy!.state, (copy!.outcome?.issue ?? []).map(ruleOf).sort()]).toEqual(['replaced', rules]);
  expect(await here.work()).toContain('document-stopped');
});

test.each([
  ['has not left does not leave', false, []],
  ['has left is asked back by a person', true, ['document-in-error']],
])('a concern for safety that was an error, and whose document %s', async (_what, hasLeft, rules) => {
  const mesh = testWay('mesh', 'sent');
  const here = await openLine(() => [mesh]);
  await here.deliver();
  await here.sweep();
  await here.say(concern());
  await here.deliver();
  const about = `Flag/${concern().id}` as const;
  expect(await here.states(about)).toEqual(['prepared']);
  if (hasLeft) await here.sweep();
  await here.say(concern('entered-in-error'));
  await here.deliver();
  await here.sweep();
  expect([mesh.held.size, await here.states(about)]).toEqual([hasLeft ? 2 : 1, ['replaced']]);
  expect((await here.work()).filter((rule) => rule.startsWith('document-'))).toEqual(rules);
});

test.each([
  ['not left goes without it', false],
  ['left is corrected', true],
])('a concern that was an error, and stands in a closing document that has %s', async (_what, hasLeft) => {
  const mesh = testWay('mesh', 'sent');
  const here = await openLine(() => [mesh]);
  await here.say(concern());
  await here.deliver();
  if (hasLeft) await here.sweep();
  await here.say(concern('entered-in-error'));
  await here.deliver();
  await here.sweep();
  const held = [...mesh.held.values()].map((text) => text.includes('thoughts of self-harm'));
  expect(held).toEqual(hasLeft ? [true, false] : [false]);
  expect((JSON.parse([...mesh.held.values()].at(-1)!) as { replaces?: string }).replaces).toBeDefined();
});
