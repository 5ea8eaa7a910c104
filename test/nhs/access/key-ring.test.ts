/** Signing keys in files and variables: which are refused at the start, and how one is changed while the adapter runs. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { jwksOf } from '../../../src/nhs/access/jwks.ts';
import { openKeyRing } from '../../../src/nhs/access/key-ring.ts';
import { loopbackCertificate } from '../../servers/certificate.ts';
import { pemOf, rsaKey } from '../../servers/rsa-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'hedgerow-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const FIRST = rsaKey('first');
const SECOND = rsaKey('second');
const isSame = (a: KeyObject | undefined, b: KeyObject): boolean => a?.equals(b) === true;
const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey;
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const locked = FIRST.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'x',
}) as string;

test.each([
  ['that is short', pemOf(small), /1024 bits.*at least 2048/],
  ['that is not RSA', pemOf(curve), /of the kind ec: RS512 needs an RSA key/],
  ['that is public', createPublicKey(FIRST).export({ type: 'spki', format: 'pem' }) as string, /public part/],
  ['that is a certificate', loopbackCertificate().cert, /public part/],
  ['under a passphrase', locked, /passphrase/],
  ['that is cut off', pemOf(FIRST).slice(0, 400), /cut off/],
  ['that is none', 'hello', /no private key in PEM form/],
])('refuses a key %s at the start, and says so without showing it', (what, pem, why) => {
  const file = put(`${what}.pem`, pem);
  const open = () => openKeyRing([{ kid: 'prod-1', file }], () => {});
  expect(open).toThrow(why);
  expect(open).toThrow(/key prod-1/);
  expect(() => openKeyRing([{ kid: 'prod-1', pem, name: 'NHS_KEY' }], () => {})).toThrow(/NHS_KEY/);
  for (const line of pem.split('\n').filter((text) => text.length > 20 && !text.startsWith('---')))
    expect(open).not.toThrow(line);
});

test('refuses a file that is not there', () => {
  const file = join(folder, 'nowhere.pem');
  expect(() => openKeyRing([{ kid: 'prod-1', file }], () => {})).toThrow(/cannot be read \(ENOENT\)/);
});

test('takes a key of a variable whose line ends are written out', () => {
  const pem = pemOf(FIRST).replaceAll('\n', '\\n');
  const [key] = openKeyRing([{ kid: 'prod-1', pem, name: 'NHS_KEY' }], () => {})();
  expect(isSame(key?.key, FIRST)).toBe(true);
});

test('takes up a key that is written over or moved into place, and keeps the one before while the file holds none', () => {
  const file = put('turning.pem', pemOf(FIRST));
  const kept: string[] = [];
  const keys = openKeyRing([{ kid: 'prod-1', file }], (kid) => kept.push(kid));
  expect(isSame(keys()[0]?.key, FIRST)).toBe(true);
  put('turning.pem', pemOf(SECOND).slice(0, 500));
  expect(isSame(keys()[0]?.key, FIRST)).toBe(true);
  expect(isSame(keys()[0]?.key, FIRST)).toBe(true);
  expect(kept).toEqual(['prod-1']);
  put('turning.pem', pemOf(SECOND));
  expect(isSame(keys()[0]?.key, SECOND)).toBe(true);
  rmSync(file);
  expect(isSame(keys()[0]?.key, SECOND)).toBe(true);
  renameSync(put('ready.pem', pemOf(FIRST)), file);
  expect(isSame(keys()[0]?.key, FIRST)).toBe(true);
});

test('shows public parts alone', () => {
  const file = put('shown.pem', pemOf(FIRST));
  const keys = openKeyRing(
    [
      { kid: 'prod-1', file },
      { kid: 'prod-2', pem: pemOf(SECOND), name: 'N' },
    ],
    () => {},
  );
  const set = jwksOf(keys());
  expect(set.keys.map((key) => Object.keys(key).sort())).toEqual(
    Array(2).fill(['alg', 'e', 'kid', 'kty', 'n', 'use']),
  );
  expect(set.keys).toMatchObject([
    { kty: 'RSA', kid: 'prod-1', alg: 'RS512', use: 'sig', e: 'AQAB' },
    { kty: 'RSA', kid: 'prod-2', alg: 'RS512', use: 'sig', e: 'AQAB' },
  ]);
  const read = createPublicKey({ key: { ...set.keys[0]! }, format: 'jwk' });
  expect(read.equals(createPublicKey(FIRST))).toBe(true);
});
