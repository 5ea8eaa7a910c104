/** An adapter with subscriptions, and a subscriber beside it. */
import type { Subscription } from '@medplum/fhirtypes';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import { type Access, OPEN_ACCESS, setAccess } from '../../../src/api/access.ts';
import { openSubscriptions, type Subscriptions } from '../../../src/cli/subscriptions.ts';
import { subscriptionsSchema } from '../../../src/config/subscriptions.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Viewer } from '../../../src/store/viewer.ts';
import { type Subscriber, startSubscriber } from '../../servers/subscriber.ts';
import { parts, startAdapter, type TestAdapter } from '../adapter.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

export interface Vendors {
  /** by the header X-Client; the open access where there is none */
  readonly clients?: Readonly<Record<string, Partial<Access>>>;
  /** what a client may see at the time of sending, in place of what its access says */
  viewers?: Record<string, Viewer | undefined>;
  readonly config?: Parameters<typeof subscriptionsSchema.parse>[0] & object;
  readonly clock?: () => number;
}

export interface Subscribed extends TestAdapter {
  readonly subscriber: Subscriber;
  readonly subscriptions: Subscriptions;
  /** @param path under the FHIR base */
  fhir(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** makes a Subscription and gives it back */
  subscribe(resource: object, headers?: Record<string, string>): Promise<Subscription>;
}

export async function startSubscribed(vendors: Vendors = {}): Promise<Subscribed> {
  const subscriber = await startSubscriber();
  undo.push(() => subscriber.close());
  const accessOf = (client: string): Access => ({ ...OPEN_ACCESS, client, ...vendors.clients?.[client] });
  // the routes need the store, which the adapter opens: it is given to them when it is there
  let store: Store | undefined;
  const later = new Proxy({} as Store, { get: (_, name) => Reflect.get(store!, name) });
  const subscriptions = openSubscriptions({
    config: { demo: true, subscriptions: subscriptionsSchema.parse(vendors.config ?? {}) },
    parts: parts(),
    store: later,
    viewerOf: (client) =>
      vendors.viewers && client in vendors.viewers ? vendors.viewers[client] : accessOf(client).viewer,
    clock: vendors.clock ?? Date.now,
    log: pino({ level: 'silent' }),
    lookMs: 20,
  });
  const guard = (
    request: { get(name: string): string | undefined },
    response: never,
    next: () => void,
  ): void => {
    setAccess(response, accessOf(request.get('x-client') ?? 'open'));
    next();
  };
  const adapter = await startAdapter({ app: { fhir: [subscriptions], guard: guard as never } });
  store = adapter.store;
  subscriptions.start();
  undo.push(() => subscriptions.stop());
  const fhir: Subscribed['fhir'] = (method, path, body, headers = {}) =>
    fetch(`${adapter.url}/fhir/R4/${path}`, {
      method,
      headers: { 'Content-Type': 'application/fhir+json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    ...adapter,
    ...{ subscriber, subscriptions, fhir },
    async subscribe(resource, headers) {
      const answer = await fhir('POST', 'Subscription', resource, headers);
      const text = await answer.text();
      if (answer.status !== 201) throw new Error(`${answer.status}: ${text}`);
      return JSON.parse(text) as Subscription;
    },
  };
}

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
export const TOPIC = 'https://hedgerow.example/fhir/SubscriptionTopic';

export interface TopicAsked {
  readonly content?: 'empty' | 'id-only' | 'full-resource';
  readonly filters?: readonly string[];
  readonly extension?: readonly object[];
  readonly header?: readonly string[];
  readonly more?: object;
}

/** @returns a Subscription to a topic, as its profile has it */
export function topicSubscription(
  endpoint: string,
  topic: string,
  { content = 'id-only', filters = [], extension = [], header, more }: TopicAsked = {},
): object {
  return {
    resourceType: 'Subscription',
    meta: { profile: [`${BACKPORT}/backport-subscription`] },
    status: 'requested',
    reason: 'To be told',
    criteria: `${TOPIC}/${topic}`,
    ...(filters.length > 0
      ? {
          _criteria: {
            extension: filters.map((valueString) => ({
              url: `${BACKPORT}/backport-filter-criteria`,
              valueString,
            })),
          },
        }
      : {}),
    channel: {
      ...(extension.length > 0 ? { extension } : {}),
      type: 'rest-hook',
      endpoint,
      payload: 'application/fhir+json',
      _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: content }] },
      ...(header ? { header } : {}),
    },
    ...more,
  };
}

export function channelExtension(name: string, value: object): object {
  return { url: `${BACKPORT}/${name}`, ...value };
}

/** @returns a Subscription by a search of R4 */
export function plainSubscription(endpoint: string, criteria: string, channel: object = {}): object {
  return {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'To be told',
    criteria,
    channel: { type: 'rest-hook', endpoint, ...channel },
  };
}
