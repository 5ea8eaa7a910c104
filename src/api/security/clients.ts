/** Turns the clients that are configured into those that a request can be found to come from. */
import { hash } from 'node:crypto';
import type { KeySet } from './key-sets.ts';
import type { Scope } from './scopes.ts';

export type Permission = 'console' | 'metrics' | 'worklist' | 'deliveries' | 'coded-activity';

export interface ApiClient {
  readonly id: string;
  readonly organisations: 'all' | readonly string[];
  /** all that it may ever have */
  readonly scopes: readonly Scope[];
  /** keys that its assertions are signed with */
  readonly keys: KeySet | undefined;
  /** lower-case hex */
  readonly apiKeySha256: string | undefined;
  readonly certificate:
    | { readonly subject?: string | undefined; readonly fingerprint?: string | undefined }
    | undefined;
  readonly purpose: string | undefined;
  /** `source` or `source/kind` */
  readonly sources: ReadonlySet<string>;
  readonly permissions: ReadonlySet<Permission>;
  readonly mayBreakGlass: boolean;
  /** people are shown to it only de-identified; default false */
  readonly deidentified?: boolean;
  /** default false */
  readonly seesRestricted?: boolean;
  readonly ratePerMinute: number;
}

export interface ApiClients {
  byId(id: string): ApiClient | undefined;
  /** @param key as it was shown */
  byApiKey(key: string): ApiClient | undefined;
  readonly all: readonly ApiClient[];
}

/** What API keys begin with, so that they are known for what they are wherever they turn up. */
export const API_KEY_PREFIX = 'hk_';

export function clientsOf(all: readonly ApiClient[]): ApiClients {
  const byId = new Map(all.map((client) => [client.id, client]));
  const byDigest = new Map(
    all.flatMap((client) => (client.apiKeySha256 === undefined ? [] : [[client.apiKeySha256, client]])),
  );
  return {
    all,
    byId: (id) => byId.get(id),
    // what is looked up is a digest: how long that takes tells nothing of the key
    byApiKey: (key) => byDigest.get(hash('sha256', key)),
  };
}
