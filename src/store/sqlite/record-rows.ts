/** SQL of source records, receipts and map sets. */
import type { DatabaseSync } from 'node:sqlite';
import type { CommitRecord, Receipt, ResourceKey, SourceRow } from '../store.ts';
import { statement } from './statement.ts';

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

const SELECT_KEPT = statement(`
  SELECT record_id, digest, map_digest, source_time_ms, own_time_ms, payload IS NULL AS erased
  FROM source_record WHERE source = ? AND kind = ? AND record_key = ?`);
export function selectKept(
  db: DatabaseSync,
  source: string,
  kind: string,
  key: string,
): KeptRecord | undefined {
  return SELECT_KEPT(db).get(source, kind, key) as KeptRecord | undefined;
}

const INSERT = statement(`
  INSERT INTO source_record
    (digest, map_digest, owner_org, source_time_ms, own_time_ms, received_ms, receipt_id, file, line, resources, payload,
      source, kind, record_key)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
/** @returns the new row's record_id */
export function insertRecord(db: DatabaseSync, record: CommitRecord, nowMs: number): number {
  const key = [record.source, record.kind, record.key];
  return Number(INSERT(db).run(...recordValues(record, nowMs), ...key).lastInsertRowid);
}

const UPDATE = statement(`
  UPDATE source_record SET
    digest = ?, map_digest = ?, owner_org = ?, source_time_ms = ?, own_time_ms = coalesce(?, own_time_ms),
    received_ms = ?, receipt_id = ?, file = ?, line = ?, resources = ?, payload = ?
  WHERE record_id = ?`);
export function updateRecord(db: DatabaseSync, recordId: number, record: CommitRecord, nowMs: number): void {
  UPDATE(db).run(...recordValues(record, nowMs), recordId);
}

function recordValues(record: CommitRecord, nowMs: number): (string | number | null)[] {
  const keys = record.resources.map(({ resource }) => `${resource.resourceType}/${resource.id}`);
  return [
    record.digest,
    record.mapDigest,
    record.ownerOrg,
    record.sourceTimeMs,
    record.timeOf === 'source' ? record.sourceTimeMs : null,
    nowMs,
    record.receiptId,
    record.file ?? null,
    record.line ?? null,
    JSON.stringify(keys),
    JSON.stringify(record.payload ?? {}),
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
export function selectRecord(
  db: DatabaseSync,
  source: string,
  kind: string,
  key: string,
): SourceRow | undefined {
  const row = SELECT_FULL(db).get(source, kind, key) as FullRow | undefined;
  return row && sourceRow(row);
}

const SELECT_LATEST = statement(`
  SELECT source, kind, record_key, digest, map_digest, received_ms, receipt_id, resources, payload
  FROM source_record ORDER BY received_ms DESC, record_id DESC LIMIT ?`);
export function selectLatest(db: DatabaseSync, count: number): SourceRow[] {
  return (SELECT_LATEST(db).all(count) as unknown as FullRow[]).map(sourceRow);
}

function sourceRow(row: FullRow): SourceRow {
  return {
    source: row.source,
    kind: row.kind,
    key: row.record_key,
    digest: row.digest,
    mapDigest: row.map_digest,
    payload: row.payload === null ? undefined : JSON.parse(row.payload),
    receivedMs: row.received_ms,
    receiptId: row.receipt_id,
    resources: JSON.parse(row.resources) as ResourceKey[],
  };
}

const INSERT_PATIENT = statement(
  'INSERT OR IGNORE INTO record_patient (patient_id, record_id) VALUES (?, ?)',
);
export function insertRecordPatient(db: DatabaseSync, recordId: number, patientId: string): void {
  INSERT_PATIENT(db).run(patientId, recordId);
}

/** A source record that was emptied. */
export interface ErasedRecord {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  /** JSON text of its resource keys */
  readonly resources: string;
}

const ERASE_OF_PATIENT = statement(`
  UPDATE source_record SET payload = NULL
  WHERE record_id IN (SELECT record_id FROM record_patient WHERE patient_id = ?)
  RETURNING source, kind, record_key AS key, resources`);
/** Empties the payloads of a patient's records; their digests stay, so that the same record again stays unchanged. */
export function eraseRecords(db: DatabaseSync, patientId: string): ErasedRecord[] {
  return ERASE_OF_PATIENT(db).all(patientId) as unknown as ErasedRecord[];
}

const INSERT_RECEIPT = statement(
  'INSERT INTO receipt (id, source, kind, received_ms, file) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
);
export function insertReceipt(
  db: DatabaseSync,
  receipt: Pick<Receipt, 'id' | 'source' | 'kind' | 'receivedMs' | 'file'>,
): void {
  INSERT_RECEIPT(db).run(receipt.id, receipt.source, receipt.kind, receipt.receivedMs, receipt.file ?? null);
}

const COUNT_INTO_RECEIPT = statement(`
  UPDATE receipt SET committed = committed + ?, unchanged = unchanged + ?, refused = refused + ? WHERE id = ?`);
export function countIntoReceipt(
  db: DatabaseSync,
  id: string,
  counts: Pick<Receipt, 'committed' | 'unchanged' | 'refused'>,
): void {
  COUNT_INTO_RECEIPT(db).run(counts.committed, counts.unchanged, counts.refused, id);
}

const FINISH_RECEIPT = statement('UPDATE receipt SET finished_ms = ? WHERE id = ? AND finished_ms IS NULL');
export function finishReceipt(db: DatabaseSync, id: string, nowMs: number): void {
  FINISH_RECEIPT(db).run(nowMs, id);
}

const INTERRUPT_RECEIPT = statement(`
  UPDATE receipt SET interrupted_ms = ? WHERE id = ? AND finished_ms IS NULL AND interrupted_ms IS NULL`);
const INTERRUPT_ALL = statement(`
  UPDATE receipt SET interrupted_ms = ?
  WHERE id IN (SELECT id FROM receipt WHERE finished_ms IS NULL AND interrupted_ms IS NULL)`);
/** @param id of one receipt; undefined for every one @returns how many were open */
export function interruptReceipts(db: DatabaseSync, nowMs: number, id: string | undefined): number {
  const { changes } = id === undefined ? INTERRUPT_ALL(db).run(nowMs) : INTERRUPT_RECEIPT(db).run(nowMs, id);
  return Number(changes);
}

const SELECT_RECEIPT = statement(`
  SELECT id, source, kind, received_ms AS receivedMs, file, committed, unchanged, refused, finished_ms AS finishedMs,
    interrupted_ms AS interruptedMs
  FROM receipt WHERE id = ?`);
export function selectReceipt(db: DatabaseSync, id: string): Receipt | undefined {
  const row = SELECT_RECEIPT(db).get(id) as unknown as Receipt | undefined;
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
export function insertMapSet(db: DatabaseSync, digest: string, text: string, nowMs: number): void {
  INSERT_MAP_SET(db).run(digest, nowMs, text);
}
