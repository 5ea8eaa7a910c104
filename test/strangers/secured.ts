/** A whole adapter with one client of SMART Backend Services. */
import { openWhole } from '../cli/whole.ts';
import { newBackendClient } from '../servers/backend-client.ts';

export interface Secured {
  /** FHIR base */
  readonly base: string;
  /** @returns an access token, asked for as a vendor does */
  token(): Promise<string>;
}

const CLIENT = 'vendor';
const SCOPES = 'system/*.cruds';

/** @param more of the configuration */
export async function openSecured(more: object = {}): Promise<Secured> {
  const vendor = await newBackendClient(CLIENT, SCOPES);
  const client = { id: CLIENT, organisations: ['X26'], scopes: [SCOPES], jwks: { keys: [vendor.jwk] } };
  const { adapter } = await openWhole({ access: { clients: [client] }, ...more });
  const base = `${adapter.url}/fhir/R4`;
  return { base, token: () => vendor.token(base) };
}
