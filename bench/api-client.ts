/** A client of SMART Backend Services for the benchmarks: its configuration, and tokens as a vendor gets them. */
import { generateKeyPairSync } from 'node:crypto';
import { newBackendClient } from '../test/servers/backend-client.ts';
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
  const { jwk, token } = await newBackendClient(ID, SCOPES);
  process.env[SIGNING_KEY] = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
  const client = { id: ID, organisations: [OWNERS[0]], scopes: [SCOPES], jwks: { keys: [jwk] } };
  return {
    access: {
      signingKeyEnvs: [SIGNING_KEY],
      tokenLifetimeSeconds: 3_600, // the longest there is: a run is not about tokens
      clients: [{ ...client, ratePerMinute: 1_000_000 }],
    },
    headers: async (url) => ({
      Authorization: `Bearer ${await token(`${url}/fhir/R4`)}`,
      Accept: 'application/fhir+json',
    }),
  };
}
