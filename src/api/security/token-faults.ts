/** Turns what is wrong with an access token into a sentence for the developer of its client. */
import { errors } from 'jose';
import { KeysUnreachable } from './key-sets.ts';
import { NO_KEYS, type Refusal, tokenRefusal } from './refusals.ts';

/** @throws what is no fault of a token */
export function faultOfToken(error: unknown): Refusal {
  if (error instanceof KeysUnreachable) return NO_KEYS;
  if (!(error instanceof errors.JOSEError)) throw error;
  if (error instanceof errors.JWTExpired)
    return { ...tokenRefusal('The access token has run out: ask for another.'), code: 'expired' };
  if (error instanceof errors.JOSEAlgNotAllowed)
    return tokenRefusal('The access token is signed by an algorithm that is not believed.');
  if (error instanceof errors.JWTClaimValidationFailed)
    return tokenRefusal(
      SENTENCES[error.claim] ?? `The claim ${error.claim} of the access token is missing or does not hold.`,
    );
  if (error instanceof errors.JWKSNoMatchingKey)
    return tokenRefusal('The access token is signed by a key that its issuer does not have.');
  return tokenRefusal('The signature of the access token does not hold, or it is no signed JWT.');
}

const SENTENCES: Readonly<Record<string, string>> = {
  aud: 'The access token is made out for another audience than this FHIR base.',
  iss: 'The access token is of an issuer that is not believed here.',
  nbf: 'The access token is not good yet: check the clock of its issuer.',
  typ: 'This is a JWT of another kind than an access token.',
};

export const UNKNOWN_ISSUER: Refusal = tokenRefusal(
  'This is no API key and no access token of an issuer that is believed here.',
);
