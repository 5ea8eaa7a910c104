/** Tokens of issuers that are believed: for how long what was found of one is known. */
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { foreignTokens } from '../../../src/api/security/issuers.ts';
import { writtenKeys } from '../../../src/api/security/key-sets.ts';
import { vendorKey } from './vendor.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const NOW_S = NOW_MS / 1_000;

test('a token that is good for a year is looked at again within ten minutes, since its key may be withdrawn', async () => {
  const { jwk, alg, kid, key } = await vendorKey('ES256');
  const issuer = {
    ...{ issuer: 'https://login.example', audience: 'hedgerow', algorithms: ['ES256'] },
    ...{ clientClaim: 'azp', scopeClaim: 'scope', clients: new Map([['app', 'partner']]) },
    keys: writtenKeys({ keys: [jwk] }),
  };
  const read = foreignTokens([issuer], () => NOW_MS);
  const untilOf = async (seconds: number): Promise<number | undefined> => {
    const token = new SignJWT({ iss: issuer.issuer, aud: issuer.audience, azp: 'app', scope: 'system/*.rs' })
      .setProtectedHeader({ alg, kid })
      .setExpirationTime(NOW_S + seconds);
    return (await read(await token.sign(key)))?.untilMs;
  };
  expect(await untilOf(365 * 86_400)).toBe(NOW_MS + 600_000);
  expect(await untilOf(60)).toBe(NOW_MS + 60_000);
});
