/** SQL of source records as they are gone through again, page by page, and of the state of jobs that do so. */
import type { ResourceKey } from '../resources.ts';
import type { MapUse, RecordFilter, StoredRecord } from '../stored-records.ts';
import { type Step, statement } from './statement.ts';

interface StoredRow {
  readonly record_id: number;
  readonly source: string;
  readonly kind: string;
  readonly record_key: string;
  readonly digest: string;
  readonly map_digest: string;
  readonly owner_org: string;
  readonly source_time_ms: number;
  readonly own_time_ms: number | null;
  readonly received_ms: number;
  readonly receipt_id: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly resources: string;
  readonly payload: string | null;
}

const SELECT_BY_MAP = statement(`
  SELECT * FROM source_record
  WHERE source = ? AND kind = ? AND map_digest = ? AND record_id > ? ORDER BY record_id LIMIT ?`);
const SELECT_OF_PATIENT = statement(`
  SELECT s.* FROM record_patient p JOIN source_record s ON s.record_id = p.record_id
  WHERE p.patient_id = ? AND p.record_id > ? ORDER BY p.record_id LIMIT ?`);
const SELECT_OF_SHARED = statement(`
  SELECT s.* FROM contribution c JOIN source_record s ON s.record_id = c.record_id
  WHERE c.type = ? AND c.id = ? AND c.record_id > ? ORDER BY c.record_id LIMIT ?`);
const SELECT_BY_KEY = statement(`
  SELECT * FROM source_record
  WHERE source = ? AND kind = ? AND record_key = ? AND record_id > ? ORDER BY record_id LIMIT ?`);
const SELECT_RECEIVED = statement(`
  SELECT * FROM source_record
  WHERE received_ms >= ?1 AND received_ms < ?2 AND (received_ms > ?1 OR record_id > ?3)
  ORDER BY received_ms, record_id LIMIT ?4`);

/** @param after the last record of the page before */
export function* selectStored(
  filter: RecordFilter,
  count: number,
  after: Pick<StoredRecord, 'recordId' | 'receivedMs'> | undefined,
): Step<StoredRecord[]> {
  const last = after?.recordId ?? 0;
  const rows = yield* selectRows(filter, last, count, after?.receivedMs);
  return (rows as readonly StoredRow[]).map(storedRecord);
}

function* selectRows(
  filter: RecordFilter,
  last: number,
  count: number,
  receivedMs: number | undefined,
): Step<readonly unknown[]> {
  switch (filter.by) {
    case 'map':
      return yield* SELECT_BY_MAP.all(filter.source, filter.kind, filter.mapDigest, last, count);
    case 'key':
      return yield* SELECT_BY_KEY.all(filter.source, filter.kind, filter.key, last, count);
    case 'patient':
      return yield* SELECT_OF_PATIENT.all(filter.patientId, last, count);
    case 'shared':
      return yield* SELECT_OF_SHARED.all(filter.type, filter.id, last, count);
    case 'received':
      return yield* SELECT_RECEIVED.all(receivedMs ?? filter.fromMs, filter.untilMs, last, count);
  }
}

function storedRecord(row: StoredRow): StoredRecord {
  return {
    recordId: row.record_id,
    source: row.source,
    kind: row.kind,
    key: row.record_key,
    digest: row.digest,
    mapDigest: row.map_digest,
    ownerOrg: row.owner_org,
    sourceTimeMs: row.source_time_ms,
    timeOf: row.own_time_ms === row.source_time_ms ? 'source' : 'reading',
    receivedMs: row.received_ms,
    receiptId: row.receipt_id,
    file: row.file ?? undefined,
    line: row.line ?? undefined,
    resources: JSON.parse(row.resources) as ResourceKey[],
    payload: payloadOf(row.payload),
  };
}

/** @param text null once erased, empty once retention has taken it @returns undefined for both */
export function payloadOf(text: string | null): unknown {
  return text === null || text === '' ? undefined : JSON.parse(text);
}

const MAP_USE = statement(`
  SELECT source, kind, map_digest AS "mapDigest", count(*) AS records
  FROM source_record GROUP BY source, kind, map_digest ORDER BY source, kind, map_digest`);
export function* selectMapUse(): Step<MapUse[]> {
  return (yield* MAP_USE.all()) as MapUse[];
}

const SELECT_MAP_SET = statement('SELECT text FROM map_set WHERE digest = ?');
export function* selectMapSet(digest: string): Step<string | undefined> {
  return ((yield* SELECT_MAP_SET.get(digest)) as { text: string } | undefined)?.text;
}

const READING_WARNINGS = statement(`
  SELECT outcome FROM work
  WHERE source = ? AND record_kind = ? AND record_key = ? AND kind = 'warning' AND resolved_ms IS NULL
    AND rule LIKE 'read-%' ORDER BY work_no`);
/** @returns outcomes of what reading a record warned of, which mapping it again cannot know */
export function* selectReadingWarnings(source: string, kind: string, key: string): Step<string[]> {
  const rows = yield* READING_WARNINGS.all(source, kind, key);
  return (rows as { outcome: string }[]).map((row) => row.outcome);
}

const SELECT_JOB = statement('SELECT state FROM job WHERE name = ?');
export function* selectJob(name: string): Step<string | undefined> {
  return ((yield* SELECT_JOB.get(name)) as { state: string } | undefined)?.state;
}

const PUT_JOB = statement(`
  INSERT INTO job (name, state, updated_ms) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET state = excluded.state, updated_ms = excluded.updated_ms`);
const DELETE_JOB = statement('DELETE FROM job WHERE name = ?');
/** @param state JSON text; undefined when the job is done */
export function* putJob(name: string, state: string | undefined, nowMs: number): Step<void> {
  if (state === undefined) yield* DELETE_JOB.run(name);
  else yield* PUT_JOB.run(name, state, nowMs);
}
