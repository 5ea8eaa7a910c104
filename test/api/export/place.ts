/** Whole adapters on either engine, with clients that export: of the organisation that owns the data, of another, of few scopes. */
import { generateKeyPairSync } from 'node:crypto';

import type { Identified } from '../../../src/store/store.ts';
import { openWhole, type Whole, type WholeOptions } from '../../cli/whole.ts';
import { type BackendClient, newBackendClient } from '../../servers/backend-client.ts';
import { RULES, recordOf } from '../../store/samples.ts';
import { temporaryDatabase } from '../../store/temporary-postgres.ts';

export const ENGINES = ['sqlite', 'postgres'] as const;
export type EngineName = (typeof ENGINES)[number];

export type ClientName = 'vendor' | 'twin' | 'other' | 'narrow' | 'researcher';

export interface ExportPlace {
  readonly whole: Whole;
  /** FHIR base */
  readonly base: string;
  token(client: ClientName): Promise<string>;
  /** @returns the answer to a request with a client's token */
  ask(client: ClientName, path: string, init?: RequestInit): Promise<Response>;
  put(resources: readonly Identified[], ownerOrg?: string, atMs?: number): Promise<void>;
}

const SCOPES: Readonly<Record<ClientName, string>> = {
  vendor: 'system/*.cruds',
  twin: 'system/*.cruds',
  other: 'system/*.rs',
  narrow: 'system/Organization.rs system/Encounter.rs?status=planned',
  researcher: 'system/*.rs',
};

const DATABASE_ENV = 'HEDGEROW_TEST_EXPORT_DB';
const KEY_ENV = 'HEDGEROW_TEST_EXPORT_KEY';
let keys = 0;

/** @returns settings that put the store on the engine */
async function engineSettings(engine: EngineName): Promise<object> {
  if (engine === 'sqlite') return {};
  process.env[DATABASE_ENV] = await temporaryDatabase();
  return { databaseUrlEnv: DATABASE_ENV };
}

/** Adapters on one database believe each other's tokens. */
function signingKeys(engine: EngineName): object {
  if (engine === 'sqlite') return {};
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  process.env[KEY_ENV] = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  return { signingKeyEnvs: [KEY_ENV] };
}

export async function openExporting(
  engine: EngineName = 'sqlite',
  settings: object = {},
  options: WholeOptions = {},
): Promise<ExportPlace> {
  const clients = new Map<ClientName, BackendClient>();
  for (const [id, scopes] of Object.entries(SCOPES))
    clients.set(id as ClientName, await newBackendClient(id, scopes));
  const whole = await openWhole(
    {
      access: {
        ...signingKeys(engine),
        clients: [...clients].map(([id, { jwk }]) => ({
          ...{ id, organisations: [id === 'other' ? 'Z99902' : 'X26'], scopes: SCOPES[id].split(' ') },
          ...(id === 'researcher' ? { purpose: 'research' } : {}),
          jwks: { keys: [jwk] },
        })),
      },
      ...(await engineSettings(engine)),
      ...settings,
    },
    options,
  );
  const base = `${whole.adapter.url}/fhir/R4`;
  const isOpen = 'access' in settings;
  const token = (client: ClientName): Promise<string> => clients.get(client)!.token(base);
  return {
    ...{ whole, base, token },
    async ask(client, path, init = {}) {
      const shown = isOpen ? {} : { Authorization: `Bearer ${await token(client)}` };
      const headers = { ...shown, ...(init.headers as object) };
      return await fetch(path.startsWith('http') ? path : `${base}/${path}`, { ...init, headers });
    },
    async put(resources, ownerOrg = 'X26', atMs = Date.now()) {
      const record = recordOf(resources, { key: `X${++keys}`, ownerOrg, sourceTimeMs: atMs });
      await whole.adapter.store.commit([record], RULES, atMs);
    },
  };
}

export const ASYNC = { Accept: 'application/fhir+json', Prefer: 'respond-async' };
