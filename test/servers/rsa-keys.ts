/** RSA keys that a test makes once: the making of one takes a while. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

const made = new Map<string, KeyObject>();

/** @returns a private key of 2048 bits, the same for the same name */
export function rsaKey(name: string): KeyObject {
  const key = made.get(name) ?? generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  made.set(name, key);
  return key;
}

/** @returns PKCS #8 */
export function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
