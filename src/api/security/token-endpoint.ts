/** Serves access tokens: a form with a signed assertion (or a client certificate) in, a token for what may be had out. */
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import { nameAsker, touch } from '../access.ts';
import { ASSERTION_TYPE, type Asserted } from './client-assertion.ts';
import type { ApiClient, ApiClients } from './clients.ts';
import type { OwnTokens } from './own-tokens.ts';
import { certificateOf, isCertificateOf } from './peer-certificate.ts';
import { grantedOf, writeScope } from './scopes.ts';

export const TOKEN_PATH = '/auth/token';
const LARGEST_FORM = '64kb';
const MOST_SCOPES = 200;

export interface TokenEndpointOptions {
  readonly clients: ApiClients;
  readonly tokens: OwnTokens;
  readonly readAssertion: (assertion: string) => Promise<Asserted>;
  /** whether scopes can be granted: their conditions can be read */
  readonly canGrant: (client: ApiClient, scopes: ReturnType<typeof grantedOf>) => boolean;
  readonly rate: RequestHandler;
  readonly clock: () => number;
  readonly log?: Logger | undefined;
}

type Code = 'invalid_request' | 'invalid_client' | 'invalid_scope' | 'unsupported_grant_type';

/** @source RFC 6749, 5.2 */
class Denied extends Error {
  readonly code: Code;
  readonly status: number;

  constructor(code: Code, why: string, status = code === 'invalid_client' ? 401 : 400) {
    super(why);
    this.code = code;
    this.status = status;
  }
}

/** @returns `POST /auth/token` @source SMART App Launch 2, Backend Services; RFC 6749, 4.4; RFC 7523; RFC 8705 */
export function tokenRoutes(options: TokenEndpointOptions): Router {
  const routes = express.Router();
  routes
    .route(TOKEN_PATH)
    .post(options.rate, readForm, async (request, response) => {
      response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
      try {
        response.json(await answerTo(request, options));
      } catch (error) {
        if (!(error instanceof Denied)) throw error;
        options.log?.info({ error: error.code, why: error.message }, 'a token was not given');
        deny(response, error);
      }
    })
    .all((_request, response) => {
      response.set('Allow', 'POST');
      deny(response, new Denied('invalid_request', 'Tokens are asked for by POST.', 405));
    });
  return routes;
}

const parseForm = express.urlencoded({ extended: false, limit: LARGEST_FORM, parameterLimit: 20 });
/** What is no form is answered as clients of OAuth read it. */
const readForm: RequestHandler = (request, response, next) =>
  parseForm(request, response, (error?: unknown) => {
    const { status } = (error ?? {}) as { readonly status?: unknown };
    if (typeof status !== 'number' || status >= 500) return next(error);
    deny(response, new Denied('invalid_request', UNREADABLE, status));
  });
const UNREADABLE = `The form cannot be read: send it whole, in UTF-8, ${LARGEST_FORM} and 20 parameters at most.`;

function deny(response: Response, { status, code, message }: Denied): void {
  if (status === 503) response.set('Retry-After', '30');
  response
    .status(status)
    .set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
    .json({ error: code, error_description: message });
}

async function answerTo(request: Request, options: TokenEndpointOptions): Promise<object> {
  const form = formOf(request);
  if (form.get('grant_type') === undefined) throw new Denied('invalid_request', 'grant_type is missing.');
  if (form.get('grant_type') !== 'client_credentials')
    throw new Denied('unsupported_grant_type', 'The only grant_type here is client_credentials.');
  const client = await clientOf(request, form, options);
  nameAsker(
    request.res!,
    client.id,
    client.organisations === 'all' ? 'local' : (client.organisations[0] ?? ''),
  );
  touch(request.res!, { interaction: 'token', keys: [] });
  const asked =
    form
      .get('scope')
      ?.split(' ')
      .filter((one) => one !== '') ?? [];
  if (asked.length === 0) throw new Denied('invalid_scope', 'Say in scope what is asked for.');
  if (asked.length > MOST_SCOPES) throw new Denied('invalid_scope', `Ask for ${MOST_SCOPES} scopes at most.`);
  const granted = grantedOf(asked, client.scopes);
  if (granted.length === 0)
    throw new Denied(
      'invalid_scope',
      'None of the scopes asked for may be had by this client, or none is of the form system/Type.cruds.',
    );
  if (!options.canGrant(client, granted))
    throw new Denied('invalid_scope', 'A scope has conditions that its type cannot be searched by.');
  const scope = granted.map(writeScope).join(' ');
  const shown = client.certificate && certificateOf(request.socket, options.clock());
  const { token, expiresInS } = await options.tokens.issue({
    client: client.id,
    scope,
    thumbprint: shown?.thumbprint,
  });
  options.log?.info({ client: client.id, scope }, 'a token was given');
  return { access_token: token, token_type: 'bearer', expires_in: expiresInS, scope };
}

/** A parameter that is given twice is refused, as RFC 6749 wants it. */
function formOf(request: Request): ReadonlyMap<string, string> {
  const body = request.body as Record<string, unknown> | undefined;
  if (body === undefined)
    throw new Denied('invalid_request', 'Send a form: Content-Type application/x-www-form-urlencoded.');
  const pairs = Object.entries(body).map(([name, value]) => {
    if (typeof value !== 'string') throw new Denied('invalid_request', 'A parameter is given twice.');
    return [name, value] as const;
  });
  return new Map(pairs);
}

async function clientOf(
  request: Request,
  form: ReadonlyMap<string, string>,
  options: TokenEndpointOptions,
): Promise<ApiClient> {
  if (request.get('authorization') !== undefined || form.has('client_secret'))
    throw new Denied(
      'invalid_client',
      'Clients are known by a signed client_assertion here, and by no shared secret.',
    );
  const assertion = form.get('client_assertion');
  const client =
    assertion === undefined
      ? byCertificate(request, form, options)
      : await byAssertion(assertion, form, options);
  const shown = certificateOf(request.socket, options.clock());
  if (client.certificate && !(shown && isCertificateOf(client, shown)))
    throw new Denied(
      'invalid_client',
      'This client is known by its certificate too, which this connection has not shown.',
    );
  return client;
}

async function byAssertion(
  assertion: string,
  form: ReadonlyMap<string, string>,
  { readAssertion }: TokenEndpointOptions,
): Promise<ApiClient> {
  if (form.get('client_assertion_type') !== ASSERTION_TYPE)
    throw new Denied('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}.`);
  const read = await readAssertion(assertion);
  if ('unavailable' in read) throw new Denied('invalid_client', read.unavailable, 503);
  if ('refused' in read) throw new Denied('invalid_client', read.refused);
  const named = form.get('client_id');
  if (named !== undefined && named !== read.client.id)
    throw new Denied('invalid_client', 'client_id is another than that of the assertion: leave it out.');
  return read.client;
}

/** @source RFC 8705, 2 */
function byCertificate(
  request: Request,
  form: ReadonlyMap<string, string>,
  { clients, clock }: TokenEndpointOptions,
): ApiClient {
  const named = form.get('client_id');
  const shown = certificateOf(request.socket, clock());
  const client = named === undefined ? undefined : clients.byId(named);
  if (named === undefined || !shown) throw new Denied('invalid_client', 'client_assertion is missing.');
  if (!client?.certificate || client.keys)
    throw new Denied('invalid_client', 'No client of this id is known by its certificate alone.');
  return client;
}
