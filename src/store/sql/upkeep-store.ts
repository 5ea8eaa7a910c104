/** The store's upkeep: what is pruned, archived, counted and verified, and whether it can be written to. */
import type { UpkeepStore } from '../store.ts';
import { findBrokenAudit } from './audit-rows.ts';
import { chainOf } from './chain.ts';
import { countAll } from './counts.ts';
import type { Engine, Watched } from './engine.ts';
import { archiveAudit, prune, readAudit } from './prune.ts';

export function upkeepStore(watched: Watched, engine: Engine): UpkeepStore {
  return {
    prune: (what, limits) => watched.write(() => prune(what, limits)),
    audit: (count, after = 0, chain = 'audit') => watched.read(() => readAudit(chain, after, count)),
    auditArchives: (chain) => watched.read(() => chainOf(chain).archives()),
    archiveAudit: (archive, actor, nowMs) => watched.write(() => archiveAudit(archive, actor, nowMs)),
    verifyAudit: () => watched.read(findBrokenAudit),
    vacuum: () => engine.vacuum(),
    bytes: () => engine.bytes(),
    counts: () => watched.read(countAll),
    writable: () => watched.writable(),
    async close() {
      if (engine.isOpen) await engine.close();
    },
  };
}
