/** Turns an access token of somebody else's into the client of ours that it is for, where its issuer is configured. */
import { type JWTPayload, jwtVerify } from 'jose';
import type { KeySet } from './key-sets.ts';
import { issuerOf } from './unverified.ts';

export interface Issuer {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly keys: KeySet;
  readonly clientClaim: string;
  /** id of our client by the value of that claim */
  readonly clients: ReadonlyMap<string, string>;
  readonly scopeClaim: string;
}

export interface ForeignClaims {
  /** id of our client; undefined where the token names none that is configured */
  readonly client: string | undefined;
  readonly scopes: readonly string[];
  readonly thumbprint: string | undefined;
  /** until when this is known without checking the signature again, epoch ms */
  readonly untilMs: number;
}

const SKEW_S = 10;
/** A token that was found good is looked at again after so long: its issuer may have withdrawn the key. */
const LONGEST_KNOWN_MS = 600_000;

/** @returns reads a token; undefined where none of these has issued it @throws JOSEError where it does not hold, KeysUnreachable */
export function foreignTokens(
  issuers: readonly Issuer[],
  clock: () => number,
): (token: string) => Promise<ForeignClaims | undefined> {
  const known = new Map(issuers.map((one) => [one.issuer, one]));
  return async (token) => {
    const issuer = known.get(issuerOf(token) ?? '');
    if (!issuer) return undefined;
    const { payload } = await jwtVerify(token, issuer.keys.find, {
      algorithms: [...issuer.algorithms],
      issuer: issuer.issuer,
      audience: issuer.audience,
      requiredClaims: ['exp'],
      clockTolerance: SKEW_S,
      currentDate: new Date(clock()),
    });
    const claims = claimsOf(payload, issuer);
    return { ...claims, untilMs: Math.min(claims.untilMs, clock() + LONGEST_KNOWN_MS) };
  };
}

function claimsOf(payload: JWTPayload, { clientClaim, clients, scopeClaim }: Issuer): ForeignClaims {
  const named = payload[clientClaim];
  const scopes = payload[scopeClaim];
  const listed = typeof scopes === 'string' ? scopes.split(/\s+/) : Array.isArray(scopes) ? scopes : [];
  const bound = (payload.cnf as Record<string, unknown> | undefined)?.['x5t#S256'];
  return {
    client: typeof named === 'string' ? clients.get(named) : undefined,
    scopes: listed.filter((one): one is string => typeof one === 'string' && one !== ''),
    thumbprint: typeof bound === 'string' ? bound : undefined,
    untilMs: (payload.exp ?? 0) * 1_000,
  };
}
