/** Sees to it that the EHR has a Subscription for each type, or one for a topic, and makes those that are missing or were turned off. */
import type { Subscription } from '@medplum/fhirtypes';
import type { EhrClient } from './client.ts';
import type { ProgressBook } from './progress.ts';
import type { Trouble } from './receive.ts';

export interface SubscribeOptions {
  /** where the EHR reaches this adapter: the address of `/subscriptions/{target}` as it is seen from there */
  readonly callbackUrl: string;
  readonly payload: 'empty' | 'id-only' | 'full-resource';
  /** canonical of a topic, for servers of the Subscriptions backport; without it there is one Subscription a type */
  readonly topic?: string | undefined;
  /** sent with every hook, `Name: value` */
  readonly header: string;
}

interface Subscribing {
  readonly client: EhrClient;
  readonly types: readonly string[];
  readonly progress: ProgressBook;
}

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

/** @returns the first trouble; others are made all the same */
export async function ensureSubscriptions(
  { client, types, progress }: Subscribing,
  options: SubscribeOptions,
  signal: AbortSignal,
): Promise<Trouble | undefined> {
  let trouble: Trouble | undefined;
  const { subscriptions } = await progress.read();
  for (const criteria of options.topic === undefined ? types.map((type) => `${type}?`) : [options.topic]) {
    const id = subscriptions[criteria];
    const found = id === undefined ? undefined : await client.get(`Subscription/${id}`, signal);
    if (found && !found.ok) trouble ??= found;
    else if (!found || !isAlive(found.body)) {
      const made = await client.send('POST', 'Subscription', subscriptionOf(criteria, options), signal);
      const newId = made.ok ? (made.body as Subscription | undefined)?.id : undefined;
      if (newId !== undefined) await progress.set('subscriptions', criteria, newId);
      else if (!made.ok) trouble ??= made;
    }
  }
  return trouble;
}

function isAlive(body: unknown): boolean {
  const { resourceType, status } = (body ?? {}) as Partial<Subscription>;
  return resourceType === 'Subscription' && (status === 'active' || status === 'requested');
}

function subscriptionOf(
  criteria: string,
  { callbackUrl, payload, topic, header }: SubscribeOptions,
): Subscription {
  const isPlain = payload === 'empty' && topic === undefined;
  const content = { url: `${BACKPORT}/backport-payload-content`, valueCode: payload };
  return {
    resourceType: 'Subscription',
    ...(topic === undefined ? {} : { meta: { profile: [`${BACKPORT}/backport-subscription`] } }),
    status: 'requested',
    reason: 'Changes are taken into the social prescribing adapter',
    criteria,
    channel: {
      type: 'rest-hook',
      endpoint: callbackUrl,
      header: [header],
      ...(isPlain ? {} : { payload: 'application/fhir+json' }),
      ...(topic === undefined ? {} : { _payload: { extension: [content] } }),
    },
  };
}
