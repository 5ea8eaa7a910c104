/** Turns one secret into the keys of pseudonyms, shifts, noise and encryption, without ever showing it. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/** Bytes of a secret that is made here; one that is given has at least as many. */
const SECRET_BYTES = 32;
const KEY_FILE = 'research.key';
/** What keys are derived for: one never serves two ends. */
const ENDS = ['pseudonym', 'shift', 'hash', 'noise', 'cipher', 'nonce', 'name'] as const;
type End = (typeof ENDS)[number];

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Keys of one secret. Nothing of them is seen when it is printed or written as JSON. */
export class Keys {
  readonly #keys = new Map<End, KeyObject>();

  /** @param secret at least 32 bytes that nobody can guess */
  constructor(secret: Uint8Array) {
    if (secret.length < SECRET_BYTES) throw badKey('it has fewer than 32 bytes');
    for (const end of ENDS) this.#keys.set(end, keyFor(end, secret));
  }

  /** Tells exports under one key from those under another, and says nothing else of it. */
  get name(): string {
    return this.#digest('name', 'name').toString('hex').slice(0, 8);
  }

  /** @returns 32 hexadecimal digits, the same for the same text in the same space: 128 bits */
  pseudonym(space: string, text: string): string {
    return this.#digest('pseudonym', `${space}\u0000${text}`).toString('hex', 0, 16);
  }

  /** @returns a keyed hash of a value: HMAC-SHA-256, the first 128 bits as hexadecimal digits */
  hash(text: string): string {
    return this.#digest('hash', text).toString('hex', 0, 16);
  }

  /** @returns a whole number from 0 to below `count`, always the same for the same text */
  pick(text: string, count: number): number {
    return this.#digest('shift', text).readUIntBE(0, 6) % count;
  }

  /** @returns a number from -1 to below 1, always the same for the same text */
  noise(text: string): number {
    return (this.#digest('noise', text).readUIntBE(0, 6) / 2 ** 48) * 2 - 1;
  }

  /** @returns base64 of nonce, ciphertext and tag; the same for the same text, so that two runs give the same bytes */
  encrypt(text: string): string {
    const nonce = this.#digest('nonce', text).subarray(0, NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#keys.get('cipher')!, nonce);
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64');
  }

  /** @returns what was encrypted under this key; undefined where it was not, or was changed since */
  decrypt(text: string): string | undefined {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#keys.get('cipher')!, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([body, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  toJSON(): string {
    return '(key)';
  }

  #digest(end: End, text: string): Buffer {
    return createHmac('sha256', this.#keys.get(end)!).update(text).digest();
  }
}

/** A KeyObject: with the bytes of a key each HMAC takes seven times as long. */
function keyFor(end: End, secret: Uint8Array): KeyObject {
  return createSecretKey(
    new Uint8Array(hkdfSync('sha256', secret, '', `hedgerow research ${end}`, SECRET_BYTES)),
  );
}

/** @param text 64 or more hexadecimal digits, or base64 of 32 or more bytes, as in an environment variable */
export function keysFromText(text: string): Keys {
  const trimmed = text.trim();
  const isHex = /^(?:[0-9a-f]{2}){32,}$/i.test(trimmed);
  if (!isHex && !/^[A-Za-z0-9+/_-]{43,}={0,2}$/.test(trimmed))
    throw badKey('it is neither 64 hexadecimal digits nor base64 of 32 bytes');
  return new Keys(Buffer.from(trimmed, isHex ? 'hex' : 'base64'));
}

/**
 * Reads the key file of a folder; makes one, for its owner alone, where there is none.
 * @param name of the file in the folder, default `research.key`
 * @throws AdapterError rule `research-key` where others could read it, or it holds no key
 */
export async function keysIn(folder: string, name: string = KEY_FILE): Promise<Keys> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const text = (await isThere(path))
    ? await readKeyFile(path)
    : ((await makeKeyFile(path)) ?? (await readKeyFile(path)));
  return keysFromText(text);
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The file is there whole or not at all, whatever happens meanwhile. @returns what was written; undefined where there is one already */
async function makeKeyFile(path: string): Promise<string | undefined> {
  const text = randomBytes(SECRET_BYTES).toString('hex');
  const part = `${path}.${randomUUID()}`;
  try {
    const file = await open(part, 'wx', 0o600);
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(part, path);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    await rm(part, { force: true });
  }
}

async function readKeyFile(path: string): Promise<string> {
  const { mode } = await stat(path);
  const isShared = process.platform !== 'win32' && (mode & 0o077) !== 0;
  if (isShared) throw badKey('others than its owner may read its file: set its mode to 0600');
  return await readFile(path, 'utf8');
}

function badKey(why: string): AdapterError {
  const diagnostics = `The key for research exports cannot be used: ${why}. Give a key that "openssl rand -hex 32" makes, or leave the file out to have one made.`;
  return new AdapterError('permanent', issueOf({ rule: 'research-key', code: 'security', diagnostics }));
}
