/** A whole adapter with one client of SMART Backend Services, who finds all it needs by the discovery document alone. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { openWhole } from '../cli/whole.ts';

export interface Secured {
  /** FHIR base */
  readonly base: string;
  /** @returns an access token, asked for as a vendor does */
  token(): Promise<string>;
}

const CLIENT = 'vendor';
const SCOPES = 'system/*.cruds';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** @param more of the configuration */
export async function openSecured(more: object = {}): Promise<Secured> {
  const { publicKey, privateKey } = await generateKeyPair('ES384', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig', alg: 'ES384' };
  const client = { id: CLIENT, organisations: ['X26'], scopes: [SCOPES], jwks: { keys: [jwk] } };
  const { adapter } = await openWhole({ access: { clients: [client] }, ...more });
  const base = `${adapter.url}/fhir/R4`;
  return {
    base,
    async token() {
      const found = await fetch(`${base}/.well-known/smart-configuration`);
      const { token_endpoint: endpoint } = (await found.json()) as { token_endpoint: string };
      const assertion = await new SignJWT()
        .setProtectedHeader({ alg: 'ES384', kid: 'k1', typ: 'JWT' })
        .setIssuer(CLIENT)
        .setSubject(CLIENT)
        .setAudience(endpoint)
        .setJti(crypto.randomUUID())
        .setExpirationTime('4m')
        .sign(privateKey);
      const answer = await fetch(endpoint, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          scope: SCOPES,
          client_assertion_type: ASSERTION,
          client_assertion: assertion,
        }),
      });
      const { access_token: token } = (await answer.json()) as { access_token?: string };
      if (token === undefined) throw new Error(`the token endpoint answered ${answer.status}`);
      return token;
    },
  };
}
