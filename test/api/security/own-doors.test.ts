/** Doors that guard themselves: each against whoever has a credential of another door, or none that holds. */
import { expect, test } from 'vitest';
import { DOORS, ownDoor } from '../../../src/api/security/doors.ts';
import { headersFor } from '../../servers/bars-sender.ts';
import { INTRUDERS, type Intruder } from './intruders.ts';
import { AWAY, openPlace } from './place.ts';

const BARS = '/bars/FHIR/R4';
const HOOK_SECRET = 'HEDGEROW_TEST_OWN_DOORS_HOOK';
const GATEWAY_SECRET = 'HEDGEROW_TEST_OWN_DOORS_GATEWAY';
process.env[HOOK_SECRET] = 'a-secret-of-the-hook-of-tests-0001';
process.env[GATEWAY_SECRET] = 'a-secret-of-the-gateway-of-tests-1';

interface OwnDoor {
  readonly asked: readonly string[];
  readonly status: number;
  /** what the refusal is known by */
  readonly says: string;
}

/** What must happen at each to whoever shows what another door asks for. */
const REFUSALS: Readonly<Record<string, OwnDoor>> = {
  '/auth/token': { asked: ['POST /auth/token', 'POST /AUTH/token/'], status: 401, says: '"invalid_client"' },
  '/control/*': {
    asked: ['GET /control/status', 'POST /control/jobs/erase', 'POST /CONTROL/jobs/erase/'],
    status: 401,
    says: 'control-token',
  },
  '/subscriptions/*': {
    asked: ['POST /subscriptions/ehr', 'PUT /subscriptions/ehr/Patient/1', 'POST /Subscriptions/ehr/'],
    status: 401,
    says: 'subscription-secret',
  },
  [BARS]: { asked: [`GET ${BARS}`], status: 403, says: 'REC_FORBIDDEN' },
  [`${BARS}/*`]: {
    asked: [
      `POST ${BARS}/$process-message`,
      `GET ${BARS}/metadata`,
      `GET ${BARS}/ServiceRequest?patient:identifier=9990000018`,
      `GET ${BARS}/ServiceRequest/1`,
      `DELETE ${BARS}/ServiceRequest/1`,
    ],
    status: 403,
    says: 'REC_FORBIDDEN',
  },
};

const SETTINGS = {
  nhs: {
    organisation: { odsCode: 'A1001', name: 'Example Link Workers' },
    bars: { dosServiceId: '2000099999', receive: { url: 'http://127.0.0.1:9', secretEnv: GATEWAY_SECRET } },
  },
  targets: [
    {
      ...{ name: 'ehr', url: 'http://127.0.0.1:9', requiresVerifiedNhsNumber: false },
      receive: { mode: 'subscribe', everySeconds: 3_600, secretEnv: HOOK_SECRET },
    },
  ],
};

test('each door that guards itself is here', () => {
  const own = [...DOORS, ...ownDoor(BARS, '')].filter(({ ask }) => ask === 'its own');
  expect(own.map(({ path }) => path).toSorted()).toEqual(Object.keys(REFUSALS).toSorted());
});

test('a door that guards itself lets nobody in by what another door asks for', async () => {
  const place = await openPlace({ tokenRequestsPerMinute: 10_000 }, SETTINGS);
  const intruders: Readonly<Record<string, Intruder>> = {
    ...INTRUDERS,
    'a token that is good elsewhere': async () => ({
      Authorization: `Bearer ${await place.token('vendor')}`,
    }),
    'an API key that is good elsewhere': () => ({ 'X-API-Key': place.apiKey }),
    'the secret of another door': () => ({ 'X-Hedgerow-Secret': 'a-secret' }),
    'an empty secret': () => ({ 'X-Hedgerow-Secret': '' }),
    'an empty token': () => ({ Authorization: 'Bearer' }),
  };
  const wrong: string[] = [];
  let asked = 0;
  for (const [name, intruder] of Object.entries(intruders)) {
    const headers = {
      ...(await intruder(place)),
      ...AWAY,
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    for (const { asked: all, status, says } of Object.values(REFUSALS))
      for (const one of all) {
        const [method = '', path = ''] = one.split(' ');
        const body = method === 'GET' || method === 'DELETE' ? {} : { body: 'grant_type=client_credentials' };
        const answer = await fetch(`${place.url}${path}`, { method, headers, ...body });
        const text = await answer.text();
        asked += 1;
        if (answer.status !== status || !text.includes(says))
          wrong.push(`${one} with ${name}: ${answer.status} ${text.slice(0, 200)}`);
      }
  }
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(300);
});

test('a door that guards itself lets in who shows what it asks for', async () => {
  const place = await openPlace({}, SETTINGS);
  const secret = (name: string) => ({ 'X-Hedgerow-Secret': process.env[name]!, ...AWAY });
  expect((await place.get('/subscriptions/ehr', secret(HOOK_SECRET), 'POST')).status).toBe(200);
  expect((await place.get(`${BARS}/metadata`, { ...headersFor(), ...secret(GATEWAY_SECRET) })).status).toBe(
    200,
  );
  expect((await place.get('/subscriptions/ehr', secret(GATEWAY_SECRET), 'POST')).status).toBe(401);
  expect((await place.get(`${BARS}/metadata`, { ...headersFor(), ...secret(HOOK_SECRET) })).status).toBe(403);
  expect(await place.whole.get('/control/status')).not.toContain('control-token');
});
