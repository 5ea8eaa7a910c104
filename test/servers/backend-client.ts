/** A client of SMART Backend Services, which finds all it needs by the discovery document alone, as a vendor's does. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface BackendClient {
  /** public key, for the configuration */
  readonly jwk: JWK;
  /** @param base FHIR base @returns an access token @throws Error where none is given */
  token(base: string): Promise<string>;
}

const KEY_ID = 'k1';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** @param id as the configuration has it @param scopes that are asked for */
export async function newBackendClient(id: string, scopes: string): Promise<BackendClient> {
  const { publicKey, privateKey } = await generateKeyPair('ES384', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: KEY_ID, use: 'sig', alg: 'ES384' };
  return {
    jwk,
    async token(base) {
      const found = await fetch(`${base}/.well-known/smart-configuration`);
      const { token_endpoint: endpoint } = (await found.json()) as { token_endpoint: string };
      const assertion = await new SignJWT()
        .setProtectedHeader({ alg: 'ES384', kid: KEY_ID, typ: 'JWT' })
        .setIssuer(id)
        .setSubject(id)
        .setAudience(endpoint)
        .setJti(crypto.randomUUID())
        .setExpirationTime('4m')
        .sign(privateKey);
      const answer = await fetch(endpoint, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          scope: scopes,
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
