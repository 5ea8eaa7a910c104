/** Turns the configuration of a webhook into the target that posts to it, and into what it is brought beside what it asked for. */
import type { Identifier } from '@medplum/fhirtypes';
import type { TargetConfig } from '../config.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import type { ResourceKey, Store } from '../store/store.ts';
import { goesBy } from '../target/route.ts';
import type { Target } from '../target/target.ts';
import { createWebhookTarget } from '../target/webhook/webhook.ts';
import { neededSecret } from './secret.ts';

interface Surroundings {
  readonly store: Pick<Store, 'links' | 'readMany' | 'resend'>;
  readonly clock: () => number;
}

/** @throws AdapterError when the secret is not to be had */
export function openWebhook(target: TargetConfig, { store, clock }: Surroundings): Target {
  const { name, url, signatureHeader, deadlineMs } = target;
  return createWebhookTarget({
    ...{ name, url, signatureHeader, deadlineMs, clock },
    secret: neededSecret(target.secretEnv)!,
    token: neededSecret(target.bearerTokenEnv),
    identifiersOf: (keys) => identifiersOf(store, name, keys),
  });
}

/** Of what the target is known to hold alone: consent let that through. */
async function identifiersOf(
  store: Surroundings['store'],
  target: string,
  keys: readonly ResourceKey[],
): Promise<ReadonlyMap<ResourceKey, readonly Identifier[]>> {
  if (keys.length === 0) return new Map();
  const held = (await store.links(target, keys)).map(({ type, id }): ResourceKey => `${type}/${id}`);
  const found = (await store.readMany(held)).flatMap(({ type, id, resource }) => {
    const { identifier } = (resource ?? {}) as { identifier?: Identifier[] };
    return identifier?.length ? [[`${type}/${id}` as ResourceKey, identifier] as const] : [];
  });
  return new Map(found);
}

/** @returns what puts in line what a referral refers to, so that it can be understood, though it came from elsewhere */
export function bringTo(
  { name, send }: TargetConfig,
  { store, clock }: Surroundings,
): (keys: readonly ResourceKey[]) => Promise<void> {
  return async (keys) => {
    const wanted = keys.filter((key) => goesBy(send, key.slice(0, key.indexOf('/'))));
    const resent = wanted.map((key) => ({ key, how: 'first' }) as const);
    if (resent.length > 0) await store.resend(name, resent, 'delivery', clock());
  };
}

/** @throws AdapterError when a webhook calls something its own that is no source: what that says would be sent back to it */
export function checkOwnSources(
  targets: readonly Pick<TargetConfig, 'name' | 'sources'>[],
  sources: ReadonlySet<string>,
): void {
  // a client of the API is a source of its own, `api:` and its name
  for (const { name, sources: own } of targets)
    for (const source of own)
      if (!sources.has(source) && !source.startsWith('api:')) {
        const diagnostics = `Target ${name} names ${source} among its "sources". Known are ${[...sources].join(', ')}: name one of these, as its source.json does.`;
        throw new AdapterError(
          'permanent',
          issueOf({ code: 'value', rule: 'config-target-source', diagnostics }),
        );
      }
}
