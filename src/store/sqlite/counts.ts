/** SQL of the counts on the status page. */
import type { DatabaseSync } from 'node:sqlite';
import type { StoreCounts, WorkKind } from '../store.ts';
import { statement } from './statement.ts';

const SOURCES = statement(`
  SELECT source, kind, sum(records) AS records, sum(refused) AS refused FROM (
    SELECT source, kind, count(*) AS records, 0 AS refused FROM source_record GROUP BY source, kind
    UNION ALL
    SELECT source, record_kind, 0, count(*) FROM work
    WHERE kind = 'rejected' AND resolved_ms IS NULL GROUP BY source, record_kind)
  GROUP BY source, kind ORDER BY source, kind`);
function countSources(db: DatabaseSync): StoreCounts['sources'] {
  return SOURCES(db).all() as unknown as StoreCounts['sources'];
}

const RESOURCES = statement(`
  SELECT type, count(*) AS count FROM resource WHERE state = 'current' GROUP BY type ORDER BY type`);
function countResources(db: DatabaseSync): StoreCounts['resources'] {
  return RESOURCES(db).all() as unknown as StoreCounts['resources'];
}

const TARGETS = statement(`
  SELECT target,
    sum(state = 'waiting') AS waiting, sum(state = 'claimed') AS claimed,
    sum(state = 'parked') AS parked, sum(state = 'held') AS held, sum(state = 'delivered') AS delivered
  FROM (SELECT target, state FROM outbox UNION ALL SELECT target, 'delivered' FROM target_link)
  GROUP BY target ORDER BY target`);
function countTargets(db: DatabaseSync): StoreCounts['targets'] {
  return TARGETS(db).all() as unknown as StoreCounts['targets'];
}

const WORK = statement(
  'SELECT kind, count(*) AS open FROM work WHERE resolved_ms IS NULL GROUP BY kind ORDER BY kind',
);
function countWork(db: DatabaseSync): { kind: WorkKind; open: number }[] {
  return WORK(db).all() as unknown as { kind: WorkKind; open: number }[];
}

/** `refused` are records whose refusal is still open; `delivered` are resources that the target holds. */
export function countAll(db: DatabaseSync): StoreCounts {
  return {
    sources: countSources(db),
    resources: countResources(db),
    targets: countTargets(db),
    work: countWork(db),
  };
}
