/** Opens what serves the subscriptions of clients: their routes, and the worker that calls their endpoints. */
import type { Logger } from 'pino';
import type { FhirPart } from '../api/fhir-part.ts';
import { loadServedSearch } from '../api/search/served.ts';
import { saysSubscriptions } from '../api/subscriptions/capability.ts';
import type { EndpointRules } from '../api/subscriptions/endpoint.ts';
import { publicLookup } from '../api/subscriptions/endpoint.ts';
import { subscriptionResourceRoutes } from '../api/subscriptions/routes.ts';
import { openSubscriptionWorker } from '../api/subscriptions/worker.ts';
import type { Config } from '../config.ts';
import { lazily } from '../mapping/explain.ts';
import { createSearchIndex } from '../store/search-index.ts';
import type { Store } from '../store/store.ts';
import type { Viewer } from '../store/viewer.ts';
import { createExchange } from '../wire/exchange.ts';
import type { LoadedParts } from './load.ts';

export interface SubscriptionSurroundings {
  readonly config: Pick<Config, 'subscriptions' | 'demo'>;
  readonly parts: Pick<LoadedParts, 'definitions' | 'validator'>;
  readonly store: Store;
  /** what a client may see now; undefined when there is no such client any more */
  readonly viewerOf: (client: string) => Viewer | undefined;
  readonly clock: () => number;
  readonly log: Logger;
  /** milliseconds between looks at what was committed; default 1 s */
  readonly lookMs?: number;
}

export interface Subscriptions extends FhirPart {
  start(): void;
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** A subscriber answers with a status; what else it says is not read. */
const LARGEST_ANSWER = 65_536;
/** For trying out, on one machine. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

export function openSubscriptions(around: SubscriptionSurroundings): Subscriptions {
  const { config, parts, store, viewerOf, clock, log, lookMs } = around;
  const { subscriptions: own, demo } = config;
  const rules: EndpointRules = { privateHosts: new Set([...own.privateHosts, ...(demo ? LOOPBACK : [])]) };
  const served = loadServedSearch();
  const made = lazily(() => createSearchIndex(parts.definitions)); // most have no subscription, and start without
  const index: ReturnType<typeof made> = (resource) => made()(resource);
  const { exchange, close } = createExchange({
    lookup: publicLookup(rules),
    maxResponseBytes: LARGEST_ANSWER,
  });
  const worker = openSubscriptionWorker({
    ...{ store, served, index, exchange, rules, viewerOf, clock, random: Math.random },
    failures: own.failuresUntilError,
    offAfterMs: own.offAfterDays * DAY_MS,
    keepMs: own.keepEventDays * DAY_MS,
    timeoutS: own.timeoutSeconds,
    concurrency: own.concurrency,
    ...(lookMs === undefined ? {} : { lookMs }),
    onError: (rule) => log.warn({ rule }, 'a subscription could not be served; it is tried again'),
  });
  const { validator } = parts;
  const wake = (): void => worker.wake();
  return {
    routes: subscriptionResourceRoutes({ store, served, index, validator, rules, clock, wake }),
    says: saysSubscriptions,
    start: () => worker.start(),
    async stop() {
      await worker.stop();
      close();
    },
  };
}
