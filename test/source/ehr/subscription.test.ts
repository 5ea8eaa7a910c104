/** Hooks of EHRs over real HTTP: who may call, what they tell, and what they left out. */
import type { Practitioner, Subscription } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type { Adapter } from '../../../src/cli/adapter.ts';
import { expectOutcome } from '../../api/adapter.ts';
import { HOOK_SECRET_ENV, hook, startAdapter, startEhr, until } from './adapters.ts';
import { notification, startHookServer } from './hook-server.ts';

const BY_HOOK = {
  mode: 'subscribe',
  types: ['Practitioner'],
  everySeconds: 3_600,
  since: '2020-01-01T00:00:00Z',
  secretEnv: HOOK_SECRET_ENV,
};
const doctor = (id: string, family = 'Doctor'): Practitioner => ({
  resourceType: 'Practitioner',
  id,
  name: [{ family }],
});
async function families(adapter: Adapter): Promise<(string | undefined)[]> {
  const { versions } = await adapter.store.search({ type: 'Practitioner', clauses: [], count: 50 });
  return versions.map(({ resource }) => (resource as Practitioner).name?.[0]?.family).sort();
}
const NOON = '2026-03-01T12:00:00Z';

test('lets in only who knows the secret, and says what is wrong with a hook', async () => {
  const adapter = await startAdapter(await startEhr(), BY_HOOK);
  await expectOutcome(await hook(adapter, { secret: 'guessed' }), 401, 'subscription-secret');
  await expectOutcome(await hook(adapter, { secret: undefined }), 401, 'subscription-secret');
  await expectOutcome(await hook(adapter, { path: 'nobody' }), 404, 'subscription-target');
  await expectOutcome(await hook(adapter, { method: 'GET' }), 405, 'api-method');
  await expectOutcome(await hook(adapter, { body: '{' }), 400, 'subscription-body');
  await expectOutcome(await hook(adapter, { body: [1] }), 400, 'subscription-body');
  const nameless = notification('event-notification', { resources: [doctor('../1')] });
  await expectOutcome(await hook(adapter, { body: nameless }), 400, 'ehr-no-fhir');
}, 60_000);

test('an empty hook has it look; a resource sent as R4 servers do is taken in, even when it comes twice', async () => {
  const ehr = await startEhr();
  const adapter = await startAdapter(ehr, BY_HOOK);
  await ehr.put(doctor('d1', 'First'));
  expect((await hook(adapter)).status).toBe(200);
  await until(async () => (await families(adapter)).length === 1);
  const sent = { ...doctor('d2', 'Second'), meta: { versionId: '1', lastUpdated: NOON } };
  for (let time = 0; time < 2; time++)
    expect((await hook(adapter, { method: 'PUT', path: 'ehr/Practitioner/d2', body: sent })).status).toBe(
      200,
    );
  const older = { ...doctor('d2', 'Older'), meta: { versionId: '0', lastUpdated: '2026-03-01T11:00:00Z' } };
  expect((await hook(adapter, { method: 'PUT', path: 'ehr/Practitioner/d2', body: older })).status).toBe(200);
  expect(await families(adapter)).toEqual(['First', 'Second']);
}, 60_000);

test('reads what a notification only names, and finds by a look what a gap in the numbers hides', async () => {
  const ehr = await startEhr(); // it keeps no events
  const adapter = await startAdapter(ehr, BY_HOOK);
  expect((await hook(adapter, { body: notification('handshake', { total: 0 }) })).status).toBe(200);
  await ehr.put(doctor('d1', 'First'));
  const first = notification('event-notification', { total: 1, events: [[1, 'Practitioner/d1']] });
  expect((await hook(adapter, { body: first })).status).toBe(200);
  expect(await families(adapter)).toEqual(['First']);
  await ehr.put(doctor('d2', 'Second')); // its hook is lost
  await ehr.put(doctor('d3', 'Third'));
  const third = notification('event-notification', { total: 3, events: [[3, `${ehr.url}/Practitioner/d3`]] });
  expect((await hook(adapter, { body: third })).status).toBe(200);
  expect(await families(adapter)).toEqual(['First', 'Second', 'Third']);
}, 60_000);

test('asks for the events of a gap where the EHR keeps them, for a heartbeat too', async () => {
  const ehr = await startHookServer();
  const adapter = await startAdapter(ehr, BY_HOOK);
  for (const [number, family] of ['First', 'Second', 'Third'].entries()) {
    ehr.put(doctor(`d${number + 1}`, family), NOON);
    ehr.events.set(number + 1, `Practitioner/d${number + 1}`);
  }
  const resources = [ehr.held.get('Practitioner/d2')!];
  const second = notification('event-notification', {
    total: 2,
    events: [[2, 'Practitioner/d2']],
    resources,
  });
  expect((await hook(adapter, { body: second })).status).toBe(200);
  expect(await families(adapter)).toEqual(expect.arrayContaining(['First', 'Second']));
  expect((await hook(adapter, { body: notification('heartbeat', { total: 3 }) })).status).toBe(200);
  expect(await families(adapter)).toEqual(['First', 'Second', 'Third']);
  const asked = ehr.seen.flatMap(({ path }) => /\$events\?(.*)/.exec(path)?.[1] ?? []);
  expect(asked).toEqual([
    'eventsSinceNumber=1&eventsUntilNumber=1',
    'eventsSinceNumber=3&eventsUntilNumber=3',
  ]);
}, 60_000);

test('a notification that cannot be followed up is refused to be sent again, and nothing is taken for done', async () => {
  let isDown = false;
  const ehr = await startHookServer(() =>
    isDown ? { status: 503, headers: { 'retry-after': '1' } } : undefined,
  );
  const adapter = await startAdapter(ehr, BY_HOOK);
  await until(async () => ehr.seen.length > 0);
  isDown = true;
  ehr.put(doctor('d1', 'First'), NOON);
  const body = notification('event-notification', { total: 1, events: [[1, 'Practitioner/d1']] });
  expect((await hook(adapter, { body })).status).toBe(503);
  isDown = false;
  expect((await hook(adapter, { body })).status).toBe(200);
  expect(await families(adapter)).toEqual(['First']);
}, 60_000);

test('makes its Subscription where it is told to, with the secret that hooks then carry, and once', async () => {
  const ehr = await startHookServer();
  const topic = 'https://ehr.example/topics/changes';
  const adapter = await startAdapter(ehr, {
    ...BY_HOOK,
    callbackUrl: 'https://adapter.example/subscriptions/ehr',
    payload: 'id-only',
    topic,
  });
  const made = () => ehr.seen.filter(({ method, path }) => method === 'POST' && path === '/Subscription');
  await until(async () => made().length > 0);
  ehr.held.set('Subscription/sub-1', {
    resourceType: 'Subscription',
    id: 'sub-1',
    status: 'active',
  } as Subscription);
  await hook(adapter);
  await until(async () => ehr.seen.some(({ path }) => path === '/Subscription/sub-1'));
  expect(made().map(({ body }) => body)).toMatchObject([
    {
      status: 'requested',
      criteria: topic,
      channel: {
        type: 'rest-hook',
        endpoint: 'https://adapter.example/subscriptions/ehr',
        header: ['X-Hedgerow-Secret: a secret of tests'],
        _payload: { extension: [{ valueCode: 'id-only' }] },
      },
    },
  ]);
}, 60_000);
