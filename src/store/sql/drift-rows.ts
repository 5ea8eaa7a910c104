/** SQL of a walk through all resources, of what is not settled at a target, and of the differences that were found there. */
import type { Drift, WalkedResource } from '../drift.ts';
import type { ResourceKey } from '../resources.ts';
import { RESOURCE_COLUMNS, type ResourceRow } from './resource-rows.ts';
import { rowsOf, type Step, statement } from './statement.ts';

const WALK = statement(`
  SELECT rid AS place, type || '/' || id AS key, person_id AS "personId" FROM resource
  WHERE rid > ? ORDER BY rid LIMIT ?`);
/** @param after place of the last one of the page before, 0 at first */
export function* walkResources(after: number, count: number): Step<WalkedResource[]> {
  const rows = (yield* WALK.all(after, count)) as WalkedResource[];
  return rows.map((row) => ({ ...row, personId: row.personId ?? undefined }));
}

const WHOLE_PERSON = statement(`
  SELECT ${RESOURCE_COLUMNS} FROM resource r WHERE r.person_id = ? ORDER BY r.rid`);
/** @returns all rows of a person, what was deleted and erased too */
export function* selectWholePerson(personId: string): Step<ResourceRow[]> {
  return (yield* WHOLE_PERSON.all(personId)) as ResourceRow[];
}

const UNSETTLED = statement(`
  SELECT DISTINCT type || '/' || id AS key FROM outbox WHERE delivery_key = ? AND target = ?`);
export function* selectUnsettled(deliveryKey: string, target: string): Step<ResourceKey[]> {
  return ((yield* UNSETTLED.all(deliveryKey, target)) as { key: ResourceKey }[]).map((row) => row.key);
}

const DRIFT = rowsOf('drift', {
  target: 'text',
  type: 'text',
  id: 'text',
  kind: 'text',
  found_ms: 'bigint',
  detail: 'text',
});
const FORGET = statement(`
  DELETE FROM drift WHERE target = ? AND type = ? AND id = ?`);
/** Takes what was found now for all that is to be said of these resources. */
export function* putDrift(
  target: string,
  looked: readonly ResourceKey[],
  found: readonly Drift[],
): Step<void> {
  for (const key of looked) yield* FORGET.run(target, ...(key.split('/') as [string, string]));
  const rows = found.map(({ key, kind, foundMs, detail }) => {
    const [type, id] = key.split('/') as [string, string];
    return [target, type, id, kind, foundMs, JSON.stringify(detail)];
  });
  yield* DRIFT.insert(rows);
}

const SELECT_DRIFT = statement(`
  SELECT type, id, kind, found_ms, detail FROM drift
  WHERE target = ? AND type || '/' || id > ? ORDER BY type || '/' || id, kind LIMIT ?`);
/** @param after key of the last one of the page before, '' at first */
export function* selectDrift(target: string, after: string, count: number): Step<Drift[]> {
  const rows = (yield* SELECT_DRIFT.all(target, after, count)) as {
    type: string;
    id: string;
    kind: Drift['kind'];
    found_ms: number;
    detail: string;
  }[];
  return rows.map(({ type, id, kind, found_ms: foundMs, detail }) => ({
    ...{ key: `${type}/${id}` as const, kind, foundMs },
    detail: JSON.parse(detail) as Drift['detail'],
  }));
}
