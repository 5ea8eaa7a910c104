/** Makes an API key for a case system: shown once, and kept nowhere; its digest goes into the configuration. */
import { hash } from 'node:crypto';
import { API_KEY_PREFIX } from '../api/security/clients.ts';

/** Bytes of a key: what cannot be guessed needs no slow digest, which is for passwords that people think of. */
export const KEY_BYTES = 32;

/**
 * @param random as many bytes as are asked for, from the system's generator
 * @returns the key, and the SHA-256 of it in hex
 */
export function newApiKey(random: (bytes: number) => Buffer): {
  readonly key: string;
  readonly sha256: string;
} {
  const key = `${API_KEY_PREFIX}${random(KEY_BYTES).toString('base64url')}`;
  return { key, sha256: hash('sha256', key) };
}

/** @returns what `hedgerow api-key` prints */
export function apiKeyText(random: (bytes: number) => Buffer): string {
  const { key, sha256 } = newApiKey(random);
  return [
    `API key   ${key}`,
    '          It is shown this once: give it to the client by a safe way.',
    `Digest    "apiKeySha256": "${sha256}"`,
    '          This goes into the client in "access" of hedgerow.config.json; the key cannot be had from it.',
    '',
  ].join('\n');
}
