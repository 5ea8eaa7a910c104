/** Turns PEM text into a private key that assertions may be signed with, or a sentence that says why not. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type Checked, refuse } from '../../fhir/outcome.ts';

const LEAST_BITS = 2_048;

/**
 * @param where the key comes from, as a person knows it: `the file keys/next.pem`
 * @returns the RSA key; a refusal says nothing of what the text holds
 */
export function privateKeyOf(pem: string, where: string): Checked<KeyObject> {
  const fault = (what: string) =>
    refuse({ code: 'security', rule: 'nhs-key', diagnostics: `${where} ${what}` });
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    return /-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----/.test(pem)
      ? fault('holds the public part: name the private key, which never leaves this machine.')
      : fault('holds no private key in PEM form: it begins with -----BEGIN PRIVATE KEY-----.');
  }
  if (/ENCRYPTED/.test(pem)) {
    return fault('holds a key under a passphrase: take that off, and guard the file by its permissions.');
  }
  const key = parsed(pem);
  if (key === undefined) return fault('holds a private key that cannot be read: it may be cut off.');
  if (key.asymmetricKeyType !== 'rsa') {
    return fault(`holds a key of the kind ${key.asymmetricKeyType}: RS512 needs an RSA key.`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < LEAST_BITS) {
    return fault(`holds an RSA key of ${bits} bits: make one of 4096, and at least ${LEAST_BITS}.`);
  }
  return { ok: true, value: key };
}

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
