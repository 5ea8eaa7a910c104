/** Opens coded activity, where it is configured: a line of the outbox that keeps its entries, lists, receipts, and what is raised. */
import type { Router } from 'express';
import type { Logger } from 'pino';
import { activityRoutes } from '../api/activity-routes.ts';
import type { ActivityConfig } from '../config/activity.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { digestOf } from '../fhir/digest.ts';
import { AdapterError } from '../fhir/outcome.ts';
import { type OutboxWorker, startWorker } from '../outbox/worker.ts';
import { dayOfMs } from '../referral/coded/event.ts';
import { readyRules } from '../referral/coded/rule.ts';
import type { EntryReceipt } from '../store/coded-entries.ts';
import { ACTIVITY_TARGET } from '../store/coded-work.ts';
import type { Store } from '../store/store.ts';
import { type Activity, createActivity } from '../target/activity.ts';
import { createLists, type Lists } from '../target/activity-list.ts';
import type { Way } from '../target/activity-out.ts';
import type { RoutedTarget } from '../target/route.ts';
import { createExchange } from '../wire/exchange.ts';
import { takeReceiptFiles } from './activity-files.ts';
import { neededSecret } from './secret.ts';

const LEASE_MS = 60_000;
const GROUP = 200;
const CONCURRENCY = 4;
const LOOK_MS = 30_000;
const HOUR_MS = 3_600_000;
const PAGE = 200;

/** Coded activity of a running adapter, or beside its store. */
export interface ActivityDesk {
  readonly config: ActivityConfig;
  /** how commits know what goes there */
  readonly routed: RoutedTarget;
  readonly activity: Activity;
  readonly lists: Lists;
  /** @returns what follows from receipts that were kept */
  afterReceipts(receipts: readonly EntryReceipt[]): Promise<void>;
  close(): void;
}

interface Surroundings {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly clock: () => number;
}

/** @throws AdapterError when a rule has faults, or a secret is not to be had */
export async function openActivity(config: ActivityConfig, around: Surroundings): Promise<ActivityDesk> {
  const { store, definitions, clock } = around;
  const rules = readyRules(config.rules, definitions);
  if (!rules.ok) throw new AdapterError('permanent', rules.outcome.issue[0]!);
  const { timeZone, practices, consentScopes, allowRestricted } = config;
  const since = config.since ?? (await firstDay(store, clock(), timeZone));
  const activity = createActivity({
    ...{ store, clock, since, timeZone, practices, consentScopes, allowRestricted },
    rules: rules.value,
  });
  const { exchange, close } = createExchange({ maxSockets: 2 });
  const ways = config.out.map(
    (way): Way => (way.to === 'folder' ? way : { ...way, token: neededSecret(way.bearerTokenEnv) }),
  );
  return {
    config: { ...config, since },
    routed: { name: ACTIVITY_TARGET, send: { types: rules.value.types } },
    activity,
    lists: createLists({ store, activity, clock, timeZone, ways, exchange }),
    async afterReceipts(receipts) {
      for (const personId of await peopleOf(store, receipts)) await activity.refresh(personId);
    },
    close,
  };
}

/** The day of the first start, whatever day it is now: what was before was recorded some other way. */
async function firstDay(store: Store, nowMs: number, timeZone: string): Promise<string> {
  const kept = await store.job('activity-since');
  if (kept !== undefined) return JSON.parse(kept) as string;
  const day = dayOfMs(nowMs, timeZone);
  await store.keepJob('activity-since', JSON.stringify(day), nowMs);
  return day;
}

async function peopleOf(store: Store, receipts: readonly EntryReceipt[]): Promise<ReadonlySet<string>> {
  const people = await store.codedEntries.peopleOf(receipts.map(({ id }) => id));
  return new Set(await Promise.all(people.map((personId) => store.personOf(personId))));
}

/** What runs of it from start to stop. */
export interface RunningActivity {
  readonly worker: OutboxWorker;
  routes(token: string): Router;
  stop(): Promise<void>;
}

export function startActivity(
  desk: ActivityDesk,
  { store, clock, log }: { readonly store: Store; readonly clock: () => number; readonly log: Logger },
): RunningActivity {
  const stopping = new AbortController();
  const { config, activity, lists, afterReceipts: onReceipts } = desk;
  const worker = startWorker({
    ...{ store, clock, concurrency: CONCURRENCY, leaseMs: LEASE_MS, maxEntries: GROUP },
    target: ACTIVITY_TARGET,
    deliver: activity.deliver,
    onError: (error) =>
      log.error(
        { target: ACTIVITY_TARGET, error: error instanceof Error ? error.name : 'unknown' },
        'coded entries could not be brought in step; it is tried again',
      ),
  });
  let recheckMs = 0;
  const look = async (): Promise<void> => {
    try {
      if (clock() >= recheckMs) {
        await lists.recheck(stopping.signal);
        recheckMs = clock() + HOUR_MS;
      }
      const raised = await store.codedEntries.raiseUnfiled(
        clock() - config.raiseAfterHours * HOUR_MS,
        clock(),
      );
      if (raised > 0) log.warn({ raised }, 'coded entries were listed and never filed: see the worklist');
      const { receiptsFolder: folder } = config;
      if (folder !== undefined) await takeReceiptFiles(folder, { store, clock, log, onReceipts });
    } catch (error) {
      if (!(error instanceof AdapterError)) throw error;
      log.warn('receipts of coded activity could not be looked for; it is tried again');
    }
  };
  let looking = derive(desk, { store, clock, signal: stopping.signal })
    .catch(() => log.warn('coded entries could not be derived anew; the next start goes on'))
    .then(look);
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, LOOK_MS);
  return {
    worker,
    routes: (token) => activityRoutes({ store, lists, onReceipts, token, clock }),
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await looking;
      desk.close();
    },
  };
}

/** How far people have been gone through for the rules of this digest. */
interface Progress {
  readonly digest: string;
  readonly isDone: boolean;
  readonly after?: string | undefined;
}

/** Where other rules hold than before, everybody is looked at once more; goes on where an earlier start was stopped. */
export async function derive(
  { config, activity }: Pick<ActivityDesk, 'config' | 'activity'>,
  {
    store,
    clock,
    signal,
  }: { readonly store: Store; readonly clock: () => number; readonly signal: AbortSignal },
): Promise<void> {
  const { rules, since, timeZone, practices, consentScopes, allowRestricted } = config;
  const digest = digestOf({ rules, since, timeZone, practices, consentScopes, allowRestricted });
  const kept = await store.job('activity-rules');
  const before = kept === undefined ? undefined : (JSON.parse(kept) as Progress);
  let progress: Progress = before?.digest === digest ? before : { digest, isDone: false };
  while (!progress.isDone && !signal.aborted) {
    const { versions, next } = await store.search({
      ...{ type: 'Patient', clauses: [], count: PAGE },
      ...(progress.after === undefined ? {} : { after: progress.after }),
    });
    for (const { id } of versions) {
      if (signal.aborted) return;
      await activity.refresh(await store.personOf(id));
    }
    progress = { digest, isDone: next === undefined, after: next };
    await store.keepJob('activity-rules', JSON.stringify(progress), clock());
  }
}
