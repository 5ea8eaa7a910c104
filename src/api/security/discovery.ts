/** Serves what a client finds its way by: where tokens are had, how it is known there, and the keys that tokens are signed with. */
import type { CapabilityStatementRestSecurity } from '@medplum/fhirtypes';
import express, { type Request, type Response, type Router } from 'express';
import { refuseMethod, sendFault } from '../respond.ts';
import { ASSERTION_ALGORITHMS } from './client-assertion.ts';
import { FHIR } from './doors.ts';
import type { OwnTokens } from './own-tokens.ts';
import { TOKEN_PATH } from './token-endpoint.ts';

export const KEYS_PATH = '/auth/jwks';
const FRESH_SECONDS = 300;
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';
const SERVICES = 'http://terminology.hl7.org/CodeSystem/restful-security-service';

export interface DiscoveryOptions {
  /** undefined where no tokens are given out here */
  readonly tokens: OwnTokens | undefined;
  /** our address, without a slash at its end */
  readonly url: () => string;
  readonly takesCertificates: boolean;
  /** pages of other origins may call */
  readonly cors: boolean;
}

/** @source SMART App Launch 2, Conformance; RFC 8414; RFC 7517 */
export function discoveryRoutes(options: DiscoveryOptions): Router {
  const routes = express.Router();
  const serve = (path: string, type: string, body: (tokens: OwnTokens) => object): void => {
    const answer = (_request: Request, response: Response): void => {
      if (!options.tokens) return sendNone(response);
      response
        .set({ 'Cache-Control': `public, max-age=${FRESH_SECONDS}`, 'Content-Type': type })
        .send(JSON.stringify(body(options.tokens)));
    };
    routes.route(path).get(answer).all(refuseMethod('GET, HEAD'));
  };
  serve(`${FHIR}/.well-known/smart-configuration`, 'application/json', () => smartConfiguration(options));
  serve('/.well-known/oauth-authorization-server', 'application/json', () => serverMetadata(options));
  serve(KEYS_PATH, 'application/jwk-set+json', ({ keys }) => ({ keys }));
  return routes;
}

function sendNone(response: Response): void {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'access-no-tokens',
    diagnostics: 'No tokens are given out here: no client of "access" in the configuration has keys.',
  });
}

function serverMetadata({ url, takesCertificates }: DiscoveryOptions): Record<string, unknown> {
  return {
    issuer: url(),
    token_endpoint: `${url()}${TOKEN_PATH}`,
    jwks_uri: `${url()}${KEYS_PATH}`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: [
      'private_key_jwt',
      ...(takesCertificates ? ['tls_client_auth', 'self_signed_tls_client_auth'] : []),
    ],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    scopes_supported: ['system/*.cruds', 'system/*.rs'],
    response_types_supported: [],
    ...(takesCertificates ? { tls_client_certificate_bound_access_tokens: true } : {}),
  };
}

function smartConfiguration(options: DiscoveryOptions): Record<string, unknown> {
  return {
    ...serverMetadata(options),
    // SMART wants the member, though nobody signs in here
    code_challenge_methods_supported: ['S256'],
    capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
  };
}

/** How who asks is known, for /metadata. */
export function securityStatement(
  mode: 'open' | 'closed' | 'clients',
  { tokens, url, takesCertificates, cors }: DiscoveryOptions,
): CapabilityStatementRestSecurity {
  if (mode !== 'clients') return { cors, description: DESCRIPTIONS[mode] };
  const token = tokens
    ? [{ url: OAUTH_URIS, extension: [{ url: 'token', valueUri: `${url()}${TOKEN_PATH}` }] }]
    : [];
  const services = [...(tokens ? [SMART] : []), OAUTH, ...(takesCertificates ? [CERTIFICATES] : [])];
  return {
    ...(token.length === 0 ? {} : { extension: token }),
    cors,
    service: services.map(([code, display]) => ({
      coding: [{ system: SERVICES, code, display }],
      text: display,
    })),
    description: DESCRIPTIONS.clients,
  };
}

const SMART = ['SMART-on-FHIR', 'SMART Backend Services'] as const;
const OAUTH = ['OAuth', 'Bearer tokens (OAuth 2) and API keys'] as const;
const CERTIFICATES = ['Certificates', 'Client certificates'] as const;

const DESCRIPTIONS = {
  open: 'Open, without credentials, to requests made on this machine; to no others.',
  closed: 'Closed: no client is configured.',
  clients:
    'Clients are configured: access tokens by SMART Backend Services (private_key_jwt), tokens of configured issuers, API keys, or client certificates. Scopes are system/Type.cruds; what is of other organisations, and what consent or a label hides, is not there.',
};
