/** Opens coded activity, where it is configured: a line of the outbox that keeps its entries, lists, receipts, and what is raised. */
import type { Router } from 'express';
import type { Logger } from 'pino';
import { codedRoutes } from '../../api/coded-routes.ts';
import type { CodedActivityConfig } from '../../config/coded-activity.ts';
import type { Definitions } from '../../fhir/definitions.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import { type OutboxWorker, openWorker } from '../../outbox/worker.ts';
import { dayOfMs } from '../../referral/coded/event.ts';
import { readyRules } from '../../referral/coded/rule.ts';
import type { EntryReceipt } from '../../store/coded-entries.ts';
import { ACTIVITY_TARGET } from '../../store/coded-work.ts';
import type { Store } from '../../store/store.ts';
import { type CodedActivity, createCodedActivity } from '../../target/coded/coded-activity.ts';
import { createLists, type Lists } from '../../target/coded/list.ts';
import type { Way } from '../../target/coded/out.ts';
import type { RoutedTarget } from '../../target/route.ts';
import { createExchange } from '../../wire/exchange.ts';
import { neededSecret } from '../secret.ts';
import { derive, lookAfter } from './look.ts';

const LEASE_MS = 60_000;
const GROUP = 200;
const CONCURRENCY = 4;
const LOOK_MS = 30_000;

/** Coded activity of a running adapter, or beside its store. */
export interface CodedDesk {
  readonly config: CodedActivityConfig;
  /** how commits know what goes there */
  readonly routed: RoutedTarget;
  readonly coded: CodedActivity;
  readonly lists: Lists;
  /** @returns what follows from receipts that were kept */
  afterReceipts(receipts: readonly EntryReceipt[]): Promise<void>;
  close(): void;
}

interface Surroundings {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly clock: () => number;
  readonly log?: Pick<Logger, 'warn'> | undefined;
}

/** @throws AdapterError when a rule has faults, or a secret is not to be had */
export async function openCodedActivity(
  config: CodedActivityConfig,
  around: Surroundings,
): Promise<CodedDesk> {
  const { store, definitions, clock, log } = around;
  const rules = readyRules(config.rules, definitions);
  if (!rules.ok) throw new AdapterError('permanent', rules.outcome.issue[0]!);
  const { timeZone, practices, consentScopes } = config;
  const since = config.since ?? (await firstDay(store, clock(), timeZone));
  const coded = createCodedActivity({
    ...{ store, clock, since, timeZone, practices, consentScopes },
    rules: rules.value,
    onFault: ({ rule }) => log?.warn({ rule }, 'a rule of coded activity ended in an error for a resource'),
  });
  const { exchange, close } = createExchange({ maxSockets: 2 });
  const ways = config.out.map(
    (way): Way => (way.to === 'folder' ? way : { ...way, token: neededSecret(way.bearerTokenEnv) }),
  );
  return {
    config: { ...config, since },
    routed: { name: ACTIVITY_TARGET, send: { types: rules.value.types } },
    coded,
    lists: createLists({
      ...{ store, coded, clock, timeZone, ways, exchange },
      onLeftOut: (people) =>
        log?.warn({ people }, 'people whose coded entries could not be brought in step are in no list'),
    }),
    async afterReceipts(receipts) {
      const people = [...(await peopleOf(store, receipts))];
      const refreshed = await Promise.allSettled(people.map((personId) => coded.refresh(personId)));
      for (const one of refreshed) if (one.status === 'rejected') throw one.reason;
    },
    close,
  };
}

/** The day of the first start, whatever day it is now: what was before was recorded some other way. */
async function firstDay(store: Store, nowMs: number, timeZone: string): Promise<string> {
  const kept = await store.job('coded-since');
  if (kept !== undefined) return JSON.parse(kept) as string;
  const day = dayOfMs(nowMs, timeZone);
  await store.keepJob('coded-since', JSON.stringify(day), nowMs);
  return day;
}

async function peopleOf(store: Store, receipts: readonly EntryReceipt[]): Promise<ReadonlySet<string>> {
  const people = await store.codedEntries.peopleOf(receipts.map(({ id }) => id));
  return new Set(await Promise.all(people.map((personId) => store.personOf(personId))));
}

/** What runs of it from start to stop. */
export interface RunningCodedActivity {
  readonly worker: OutboxWorker;
  routes(token: string): Router;
  /** Begins to derive, list, and look for receipts; its worker is started with the others. */
  start(): void;
  stop(): Promise<void>;
}

export function runningCodedActivity(
  desk: CodedDesk,
  { store, clock, log }: { readonly store: Store; readonly clock: () => number; readonly log: Logger },
): RunningCodedActivity {
  const stopping = new AbortController();
  const { coded, lists, afterReceipts: onReceipts } = desk;
  const worker = openWorker({
    ...{ store, clock, concurrency: CONCURRENCY, leaseMs: LEASE_MS, maxEntries: GROUP },
    target: ACTIVITY_TARGET,
    deliver: coded.deliver,
    onError: (error) =>
      log.error(
        { target: ACTIVITY_TARGET, error: error instanceof Error ? error.name : 'unknown' },
        'coded entries could not be brought in step; it is tried again',
      ),
  });
  const surroundings = { store, clock, log, signal: stopping.signal };
  const look = lookAfter(desk, surroundings);
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  return {
    worker,
    routes: (token) => codedRoutes({ store, lists, onReceipts, token, clock }),
    start() {
      looking = derive(desk, surroundings)
        .catch(() => log.warn('coded entries could not be derived anew; the next start goes on'))
        .then(look);
      timer = setInterval(() => {
        looking = looking.then(look);
      }, LOOK_MS);
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await looking;
      desk.close();
    },
  };
}
