/** SQL of what source records say of shared resources. */
import type { DatabaseSync } from 'node:sqlite';
import type { Latest } from '../sayings.ts';
import { statement } from './statement.ts';

/** One thing said of a resource, with the latest record that says it. */
export interface SayingRow {
  readonly saying: number;
  readonly digest: string;
  readonly partial: 0 | 1;
  readonly recordId: number;
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  readonly sourceTimeMs: number;
  readonly ownerOrg: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly content: string;
}

const SELECT_SAYINGS = statement(`
  SELECT y.saying, y.digest, y.partial, y.latest_record_id AS recordId, s.source, s.kind, s.record_key AS key,
    y.latest_ms AS sourceTimeMs, s.owner_org AS ownerOrg, s.file, s.line, y.content
  FROM saying y JOIN source_record s ON s.record_id = y.latest_record_id
  WHERE y.type = ? AND y.id = ? ORDER BY y.saying`);
export function selectSayings(db: DatabaseSync, type: string, id: string): SayingRow[] {
  return SELECT_SAYINGS(db).all(type, id) as unknown as SayingRow[];
}

const UPSERT_SAYING = statement(`
  INSERT INTO saying (type, id, saying, digest, partial, latest_ms, latest_record_id, content)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (type, id, saying) DO UPDATE SET
    partial = excluded.partial, latest_ms = excluded.latest_ms, latest_record_id = excluded.latest_record_id`);
export function upsertSaying(
  db: DatabaseSync,
  type: string,
  id: string,
  row: Pick<SayingRow, 'saying' | 'digest' | 'partial' | 'sourceTimeMs' | 'recordId' | 'content'>,
): void {
  const { saying, digest, partial, sourceTimeMs, recordId, content } = row;
  UPSERT_SAYING(db).run(type, id, saying, digest, partial, sourceTimeMs, recordId, content);
}

const DELETE_SAYING = statement('DELETE FROM saying WHERE type = ? AND id = ? AND saying = ?');
export function deleteSaying(db: DatabaseSync, type: string, id: string, saying: number): void {
  DELETE_SAYING(db).run(type, id, saying);
}

const SELECT_OWN = statement('SELECT saying FROM contribution WHERE type = ? AND id = ? AND record_id = ?');
/** @returns the number of what a record says of a resource */
export function selectOwnSaying(
  db: DatabaseSync,
  type: string,
  id: string,
  recordId: number,
): number | undefined {
  return (SELECT_OWN(db).get(type, id, recordId) as { saying: number } | undefined)?.saying;
}

const SELECT_LATEST = statement(`
  SELECT c.record_id AS recordId, c.source_time_ms AS sourceTimeMs, s.source, s.kind, s.record_key AS key
  FROM contribution c JOIN source_record s ON s.record_id = c.record_id
  WHERE c.type = ? AND c.id = ? AND c.saying = ? AND c.record_id <> ?
  ORDER BY c.source_time_ms DESC, s.source DESC, s.kind DESC, s.record_key DESC LIMIT 1`);
/** Reads every contribution to the resource: asked only when a saying loses its latest record, or its only one. */
export function selectLatestOf(
  db: DatabaseSync,
  type: string,
  id: string,
  saying: number,
  exceptRecordId: number,
): Latest | undefined {
  return SELECT_LATEST(db).get(type, id, saying, exceptRecordId) as Latest | undefined;
}

const UPSERT_CONTRIBUTION = statement(`
  INSERT INTO contribution (type, id, record_id, saying, source_time_ms, owner_org) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (type, id, record_id) DO UPDATE SET
    saying = excluded.saying, source_time_ms = excluded.source_time_ms, owner_org = excluded.owner_org`);
export function upsertContribution(
  db: DatabaseSync,
  row: { type: string; id: string; recordId: number; saying: number; sourceTimeMs: number; ownerOrg: string },
): void {
  UPSERT_CONTRIBUTION(db).run(row.type, row.id, row.recordId, row.saying, row.sourceTimeMs, row.ownerOrg);
}

const DELETE_OF_SAYING = statement('DELETE FROM contribution WHERE type = ? AND id = ? AND saying = ?');
/** Forgets something that was said of a resource, and who said it. */
export function forgetSaying(db: DatabaseSync, type: string, id: string, saying: number): void {
  DELETE_OF_SAYING(db).run(type, id, saying);
  deleteSaying(db, type, id, saying);
}

const DELETE_CONTRIBUTIONS = statement('DELETE FROM contribution WHERE type = ? AND id = ?');
const DELETE_SAYINGS = statement('DELETE FROM saying WHERE type = ? AND id = ?');
/** Forgets all that was said of a resource. */
export function deleteContributions(db: DatabaseSync, type: string, id: string): void {
  DELETE_CONTRIBUTIONS(db).run(type, id);
  DELETE_SAYINGS(db).run(type, id);
}
