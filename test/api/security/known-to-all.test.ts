/** What everybody may know, by every method and from every page: it is read, never written, and no page of a stranger's reads it. */
import { expect, test } from 'vitest';
import { openWhole } from '../../cli/whole.ts';
import { AWAY, FHIR, openPlace } from './place.ts';
import { vendorKey } from './vendor.ts';

const KNOWN = [
  '/health',
  '/ready',
  '/auth/jwks',
  '/openapi.json',
  '/.well-known/oauth-authorization-server',
  `${FHIR}/metadata`,
  `${FHIR}/.well-known/smart-configuration`,
  `${FHIR}/OperationDefinition/hedgerow-convert`,
];

test('what everybody may know is read by GET and HEAD alone, and OPTIONS says so', async () => {
  const place = await openPlace();
  for (const path of KNOWN) {
    const answers = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'].map(
      async (method) => await place.get(path, AWAY, method),
    );
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect([path, statuses]).toEqual([path, [200, 200, 204, 405, 405, 405, 405]]);
    const allow = (await place.get(path, AWAY, 'DELETE')).headers.get('allow');
    expect([path, allow]).toEqual([path, 'GET, HEAD, OPTIONS']);
    const head = await place.get(path, AWAY, 'HEAD');
    expect([path, await head.text()]).toEqual([path, '']);
  }
});

test('a page of a configured origin may call with a token of its own, and none may with what a browser keeps', async () => {
  const key = await vendorKey();
  const clients = [
    { id: 'vendor', organisations: ['local'], scopes: ['system/*.rs'], jwks: { keys: [key.jwk] } },
  ];
  const origin = 'https://app.example';
  const { adapter } = await openWhole({ access: { clients }, cors: { origins: [origin] } });
  const told = async (from: string, path: string, method = 'GET'): Promise<readonly (string | null)[]> => {
    const asks = {
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'authorization',
    };
    const headers = { Origin: from, ...(method === 'OPTIONS' ? asks : {}) };
    const answer = await fetch(`${adapter.url}${path}`, { method, headers });
    await answer.text();
    return ['origin', 'credentials'].map((name) => answer.headers.get(`access-control-allow-${name}`));
  };
  for (const path of [`${FHIR}/metadata`, `${FHIR}/Patient`])
    for (const method of ['GET', 'OPTIONS']) {
      expect([path, await told(origin, path, method)]).toEqual([path, [origin, null]]);
      for (const stranger of ['https://evil.example', `${origin}.evil.example`, 'http://app.example', 'null'])
        expect([stranger, await told(stranger, path, method)]).toEqual([stranger, [null, null]]);
    }
  for (const path of ['/', '/metrics', '/worklist', '/auth/token'])
    expect([path, await told(origin, path)]).toEqual([path, [null, null]]);
});
