/** The store's deliveries: claims of what is due, their settlements, and what is put in line once more. */
import type { DeliveryStore } from '../store.ts';
import { claimGroup, noteLink, recoverGroups, replayStuck, rewindKeys, settleGroup } from './delivery.ts';
import type { Runner } from './engine.ts';
import { selectExpiredKeys, selectNextWait } from './key-rows.ts';
import { selectBlocked, selectLinks, selectRemoteLinks, selectStripped } from './link-rows.ts';
import { claimEntriesOf, outboxEntry } from './outbox-rows.ts';
import { resend } from './resend.ts';

export function deliveryStore(runner: Runner): DeliveryStore {
  return { ...claims(runner), ...replays(runner), ...links(runner) };
}

function claims(
  runner: Runner,
): Pick<DeliveryStore, 'claim' | 'claimAlso' | 'nextDueMs' | 'settle' | 'rewind' | 'recoverClaims'> {
  const plenty = new Set<string>(); // targets whose last claim found something: mostly the next one does
  return {
    async claim(target, options) {
      if (!plenty.has(target)) {
        const waitMs = await runner.read(() => selectNextWait(target, options.nowMs));
        if (waitMs === undefined || waitMs > 0) return undefined; // nothing to write, so no wait for the disk
      }
      const group = await runner.write(() => claimGroup(target, options));
      if (group) plenty.add(target);
      else plenty.delete(target);
      return group;
    },
    claimAlso: async (target, deliveryKey, resources) =>
      (await runner.write(() => claimEntriesOf(target, deliveryKey, resources))).map(outboxEntry),
    async nextDueMs(target, nowMs) {
      const waitMs = await runner.read(() => selectNextWait(target, nowMs));
      return waitMs === undefined ? undefined : nowMs + waitMs;
    },
    settle: (target, deliveryKey, settlements, nowMs) =>
      runner.write(() => settleGroup(target, deliveryKey, settlements, nowMs)),
    rewind: (target, options) => runner.write(() => rewindKeys(target, options)),
    async recoverClaims(nowMs, everything) {
      const expired = await runner.read(() => selectExpiredKeys(nowMs, everything));
      if (expired.length === 0) return 0; // most often; no wait for the disk
      return await runner.write(() => recoverGroups(nowMs, everything));
    },
  };
}

function replays(runner: Runner): Pick<DeliveryStore, 'replayDeliveries' | 'resend' | 'resendStripped'> {
  return {
    replayDeliveries(filter, nowMs) {
      const [type, id] = filter.resource?.split('/') ?? [];
      return runner.write(() => replayStuck({ ...filter, type, id }, nowMs));
    },
    resend: async (target, resources, actor, nowMs) =>
      resources.length === 0 ? 0 : await runner.write(() => resend(resources, { target, actor, nowMs })),
    async resendStripped(target, personId, nowMs) {
      const keys = await runner.read(() => selectStripped(target, personId));
      if (keys.length === 0) return 0; // most often; no wait for the disk
      const again = keys.map((key) => ({ key, how: 'look' }) as const);
      return await runner.write(() => resend(again, { target, actor: 'hedgerow', nowMs }));
    },
  };
}

function links(runner: Runner): Pick<DeliveryStore, 'links' | 'keepLink' | 'remoteLinks' | 'blocked'> {
  return {
    links: (target, keys) => runner.read(() => selectLinks(target, keys)),
    keepLink: (link, deliveryKey, nowMs) => runner.write(() => noteLink(link, deliveryKey, nowMs)),
    remoteLinks: (target, keys) => runner.read(() => selectRemoteLinks(target, keys)),
    blocked: (target, keys) => runner.read(() => selectBlocked(target, keys)),
  };
}
