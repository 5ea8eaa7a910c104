/** A client certificate against a real TLS server that asks for one, and what happens when its files change. */

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { openIdentity } from '../../../src/nhs/access/identity.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { send } from '../../../src/wire/http.ts';
import { loopbackCertificate } from '../../servers/certificate.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const own = loopbackCertificate();
const first = loopbackCertificate('first');
const second = loopbackCertificate('second');
const stranger = loopbackCertificate('stranger');

/** A server that lets in whoever shows one of two certificates, and notes which it was. */
async function serve(): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const asks = { requestCert: true, rejectUnauthorized: true, ca: [first.cert, second.cert] };
  const server = createServer({ ...own, ...asks }, (request, response) => {
    seen.push((request.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 ?? 'none');
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

function files(): {
  certFile: string;
  keyFile: string;
  caFile: string;
  put(cert: string, key: string): void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-identity-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const [certFile, keyFile, caFile] = ['cert.pem', 'key.pem', 'ca.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(caFile, own.cert);
  const put = (cert: string, key: string): void => {
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
  };
  put(first.cert, first.key);
  return { certFile, keyFile, caFile, put };
}

function client(tls?: Parameters<typeof createExchange>[0]): (url: string) => ReturnType<typeof send> {
  const { exchange, close } = createExchange(tls);
  closing.push(close);
  const signal = new AbortController().signal;
  return (url) => send({ method: 'GET', url, headers: {} }, { deadlineMs: 5_000, signal, exchange });
}

const fingerprint = ({ cert }: { cert: string }): string => new X509Certificate(cert).fingerprint256;

test('shows its certificate to the server, and another one as soon as the files hold it', async () => {
  const { url, seen } = await serve();
  const held = files();
  let kept = 0;
  const get = client({
    tls: openIdentity(held, () => {
      kept += 1;
    }),
  });
  expect(await get(url)).toMatchObject({ status: 200 });
  held.put(second.cert, first.key);
  for (let many = 0; many < 3; many++) expect(await get(url)).toMatchObject({ status: 200 });
  expect([seen, kept]).toEqual([Array(4).fill(fingerprint(first)), 1]);
  held.put(second.cert, second.key);
  expect(await get(url)).toMatchObject({ status: 200 });
  expect(seen.at(-1)).toBe(fingerprint(second));
});

test('is not let in without a certificate, or with one that the server does not know', async () => {
  const { url, seen } = await serve();
  expect(await client({ tls: () => ({ ca: own.cert }) })(url)).toMatchObject({ ok: false });
  const held = files();
  held.put(stranger.cert, stranger.key);
  expect(await client({ tls: openIdentity(held, () => {}) })(url)).toMatchObject({ ok: false });
  expect(seen).toEqual([]);
});

test('sends nothing to a server that the authorities of the file do not vouch for', async () => {
  const { url, seen } = await serve();
  const held = files();
  writeFileSync(held.caFile, stranger.cert);
  expect(await client({ tls: openIdentity(held, () => {}) })(url)).toMatchObject({ retry: 'transient' });
  expect(seen).toEqual([]);
});

test.each([
  ['a key of another certificate', first.cert, second.key, /is not the key of the certificate/],
  ['no certificate', 'hello', first.key, /holds no certificate in PEM form/],
  ['half a key', first.cert, first.key.slice(0, 60), /holds no private key in PEM form/],
])('refuses %s at the start', (_, cert, key, why) => {
  const held = files();
  held.put(cert, key);
  expect(() => openIdentity(held, () => {})).toThrow(why);
});

test('gives the same identity while nothing changes', () => {
  const identity = openIdentity(files(), () => {});
  expect(identity()).toBe(identity());
});
