/** What a webhook is sent, and what each of its answers means. */
import { afterEach, expect, test } from 'vitest';
import { outcomeOf, ruleOf } from '../../src/fhir/outcome.ts';
import type { Identified } from '../../src/store/store.ts';
import type { Delivered, Delivery, Target } from '../../src/target/target.ts';
import { createWebhookTarget, type WebhookOptions } from '../../src/target/webhook/webhook.ts';
import { isSigned } from '../../src/wire/signature.ts';
import { type Receiver, type Reply, startReceiver } from '../servers/webhook-receiver.ts';
import { delivery, NOW_MS, patient, referral, removal } from './deliveries.ts';

const SECRET = 'a secret of tests';
const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

async function receiver(...replies: Reply[]): Promise<Receiver> {
  const started = await startReceiver();
  started.answer((_call, at) => replies[at] ?? 200);
  closing.push(started);
  return started;
}

function targetAt(url: string, options: Partial<WebhookOptions> = {}): Target {
  const target = createWebhookTarget({
    ...{ name: 'case-system', url, secret: SECRET, signatureHeader: 'Hedgerow-Signature' },
    ...{ deadlineMs: 2_000, clock: () => NOW_MS, identifiersOf: async () => new Map() },
    ...options,
  });
  closing.push(target);
  return target;
}

function go(target: Target, ...deliveries: Delivery[]): Promise<readonly Delivered[]> {
  return target.deliver(deliveries, new AbortController().signal);
}

const ruleIn = (answer: Delivered): string | undefined =>
  answer.ok ? 'ok' : ruleOf(outcomeOf(...answer.outcome.issue).issue[0]!);

test('an event says what happened, to what and whose, in which order, and is signed over the time and the body', async () => {
  const { url, calls } = await receiver();
  const identifier = [{ system: 'https://case.example/referral', value: 'R-1' }];
  const target = targetAt(url, {
    identifiersOf: async (keys) => new Map(keys.map((key) => [key, identifier])),
  });
  const sent = delivery(patient('p1'), { version: 3 });
  const [first, second] = await go(target, sent, delivery(referral('r1', 'p1')));
  expect([first, second].map((one) => one!.ok)).toEqual([true, true]);
  const [{ event, headers, body }] = calls as [(typeof calls)[0]];
  expect(event).toEqual({
    id: event.id,
    event: 'resource.created',
    target: 'ehr',
    sequence: sent.entry.seq,
    person: 'person',
    reference: 'Patient/p1',
    version: 3,
    changed: '2026-03-01T09:00:00Z',
    resource: sent.resource,
  });
  expect(headers['content-type']).toBe('application/json');
  expect(headers['idempotency-key']).toBe(event.id);
  expect(isSigned(SECRET, body, String(headers['hedgerow-signature']), { nowMs: NOW_MS })).toBe(true);
  expect(calls[1]!.event.identifiers).toEqual({ 'Patient/p1': identifier });
});

test('a change of what it holds is an update, and a deletion tells no more than what is gone', async () => {
  const { url, calls } = await receiver();
  const target = targetAt(url);
  const [created] = await go(target, delivery(patient('p1')));
  const link = created!.ok ? created!.link : undefined;
  await go(target, delivery(patient('p1', { gender: 'female' }), { version: 2, link: link! }));
  await go(target, removal('Patient', 'p1', link));
  expect(calls.map(({ event }) => event.event)).toEqual([
    'resource.created',
    'resource.updated',
    'resource.deleted',
  ]);
  expect(Object.keys(calls[2]!.event)).toEqual([
    ...['id', 'event', 'target', 'sequence', 'person', 'reference', 'version'],
  ]);
});

test('the same content of the same version has the same id, and any other has another', async () => {
  const { url, calls } = await receiver();
  const target = targetAt(url);
  const versions = [
    delivery(patient('p1')),
    delivery(patient('p1')),
    delivery(patient('p1'), { version: 2 }),
    delivery(patient('p1', { gender: 'female' })),
    removal('Patient', 'p1'),
  ];
  await go(target, ...versions);
  const ids = calls.map(({ event }) => event.id);
  expect(ids[1]).toBe(ids[0]);
  expect(new Set(ids).size).toBe(4);
});

const ANSWERS: readonly [Reply, string, string][] = [
  [200, 'ok', 'ok'],
  [202, 'ok', 'ok'],
  [204, 'ok', 'ok'],
  [302, 'transient', 'webhook-address'],
  [400, 'permanent', 'delivery-refused'],
  [401, 'transient', 'target-unauthorized'],
  [403, 'transient', 'target-unauthorized'],
  [404, 'transient', 'webhook-address'],
  [408, 'ambiguous', 'target-unsure'],
  [409, 'conflict', 'delivery-conflict'],
  [410, 'transient', 'webhook-address'],
  [422, 'permanent', 'delivery-refused'],
  [423, 'recordLocked', 'delivery-record-locked'],
  [429, 'transient', 'target-busy'],
  [500, 'ambiguous', 'target-unsure'],
  [501, 'permanent', 'delivery-refused'],
  [503, 'transient', 'target-busy'],
  [504, 'ambiguous', 'target-unsure'],
  ['cut', 'ambiguous', 'wire-no-answer'],
  ['silent', 'ambiguous', 'wire-no-answer'],
];
test.each(ANSWERS)('the answer %s is %s (%s)', async (reply, retry, rule) => {
  const { url } = await receiver(reply);
  const [answer] = await go(targetAt(url, { deadlineMs: 300 }), delivery(patient('p1')));
  expect([answer!.ok ? 'ok' : answer!.retry, ruleIn(answer!)]).toEqual([retry, rule]);
  if (!answer!.ok) expect(answer!.outcome.issue[0]!.diagnostics).not.toContain('looked up');
});

test('Retry-After of a busy receiver is kept', async () => {
  const { url } = await receiver({ status: 429, headers: { 'retry-after': '7' } });
  expect((await go(targetAt(url), delivery(patient('p1'))))[0]).toMatchObject({ retryAfterMs: 7_000 });
});

test('nothing goes ahead of an event that has to be sent again', async () => {
  const { url, calls } = await receiver(503);
  const answers = await go(targetAt(url), delivery(patient('p1')), delivery(patient('p2')));
  expect(answers.map((one) => (one.ok ? 'ok' : one.retry))).toEqual(['transient', 'waits']);
  expect(calls).toHaveLength(1);
});

test('what refers to a refused event waits for it, and everything else goes on', async () => {
  const { url, calls } = await receiver(422);
  const others: Identified[] = [referral('r1', 'p1'), patient('p2')];
  const answers = await go(targetAt(url), delivery(patient('p1')), ...others.map((one) => delivery(one)));
  expect(answers.map((one) => (one.ok ? 'ok' : one.retry))).toEqual(['permanent', 'waits', 'ok']);
  expect(calls.map(({ event }) => event.reference)).toEqual(['Patient/p1', 'Patient/p2']);
});
