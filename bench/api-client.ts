/** A client of SMART Backend Services for the benchmarks: its configuration, and tokens as a vendor gets them. */
import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { OWNERS } from './api-fill.ts';

export interface BenchClient {
  /** section `access` of the configuration */
  readonly access: object;
  /** @param url of the adapter @returns headers that let in */
  headers(url: string): Promise<Record<string, string>>;
}

const ID = 'bench';
const SCOPES = 'system/*.cruds';
/** Environment variable with the key that adapters sign tokens with: those on a PostgreSQL share one. */
const SIGNING_KEY = 'HEDGEROW_BENCH_SIGNING_KEY';

/** @returns a client that sees the people of the first organisation: half of them */
export async function createBenchClient(): Promise<BenchClient> {
  const { publicKey, privateKey } = await generateKeyPair('ES384');
  const key: JWK = { ...(await exportJWK(publicKey)), kid: 'bench', use: 'sig', alg: 'ES384' };
  process.env[SIGNING_KEY] = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
  const client = { id: ID, organisations: [OWNERS[0]], scopes: [SCOPES], jwks: { keys: [key] } };
  return {
    access: {
      signingKeyEnvs: [SIGNING_KEY],
      tokenLifetimeSeconds: 3_600, // the longest there is: a run is not about tokens
      clients: [{ ...client, ratePerMinute: 1_000_000 }],
    },
    async headers(url) {
      const found = await fetch(`${url}/fhir/R4/.well-known/smart-configuration`);
      const { token_endpoint: endpoint } = (await found.json()) as { token_endpoint: string };
      const assertion = await new SignJWT()
        .setProtectedHeader({ alg: 'ES384', kid: 'bench' })
        .setIssuer(ID)
        .setSubject(ID)
        .setAudience(endpoint)
        .setJti(crypto.randomUUID())
        .setExpirationTime('4m')
        .sign(privateKey);
      const answer = await fetch(endpoint, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          scope: SCOPES,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        }),
      });
      const { access_token: token } = (await answer.json()) as { access_token?: string };
      if (token === undefined) throw new Error(`the token endpoint answered ${answer.status}`);
      return { Authorization: `Bearer ${token}`, Accept: 'application/fhir+json' };
    },
  };
}
