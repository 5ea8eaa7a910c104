/** A whole adapter with clients of two organisations, a case system with an API key, and an issuer of somebody else's. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { newApiKey } from '../../../src/cli/api-key.ts';
import { closing, openWhole, type Whole } from '../../cli/whole.ts';
import { example } from '../adapter.ts';
import { tokenFor, type VendorKey, vendorKey } from './vendor.ts';

export interface Place {
  readonly whole: Whole;
  readonly url: string;
  /** may everything on what `local` owns, and posts to the platform */
  readonly vendor: VendorKey;
  /** may everything on what another organisation owns */
  readonly other: VendorKey;
  /** may read organisations alone */
  readonly narrow: VendorKey;
  /** of a case system with every permission */
  readonly apiKey: string;
  /** of an issuer that is believed, with the address of its keys */
  readonly foreign: VendorKey;
  readonly issuer: string;
  /** @returns a token of the issuer; what is given wins over what is right */
  foreignToken(claims?: Readonly<Record<string, unknown>>, key?: VendorKey): Promise<string>;
  token(client: 'vendor' | 'other' | 'narrow'): Promise<string>;
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Response>;
}

export const FHIR = '/fhir/R4';
/** What a proxy adds: the request is not of this machine's user any more. */
export const AWAY = { 'X-Forwarded-For': '198.51.100.7' };

/** @param more of `access` @param beside it in the configuration */
export async function openPlace(more: object = {}, beside: object = {}): Promise<Place> {
  const [vendor, other, narrow] = [
    await vendorKey(),
    await vendorKey('RS384'),
    await vendorKey('ES384', 'n1'),
  ];
  const foreign = await vendorKey('ES256', 'f1');
  const issuer = await serveKeys(foreign);
  const { key: apiKey, sha256 } = newApiKey(randomBytes);
  const permissions = ['console', 'metrics', 'worklist', 'deliveries', 'coded-activity'];
  const client = (id: string, key: VendorKey, organisation: string, scopes: readonly string[]) => ({
    ...{ id, organisations: [organisation], scopes, jwks: { keys: [key.jwk] } },
  });
  const all = ['system/*.cruds'];
  const clients = [
    { ...client('vendor', vendor, 'local', all), sources: ['platform'], mayBreakGlass: true },
    client('other', other, 'Z99902', all),
    client('narrow', narrow, 'local', ['system/Organization.r']),
    {
      id: 'case-system',
      organisations: 'all',
      scopes: all,
      apiKeySha256: sha256,
      permissions,
      sources: ['platform/contact'],
    },
    { id: 'partner', organisations: ['local'], scopes: ['system/*.rs'] },
  ];
  const issuers = [
    {
      issuer,
      audience: 'hedgerow',
      algorithms: ['ES256'],
      clients: { 'partner-app': 'partner' },
      jwksUrl: `${issuer}/keys`,
    },
  ];
  const whole = await openWhole({
    access: { failuresPerMinute: 10_000, clients, issuers, ...more },
    ...beside,
  });
  const { url } = whole.adapter;
  const keys = { vendor, other, narrow };
  return {
    ...{ whole, url, vendor, other, narrow, apiKey, foreign, issuer },
    token: (name) => tokenFor(url, name, keys[name]),
    get: (path, headers = {}, method = 'GET') => fetch(`${url}${path}`, { method, headers }),
    foreignToken: async (claims = {}, { alg, kid, key } = foreign) =>
      await new SignJWT({
        iss: issuer,
        aud: 'hedgerow',
        client_id: 'partner-app',
        scope: 'system/Organization.rs',
        ...claims,
      })
        .setProtectedHeader({ alg, kid })
        .setExpirationTime((claims.exp as number | undefined) ?? '5m')
        .sign(key),
  };
}

/** @returns the address of an issuer that shows its keys */
async function serveKeys({ jwk }: VendorKey): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing(server, () => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });

/** Posts a referral of the platform. @returns id of its ServiceRequest */
export async function referral({ url, whole }: Place, token: string): Promise<string> {
  const answer = await fetch(`${url}/intake/platform/referral`, {
    method: 'POST',
    headers: { ...bearer(token), 'Content-Type': 'application/json' },
    body: example('platform', 'referral', 'adult-referred-by-gp'),
  });
  if (answer.status !== 202) throw new Error(await answer.text());
  const { versions } = await whole.adapter.store.search({ type: 'ServiceRequest', clauses: [], count: 1 });
  return versions[0]!.id;
}
