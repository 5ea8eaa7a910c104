/** SQL of source records, receipts and map sets. */
import type { CommitRecord, Receipt, ReceiptStart, ResourceKey, SourceRow } from '../store.ts';
import { rowsOf, type SqlValue, type Step, statement } from './statement.ts';
import { payloadOf } from './stored-rows.ts';

/** What decides whether a record is new, changed, the same, or older than what is kept. */
export interface KeptRecord {
  readonly record_id: number;
  readonly digest: string;
  readonly map_digest: string;
  readonly source_time_ms: number;
  /** null while no version named a time of its own */
  readonly own_time_ms: number | null;
  readonly erased: 0 | 1;
}

/** A kept record with what it is found by. */
export interface KeptRow extends KeptRecord {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
}

const SELECT_KEPT = statement(`
  SELECT s.source, s.kind, s.record_key AS key, s.record_id, s.digest, s.map_digest, s.source_time_ms, s.own_time_ms,
    CASE WHEN s.payload IS NULL THEN 1 ELSE 0 END AS erased
  FROM json_each(?) wanted
  JOIN source_record s
    ON s.source = wanted.value ->> 0 AND s.kind = wanted.value ->> 1 AND s.record_key = wanted.value ->> 2`);
/** @param keys source, kind and key of each */
export function* selectKept(keys: readonly (readonly string[])[]): Step<readonly KeptRow[]> {
  return (yield* SELECT_KEPT.all(JSON.stringify(keys))) as readonly KeptRow[];
}

const RECORDS = rowsOf(
  'source_record',
  {
    record_id: 'bigint',
    source: 'text',
    kind: 'text',
    record_key: 'text',
    digest: 'text',
    map_digest: 'text',
    owner_org: 'text',
    source_time_ms: 'bigint',
    own_time_ms: 'bigint',
    received_ms: 'bigint',
    receipt_id: 'text',
    file: 'text',
    line: 'bigint',
    resources: 'text',
    payload: 'text',
  },
  `ON CONFLICT (record_id) DO UPDATE SET
    digest = excluded.digest, map_digest = excluded.map_digest, owner_org = excluded.owner_org,
    source_time_ms = excluded.source_time_ms, own_time_ms = excluded.own_time_ms, received_ms = excluded.received_ms,
    receipt_id = excluded.receipt_id, file = excluded.file, line = excluded.line, resources = excluded.resources,
    payload = excluded.payload`,
);
export const insertRecords = RECORDS.insert.bind(RECORDS);

/** @param ownTimeMs the latest time that the source itself named */
export function recordRow(
  recordId: number,
  record: CommitRecord,
  ownTimeMs: number | null,
  nowMs: number,
): SqlValue[] {
  const keys = record.resources.map(({ resource }) => `${resource.resourceType}/${resource.id}`);
  return [
    recordId,
    record.source,
    record.kind,
    record.key,
    record.digest,
    record.mapDigest,
    record.ownerOrg,
    record.sourceTimeMs,
    ownTimeMs,
    nowMs,
    record.receiptId,
    record.file ?? null,
    record.line ?? null,
    JSON.stringify(keys),
    record.isWithheld ? null : JSON.stringify(record.payload ?? {}),
  ];
}

interface FullRow {
  readonly source: string;
  readonly kind: string;
  readonly record_key: string;
  readonly digest: string;
  readonly map_digest: string;
  readonly received_ms: number;
  readonly receipt_id: string;
  readonly resources: string;
  readonly payload: string | null;
}

const SELECT_FULL = statement(`
  SELECT source, kind, record_key, digest, map_digest, received_ms, receipt_id, resources, payload
  FROM source_record WHERE source = ? AND kind = ? AND record_key = ?`);
export function* selectRecord(source: string, kind: string, key: string): Step<SourceRow | undefined> {
  const row = (yield* SELECT_FULL.get(source, kind, key)) as FullRow | undefined;
  return row && sourceRow(row);
}

const SELECT_LATEST = statement(`
  SELECT source, kind, record_key, digest, map_digest, received_ms, receipt_id, resources, payload
  FROM source_record ORDER BY received_ms DESC, record_id DESC LIMIT ?`);
export function* selectLatest(count: number): Step<SourceRow[]> {
  return ((yield* SELECT_LATEST.all(count)) as unknown as FullRow[]).map(sourceRow);
}

function sourceRow(row: FullRow): SourceRow {
  return {
    source: row.source,
    kind: row.kind,
    key: row.record_key,
    digest: row.digest,
    mapDigest: row.map_digest,
    payload: payloadOf(row.payload),
    receivedMs: row.received_ms,
    receiptId: row.receipt_id,
    resources: JSON.parse(row.resources) as ResourceKey[],
  };
}

const RECORD_PATIENTS = rowsOf(
  'record_patient',
  { patient_id: 'text', record_id: 'bigint' },
  'ON CONFLICT DO NOTHING',
);
export const insertRecordPatients = RECORD_PATIENTS.insert.bind(RECORD_PATIENTS);

/** A source record that was emptied. */
export interface ErasedRecord {
  readonly recordId: number;
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  /** JSON text of its resource keys */
  readonly resources: string;
}

const ERASE_OF_PATIENT = statement(`
  UPDATE source_record SET payload = NULL
  WHERE record_id IN (SELECT record_id FROM record_patient WHERE patient_id = ?)
  RETURNING record_id AS "recordId", source, kind, record_key AS key, resources`);
/** Empties the payloads of a patient's records; their digests stay, so that the same record again stays unchanged. */
export function* eraseRecords(patientId: string): Step<ErasedRecord[]> {
  return (yield* ERASE_OF_PATIENT.all(patientId)) as unknown as ErasedRecord[];
}

const ERASE_OF_SHARED = statement(`
  UPDATE source_record SET payload = NULL
  WHERE record_id IN (SELECT record_id FROM contribution WHERE type = ? AND id = ?)
  RETURNING record_id AS "recordId", source, kind, record_key AS key, resources`);
/** Empties the payloads of records that speak of a shared resource. */
export function* eraseRecordsWith(type: string, id: string): Step<ErasedRecord[]> {
  return (yield* ERASE_OF_SHARED.all(type, id)) as unknown as ErasedRecord[];
}

const SET_RESOURCES = statement('UPDATE source_record SET resources = ? WHERE record_id = ?');
/** @param resources JSON text of resource keys */
export function* setRecordResources(recordId: number, resources: string): Step<void> {
  yield* SET_RESOURCES.run(resources, recordId);
}

const INSERT_RECEIPT = statement(
  'INSERT INTO receipt (id, source, kind, received_ms, file, instance) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
);
/** @param instance the process that reads it */
export function* insertReceipt(receipt: ReceiptStart, instance: string): Step<void> {
  yield* INSERT_RECEIPT.run(
    receipt.id,
    receipt.source,
    receipt.kind,
    receipt.receivedMs,
    receipt.file ?? null,
    instance,
  );
}

const COUNT_INTO_RECEIPT = statement(`
  UPDATE receipt SET committed = committed + ?, unchanged = unchanged + ?, refused = refused + ? WHERE id = ?`);
export function* countIntoReceipt(
  id: string,
  counts: Pick<Receipt, 'committed' | 'unchanged' | 'refused'>,
): Step<void> {
  yield* COUNT_INTO_RECEIPT.run(counts.committed, counts.unchanged, counts.refused, id);
}

const FINISH_RECEIPT = statement('UPDATE receipt SET finished_ms = ? WHERE id = ? AND finished_ms IS NULL');
export function* finishReceipt(id: string, nowMs: number): Step<void> {
  yield* FINISH_RECEIPT.run(nowMs, id);
}

const INTERRUPT_RECEIPT = statement(`
  UPDATE receipt SET interrupted_ms = ? WHERE id = ? AND finished_ms IS NULL AND interrupted_ms IS NULL`);
const INTERRUPT_ALL = statement({
  sqlite: `UPDATE receipt SET interrupted_ms = ?
    WHERE id IN (SELECT id FROM receipt WHERE finished_ms IS NULL AND interrupted_ms IS NULL)`,
  postgres: 'UPDATE receipt SET interrupted_ms = ? WHERE finished_ms IS NULL AND interrupted_ms IS NULL',
});
/** @param id of one receipt; undefined for every one @returns how many were open */
export function* interruptReceipts(nowMs: number, id: string | undefined): Step<number> {
  return id === undefined ? yield* INTERRUPT_ALL.run(nowMs) : yield* INTERRUPT_RECEIPT.run(nowMs, id);
}

const SELECT_RECEIPT = statement(`
  SELECT id, source, kind, received_ms AS "receivedMs", file, committed, unchanged, refused, finished_ms AS "finishedMs",
    interrupted_ms AS "interruptedMs"
  FROM receipt WHERE id = ?`);
export function* selectReceipt(id: string): Step<Receipt | undefined> {
  const row = (yield* SELECT_RECEIPT.get(id)) as unknown as Receipt | undefined;
  return (
    row && {
      ...row,
      file: row.file ?? undefined,
      finishedMs: row.finishedMs ?? undefined,
      interruptedMs: row.interruptedMs ?? undefined,
    }
  );
}

const INSERT_MAP_SET = statement(
  'INSERT INTO map_set (digest, kept_ms, text) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING',
);
export function* insertMapSet(digest: string, text: string, nowMs: number): Step<void> {
  yield* INSERT_MAP_SET.run(digest, nowMs, text);
}
