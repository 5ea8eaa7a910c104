/** SQL of the counts on the status page. */
import type { StoreCounts, WorkKind } from '../store.ts';
import { type Step, statement } from './statement.ts';

const SOURCES = statement(`
  SELECT source, kind, sum(records) AS records, sum(refused) AS refused FROM (
    SELECT source, kind, count(*) AS records, 0 AS refused FROM source_record GROUP BY source, kind
    UNION ALL
    SELECT source, record_kind, 0, count(*) FROM work
    WHERE kind = 'rejected' AND resolved_ms IS NULL GROUP BY source, record_kind) counted
  GROUP BY source, kind ORDER BY source, kind`);
function* countSources(): Step<StoreCounts['sources']> {
  return (yield* SOURCES.all()) as unknown as StoreCounts['sources'];
}

const RESOURCES = statement(`
  SELECT type, count(*) AS count FROM resource WHERE state = 'current' GROUP BY type ORDER BY type`);
function* countResources(): Step<StoreCounts['resources']> {
  return (yield* RESOURCES.all()) as unknown as StoreCounts['resources'];
}

const TARGETS = statement(`
  SELECT target,
    sum(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END) AS waiting, sum(CASE WHEN state = 'claimed' THEN 1 ELSE 0 END) AS claimed,
    sum(CASE WHEN state = 'parked' THEN 1 ELSE 0 END) AS parked, sum(CASE WHEN state = 'held' THEN 1 ELSE 0 END) AS held, sum(CASE WHEN state = 'delivered' THEN 1 ELSE 0 END) AS delivered
  FROM (SELECT target, state FROM outbox UNION ALL SELECT target, 'delivered' FROM target_link) counted
  GROUP BY target ORDER BY target`);
function* countTargets(): Step<StoreCounts['targets']> {
  return (yield* TARGETS.all()) as unknown as StoreCounts['targets'];
}

const WORK = statement(
  'SELECT kind, count(*) AS open FROM work WHERE resolved_ms IS NULL GROUP BY kind ORDER BY kind',
);
function* countWork(): Step<{ kind: WorkKind; open: number }[]> {
  return (yield* WORK.all()) as unknown as { kind: WorkKind; open: number }[];
}

/** `refused` are records whose refusal is still open; `delivered` are resources that the target holds. */
export function* countAll(): Step<StoreCounts> {
  return {
    sources: yield* countSources(),
    resources: yield* countResources(),
    targets: yield* countTargets(),
    work: yield* countWork(),
  };
}
