/** Turns the `nhs` section of a configuration into what every client of an NHS service needs: addresses, tokens, connections. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { AccessConfig } from '../../config/access.ts';
import type { NhsConfig } from '../../config/nhs.ts';
import { ruleOf } from '../../fhir/outcome.ts';
import { openIdentity } from '../../nhs/access/identity.ts';
import { type KeySource, openKeyRing } from '../../nhs/access/key-ring.ts';
import { baseUrlOf, type NhsService, tokenUrlOf } from '../../nhs/environments.ts';
import type { SigningKey } from '../../wire/assertion.ts';
import { createExchange, type Exchange } from '../../wire/exchange.ts';
import type { WireFailure } from '../../wire/http.ts';
import { type AccessTokens, createAccessTokens } from '../../wire/token.ts';
import { neededSecret } from '../secret.ts';

/** One a process: its token is shared by all who talk to the API platform. */
export interface NhsAccess {
  /** left out where the environment asks for none, or no access is configured */
  readonly tokens?: AccessTokens;
  /** shows our certificate, where one is configured */
  readonly exchange: Exchange;
  /** for what is open to all: shows no certificate, and believes the public authorities */
  readonly open: Exchange;
  /** our signing keys as they are now; none where no access is configured */
  readonly keys: () => readonly SigningKey[];
  /** @returns the base URL of a service in the configured environment, without a slash at its end */
  baseUrl(service: NhsService): string;
  close(): void;
}

export interface AccessSurroundings {
  readonly clock: () => number;
  readonly log: Logger;
}

/** @throws AdapterError when a secret, a key or a certificate is not to be had, with a sentence that says what to change */
export function openNhsAccess(config: NhsConfig, around: AccessSurroundings): NhsAccess {
  const { environment, access } = config;
  const tls = access?.tls && openIdentity(access.tls, () => around.log.warn(KEPT_IDENTITY));
  const { exchange, close } = createExchange(tls ? { tls } : {});
  const plain = createExchange();
  const keys = access ? keysOf(access, around.log) : () => [];
  if (needsAccess(config)) around.log.warn({ environment }, NO_ACCESS);
  const tokens = access && tokensOf(access, tokenUrlOf(environment), { ...around, exchange, keys });
  return {
    ...(tokens ? { tokens } : {}),
    exchange,
    open: plain.exchange,
    keys,
    baseUrl: (service) => baseUrlOf(environment, service),
    close() {
      close();
      plain.close();
    },
  };
}

const NO_ACCESS =
  'services of the API platform are configured, and nhs.access is not: they will refuse every request (docs/nhs-access.md)';

function needsAccess({ environment, access, pds, bars, ers }: NhsConfig): boolean {
  const isUsed = pds !== undefined || bars !== undefined || ers !== undefined;
  return isUsed && access === undefined && tokenUrlOf(environment) !== undefined;
}

const KEPT_IDENTITY = 'changed certificate files do not fit together; the certificate before is used';

function keysOf(access: AccessConfig, log: Logger): () => readonly SigningKey[] {
  const sources = access.keys.map(({ kid, file, env }): KeySource => {
    if (file !== undefined) return { kid, file };
    return { kid, pem: neededSecret(env) ?? '', name: env ?? '' };
  });
  return openKeyRing(sources, (kid) =>
    log.warn({ kid }, 'the changed file of a signing key holds no key; the key before is used'),
  );
}

function tokensOf(
  access: AccessConfig,
  ofEnvironment: string | undefined,
  {
    log,
    ...parts
  }: AccessSurroundings & { readonly exchange: Exchange; readonly keys: () => readonly SigningKey[] },
): AccessTokens | undefined {
  const tokenUrl = access.tokenUrl ?? ofEnvironment;
  if (tokenUrl === undefined) return undefined;
  return createAccessTokens({
    ...parts,
    onAsked: tellingOnce(log),
    tokenUrl,
    apiKey: neededSecret(access.apiKeyEnv) ?? '',
    uuid: randomUUID,
    deadlineMs: access.deadlineMs,
  });
}

/** Everything that needs a token waits meanwhile: why is said once, and once that it is over. */
function tellingOnce(log: Logger): (failure: WireFailure | undefined) => void {
  let said: string | undefined;
  return (failure) => {
    const issue = failure?.outcome.issue[0];
    const rule = issue && ruleOf(issue);
    if (rule === said) return;
    said = rule;
    if (issue) log.warn({ rule, reason: issue.diagnostics }, 'no access token could be had');
    else log.info('access tokens are given again');
  };
}
