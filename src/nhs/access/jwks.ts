/** Turns signing keys into the JSON Web Key Set that a server checks our assertions by: public parts alone. */
import { createPublicKey } from 'node:crypto';
import type { SigningKey } from '../../wire/assertion.ts';

export interface PublicJwk {
  readonly kty: 'RSA';
  readonly kid: string;
  readonly alg: 'RS512';
  readonly use: 'sig';
  readonly n: string;
  readonly e: string;
}

/** @source RFC 7517, 5 */
export function jwksOf(keys: readonly SigningKey[]): { readonly keys: readonly PublicJwk[] } {
  return {
    keys: keys.map(({ kid, key }) => {
      const { n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' });
      return { kty: 'RSA', kid, alg: 'RS512', use: 'sig', n, e };
    }),
  };
}
