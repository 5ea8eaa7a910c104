/** SQL of resources and their superseded versions. */
import type { DatabaseSync } from 'node:sqlite';
import type { Identified, ResourceKey, StoredVersion } from '../store.ts';
import { statement } from './statement.ts';

/** A current row as it stands in the table. */
export interface ResourceRow {
  readonly rid: number;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly last_updated_ms: number;
  readonly state: StoredVersion['state'];
  readonly owner_org: string;
  readonly person_id: string | null;
  readonly digest: string;
  readonly content: string | null;
}

/** Columns of a ResourceRow under the alias `r`. */
export const RESOURCE_COLUMNS =
  'r.rid, r.type, r.id, r.version, r.last_updated_ms, r.state, r.owner_org, r.person_id, r.digest, r.content';

export function storedVersion(row: ResourceRow): StoredVersion {
  return {
    type: row.type,
    id: row.id,
    version: row.version,
    lastUpdatedMs: row.last_updated_ms,
    personId: row.person_id ?? undefined,
    ownerOrg: row.owner_org,
    digest: row.digest,
    state: row.state,
    resource: row.content === null ? undefined : (JSON.parse(row.content) as Identified),
  };
}

const SELECT = statement(`SELECT ${RESOURCE_COLUMNS} FROM resource r WHERE r.type = ? AND r.id = ?`);
export function selectResource(db: DatabaseSync, type: string, id: string): ResourceRow | undefined {
  return SELECT(db).get(type, id) as ResourceRow | undefined;
}

const SELECT_MANY = statement(`
  SELECT ${RESOURCE_COLUMNS} FROM json_each(?) wanted
  JOIN resource r ON r.type = wanted.value ->> 0 AND r.id = wanted.value ->> 1`);
export function selectResources(db: DatabaseSync, keys: readonly ResourceKey[]): ResourceRow[] {
  const pairs = [...new Set(keys)].map((key) => key.split('/'));
  return SELECT_MANY(db).all(JSON.stringify(pairs)) as unknown as ResourceRow[];
}

const SELECT_VERSION = statement(`
  SELECT r.rid, r.type, r.id, h.version, h.last_updated_ms, h.state, h.owner_org, h.person_id, h.digest, h.content
  FROM resource r JOIN history h ON h.rid = r.rid
  WHERE r.type = ? AND r.id = ? AND h.version = ?`);
export function selectSuperseded(
  db: DatabaseSync,
  type: string,
  id: string,
  version: number,
): ResourceRow | undefined {
  return SELECT_VERSION(db).get(type, id, version) as ResourceRow | undefined;
}

const SELECT_HISTORY = statement(`
  SELECT r.rid, r.type, r.id, h.version, h.last_updated_ms, h.state, h.owner_org, h.person_id, h.digest, h.content
  FROM resource r JOIN history h ON h.rid = r.rid
  WHERE r.type = ? AND r.id = ? AND h.version < ?
  ORDER BY h.version DESC LIMIT ?`);
export function selectHistory(
  db: DatabaseSync,
  type: string,
  id: string,
  before: number,
  count: number,
): ResourceRow[] {
  return SELECT_HISTORY(db).all(type, id, before, count) as unknown as ResourceRow[];
}

const SELECT_OF_PERSON = statement(`
  SELECT ${RESOURCE_COLUMNS} FROM resource r
  WHERE r.person_id = ? AND r.type = ? AND r.state = 'current' ORDER BY r.rid`);
export function selectOfPerson(db: DatabaseSync, personId: string, type: string): ResourceRow[] {
  return SELECT_OF_PERSON(db).all(personId, type) as unknown as ResourceRow[];
}

const SELECT_ALL_OF_PERSON = statement(`
  SELECT ${RESOURCE_COLUMNS} FROM resource r WHERE r.person_id = ? AND r.state <> 'erased' ORDER BY r.rid`);
export function selectAllOfPerson(db: DatabaseSync, personId: string): ResourceRow[] {
  return SELECT_ALL_OF_PERSON(db).all(personId) as unknown as ResourceRow[];
}

const INSERT = statement(`
  INSERT INTO resource (type, id, version, last_updated_ms, state, owner_org, person_id, digest, content)
  VALUES (?, ?, 1, ?, 'current', ?, ?, ?, ?)`);
/** @returns the new row's rid */
export function insertResource(
  db: DatabaseSync,
  row: {
    type: string;
    id: string;
    nowMs: number;
    ownerOrg: string;
    personId: string | undefined;
    digest: string;
    content: string;
  },
): number {
  const { lastInsertRowid } = INSERT(db).run(
    row.type,
    row.id,
    row.nowMs,
    row.ownerOrg,
    row.personId ?? null,
    row.digest,
    row.content,
  );
  return Number(lastInsertRowid);
}

const KEEP_SUPERSEDED = statement(`
  INSERT INTO history (rid, version, last_updated_ms, state, owner_org, person_id, digest, content)
  SELECT rid, version, last_updated_ms, state, owner_org, person_id, digest, content FROM resource WHERE rid = ?`);
/** Copies the current version to history, before it is replaced. */
export function keepSuperseded(db: DatabaseSync, rid: number): void {
  KEEP_SUPERSEDED(db).run(rid);
}

const UPDATE = statement(`
  UPDATE resource SET version = ?, last_updated_ms = ?, state = 'current', owner_org = ?, person_id = ?, digest = ?, content = ?
  WHERE rid = ?`);
export function updateResource(
  db: DatabaseSync,
  rid: number,
  row: {
    version: number;
    nowMs: number;
    ownerOrg: string;
    personId: string | undefined;
    digest: string;
    content: string;
  },
): void {
  UPDATE(db).run(row.version, row.nowMs, row.ownerOrg, row.personId ?? null, row.digest, row.content, rid);
}

const ERASE = statement(`
  UPDATE resource SET version = version + 1, last_updated_ms = ?, state = 'erased', digest = '', content = NULL
  WHERE rid = ?`);
/** Leaves a tombstone in a new version. */
export function eraseResource(db: DatabaseSync, rid: number, nowMs: number): void {
  ERASE(db).run(nowMs, rid);
}

const ERASE_HISTORY = statement(
  `UPDATE history SET state = 'erased', digest = '', content = NULL WHERE rid = ?`,
);
export function eraseHistory(db: DatabaseSync, rid: number): void {
  ERASE_HISTORY(db).run(rid);
}

const SET_PERSON = statement('UPDATE resource SET person_id = ? WHERE rid = ?');
export function setResourcePerson(db: DatabaseSync, rid: number, personId: string): void {
  SET_PERSON(db).run(personId, rid);
}

const SET_HISTORY_PERSON = statement('UPDATE history SET person_id = ? WHERE rid = ?');
export function setHistoryPerson(db: DatabaseSync, rid: number, personId: string): void {
  SET_HISTORY_PERSON(db).run(personId, rid);
}
