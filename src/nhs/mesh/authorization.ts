/** Turns a mailbox's password and its environment's shared key into Authorization headers, none of which is ever used twice. */
import { createHmac } from 'node:crypto';

export interface MeshCredentials {
  /** of the mailbox */
  readonly password: string;
  /** of the environment, the same for all mailboxes there */
  readonly sharedKey: string;
}

/** What one header is made of. */
export interface AuthorizationParts extends MeshCredentials {
  readonly mailbox: string;
  /** a GUID */
  readonly nonce: string;
  /** from 0 */
  readonly nonceCount: number;
  /** epoch ms; MESH takes two hours to either side of its own time */
  readonly atMs: number;
}

/**
 * @returns value of the Authorization header; the password is in the hash only
 * @source MESH API, authentication: HMAC-SHA256 over mailbox:nonce:count:password:timestamp
 */
export function authorizationOf(parts: AuthorizationParts): string {
  const { mailbox, nonce, nonceCount, password, sharedKey, atMs } = parts;
  const id = mailbox.toUpperCase();
  const timestamp = timestampOf(atMs);
  const hash = createHmac('sha256', sharedKey)
    .update(`${id}:${nonce}:${nonceCount}:${password}:${timestamp}`)
    .digest('hex');
  return `NHSMESH ${id}:${nonce}:${nonceCount}:${timestamp}:${hash}`;
}

/**
 * @param credentials asked for each header, so that a password may change while the process runs
 * @returns a header for each call: the nonce is this process's own, and each request counts it up, so that neither a restart
 *   nor another replica ever gives the same
 */
export function createAuthorizer(
  mailbox: string,
  credentials: () => MeshCredentials,
  { clock, uuid }: { readonly clock: () => number; readonly uuid: () => string },
): () => string {
  const nonce = uuid();
  let nonceCount = 0;
  return () => authorizationOf({ ...credentials(), mailbox, nonce, nonceCount: nonceCount++, atMs: clock() });
}

/** @returns `yyyyMMddHHmm`, UTC */
function timestampOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replaceAll(/[-:T]/g, '');
}
