/** Turns the place where a page ended into a sealed cursor for its next link, and back. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { digestOf } from '../fhir/digest.ts';
import { AdapterError, type Checked, issueOf, refuse } from '../fhir/outcome.ts';
import type { Store } from '../store/store.ts';
import type { Access } from './access.ts';
import type { Pairs } from './address.ts';

/** Name of the paging parameter; its value is ours. */
export const CURSOR = '_cursor';

/** Where a page ended. */
export interface Place {
  /** of the store, with what tells which of several lists it is in */
  readonly after: string;
  /** what was asked, where it must not stand in the address: a search by POST */
  readonly query?: Pairs;
}

/** What a cursor is good for: one list, as one client sees it. */
export interface Bound {
  /** path, and what narrows the list */
  readonly list: unknown;
  readonly access: Access;
}

interface Keys {
  readonly cipher: Buffer;
  readonly nonce: Buffer;
}

const KEY_NAME = 'api/cursor-key';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** How often the key that another process is making is asked for again. */
const RETRY_MS = 50;
const MOST_RETRIES = 100;

/**
 * Seals cursors with a key that all processes on the store share, so that each serves what another began. A place may hold
 * what a resource is sorted by, and a search by POST what it was searched by: neither can be read from an address or a log.
 */
export class Cursors {
  readonly #store: Pick<Store, 'job' | 'keepJob' | 'runOnce'>;
  readonly #clock: () => number;
  #keys: Promise<Keys> | undefined;

  constructor(store: Pick<Store, 'job' | 'keepJob' | 'runOnce'>, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @returns the same text for the same place, so that a link is what it was when it is followed */
  async seal(place: Place, bound: Bound): Promise<string> {
    const keys = await this.#key();
    const text = JSON.stringify(place);
    const about = digestOf(boundText(bound));
    const nonce = createHmac('sha256', keys.nonce)
      .update(`${about} ${text}`)
      .digest()
      .subarray(0, NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', keys.cipher, nonce).setAAD(Buffer.from(about));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** @returns the place, or refusal `api-cursor` when the cursor was not made for this list and this client */
  async open(cursor: string, bound: Bound): Promise<Checked<Place>> {
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.length > NONCE_BYTES + TAG_BYTES && bytes.toString('base64url') === cursor) {
      const { cipher: key } = await this.#key();
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(digestOf(boundText(bound))))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8');
        return { ok: true, value: JSON.parse(text + decipher.final('utf8')) as Place };
      } catch {
        // sealed for another list or client, or not by us
      }
    }
    return refuse({
      code: 'value',
      rule: 'api-cursor',
      diagnostics: `${CURSOR} does not belong to this search: follow the next link as it was given, or start again without it.`,
      expression: `http.${CURSOR}`,
    });
  }

  #key(): Promise<Keys> {
    this.#keys ??= this.#load().catch((error: unknown) => {
      this.#keys = undefined;
      throw error;
    });
    return this.#keys;
  }

  /** One process makes the key, the others wait for it. */
  async #load(): Promise<Keys> {
    for (let retry = 0; retry < MOST_RETRIES; retry++) {
      const kept = await this.#store.job(KEY_NAME);
      if (kept !== undefined)
        return keysOf(Buffer.from((JSON.parse(kept) as { key: string }).key, 'base64url'));
      const nowMs = this.#clock();
      await this.#store.runOnce(KEY_NAME, { dueMs: nowMs, nowMs }, async () => {
        if ((await this.#store.job(KEY_NAME)) !== undefined) return;
        const key = randomBytes(32).toString('base64url');
        await this.#store.keepJob(KEY_NAME, JSON.stringify({ key }), nowMs);
      });
      if (retry > 0) await setTimeout(RETRY_MS);
    }
    const diagnostics = 'The key that seals the links of pages cannot be had from the store; try again.';
    throw new AdapterError('transient', issueOf({ code: 'transient', rule: 'api-cursor-key', diagnostics }));
  }
}

function keysOf(secret: Buffer): Keys {
  const of = (use: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', `hedgerow ${use}`, 32));
  return { cipher: of('cursor cipher'), nonce: of('cursor nonce') };
}

/** What a client sees is a part of what its pages are of. */
function boundText({ list, access: { client, organisation, viewer } }: Bound): unknown {
  const { organisations, types, purpose, breaksGlass } = viewer;
  const seen = types && [...types].map(([type, conditions]) => [type, conditions]);
  return [list, client, organisation, organisations ?? null, seen ?? null, purpose ?? null, breaksGlass];
}
