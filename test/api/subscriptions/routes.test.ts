/** Subscriptions are resources of the client that made them: refused where they are wrong, hidden from others. */
import type { Bundle, CapabilityStatement, OperationOutcome, Subscription } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endpointFault, isClosed } from '../../../src/api/subscriptions/endpoint.ts';
import { TOPICS } from '../../../src/api/subscriptions/topics.ts';
import { numbersIn, statusIn } from '../../servers/subscriber.ts';
import { commit, contact, idOf, patient, recordOf } from '../../store/samples.ts';
import { expectOutcome, parts } from '../adapter.ts';
import { channelExtension, plainSubscription, startSubscribed, topicSubscription } from './harness.ts';

const PUBLIC = 'https://vendor.example.org/hook';

test('a Subscription is read, searched, updated by version and deleted by its client alone', async () => {
  const { fhir, subscribe, subscriber } = await startSubscribed();
  const made = await subscribe(
    plainSubscription(subscriber.url, 'Encounter?', { header: ['X-Key: a-secret'] }),
  );
  const path = `Subscription/${made.id}`;
  const read = await fhir('GET', path);
  expect([read.status, /^W\/"[12]"$/.test(read.headers.get('etag') ?? '')]).toEqual([200, true]);
  const found = (await (await fhir('GET', 'Subscription?criteria=Enc&type=rest-hook')).json()) as Bundle;
  expect([found.total, found.entry?.[0]?.resource?.id]).toEqual([1, made.id]);
  expect(((await (await fhir('GET', 'Subscription?status=off')).json()) as Bundle).total).toBe(0);
  await expectOutcome(
    await fhir('GET', 'Subscription?reason=x', undefined, { prefer: 'handling=strict' }),
    400,
    'api-search-parameter',
  );
  const lenient = (await (await fhir('GET', 'Subscription?reason=x')).json()) as Bundle;
  expect([lenient.total, lenient.entry?.map(({ search }) => search?.mode)]).toEqual([
    1,
    ['match', 'outcome'],
  ]);
  expect(lenient.link?.[0]?.url).toMatch(/\/Subscription$/);
  for (const [method, body] of [['GET'], ['DELETE'], ['PUT', made]] as const)
    await expectOutcome(await fhir(method, path, body, { 'x-client': 'other' }), 404, 'api-not-found');
  expect(
    ((await (await fhir('GET', 'Subscription', undefined, { 'x-client': 'other' })).json()) as Bundle).total,
  ).toBe(0);
  await expectOutcome(await fhir('PUT', path, made, { 'if-match': 'W/"99"' }), 412, 'api-version-conflict');
  const put = await fhir('PUT', path, { ...made, reason: 'Another', status: 'requested' });
  expect([put.status, ((await put.json()) as Subscription).reason]).toEqual([200, 'Another']);
  expect((await fhir('DELETE', path)).status).toBe(204);
  await expectOutcome(await fhir('GET', path), 404, 'api-not-found');
  await expectOutcome(await fhir('PATCH', path), 405, 'api-method');
});

test('a header that is sent back as it was shown keeps its secret', async () => {
  const { fhir, subscribe, subscriber } = await startSubscribed();
  const made = await subscribe(
    plainSubscription(subscriber.url, 'Encounter?', { header: ['X-Key: a-secret'] }),
  );
  expect(made.channel.header).toEqual(['X-Key: ***']);
  const answer = await fhir('PUT', `Subscription/${made.id}`, {
    ...made,
    ...(topicSubscription(subscriber.url, 'contact-added', { header: ['X-Key: ***'] }) as Subscription),
    id: made.id,
  });
  expect(answer.status).toBe(200);
  await subscriber.until((calls) => calls.length >= 1);
  expect(subscriber.calls[0]!.headers['x-key']).toBe('a-secret');
});

test('what is wrong is refused, by element, and no secret is said again', async () => {
  const { fhir, log } = await startSubscribed();
  const refused = async (resource: object, expression: string, headers = {}): Promise<void> => {
    const answer = await fhir('POST', 'Subscription', resource, headers);
    const text = await answer.text();
    expect([answer.status, text]).toEqual([422, expect.stringContaining(expression)]);
    expect(text).not.toContain('very-secret');
  };
  const topic = (more: object): object => ({ ...topicSubscription(PUBLIC, 'contact-added'), ...more });
  await refused(
    topic({ criteria: 'https://hedgerow.example/fhir/SubscriptionTopic/other' }),
    'contact-added',
  );
  await refused(topic({ end: '2020-01-01T00:00:00Z' }), 'Subscription.end');
  await refused(topic({ status: 'error' }), 'Subscription.status');
  await refused(topic({ reason: undefined }), 'Subscription.reason');
  await refused(topicSubscription(PUBLIC, 'contact-added', { filters: ['Patient?_id=1'] }), 'Encounter?');
  await refused(
    topicSubscription(PUBLIC, 'contact-added', { header: ['Host: very-secret'] }),
    'channel.header[0]',
  );
  await refused(
    topicSubscription(PUBLIC, 'contact-added', { header: ['X: very-secret\r\nY: z'] }),
    'header[0]',
  );
  const beat = [channelExtension('backport-heartbeat-period', { valueUnsignedInt: 1 })];
  await refused(topicSubscription(PUBLIC, 'contact-added', { extension: beat }), 'backport-heartbeat-period');
  await refused(plainSubscription(PUBLIC, 'MedicationRequest?'), 'Subscription.criteria');
  await refused(plainSubscription(PUBLIC, 'Encounter?subject:Patient.name=x'), 'Subscription.criteria');
  await refused(plainSubscription(PUBLIC, 'Encounter?nonsense=x'), 'Subscription.criteria');
  await refused(plainSubscription(PUBLIC, 'Encounter?', { type: 'websocket' }), 'channel.type');
  await refused(plainSubscription(PUBLIC, 'Encounter?', { payload: 'text/plain' }), 'channel.payload');
  for (const endpoint of [
    'http://vendor.example.org/',
    'https://10.0.0.1/',
    'https://u:p@vendor.example.org/',
  ])
    await refused(plainSubscription(endpoint, 'Encounter?'), 'channel.endpoint');
  await expectOutcome(await fhir('POST', 'Subscription', '{'), 400, 'read-json-syntax');
  await expectOutcome(
    await fhir('POST', 'Subscription', topic({}), { 'if-none-exist': 'x=y' }),
    400,
    'subscription-conditional',
  );
  expect(log.join()).not.toContain('very-secret');
});

test('who may not read what it is about may not subscribe to it, nor without a right on Subscription', async () => {
  const clients = {
    reader: { may: (type: string) => type === 'Encounter' },
    vendor: { may: (type: string) => type === 'Subscription' || type === 'Encounter' },
  };
  const { fhir } = await startSubscribed({ clients });
  const ask = (client: string, topic: string): Promise<Response> =>
    fhir('POST', 'Subscription', topicSubscription(PUBLIC, topic, { more: { status: 'off' } }), {
      'x-client': client,
    });
  await expectOutcome(await ask('reader', 'contact-added'), 403, 'api-forbidden');
  await expectOutcome(await ask('vendor', 'score-recorded'), 403, 'api-forbidden');
  expect((await ask('vendor', 'contact-added')).status).toBe(201);
  await expectOutcome(
    await fhir('GET', 'Subscription', undefined, { 'x-client': 'reader' }),
    403,
    'api-forbidden',
  );
});

test('$status says how subscriptions stand, $events tells again what was told, and there are no websockets', async () => {
  const { fhir, subscribe, subscriber, store } = await startSubscribed();
  const made = await subscribe(topicSubscription(subscriber.url, 'contact-added', { content: 'empty' }));
  const names = ['a', 'b', 'c'];
  await commit(store, recordOf([patient('p'), ...names.map((name) => contact(name, 'p'))]));
  await subscriber.until((calls) => numbersIn(calls).length === 3);
  const path = `Subscription/${made.id}`;
  const statuses = (await (
    await fhir('GET', `Subscription/$status?id=${made.id}&status=active`)
  ).json()) as Bundle;
  expect([statuses.type, statuses.total]).toEqual(['searchset', 1]);
  const one = (await (await fhir('GET', `${path}/$status`)).json()) as Bundle;
  expect(statusIn({ body: one } as never)).toMatchObject({
    type: 'query-status',
    status: 'active',
    'events-since-subscription-start': '3',
  });
  const asked = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'eventsSinceNumber', valueString: '2' },
      { name: 'content', valueCode: 'full-resource' },
    ],
  };
  const events = (await (await fhir('POST', `${path}/$events`, asked)).json()) as Bundle;
  expect(numbersIn([{ body: events } as never])).toEqual([2, 3]);
  expect(events.entry!.slice(1).map(({ resource }) => resource?.id)).toEqual(names.slice(1).map(idOf));
  await expectOutcome(await fhir('GET', `${path}/$events?eventsSinceNumber=x`), 400, 'subscription-events');
  await expectOutcome(
    await fhir('GET', `${path}/$events`, undefined, { 'x-client': 'other' }),
    404,
    'api-not-found',
  );
  await expectOutcome(await fhir('GET', `${path}/$get-ws-binding-token`), 501, 'subscription-websocket');
});

test('/metadata says what is served of Subscriptions, and names the topics', async () => {
  const { fhir } = await startSubscribed();
  const statement = (await (await fhir('GET', 'metadata')).json()) as CapabilityStatement;
  const errors = parts()
    .validator.validate(statement)
    .filter(({ severity }) => severity === 'error');
  expect(errors).toEqual([]);
  const own = statement.rest?.[0]?.resource?.find(({ type }) => type === 'Subscription');
  expect(own?.extension?.map(({ valueCanonical }) => valueCanonical)).toEqual(TOPICS.map(({ url }) => url));
  expect(own?.interaction?.map(({ code }) => code)).toEqual([
    'create',
    'read',
    'update',
    'delete',
    'search-type',
  ]);
});

test('no address in a private network is an endpoint, however it is written', () => {
  const rules = { privateHosts: new Set(['hooks.internal']) };
  const closed = [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '192.168.0.1',
    '[::1]',
    '[fd00::1]',
    '[fe80::1]',
  ];
  const disguised = [
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '[::ffff:127.0.0.1]',
    '[::ffff:a00:1]',
    '[64:ff9b::7f00:1]',
  ];
  const names = ['localhost', 'a.localhost', 'db', 'printer.local', 'metadata.google.internal', 'LOCALHOST.'];
  for (const host of [...closed, ...disguised, ...names])
    expect([host, endpointFault(`https://${host}/x`, rules)]).toEqual([host, expect.any(String)]);
  for (const host of ['vendor.example.org', '93.184.216.34', '[2606:2800:220:1::1]'])
    expect(endpointFault(`https://${host}/x`, rules)).toBeUndefined();
  expect(endpointFault('http://hooks.internal:8080/x', rules)).toBeUndefined();
  for (const url of [
    'ftp://vendor.example.org',
    'no url',
    'https://vendor.example.org/#a',
    'file:///etc/passwd',
  ])
    expect(endpointFault(url, rules)).toEqual(expect.any(String));
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(isClosed(`::ffff:${address}`)).toBe(isClosed(address));
    }),
  );
});

test('a name that leads into a private network is not called', async () => {
  const { subscribe, fhir, subscriber } = await startSubscribed();
  // a public name, as far as anybody can tell from it, that may lead anywhere
  const name = `https://hooks-that-are-not-there.example.org:${new URL(subscriber.url).port}/hook`;
  const made = await subscribe(topicSubscription(name, 'contact-added'));
  await expect
    .poll(async () => ((await (await fhir('GET', `Subscription/${made.id}`)).json()) as Subscription).error, {
      timeout: 10_000,
    })
    .toBe('It could not be reached.');
  expect(subscriber.calls).toEqual([]);
});

test('bodies that are nothing, or anything, are refused with an outcome', async () => {
  const { fhir } = await startSubscribed();
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 4 }), async (text) => {
      const answer = await fhir('POST', 'Subscription', text);
      const outcome = (await answer.json()) as OperationOutcome;
      expect([answer.status >= 400 && answer.status < 500, outcome.resourceType]).toEqual([
        true,
        'OperationOutcome',
      ]);
    }),
    { numRuns: 60 },
  );
});
