/** What makes a document: a referral that ends, once, as far as the person agreed; and what a correction does to the one before. */
import type { Consent, Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Identified, Store } from '../../../src/store/store.ts';
import { sweep } from '../../../src/target/document/course.ts';
import { createDocumentTarget, mayGo } from '../../../src/target/document/document.ts';
import type { CourseOptions } from '../../../src/target/document/errand.ts';
import type { KeptDocument } from '../../../src/target/document/way.ts';
import { createShareGate } from '../../../src/target/share-gate.ts';
import type { Delivered } from '../../../src/target/target.ts';
import { commit, recordOf } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { delivery } from '../deliveries.ts';
import { AT_RISK, assembled, CLOSED, definitions, displays, MADE_MS, TYPE } from './samples.ts';
import { testWay } from './world.ts';

const NAME = 'gp-letters';
const TASK = '517fb13d-54d5-54e4-936f-32bb4a1c76b0';

async function place(
  change: (one: Identified) => Identified = (one) => one,
  { folders = CLOSED, recipient = 'gp' }: { folders?: readonly string[]; recipient?: 'gp' | 'referrer' } = {},
) {
  const store = await temporaryStore();
  const resources = assembled(...folders).map(change);
  await commit(store, recordOf(resources));
  const task = resources.find(({ id }) => id === TASK) as Task & Identified;
  const rules = {
    name: NAME,
    purpose: 'share-with-gp' as const,
    requiresVerifiedNhsNumber: true,
    allowRestricted: false,
  };
  const clock = () => MADE_MS;
  const gate = createShareGate({ store, definitions, clock, target: rules });
  const course: CourseOptions = {
    ...{ target: NAME, ways: [testWay('mesh', 'sent')], store, clock },
    ...{ mayGo: mayGo({ store, gate, target: NAME }), silentAfterMs: 1, filedWithinMs: 1 },
  };
  const target = createDocumentTarget({
    ...{
      target: NAME,
      recipient,
      type: TYPE,
      ownerOrg: 'X26',
      store,
      gate,
      course,
      displays,
      definitions,
      clock,
    },
    messages: new Set(['closed', 'action'] as const),
    onKept: () => {},
  });
  const tell = async (resource: Identified, version = 1): Promise<Delivered> => {
    const one = delivery(resource, { version });
    const entry = { ...one.entry, target: NAME, deliveryKey: await store.personOf(PERSON) };
    return (await target.deliver([{ ...one, entry }], new AbortController().signal))[0]!;
  };
  const carry = async (): Promise<void> => {
    while ((await sweep(course, new AbortController().signal)) > 0);
  };
  return { store, resources, task, tell, carry };
}

const PERSON = '51687be8-f7e8-5c85-a1ec-faa96caeb7f1';

async function kept(store: Store): Promise<{ state: string; document: Partial<KeptDocument> }[]> {
  const all = await store.messages.about(`Task/${TASK}`, NAME);
  return all.map(({ state, body }) => ({
    state,
    document: JSON.parse(body ?? '{}') as Partial<KeptDocument>,
  }));
}

test('the end of a referral makes one document, however often it is delivered', async () => {
  const { store, task, tell } = await place();
  expect(await tell(task)).toMatchObject({ ok: true, filing: 'sent' });
  expect((await tell(task)).ok).toBe(true);
  expect((await tell(task, 2)).ok).toBe(true);
  const all = await kept(store);
  expect(all).toMatchObject([{ state: 'prepared', document: { isCodedOnly: false, version: 1 } }]);
  expect(all[0]!.document.addressee).toMatchObject({
    odsCode: 'Y99001',
    nhsNumber: '9990000018',
    familyName: 'Testperson',
  });
});

test('a correction replaces the document before, which does not leave any more', async () => {
  const { store, task, tell } = await place();
  await tell(task);
  const [first] = await kept(store);
  const corrected = { ...task, statusReason: { text: 'Moved to her daughter' } };
  await commit(store, recordOf([corrected], { key: 'R2' }));
  await tell(corrected, 2);
  const all = await kept(store);
  expect(all.map(({ state }) => state).sort()).toEqual(['prepared', 'replaced']);
  const second = all.find(({ state }) => state === 'prepared')!.document;
  expect(second.replaces).toBe(first!.document.reference);
  expect(second.bundle).toContain('"relatesTo":[{"code":"replaces"');
});

test('a process that dies between the correction and the document before leaves one of them', async () => {
  const { store, task, tell } = await place();
  await tell(task);
  const corrected = { ...task, statusReason: { text: 'Moved to her daughter' } };
  await commit(store, recordOf([corrected], { key: 'R2' }));
  for (const step of ['change', 'keep'] as const) {
    const real = store.messages[step];
    Object.assign(store.messages, { [step]: () => Promise.reject(new Error('the process died')) });
    await expect(tell(corrected, 2)).rejects.toThrow('died');
    Object.assign(store.messages, { [step]: real });
  }
  await tell(corrected, 2);
  expect((await kept(store)).map(({ state }) => state).toSorted()).toEqual(['prepared', 'replaced']);
});

test('a referral with hundreds of scores has its document all the same', async () => {
  const { store, task, tell } = await place();
  const request = task.focus!.reference!;
  const scores = Array.from({ length: 450 }, (_, at) => ({
    resourceType: 'Observation' as const,
    id: `5a5a5a5a-0000-4000-8000-${String(at).padStart(12, '0')}`,
    status: 'final' as const,
    code: { text: 'Score' },
    subject: { reference: `Patient/${PERSON}` },
    basedOn: [{ reference: request }],
  }));
  await commit(store, recordOf(scores, { key: 'R3' }));
  await tell(task);
  expect((await kept(store)).map(({ state }) => state)).toEqual(['prepared']);
});

function ruleTold(told: Delivered): string | undefined {
  return told.ok && told.report !== undefined ? ruleOf(told.report) : undefined;
}

test.each([
  ['has left is asked back by a person', true, 'document-in-error', ['replaced']],
  ['has not left is called back, and nobody need know', false, undefined, ['replaced']],
])('a document of a referral in error that %s', async (_what, hasLeft, rule, states) => {
  const { store, task, tell, carry } = await place();
  await tell(task);
  if (hasLeft) await carry();
  const wrong = { ...task, status: 'entered-in-error' as const };
  await commit(store, recordOf([wrong], { key: 'R2' }));
  expect(ruleTold(await tell(wrong, 2))).toBe(rule);
  expect((await kept(store)).map(({ state }) => state)).toEqual(states);
});

test('a concern for the safety of somebody without a referral is told to a person', async () => {
  const { resources, tell } = await place(undefined, { folders: AT_RISK.slice(2) });
  const flag = resources.find(({ resourceType }) => resourceType === 'Flag');
  expect(ruleTold(await tell(flag!))).toBe('document-no-referral');
});

test('a referral with more than one document is written of has none, and a person is told', async () => {
  const { store, task, tell } = await place();
  const score = { resourceType: 'Observation', status: 'final', code: { text: 'Score' } } as const;
  const subject = { reference: `Patient/${PERSON}` };
  const basedOn = [{ reference: task.focus!.reference! }];
  const id = (at: number): string => `5a5a5a5a-0000-4000-8000-${String(at).padStart(12, '0')}`;
  const scores = Array.from({ length: 4_001 }, (_, at) => ({ ...score, id: id(at), subject, basedOn }));
  await commit(store, recordOf(scores, { key: 'R3' }));
  expect(ruleTold(await tell(task))).toBe('document-too-much');
  expect(await kept(store)).toEqual([]);
});

test('a referrer who is not the practice is written to, and one who is the practice is not', async () => {
  const another = (one: Identified): Identified =>
    one.resourceType === 'ServiceRequest' ? { ...one, requester: { reference: 'Organization/hub' } } : one;
  const hub: Identified = {
    resourceType: 'Organization',
    id: 'hub',
    name: 'Advice Hub',
    identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'Y99777' }],
  };
  const same = await place(undefined, { recipient: 'referrer' });
  await same.tell(same.task);
  expect(await kept(same.store)).toEqual([]);
  const other = await place(another, { recipient: 'referrer' });
  await commit(other.store, recordOf([hub], { key: 'hub' }));
  await other.tell(other.task);
  expect((await kept(other.store)).map(({ document }) => document.addressee?.odsCode)).toEqual(['Y99777']);
});

test('without consent no document is made, and with consent to codes one in codes', async () => {
  const share = (one: Identified): one is Consent & Identified =>
    one.resourceType === 'Consent' && JSON.stringify(one.category).includes('share-gp');
  const refused = await place((one) => (share(one) ? { ...one, status: 'rejected' } : one));
  await refused.tell(refused.task);
  expect(await kept(refused.store)).toEqual([]);
  const inCodes = await place((one) => (share(one) ? { ...one, provision: { type: 'permit' } } : one));
  await inCodes.tell(inCodes.task);
  const [made] = await kept(inCodes.store);
  expect(made!.document.isCodedOnly).toBe(true);
  expect(made!.document.bundle).not.toContain('she misses words');
});

test('what says nothing to a practice is noted, and no more', async () => {
  const { store, task, tell } = await place();
  const onward = { ...task, partOf: [{ reference: 'Task/another' }] };
  for (const one of [onward, { ...task, status: 'requested' as const }, { ...task, output: [HANDED_OVER] }])
    expect((await tell(one)).ok).toBe(true);
  expect(await kept(store)).toEqual([]);
});
const HANDED_OVER = {
  type: { coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/task-output', code: 'hand-over' }] },
  valueReference: { reference: 'ServiceRequest/next' },
};
