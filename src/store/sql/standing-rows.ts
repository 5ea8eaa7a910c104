/** SQL of how resources and people stand at targets while a batch is committed: held there, or on their way. */
import { rowsOf, type SqlValue, type Step, statement } from './statement.ts';

const LINKS = rowsOf(
  'target_link',
  {
    type: 'text',
    id: 'text',
    target: 'text',
    remote_id: 'text',
    version: 'bigint',
    digest: 'text',
    delivered_ms: 'bigint',
  },
  `ON CONFLICT (type, id, target) DO UPDATE SET
  version = excluded.version, digest = excluded.digest, delivered_ms = excluded.delivered_ms, stripped = 0
  WHERE target_link.version <= excluded.version`,
);
/** Notes that targets hold what they themselves said. @param rows type, id, target, id there, version, digest, time; one of each resource and target */
export function* putOwnLinks(rows: readonly (readonly SqlValue[])[]): Step<void> {
  yield* LINKS.insert(rows);
}

const STANDING = statement(`
  SELECT wanted.value ->> 0 AS target, wanted.value ->> 1 AS type, wanted.value ->> 2 AS id,
    CASE WHEN EXISTS (SELECT 1 FROM target_link l
      WHERE l.type = wanted.value ->> 1 AND l.id = wanted.value ->> 2 AND l.target = wanted.value ->> 0)
      THEN 1 ELSE 0 END AS held,
    CASE WHEN EXISTS (SELECT 1 FROM outbox o
      WHERE o.delivery_key = wanted.value ->> 3 AND o.target = wanted.value ->> 0
        AND o.type = wanted.value ->> 1 AND o.id = wanted.value ->> 2 AND o.action = 'put')
      THEN 1 ELSE 0 END AS queued
  FROM json_each(?) wanted`);

/** How a resource stands at a target. */
export interface Standing {
  readonly target: string;
  readonly type: string;
  readonly id: string;
  readonly held: 0 | 1;
  /** waits, stands still or is on its way */
  readonly queued: 0 | 1;
}

/** @param wanted target, type, id and delivery key of each */
export function* selectStanding(
  wanted: readonly (readonly [string, string, string, string])[],
): Step<Standing[]> {
  if (wanted.length === 0) return [];
  return (yield* STANDING.all(JSON.stringify(wanted))) as unknown as Standing[];
}

const PERSONS_AT = statement(`
  SELECT wanted.value ->> 0 AS target, wanted.value ->> 1 AS person FROM json_each(?) wanted
  WHERE EXISTS (
      SELECT 1 FROM resource r JOIN target_link l ON l.type = r.type AND l.id = r.id
      WHERE r.person_id = wanted.value ->> 1 AND r.type = 'Patient' AND l.target = wanted.value ->> 0)
    OR EXISTS (
      SELECT 1 FROM outbox o
      WHERE o.delivery_key = wanted.value ->> 1 AND o.target = wanted.value ->> 0 AND o.type = 'Patient' AND o.action = 'put')`);
/** @param wanted target and person of each @returns those where the target holds the person, or will */
export function* selectPersonsAt(
  wanted: readonly (readonly [string, string])[],
): Step<{ target: string; person: string }[]> {
  if (wanted.length === 0) return [];
  return (yield* PERSONS_AT.all(JSON.stringify(wanted))) as { target: string; person: string }[];
}
