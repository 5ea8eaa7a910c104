/** Turns the `access` section of a configuration into what stands before the API: the guard, the token endpoint, and what clients find their way by. */
import { randomUUID } from 'node:crypto';
import type { CapabilityStatementRestSecurity } from '@medplum/fhirtypes';
import type { RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import { OPEN_ACCESS } from '../api/access.ts';
import { readConditions } from '../api/search/request.ts';
import { loadServedSearch } from '../api/search/served.ts';
import { assertionReader } from '../api/security/client-assertion.ts';
import { type ApiClient, clientsOf } from '../api/security/clients.ts';
import { Credentials } from '../api/security/credentials.ts';
import { type DiscoveryOptions, discoveryRoutes, securityStatement } from '../api/security/discovery.ts';
import { DOORS, FHIR, ownDoor } from '../api/security/doors.ts';
import { grantOf, type ReadConditions } from '../api/security/grant.ts';
import { guardOf } from '../api/security/guard.ts';
import { foreignTokens, type Issuer } from '../api/security/issuers.ts';
import { discoveredKeys, keysAt, writtenKeys } from '../api/security/key-sets.ts';
import { type OwnTokens, ownTokens } from '../api/security/own-tokens.ts';
import { failures, tokenRequestRate } from '../api/security/rates.ts';
import { readScope, type Scope } from '../api/security/scopes.ts';
import { tokenRoutes } from '../api/security/token-endpoint.ts';
import type { ApiAccessConfig } from '../config/api-access.ts';
import type { Config } from '../config.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import type { LoadedSource } from '../source/load.ts';
import type { Store } from '../store/store.ts';
import type { Viewer } from '../store/viewer.ts';
import { openTokenKeys } from './api-keys.ts';

export interface ApiAccess {
  readonly guard: RequestHandler;
  /** tokens, and how to find them; they stand before all other routes */
  readonly entrance: readonly Router[];
  /** for /metadata */
  readonly security: () => CapabilityStatementRestSecurity;
  /** @returns what a client may see by all its scopes, now; undefined where there is none of this id */
  viewerOf(client: string): Viewer | undefined;
}

export interface ApiAccessSurroundings {
  readonly config: Config;
  readonly store: Pick<Store, 'answers'>;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  /** where the adapter listens; asked when a request is there */
  readonly url: () => string;
  readonly clock: () => number;
  readonly log: Logger;
  /** of this run of the adapter */
  readonly token: string;
}

type Mode = 'open' | 'closed' | 'clients';

/** @returns open to this machine in demo mode and where the configuration says so; closed where it says nothing */
export function modeOf({ access, demo }: Pick<Config, 'access' | 'demo'>): Mode {
  if (access?.open || (demo && !access)) return 'open';
  return access !== undefined && access.clients.length > 0 ? 'clients' : 'closed';
}

/** @throws AdapterError when a scope, a source or a key of the configuration cannot be used, with a sentence that says what to change */
export async function openApiAccess(around: ApiAccessSurroundings): Promise<ApiAccess> {
  const { config, clock, log } = around;
  const mode = modeOf(config);
  const url = (): string => config.access?.publicUrl ?? around.url();
  const read = conditionsReader(config.access);
  const clients = clientsOf((config.access?.clients ?? []).map((one) => clientOf(one, around, read)));
  const tokens = await tokensOf(config, clients.all, url, clock);
  const issuers = (config.access?.issuers ?? []).map(issuerOf);
  const foreign = foreignTokens(issuers, clock);
  const credentials = new Credentials({ clients, tokens, foreign, readConditions: read, clock });
  const about: DiscoveryOptions = {
    tokens,
    url,
    takesCertificates: config.access?.tls !== undefined,
    cors: config.cors.origins.length > 0,
  };
  const wrong = failures(config.access?.failuresPerMinute ?? 60);
  const doors = [...ownDoors(config), ...DOORS];
  const routes = tokens && tokenRoutesOf(around, { clients, tokens, read, url });
  return {
    guard: guardOf({ doors, mode, credentials, failures: wrong, operatorToken: around.token, log }),
    entrance: [discoveryRoutes(about), ...(routes ? [routes] : [])],
    security: () => securityStatement(mode, about),
    viewerOf(id) {
      if (mode === 'open') return id === OPEN_ACCESS.client ? OPEN_ACCESS.viewer : undefined;
      return credentials.wholeOf(id)?.searching.viewer;
    },
  };
}

function tokenRoutesOf(
  { config, store, clock, log }: ApiAccessSurroundings,
  parts: {
    readonly clients: ReturnType<typeof clientsOf>;
    readonly tokens: OwnTokens;
    readonly read: ReadConditions;
    readonly url: () => string;
  },
): Router {
  const { clients, tokens, read, url } = parts;
  const audience = (): string => `${url()}/auth/token`;
  return tokenRoutes({
    ...{ clients, tokens, clock, log },
    readAssertion: assertionReader({ clients, answers: store.answers, audience, clock }),
    canGrant: (client, scopes) => grantOf(client, scopes, read).ok,
    rate: tokenRequestRate(config.access?.tokenRequestsPerMinute ?? 300),
  });
}

/** References in conditions may be absolute where the address is known before anybody asks. */
function conditionsReader(access: ApiAccessConfig | undefined): ReadConditions {
  let served: ReturnType<typeof loadServedSearch> | undefined;
  const base = `${access?.publicUrl ?? ''}${FHIR}`;
  return (type, conditions) => {
    served ??= loadServedSearch();
    return readConditions({ served, base }, type, conditions);
  };
}

function ownDoors({ nhs }: Config): ReturnType<typeof ownDoor> {
  const path = nhs?.bars?.receive?.path;
  return path === undefined
    ? []
    : ownDoor(path, 'messages of BaRS: the gateway’s secret, or the certificates that it names');
}

/** Clients that have no way to get a token need no key to sign one. */
async function tokensOf(
  config: Config,
  clients: readonly ApiClient[],
  url: () => string,
  clock: () => number,
): Promise<OwnTokens | undefined> {
  if (!clients.some(({ keys, certificate }) => keys !== undefined || certificate !== undefined))
    return undefined;
  const keys = await openTokenKeys(config);
  const lifetimeS = config.access?.tokenLifetimeSeconds ?? 300;
  return ownTokens({
    keys,
    issuer: url,
    audience: () => `${url()}${FHIR}`,
    lifetimeS,
    clock,
    uuid: randomUUID,
  });
}

function issuerOf(one: ApiAccessConfig['issuers'][number]): Issuer {
  const { issuer, jwksUrl, clients } = one;
  return {
    ...one,
    keys: jwksUrl === undefined ? discoveredKeys(issuer) : keysAt(jwksUrl),
    clients: new Map(Object.entries(clients)),
  };
}

type ClientConfig = ApiAccessConfig['clients'][number];

function clientOf(
  one: ClientConfig,
  { sources, config }: ApiAccessSurroundings,
  read: ReadConditions,
): ApiClient {
  const { jwks, jwksUrl } = one;
  checkSources(one, sources, config);
  const client: ApiClient = {
    ...one,
    ...{ apiKeySha256: one.apiKeySha256, certificate: one.certificate, purpose: one.purpose },
    scopes: one.scopes.map((text) => scopeOf(one, text)),
    keys: jwks
      ? writtenKeys(jwks as Parameters<typeof writtenKeys>[0])
      : jwksUrl === undefined
        ? undefined
        : keysAt(jwksUrl),
    sources: new Set(one.sources),
    permissions: new Set(one.permissions),
  };
  const grant = grantOf(client, client.scopes, read);
  if (grant.ok) return client;
  throw fault(
    one,
    'access-scope-conditions',
    grant.outcome.issue.map(({ diagnostics }) => diagnostics).join(' '),
  );
}

function scopeOf(client: ClientConfig, text: string): Scope {
  const scope = readScope(text);
  if (typeof scope !== 'string') return scope;
  throw fault(client, 'access-scope-form', `The scope ${text} ${scope}.`);
}

/** What is posted belongs to the owner of the source: a client of other organisations does not write there. */
function checkSources(
  client: ClientConfig,
  sources: ReadonlyMap<string, LoadedSource>,
  config: Pick<Config, 'sources'>,
): void {
  const { organisations } = client;
  for (const text of client.sources) {
    const [name = '', kind] = text.split('/');
    const source = sources.get(name);
    if (!source)
      throw fault(
        client,
        'access-source-unknown',
        `There is no source ${name}: known are ${[...sources.keys()].join(', ')}.`,
      );
    if (kind !== undefined && !source.kinds.has(kind))
      throw fault(
        client,
        'access-source-unknown',
        `The source ${name} has no kind ${kind}: known are ${[...source.kinds.keys()].join(', ')}.`,
      );
    const owner = config.sources.find(({ folder }) => folder === source.folder)?.ownerOrg;
    if (owner !== undefined && organisations !== 'all' && !organisations.includes(owner))
      throw fault(
        client,
        'access-source-owner',
        `The source ${name} is owned by ${owner}, which is not among the organisations of the client: add it, or set "ownerOrg" of the source.`,
      );
  }
}

function fault({ id }: ClientConfig, rule: string, diagnostics: string): AdapterError {
  return new AdapterError(
    'permanent',
    issueOf({
      code: 'value',
      rule,
      diagnostics: `Client ${id} of "access": ${diagnostics}`,
      expression: 'access.clients',
    }),
  );
}
