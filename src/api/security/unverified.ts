/** Turns the text of a token into whose it says it is, which is believed by nobody: it tells only whose keys to check it by. */
import { decodeJwt, decodeProtectedHeader } from 'jose';

const LONGEST_TOKEN = 16_000;

/** @returns iss of a JWT; undefined where it is none */
export function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(bounded(token)).iss;
  } catch {
    return undefined;
  }
}

/** @returns iss and sub, and the parts of the header that lead to a key; undefined where it is no JWT */
export function claimedBy(token: string):
  | {
      readonly issuer: unknown;
      readonly subject: unknown;
      readonly header: Readonly<Record<string, unknown>>;
    }
  | undefined {
  try {
    const { iss, sub } = decodeJwt(bounded(token));
    return { issuer: iss, subject: sub, header: { ...decodeProtectedHeader(token) } };
  } catch {
    return undefined;
  }
}

function bounded(token: string): string {
  if (token.length > LONGEST_TOKEN) throw new TypeError('too long for a token');
  return token;
}
