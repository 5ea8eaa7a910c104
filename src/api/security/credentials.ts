/** Turns what a request shows of itself into the client that it comes from and what was granted to it. */
import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Request } from 'express';
import { API_KEY_PREFIX, type ApiClient, type ApiClients } from './clients.ts';
import { type Grant, grantOf, type ReadConditions } from './grant.ts';
import type { ForeignClaims } from './issuers.ts';
import type { OwnTokens } from './own-tokens.ts';
import { certificateOf, isCertificateOf, type ShownCertificate } from './peer-certificate.ts';
import type { Refusal } from './refusals.ts';
import * as refusals from './refusals.ts';
import { grantedOf } from './scopes.ts';
import { faultOfToken, UNKNOWN_ISSUER } from './token-faults.ts';

export interface CredentialsOptions {
  readonly clients: ApiClients;
  /** undefined where no client gets tokens here */
  readonly tokens: OwnTokens | undefined;
  readonly foreign: (token: string) => Promise<ForeignClaims | undefined>;
  readonly readConditions: ReadConditions;
  readonly clock: () => number;
}

/** `undefined`: nothing was shown. */
export type Known = { readonly grant: Grant } | { readonly refusal: Refusal } | undefined;

/** What a request shows. */
export type Shown =
  | { readonly kind: 'none' }
  | { readonly kind: 'twice' }
  | { readonly kind: 'key' | 'token'; readonly text: string };

const TOKENS_KEPT = 10_000;
const LONGEST_CREDENTIAL = 16_000;

/** @param basic whether HTTP Basic counts: for pages alone, since browsers send it with what any site asks for */
export function shownBy(request: Pick<Request, 'get'>, basic: boolean): Shown {
  const authorization = request.get('authorization');
  const key = request.get('x-api-key');
  if (authorization !== undefined && key !== undefined) return { kind: 'twice' };
  if (key !== undefined) return { kind: 'key', text: key };
  const [, scheme = '', text = ''] = /^(\w+) +(\S+) *$/.exec(authorization ?? '') ?? [];
  if (/^bearer$/i.test(scheme))
    return {
      kind: text.startsWith(API_KEY_PREFIX) ? 'key' : 'token',
      text: text.slice(0, LONGEST_CREDENTIAL),
    };
  if (basic && /^basic$/i.test(scheme)) return { kind: 'key', text: passwordOf(text) };
  return { kind: 'none' };
}

/** The key is the password; whoever asks for a name may be given any. */
function passwordOf(text: string): string {
  const pair = Buffer.from(text, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}

/** A token that was checked. */
interface Checked {
  readonly grant: Grant;
  readonly thumbprint: string | undefined;
  readonly untilMs: number;
}

/** Knows who asks; checked tokens are remembered by their digest until they run out, so that most requests cost one look. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #whole = new Map<string, Grant>();
  readonly #checked = new Map<string, Checked>();
  readonly #said = new WeakMap<Socket, { readonly text: string; readonly digest: string }>();
  readonly #byShown = new WeakMap<ShownCertificate, ApiClient>();

  /** @throws TypeError where a client's scopes cannot be read: they are checked before */
  constructor(options: CredentialsOptions) {
    this.#options = options;
    for (const client of options.clients.all) {
      const grant = grantOf(client, client.scopes, options.readConditions);
      if (!grant.ok) throw new TypeError(`The scopes of ${client.id} were not checked`);
      this.#whole.set(client.id, grant.value);
    }
  }

  /** @returns what the client may do by all its scopes; undefined where there is none of this id */
  wholeOf(id: string): Grant | undefined {
    return this.#whole.get(id);
  }

  /** @returns who asks, where that is known without checking a signature; `token` where one is to be checked */
  known(request: Request, shown: Shown): Known | 'token' {
    if (shown.kind === 'twice') return { refusal: refusals.SHOWN_TWICE };
    if (shown.kind === 'none') return this.#byCertificate(request);
    if (shown.kind === 'key') {
      const client = this.#options.clients.byApiKey(shown.text);
      return client ? { grant: this.#whole.get(client.id)! } : { refusal: refusals.UNKNOWN_KEY };
    }
    const digest = this.#digestOf(request.socket, shown.text);
    const checked = this.#checked.get(digest);
    if (!checked) return 'token';
    if (checked.untilMs > this.#options.clock()) return this.#onConnection(checked, request);
    this.#checked.delete(digest);
    return 'token';
  }

  /** A client says the same again and again on a connection; longer than that no token is kept. */
  #digestOf(socket: Socket, text: string): string {
    const last = this.#said.get(socket);
    if (last?.text === text) return last.digest;
    const digest = hash('sha256', text);
    this.#said.set(socket, { text, digest });
    return digest;
  }

  /** Checks a token that is not known yet. */
  async check(token: string, request: Request): Promise<Exclude<Known, undefined>> {
    try {
      const read = await this.#read(token);
      if ('refusal' in read) return read;
      if (this.#checked.size >= TOKENS_KEPT) this.#checked.delete(this.#checked.keys().next().value!);
      this.#checked.set(hash('sha256', token), read);
      return this.#onConnection(read, request);
    } catch (error) {
      return { refusal: faultOfToken(error) };
    }
  }

  async #read(token: string): Promise<Checked | { readonly refusal: Refusal }> {
    const { tokens, foreign, clients } = this.#options;
    const own = await tokens?.read(token);
    const claims = own ? { ...own, scopes: own.scope.split(' ') } : await foreign(token);
    if (!claims) return { refusal: UNKNOWN_ISSUER };
    const client = claims.client === undefined ? undefined : clients.byId(claims.client);
    if (!client) return { refusal: refusals.UNKNOWN_CLIENT };
    const scopes = grantedOf(claims.scopes, client.scopes);
    const grant = grantOf(client, scopes, this.#options.readConditions);
    if (!grant.ok)
      return { refusal: refusals.tokenRefusal('A scope of the access token cannot be read here.') };
    return { grant: grant.value, thumbprint: claims.thumbprint, untilMs: claims.untilMs };
  }

  /** A token that is bound to a certificate is good with that alone, however it was found. */
  #onConnection({ grant, thumbprint }: Checked, request: Request): Exclude<Known, undefined> {
    if (thumbprint === undefined) return { grant };
    const shown = certificateOf(request.socket, this.#options.clock());
    return shown?.thumbprint === thumbprint ? { grant } : { refusal: refusals.OTHER_CERTIFICATE };
  }

  #byCertificate(request: Request): Known {
    const shown = certificateOf(request.socket, this.#options.clock());
    if (!shown) return undefined;
    let client = this.#byShown.get(shown);
    if (client === undefined) {
      client = this.#options.clients.all.find((one) => isCertificateOf(one, shown));
      if (client) this.#byShown.set(shown, client);
    }
    return client ? { grant: this.#whole.get(client.id)! } : { refusal: refusals.UNKNOWN_CERTIFICATE };
  }
}
