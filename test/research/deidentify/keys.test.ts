/** The key is made once, read by its owner alone, and never seen. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Keys, keysFromText, keysIn } from '../../../src/research/deidentify/keys.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a key file is made where there is none, for its owner alone, and used from then on', async () => {
  const own = join(folder, 'own');
  const made = await keysIn(own);
  expect(((await stat(join(own, 'research.key'))).mode & 0o777).toString(8)).toBe('600');
  expect((await keysIn(own)).name).toBe(made.name);
  expect((await keysIn(join(folder, 'other'))).name).not.toBe(made.name);
});

test('a key file that others may read is refused', async () => {
  const shared = join(folder, 'shared');
  await keysIn(shared);
  await chmod(join(shared, 'research.key'), 0o640);
  await expect(keysIn(shared)).rejects.toThrow(/0600/);
});

test('what is no key is refused, and not repeated in the message', async () => {
  const bad = 'correct horse battery staple';
  expect(() => keysFromText(bad)).toThrow(/openssl rand -hex 32/);
  expect(() => keysFromText(bad)).not.toThrow(/battery/);
  await writeFile(join(folder, 'bad.key'), 'abc', { mode: 0o600 });
  await expect(keysIn(folder, 'bad.key')).rejects.toThrow(/cannot be used/);
  expect(() => new Keys(Buffer.alloc(16))).toThrow(/32 bytes/);
});

test('hexadecimal and base64 of one secret are one key', () => {
  const secret = Buffer.from(Array.from({ length: 32 }, (_, at) => at));
  expect(keysFromText(secret.toString('hex')).name).toBe(keysFromText(secret.toString('base64')).name);
  expect(keysFromText(`${secret.toString('hex')}\n`).name).toBe(new Keys(secret).name);
});

test('neither the secret nor what is made from it is seen when keys are printed', async () => {
  const keys = await keysIn(join(folder, 'own'));
  const secret = (await readFile(join(folder, 'own', 'research.key'), 'utf8')).trim();
  const seen = [
    JSON.stringify({ keys }),
    inspect(keys, { depth: 9, showHidden: true }),
    String(keys),
    keys.name,
  ];
  for (const text of seen) expect(text).not.toContain(secret.slice(0, 8));
  expect(inspect(keys, { depth: 9, showHidden: true })).not.toMatch(/<Buffer|KeyObject/);
});
