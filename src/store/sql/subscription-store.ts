/** The store's subscriptions: kept, claimed by one process at a time, told of events in order. */
import { randomUUID } from 'node:crypto';
import type { ClaimedSubscription, SubscriptionStore } from '../subscriptions.ts';
import type { Runner } from './engine.ts';
import { insertEvents, selectChanges, selectEvents, selectLastChange, tidyEvents } from './event-rows.ts';
import { momentOf } from './key-rows.ts';
import type { Step } from './statement.ts';
import {
  advanceSubscription,
  claimSubscription,
  deleteSubscription,
  insertSubscription,
  keptOf,
  recoverSubscriptions,
  releaseSubscription,
  replaceSubscription,
  type SubscriptionRow,
  selectSubscription,
  selectSubscriptions,
  selectWaiting,
  settleSubscription,
} from './subscription-rows.ts';

export function subscriptionStore(runner: Runner): SubscriptionStore {
  return {
    make: async (one, nowMs) => keptOf(await runner.write(() => insertSubscription(one, nowMs))),
    async replace(one, version, nowMs) {
      const row = await runner.write(() => replaceSubscription(one, version, nowMs));
      return row && keptOf(row);
    },
    remove: (id) => runner.write(() => deleteSubscription(id)),
    async get(id) {
      const row = await runner.read(() => selectSubscription(id));
      return row && keptOf(row);
    },
    list: async (client) => (await runner.read(() => selectSubscriptions(client))).map(keptOf),
    waiting: (nowMs) =>
      runner.read(function* () {
        // the number first: what it stands for is then there for whoever reads on
        const lastChange = yield* selectLastChange();
        const subscriptions = (yield* selectWaiting(nowMs)).map(keptOf);
        return { subscriptions, lastChange, nowMs: yield* momentOf(nowMs) };
      }),
    async claim(id, nowMs, leaseMs) {
      const row = await runner.write(() => claimSubscription(id, randomUUID(), nowMs, leaseMs));
      return claimedOf(row);
    },
    changes: (after, count) => runner.read(() => selectChanges(after, count)),
    async number(claimed, lastChange, events) {
      return claimedOf(await runner.write(() => numberEvents(claimed, lastChange, events)));
    },
    events: (id, from, to, count) => runner.read(() => selectEvents(id, from, to, count)),
    settle: async (claimed, turn, nowMs) =>
      claimedOf(await runner.write(() => settleSubscription(claimed, turn, nowMs))),
    release: ({ id, holder }) => runner.write(() => releaseSubscription(id, holder)),
    recover: (nowMs, everything) => runner.write(() => recoverSubscriptions(nowMs, everything)),
    tidy: (sentBeforeMs) => runner.write(() => tidyEvents(sentBeforeMs)),
  };
}

function* numberEvents(
  claimed: ClaimedSubscription,
  lastChange: number,
  events: Parameters<SubscriptionStore['number']>[2],
): Step<SubscriptionRow | undefined> {
  const row = yield* advanceSubscription(claimed, lastChange, events.length);
  if (row) yield* insertEvents(claimed.id, row.last_event - events.length + 1, events);
  return row;
}

function claimedOf(row: SubscriptionRow | undefined): ClaimedSubscription | undefined {
  return row && { ...keptOf(row), holder: row.holder! };
}
