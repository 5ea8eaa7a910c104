/** A token endpoint as strict as that of the NHS API platform: it looks at each part of an assertion, and takes none twice. */
import { createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenServerOptions {
  /** the server's own time */
  readonly clock: () => number;
  readonly apiKey: string;
  /** what is registered: public or private keys by kid; may change while it runs */
  readonly keys: Map<string, KeyObject>;
  /** what assertions must name as who they are for; default the URL of the endpoint */
  readonly audience?: () => string;
  /** as the answer writes it; default "599" */
  readonly expiresIn?: string | number;
  /** done before each answer; what it gives is answered instead */
  readonly before?: (asked: number) => Promise<Given | undefined> | Given | undefined;
}

export interface Given {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface TokenServer {
  /** of the token endpoint */
  readonly url: string;
  /** answers given, in order: `token`, or the error and its description */
  readonly answers: readonly string[];
  /** assertions as they came */
  readonly assertions: readonly string[];
  /** tokens given, in order */
  readonly tokens: readonly string[];
  close(): Promise<void>;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const MOST_AHEAD_SECONDS = 310;

interface Refused {
  readonly status: number;
  readonly error: string;
  readonly error_description: string;
}

export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const answers: string[] = [];
  const assertions: string[] = [];
  const tokens: string[] = [];
  const used = new Set<string>();
  let url = '';
  const answer = async (request: IncomingMessage): Promise<Given> => {
    const body = await textOf(request);
    assertions.push(new URLSearchParams(body).get('client_assertion') ?? '');
    const instead = await options.before?.(assertions.length);
    if (instead) return instead;
    const refused = faultOf(request, body, { ...options, url: options.audience?.() ?? url, used });
    if (refused) {
      const { status, ...said } = refused;
      return { status, body: said };
    }
    const token = randomBytes(20).toString('base64url');
    tokens.push(token);
    const expires_in = options.expiresIn ?? '599';
    return { status: 200, body: { access_token: token, expires_in, token_type: 'Bearer' } };
  };
  const server = createServer((request, response) => {
    answer(request)
      .then((given) => {
        const body = given.body as Partial<Refused> | undefined;
        answers.push(
          body?.error
            ? `${body.error}: ${body.error_description}`
            : given.status === 200
              ? 'token'
              : String(given.status),
        );
        give(response, given, options.clock());
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth2/token`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, answers, assertions, tokens, close };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function give(response: ServerResponse, { status, headers, body }: Given, nowMs: number): void {
  response.sendDate = false;
  response.writeHead(status, {
    'content-type': 'application/json',
    date: new Date(nowMs).toUTCString(),
    ...headers,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

interface Judging extends TokenServerOptions {
  readonly url: string;
  readonly used: Set<string>;
}

const badRequest = (error_description: string, error = 'invalid_request'): Refused => ({
  status: 400,
  error,
  error_description,
});

function faultOf(request: IncomingMessage, body: string, judging: Judging): Refused | undefined {
  if (request.method !== 'POST' || request.url !== '/oauth2/token')
    return { ...badRequest('not here'), status: 404 };
  if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
    return { ...badRequest('wrong content type'), status: 415 };
  const form = new URLSearchParams(body);
  if (form.get('grant_type') !== 'client_credentials')
    return badRequest('grant_type is invalid', 'unsupported_grant_type');
  if (form.get('client_assertion_type') !== ASSERTION_TYPE)
    return badRequest(
      "Missing or invalid client_assertion_type - must be 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'",
    );
  const parts = (form.get('client_assertion') ?? '').split('.');
  const [header, claims] = parts.slice(0, 2).map(jsonOf);
  if (parts.length !== 3 || !header || !claims) return badRequest('Malformed JWT in client_assertion');
  return faultOfHeader(header) ?? faultOfClaims(claims, judging) ?? faultOfSignature(header, parts, judging);
}

function jsonOf(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function faultOfHeader({ alg, typ, kid }: Record<string, unknown>): Refused | undefined {
  if (typeof kid !== 'string' || kid === '')
    return badRequest("Missing 'kid' header in client_assertion JWT");
  if (alg !== 'RS512')
    return badRequest(
      "Invalid 'alg' header in client_assertion JWT - unsupported JWT algorithm - must be 'RS512'",
    );
  if (String(typ).toLowerCase() !== 'jwt')
    return badRequest("Invalid 'typ' header in client_assertion JWT - must be 'JWT'");
  return undefined;
}

function faultOfClaims(
  claims: Record<string, unknown>,
  { url, clock, used, apiKey }: Judging,
): Refused | undefined {
  const { iss, sub, aud, jti, exp } = claims;
  const nowSeconds = clock() / 1_000;
  if (iss === undefined || iss !== sub)
    return badRequest("Missing or non-matching 'iss'/'sub' claims in client_assertion JWT");
  if (typeof jti !== 'string' || jti === '') return badRequest("Missing 'jti' claim in client_assertion JWT");
  if (!Number.isInteger(exp))
    return badRequest("Missing or invalid 'exp' claim in client_assertion JWT - must be an integer");
  if (aud !== url)
    return {
      status: 401,
      error: 'invalid_client',
      error_description: "Missing or invalid 'aud' claim in client_assertion JWT",
    };
  if (Number(exp) <= nowSeconds)
    return badRequest("Invalid 'exp' claim in client_assertion JWT - JWT has expired");
  if (Number(exp) > nowSeconds + MOST_AHEAD_SECONDS)
    return badRequest("Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future");
  if (used.has(jti)) return badRequest("Non-unique 'jti' claim in client_assertion JWT");
  used.add(jti);
  if (iss !== apiKey)
    return {
      status: 401,
      error: 'invalid_client',
      error_description: "Invalid 'iss'/'sub' claims in client_assertion JWT",
    };
  return undefined;
}

function faultOfSignature(
  { kid }: Record<string, unknown>,
  [header = '', claims = '', signature = '']: readonly string[],
  { keys }: Judging,
): Refused | undefined {
  const key = keys.get(String(kid));
  if (!key)
    return {
      status: 401,
      error: 'invalid_request',
      error_description: "Invalid 'kid' header in client_assertion JWT - no matching public key",
    };
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  if (verify('sha512', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')))
    return undefined;
  return { status: 401, error: 'public_key error', error_description: 'JWT signature verification failed' };
}
