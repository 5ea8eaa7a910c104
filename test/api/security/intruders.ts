/** Whoever should not come in, by what they show of themselves. */
import { bearer, FHIR, type Place } from './place.ts';
import { assertionOf, forged, resigned, signingKeyIn, tampered, vendorKey } from './vendor.ts';

type Headers = Readonly<Record<string, string>>;
export type Intruder = (place: Place) => Headers | Promise<Headers>;

const now = (): number => Math.floor(Date.now() / 1_000);
const own =
  (claims: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}): Intruder =>
  async (place) =>
    bearer(await forged(await place.token('vendor'), signingKeyIn(place.whole.folder), { claims, header }));
const foreign =
  (claims: Readonly<Record<string, unknown>>): Intruder =>
  async (place) =>
    bearer(await place.foreignToken(claims));

/** Each says why it must not be let in. */
export const INTRUDERS: Readonly<Record<string, Intruder>> = {
  'no token': () => ({}),
  'an expired token': own({ exp: now() - 1 }),
  'a token for another audience': own({ aud: 'https://elsewhere.example/fhir/R4' }),
  'a token of another issuer': own({ iss: 'https://elsewhere.example' }),
  'a token of an unknown or revoked client': own({ sub: 'gone', client_id: 'gone' }),
  'a JWT that is no access token': own({}, { typ: 'JWT' }),
  'a token of an unknown kid': own({}, { kid: 'no-such-key' }),
  'a token bound to a certificate': own({ cnf: { 'x5t#S256': 'A'.repeat(43) } }),
  'a token by another key under our kid': async (place) => {
    const { key } = await vendorKey('ES256');
    return bearer(await forged(await place.token('vendor'), key, {}));
  },
  'alg none': async (place) => bearer(resigned(await place.token('vendor'), 'none', '')),
  'HS256 with the public key': async (place) => {
    const keys = await (await place.get('/auth/jwks')).text();
    return bearer(resigned(await place.token('vendor'), 'HS256', keys));
  },
  'a tampered signature': async (place) => bearer(tampered(await place.token('vendor'), 2)),
  'a tampered payload': async (place) => bearer(tampered(await place.token('vendor'), 1)),
  'a client assertion in place of a token': async (place) => {
    return bearer(await assertionOf('vendor', place.vendor, `${place.url}${FHIR}`));
  },
  'an issuer’s expired token': foreign({ exp: now() - 60 }),
  'an issuer’s token for somebody else': foreign({ aud: 'another' }),
  'an issuer’s token for an unknown client': foreign({ client_id: 'nobody' }),
  'an issuer’s token by an algorithm that is not its own': async (place) =>
    bearer(await place.foreignToken({}, await vendorKey('ES384', 'f1'))),
  'an issuer’s token by a key that is not its own': async (place) =>
    bearer(await place.foreignToken({}, await vendorKey('ES256', 'f1'))),
  'a wrong API key': () => bearer(`hk_${'A'.repeat(43)}`),
  'a wrong X-API-Key': () => ({ 'X-API-Key': `hk_${'B'.repeat(43)}` }),
  'an API key in two places': ({ apiKey }) => ({ ...bearer(apiKey), 'X-API-Key': apiKey }),
  rubbish: () => bearer('not.a.token'),
};
