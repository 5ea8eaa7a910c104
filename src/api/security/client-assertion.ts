/** Turns a client's signed assertion into the client that signed it, once: the same one again is refused. */
import { hash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { AnswerStore } from '../../store/kept-answers.ts';
import type { ApiClient, ApiClients } from './clients.ts';
import { KeysUnreachable } from './key-sets.ts';
import { claimedBy } from './unverified.ts';

/** @source SMART App Launch 2, Backend Services: what both sides must have; RS512 beside it */
export const ASSERTION_ALGORITHMS = ['RS384', 'ES384', 'RS512'] as const;
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** @source SMART App Launch 2, Authentication using private_key_jwt: no more than five minutes in the future */
const LONGEST_S = 300;
/** Clocks of two machines differ by so much. */
const SKEW_S = 30;
const LONGEST_JTI = 255;
const SERVICE = 'client-assertion';
const SWEEP_MS = 60_000;

export interface AssertionOptions {
  readonly clients: ApiClients;
  /** where ids of assertions are kept until they have run out, for all processes on the store */
  readonly answers: Pick<AnswerStore, 'keepOnce' | 'forget'>;
  /** address of the token endpoint, as clients know it */
  readonly audience: () => string;
  readonly clock: () => number;
}

/** The client; or why there is none, as a sentence for its developer. `unavailable`: its keys could not be had. */
export type Asserted =
  | { readonly client: ApiClient }
  | { readonly refused: string }
  | { readonly unavailable: string };

/** @returns reads an assertion. A client that is not known is answered as one whose signature is wrong */
export function assertionReader(options: AssertionOptions): (assertion: string) => Promise<Asserted> {
  let sweptMs = Number.NEGATIVE_INFINITY;
  return async (assertion) => {
    const client = claimedClient(assertion, options.clients);
    if ('refused' in client) return client;
    const checked = await verified(assertion, client, options);
    if ('refused' in checked || 'unavailable' in checked) return checked;
    const { exp } = checked.payload;
    const jti: unknown = checked.payload.jti; // nothing has looked of what kind it is
    if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI)
      return { refused: `The assertion needs a jti of 1 to ${LONGEST_JTI} characters.` };
    const nowMs = options.clock();
    const untilMs = ((exp ?? 0) + SKEW_S) * 1_000;
    const isNew = await options.answers.keepOnce(
      SERVICE,
      hash('sha256', `${client.id}\n${jti}`),
      { answer: '', untilMs },
      nowMs,
    );
    if (nowMs - sweptMs > SWEEP_MS) {
      sweptMs = nowMs;
      await options.answers.forget(SERVICE, nowMs);
    }
    if (!isNew)
      return { refused: 'The jti of the assertion was used before: make a new one for each request.' };
    return { client };
  };
}

const UNKNOWN =
  'The assertion is of no client that is registered here with keys, or its signature is not by one of them: check iss, sub and kid.';

function claimedClient(assertion: string, clients: ApiClients): ApiClient | { readonly refused: string } {
  const claimed = claimedBy(assertion);
  if (!claimed) return { refused: 'client_assertion is no signed JWT.' };
  const { issuer, subject, header } = claimed;
  if (typeof issuer !== 'string' || issuer !== subject)
    return { refused: 'iss and sub of the assertion must both be the id of the client.' };
  if (typeof header.kid !== 'string')
    return { refused: 'The header of the assertion names no key: add kid.' };
  const client = clients.byId(issuer);
  if (!client?.keys) return { refused: UNKNOWN };
  if (header.jku !== undefined && header.jku !== client.keys.url)
    return {
      refused: 'jku of the assertion is not the address that is registered for the client: leave it out.',
    };
  return client;
}

async function verified(
  assertion: string,
  client: ApiClient,
  { audience, clock }: AssertionOptions,
): Promise<
  { readonly payload: JWTPayload } | { readonly refused: string } | { readonly unavailable: string }
> {
  try {
    const { payload } = await jwtVerify(assertion, client.keys!.find, {
      algorithms: [...ASSERTION_ALGORITHMS],
      audience: audience(),
      issuer: client.id,
      subject: client.id,
      requiredClaims: ['exp', 'jti', 'aud'],
      clockTolerance: SKEW_S,
      currentDate: new Date(clock()),
    });
    if (Array.isArray(payload.aud) && payload.aud.length !== 1)
      return { refused: 'aud of the assertion must be the token endpoint alone.' };
    if ((payload.exp ?? 0) > Math.ceil(clock() / 1_000) + LONGEST_S + SKEW_S)
      return { refused: 'exp of the assertion is more than five minutes ahead.' };
    if (payload.iat !== undefined && payload.iat > Math.ceil(clock() / 1_000) + SKEW_S)
      return { refused: 'iat of the assertion is in the future: check the clock of the client.' };
    return { payload };
  } catch (error) {
    if (error instanceof KeysUnreachable)
      return {
        unavailable: 'The keys of the client could not be had from the address that is registered for it.',
      };
    if (error instanceof errors.JOSEError) return { refused: sentenceOf(error) };
    throw error;
  }
}

/** Says what is wrong, and nothing of what the assertion holds. */
function sentenceOf(error: errors.JOSEError): string {
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `The assertion is signed by an algorithm that is not taken: use ${ASSERTION_ALGORITHMS.join(', ')}.`;
  if (error instanceof errors.JWTExpired)
    return 'The assertion has run out: make a new one for each request.';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'aud'
      ? 'aud of the assertion must be the address of this token endpoint.'
      : `${error.claim} of the assertion is missing or does not hold.`;
  return UNKNOWN;
}
