/** HTTPS with client certificates: who is known by one, whose tokens are bound to one, and who is not let in with another. */
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openWhole, temporaryFolder, type Whole } from '../../cli/whole.ts';
import { type Certificate, loopbackCertificate } from '../../servers/certificate.ts';
import { FHIR } from './place.ts';
import { ASSERTION_TYPE, assertionOf, type VendorKey, vendorKey } from './vendor.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Secured {
  readonly whole: Whole;
  readonly pinned: Certificate;
  readonly signed: Certificate;
  readonly key: VendorKey;
  /** @param shown client certificate @param form by POST */
  ask(
    path: string,
    shown?: Certificate,
    headers?: Record<string, string>,
    form?: Record<string, string>,
  ): Promise<Answer>;
}

const scopes = ['system/*.rs'];
const organisations = ['local'];

async function openSecured(): Promise<Secured> {
  const [server, pinned, signed] = [
    loopbackCertificate('server'),
    loopbackCertificate('pinned'),
    loopbackCertificate('signed'),
  ];
  const key = await vendorKey();
  const folder = temporaryFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const tls = {
    certFile: file('cert.pem', server.cert),
    keyFile: file('key.pem', server.key),
    clientCaFile: file('ca.pem', signed.cert),
  };
  const { fingerprint256: fingerprint } = new X509Certificate(pinned.cert);
  const clients = [
    { id: 'pinned', organisations, scopes, certificate: { fingerprint } },
    { id: 'named', organisations, scopes, certificate: { subject: 'CN=signed' } },
    {
      id: 'both',
      organisations,
      scopes,
      certificate: { fingerprint: new X509Certificate(server.cert).fingerprint256 },
      jwks: { keys: [key.jwk] },
    },
    { id: 'keyed', organisations, scopes, jwks: { keys: [{ ...key.jwk, kid: 'k2' }] } },
  ];
  const whole = await openWhole({ access: { tls, clients } }, { folder });
  return {
    ...{ whole, pinned, signed, key },
    ask: (path, shown, headers = {}, form) => {
      const options = {
        ca: server.cert,
        ...shown,
        agent: false,
        headers,
        method: form ? 'POST' : 'GET',
      } as const;
      return new Promise((resolve, reject) => {
        const sent = request(`${whole.adapter.url}${path}`, options, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
        });
        sent.on('error', reject);
        if (form) sent.setHeader('Content-Type', 'application/x-www-form-urlencoded');
        sent.end(form && new URLSearchParams(form).toString());
      });
    },
  };
}

const PATH = `${FHIR}/Organization`;
const grant = { grant_type: 'client_credentials', scope: 'system/*.rs' };

test('a certificate lets its client in, and no other one does', async () => {
  const { whole, ask, pinned, signed } = await openSecured();
  expect(whole.adapter.url).toMatch(/^https:/);
  expect((await ask(PATH, pinned)).status).toBe(200);
  expect((await ask(PATH, signed)).status).toBe(200);
  expect(await ask(PATH)).toMatchObject({ status: 401, text: expect.stringContaining('access-needed') });
  const wrong = { status: 401, text: expect.stringContaining('access-certificate') };
  expect(await ask(PATH, loopbackCertificate('pinned'))).toMatchObject(wrong);
  expect(await ask(PATH, loopbackCertificate('signed'))).toMatchObject(wrong); // the name alone is no proof
});

test('a token that was asked for with a certificate is good with that alone', async () => {
  const { ask, pinned, signed } = await openSecured();
  const { status, text } = await ask('/auth/token', pinned, {}, { ...grant, client_id: 'pinned' });
  expect([status, text]).toEqual([200, expect.stringContaining('access_token')]);
  const headers = { Authorization: `Bearer ${(JSON.parse(text) as { access_token: string }).access_token}` };
  expect((await ask(PATH, pinned, headers)).status).toBe(200);
  const bound = { status: 401, text: expect.stringContaining('access-bound') };
  expect(await ask(PATH, undefined, headers)).toMatchObject(bound);
  expect(await ask(PATH, signed, headers)).toMatchObject(bound);
});

test('nobody gets a token by a certificate that is not its own, or by one where a key is asked for too', async () => {
  const { whole, ask, pinned, signed, key } = await openSecured();
  const refused = { status: 401, text: expect.stringContaining('invalid_client') };
  expect(await ask('/auth/token', signed, {}, { ...grant, client_id: 'pinned' })).toMatchObject(refused);
  expect(await ask('/auth/token', undefined, {}, { ...grant, client_id: 'pinned' })).toMatchObject(refused);
  expect(await ask('/auth/token', pinned, {}, { ...grant, client_id: 'both' })).toMatchObject(refused);
  expect(await ask('/auth/token', pinned, {}, { ...grant, client_id: 'keyed' })).toMatchObject(refused);
  const assertion = async (id: string, kid = 'k1') => ({
    ...{ ...grant, client_assertion_type: ASSERTION_TYPE },
    client_assertion: await assertionOf(id, { ...key, kid }, `${whole.adapter.url}/auth/token`),
  });
  expect(await ask('/auth/token', undefined, {}, await assertion('both'))).toMatchObject(refused);
  expect((await ask('/auth/token', undefined, {}, await assertion('keyed', 'k2'))).status).toBe(200);
});

test('commands on this machine reach an adapter that serves others by HTTPS', async () => {
  const { whole } = await openSecured();
  expect(whole.adapter.controlUrl).toMatch(/^http:\/\/127\.0\.0\.1:/);
  expect((await fetch(`${whole.adapter.controlUrl}/health`)).status).toBe(200);
  expect((await fetch(`${whole.adapter.controlUrl}${PATH}`)).status).toBe(401);
});
