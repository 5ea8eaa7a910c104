/** SQL of resources and their superseded versions. */
import { RESTRICTED } from '../deliveries.ts';
import type { ResourceKey, StoredVersion } from '../store.ts';
import { type ResourceRow, RowVersion } from './row-version.ts';
import { rowsOf, type SqlValue, type Step, statement } from './statement.ts';

export type { ResourceRow } from './row-version.ts';

/** Columns of a ResourceRow under the alias `r`. */
export const RESOURCE_COLUMNS =
  'r.rid, r.type, r.id, r.version, r.last_updated_ms, r.state, r.owner_org, r.person_id, r.digest, r.made, r.content';

export function storedVersion(row: ResourceRow): StoredVersion {
  return new RowVersion(row);
}

const SELECT = statement(`SELECT ${RESOURCE_COLUMNS} FROM resource r WHERE r.type = ? AND r.id = ?`);
export function* selectResource(type: string, id: string): Step<ResourceRow | undefined> {
  return (yield* SELECT.get(type, id)) as ResourceRow | undefined;
}

const SELECT_MANY = statement(`
  SELECT ${RESOURCE_COLUMNS} FROM json_each(?) wanted
  JOIN resource r ON r.type = wanted.value ->> 0 AND r.id = wanted.value ->> 1`);
export function* selectResources(keys: readonly ResourceKey[]): Step<ResourceRow[]> {
  const pairs = [...new Set(keys)].map((key) => key.split('/'));
  return (yield* SELECT_MANY.all(JSON.stringify(pairs))) as unknown as ResourceRow[];
}

const SELECT_REFERRING = statement(`
  SELECT s.target, ${RESOURCE_COLUMNS} FROM json_each(?) wanted
  JOIN search_ref s ON s.param = CAST(wanted.value ->> 0 AS BIGINT) AND s.target = wanted.value ->> 1
  JOIN resource r ON r.rid = s.rid WHERE r.state = 'current' ORDER BY s.rid`);
/** @param param number of a search parameter @param targets `Type/id` @returns current resources that refer to any of them by it */
export function* selectReferring(
  param: number,
  targets: readonly string[],
): Step<readonly (ResourceRow & { readonly target: string })[]> {
  const wanted = [...new Set(targets)].map((target) => [param, target]);
  return (yield* SELECT_REFERRING.all(JSON.stringify(wanted))) as readonly (ResourceRow & {
    target: string;
  })[];
}

/** @param wanted number of a search parameter, and `Type/id` that it is to refer to @returns as `selectReferring` */
export function* selectReferringBy(
  wanted: readonly (readonly [param: number, target: string])[],
): Step<readonly (ResourceRow & { readonly target: string })[]> {
  if (wanted.length === 0) return [];
  return (yield* SELECT_REFERRING.all(JSON.stringify(wanted))) as readonly (ResourceRow & {
    target: string;
  })[];
}

/** Superseded versions of a resource, as rows like the current one's. */
const OF_HISTORY = `
  SELECT r.rid, r.type, r.id, h.version, h.last_updated_ms, h.state, h.owner_org, h.person_id, h.digest, h.made, h.content
  FROM resource r JOIN history h ON h.rid = r.rid WHERE r.type = ? AND r.id = ?`;

const SELECT_VERSION = statement(`${OF_HISTORY} AND h.version = ?`);
function* selectSuperseded(type: string, id: string, version: number): Step<ResourceRow | undefined> {
  return (yield* SELECT_VERSION.get(type, id, version)) as ResourceRow | undefined;
}

const SELECT_HISTORY = statement(`
  ${OF_HISTORY} AND h.version < ? ORDER BY h.version DESC LIMIT ?`);
export function* selectHistory(type: string, id: string, before: number, count: number): Step<ResourceRow[]> {
  return (yield* SELECT_HISTORY.all(type, id, before, count)) as unknown as ResourceRow[];
}

/** @returns a version, current or superseded */
export function* selectVersion(type: string, id: string, version: number): Step<ResourceRow | undefined> {
  const current = yield* selectResource(type, id);
  return current?.version === version ? current : yield* selectSuperseded(type, id, version);
}

const SELECT_AT = statement(`
  SELECT ${RESOURCE_COLUMNS} FROM json_each(?) wanted
  JOIN resource r ON r.rid = CAST(wanted.value ->> 0 AS BIGINT) AND r.version = CAST(wanted.value ->> 1 AS BIGINT)
  UNION ALL
  SELECT r.rid, r.type, r.id, h.version, h.last_updated_ms, h.state, h.owner_org, h.person_id, h.digest, h.made, h.content
  FROM json_each(?) wanted
  JOIN history h ON h.rid = CAST(wanted.value ->> 0 AS BIGINT) AND h.version = CAST(wanted.value ->> 1 AS BIGINT)
  JOIN resource r ON r.rid = h.rid`);
/** @returns versions, current or superseded, in no order; those that are gone are left out */
export function* selectResourcesAt(
  places: readonly (readonly [rid: number, version: number])[],
): Step<readonly ResourceRow[]> {
  return (yield* SELECT_AT.all(JSON.stringify(places), JSON.stringify(places))) as readonly ResourceRow[];
}

/** @returns versions below `before`, newest first */
export function* selectVersions(
  type: string,
  id: string,
  count: number,
  before: number | undefined,
): Step<readonly ResourceRow[]> {
  const current = yield* selectResource(type, id);
  if (!current) return [];
  const first = before === undefined || current.version < before ? [current] : [];
  const older = yield* selectHistory(type, id, before ?? current.version, count - first.length);
  return [...first, ...older];
}

const SELECT_OF_PERSON = statement(`
  SELECT ${RESOURCE_COLUMNS} FROM resource r
  WHERE r.person_id = ? AND r.type = ? AND r.state = 'current' ORDER BY r.rid`);
export function* selectOfPerson(personId: string, type: string): Step<ResourceRow[]> {
  return (yield* SELECT_OF_PERSON.all(personId, type)) as unknown as ResourceRow[];
}

const SELECT_BASIS = statement(`
  SELECT type, id, version FROM resource
  WHERE person_id = ?1 AND type IN ('Consent', 'Patient') AND state = 'current'
  UNION ALL
  SELECT '${RESTRICTED}' AS type, r.id, 0 AS version FROM resource r JOIN restricted t ON t.patient_id = r.id
  WHERE r.person_id = ?1 AND r.type = 'Patient'`);
/** @returns the versions, and restrictions, that decide what of a person may be sent: what \`basisOf\` is made of */
export function* selectBasis(
  personId: string,
): Step<readonly { readonly type: string; readonly id: string; readonly version: number }[]> {
  return (yield* SELECT_BASIS.all(personId)) as readonly { type: string; id: string; version: number }[];
}

const SELECT_ALL_OF_PERSON = statement(`
  SELECT ${RESOURCE_COLUMNS} FROM resource r WHERE r.person_id = ? AND r.state <> 'erased' ORDER BY r.rid`);
export function* selectAllOfPerson(personId: string): Step<ResourceRow[]> {
  return (yield* SELECT_ALL_OF_PERSON.all(personId)) as unknown as ResourceRow[];
}

/** What a version is, whether it is current or superseded. */
const VERSION = {
  version: 'bigint',
  last_updated_ms: 'bigint',
  state: 'text',
  owner_org: 'text',
  person_id: 'text',
  digest: 'text',
  made: 'text',
  content: 'text',
} as const;

/** @returns values in the order of `VERSION` */
function versionOf(row: ResourceRow): SqlValue[] {
  const { version, last_updated_ms, state, owner_org, person_id, digest, made, content } = row;
  return [version, last_updated_ms, state, owner_org, person_id, digest, made ?? null, content];
}

const RESOURCES = rowsOf(
  'resource',
  { rid: 'bigint', type: 'text', id: 'text', present: 'bigint', ...VERSION },
  `ON CONFLICT (rid) DO UPDATE SET
    present = excluded.present, version = excluded.version, last_updated_ms = excluded.last_updated_ms, state = excluded.state,
    owner_org = excluded.owner_org, person_id = excluded.person_id, digest = excluded.digest, made = excluded.made,
    content = excluded.content`,
);
/** A row with what of its type's search parameters is there. */
export type IndexedRow = ResourceRow & { readonly present: number };
/** New rows, and new versions of rows that are there. */
export function* putResources(rows: readonly IndexedRow[]): Step<void> {
  yield* RESOURCES.insert(rows.map((row) => [row.rid, row.type, row.id, row.present, ...versionOf(row)]));
}

const HISTORY = rowsOf('history', { rid: 'bigint', type: 'text', ...VERSION });
/** Keeps versions that are about to be replaced. */
export function* insertHistory(rows: readonly ResourceRow[]): Step<void> {
  yield* HISTORY.insert(rows.map((row) => [row.rid, row.type, ...versionOf(row)]));
}

const KEEP_SUPERSEDED = statement(`
  INSERT INTO history (rid, type, version, last_updated_ms, state, owner_org, person_id, digest, made, content)
  SELECT rid, type, version, last_updated_ms, state, owner_org, person_id, digest, made, content FROM resource WHERE rid = ?`);
/** Copies the current version to history, before it is replaced. */
export function* keepSuperseded(rid: number): Step<void> {
  yield* KEEP_SUPERSEDED.run(rid);
}

const ERASE = statement(`
  UPDATE resource SET version = version + 1, last_updated_ms = ?, state = 'erased', digest = '', made = NULL, content = NULL
  WHERE rid = ?`);
/** Leaves a tombstone in a new version. */
export function* eraseResource(rid: number, nowMs: number): Step<void> {
  yield* ERASE.run(nowMs, rid);
}

const ERASE_HISTORY = statement(
  `UPDATE history SET state = 'erased', digest = '', made = NULL, content = NULL WHERE rid = ?`,
);
export function* eraseHistory(rid: number): Step<void> {
  yield* ERASE_HISTORY.run(rid);
}

const SET_PERSON = statement('UPDATE resource SET person_id = ? WHERE rid = ?');
export function* setResourcePerson(rid: number, personId: string | null): Step<void> {
  yield* SET_PERSON.run(personId, rid);
}

const SET_HISTORY_PERSON = statement('UPDATE history SET person_id = ? WHERE rid = ?');
export function* setHistoryPerson(rid: number, personId: string | null): Step<void> {
  yield* SET_HISTORY_PERSON.run(personId, rid);
}
