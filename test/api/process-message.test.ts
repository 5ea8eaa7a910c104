/** What a BaRS sender meets at the door: errors of the catalogue, each once, under its own ids; and nothing that ends the process. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { base64, headersFor, type Json, messageOf, newReferral, post } from '../servers/bars-sender.ts';
import { type Options, open, type Place } from '../source/bars/place.ts';

const errorOf = ({ status, body }: { status: number; body: Json }): string => {
  const [issue] =
    (body.issue as { code: string; details: { coding: { code: string }[] } }[] | undefined) ?? [];
  return issue ? `${status} ${issue.details.coding[0]!.code} ${issue.code}` : `${status}`;
};

const sendTo = async (
  { url }: Place,
  headers: Record<string, string | undefined> = {},
  body: unknown = messageOf(newReferral(), 'new'),
) => await post(url, body, headersFor(headers));

test('refuses by the headers before anything is read, and echoes the ids that it was given', async () => {
  const place = await open({ callers: ['A83001'] });
  const cases: [Record<string, string | undefined>, string][] = [
    [{ 'x-request-id': undefined }, '400 REC_BAD_REQUEST required'],
    [{ 'x-correlation-id': 'not-a-guid' }, '400 REC_BAD_REQUEST invalid'],
    [{ 'nhsd-target-identifier': undefined }, '400 REC_BAD_REQUEST required'],
    [{ 'nhsd-target-identifier': '%%%' }, '400 REC_BAD_REQUEST invalid'],
    [
      { 'nhsd-end-user-organisation': base64({ resourceType: 'Organization' }) },
      '400 REC_BAD_REQUEST structure',
    ],
    [{ 'nhsd-requesting-software': undefined }, '400 REC_BAD_REQUEST required'],
    [
      { 'nhsd-end-user-organisation': headersFor({}, 'B84002')['nhsd-end-user-organisation'] },
      '401 REC_UNAUTHORIZED forbidden',
    ],
    [{ accept: 'application/fhir+xml' }, '406 REC_NOT_ACCEPTABLE processing'],
    [{ 'content-type': 'application/fhir+xml' }, '400 REC_BAD_REQUEST not-supported'],
  ];
  for (const [headers, wanted] of cases) {
    const answer = await sendTo(place, headers, 'no JSON at all');
    expect([headers, errorOf(answer)]).toEqual([headers, wanted]);
    const echoed = answer.headers.get('x-correlation-id') ?? '';
    expect(echoed).toMatch(headers['x-correlation-id'] ?? /^[0-9a-f-]{36}$/);
  }
});

test('serves what it says it serves, and says of all else that it does not', async () => {
  const place = await open();
  const ask = async (method: string, path: string): Promise<[string, Json]> => {
    const answer = await fetch(`${place.url}${path}`, { method, headers: headersFor() });
    const body = (await answer.json()) as Json;
    return [errorOf({ status: answer.status, body }), body];
  };
  expect((await ask('GET', '/metadata'))[1]).toMatchObject({ resourceType: 'CapabilityStatement' });
  const toAll = headersFor({ 'nhsd-target-identifier': undefined });
  expect((await fetch(`${place.url}/metadata`, { headers: toAll })).status).toBe(200);
  expect((await fetch(`${place.url}/MessageDefinition`, { headers: toAll })).status).toBe(400);
  expect((await ask('GET', '/MessageDefinition'))[1]).toMatchObject({ total: 3 });
  const context = encodeURIComponent('https://fhir.nhs.uk/Id/dos-service-id|1');
  expect((await ask('GET', `/MessageDefinition?context=${context}`))[0]).toBe('404 REC_NOT_FOUND not-found');
  expect((await ask('PUT', '/ServiceRequest/1'))[0]).toBe('405 REC_METHOD_NOT_ALLOWED not-supported');
  expect((await ask('GET', '/$process-message'))[0]).toBe('405 REC_METHOD_NOT_ALLOWED not-supported');
  expect((await ask('GET', '/Slot?status=free'))[0]).toBe('501 REC_NOT_IMPLEMENTED not-supported');
  expect((await ask('GET', `/ServiceRequest/${randomUUID()}`))[0]).toBe('404 REC_NOT_FOUND not-found');
});

test('answers this machine alone where nothing is configured: no proxy on it, and no page of somebody else’s', async () => {
  const place = await open();
  const away: Record<string, string>[] = [
    { 'x-forwarded-for': '198.51.100.7' },
    { via: '1.1 proxy' },
    { origin: 'https://evil.example' },
  ];
  for (const headers of away)
    expect([headers, errorOf(await sendTo(place, headers))]).toEqual([headers, '403 REC_FORBIDDEN security']);
  expect((await sendTo(place)).status).toBe(200);
});

test('lets in whom the gateway vouches for', async () => {
  const place = await open();
  place.door.secret = { header: 'X-Gateway', value: 'a secret of tests' };
  expect(errorOf(await sendTo(place))).toBe('403 REC_FORBIDDEN security');
  expect(errorOf(await sendTo(place, { 'x-gateway': 'another' }))).toBe('403 REC_FORBIDDEN security');
  expect((await sendTo(place, { 'x-gateway': 'a secret of tests' })).status).toBe(200);
  place.door.subjects = { header: 'X-Subject', allowed: ['CN=proxy.nhs.uk'] };
  expect(errorOf(await sendTo(place, { 'x-gateway': 'a secret of tests' }))).toBe(
    '403 REC_FORBIDDEN forbidden',
  );
});

test('lives through bodies of every unfit kind', async () => {
  const place = await open();
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const message = messageOf(newReferral(), 'new') as Json & { entry: Json[] };
  const unfit: unknown[] = [
    '',
    '{',
    'null',
    '[]',
    '"text"',
    deep,
    `{"resourceType":"Bundle","x":${deep}}`,
    `"${'x'.repeat(400_000)}"`,
    '{"resourceType":"Bundle","type":"message","id":"1","__proto__":{"polluted":1}}',
    '{"resourceType":"Bundle","id":"a","id":"b"}',
    '\u0000',
    { ...message, entry: 'none' },
    { ...message, entry: [null] },
    { ...message, entry: [{ resource: { resourceType: '__proto__' } }] },
    { ...message, entry: Array.from({ length: 600 }, () => ({})) },
    { ...message, entry: [...message.entry, message.entry[1]] },
    { ...message, meta: 'x' },
    { ...message, id: '../../etc' },
  ];
  const TOO_MUCH = new Set([deep, unfit[6], unfit[7], unfit[14]]);
  for (const body of unfit) {
    const answer = await sendTo(place, {}, body);
    expect([String(JSON.stringify(body)).slice(0, 60), answer.status, answer.body.resourceType]).toEqual([
      String(JSON.stringify(body)).slice(0, 60),
      TOO_MUCH.has(body) ? 422 : 400,
      'OperationOutcome',
    ]);
  }
  for (const at of message.entry.keys())
    for (const spoiled of [{ identifier: 7 }, { status: {} }, { subject: [] }, { meta: { profile: 'x' } }]) {
      const entry = message.entry.map((one, index) =>
        index === at ? { ...one, resource: { ...(one.resource as Json), ...spoiled } } : one,
      );
      const answer = await sendTo(place, {}, { ...message, id: randomUUID(), entry });
      expect([400, 409, 200]).toContain(answer.status);
    }
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  expect((await sendTo(place, {}, messageOf(newReferral('9990000026'), 'new'))).status).toBe(200);
});

async function withTake(take: Options['take'], more: Options = {}): Promise<Place> {
  return await open({ ...more, ...(take ? { take } : {}) });
}

test('answers in time what takes longer, and finds it done when it is sent again', async () => {
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let place: Place;
  place = await withTake(
    async (records, receipt) => {
      await gate;
      return await place.pipeline.take(records, receipt);
    },
    { budgetMs: 150, mostWaiting: 1 },
  );
  const message = messageOf(newReferral(), 'new');
  const ids = { 'x-request-id': randomUUID(), 'x-correlation-id': randomUUID() };
  const late = await sendTo(place, ids, message);
  expect([errorOf(late), late.headers.get('retry-after')]).toEqual(['408 REC_TIMEOUT timeout', '5']);
  expect(errorOf(await sendTo(place, {}, messageOf(newReferral('9990000026'), 'new')))).toBe(
    '429 REC_TOO_MANY_REQUESTS throttled',
  );
  release();
  await place.receiver.stop();
  expect(errorOf(await sendTo(place, ids, message))).toBe('409 REC_CONFLICT duplicate');
});

test('says when nothing can be stored, and takes the message when it can', async () => {
  const faults = [
    ['transient', 'no-store', '500 REC_SERVER_ERROR no-store'],
    ['transient', 'transient', '503 REC_UNAVAILABLE transient'],
    ['permanent', 'exception', '500 REC_SERVER_ERROR exception'],
  ] as const;
  const left = [...faults];
  let place: Place;
  place = await withTake(async (records, receipt) => {
    const fault = left.shift();
    if (fault) throw new AdapterError(fault[0], { severity: 'error', code: fault[1], diagnostics: 'a disk' });
    return await place.pipeline.take(records, receipt);
  });
  const message = messageOf(newReferral(), 'new');
  const ids = { 'x-request-id': randomUUID(), 'x-correlation-id': randomUUID() };
  for (const [, , wanted] of faults) expect(errorOf(await sendTo(place, ids, message))).toBe(wanted);
  expect((await sendTo(place, ids, message)).status).toBe(200);
});
