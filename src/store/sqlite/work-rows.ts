/** SQL of the worklist, and of refused payloads kept beside it. */
import type { DatabaseSync } from 'node:sqlite';
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { RefusedRecord, ResourceKey, WorkItem, WorkKind } from '../store.ts';
import type { NewWork } from '../work-items.ts';
import { statement } from './statement.ts';

const PUT = statement(`
  INSERT INTO work
    (id, kind, created_ms, owner_org, source, record_kind, record_key, file, line, type, resource_id, target, outcome)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    outcome = excluded.outcome, file = excluded.file, line = excluded.line,
    type = excluded.type, resource_id = excluded.resource_id,
    resolved_ms = CASE WHEN outcome = excluded.outcome AND kind IN ('warning', 'safety') THEN resolved_ms END
    WHERE outcome <> excluded.outcome OR resource_id IS NOT excluded.resource_id
      OR (resolved_ms IS NOT NULL AND kind NOT IN ('warning', 'safety'))`);
/** Opens an item, or opens it again. A warning that somebody resolved stays resolved while it says the same. */
export function putWork(db: DatabaseSync, item: NewWork, nowMs: number): void {
  const [type, resourceId] = item.resource?.split('/') ?? [];
  PUT(db).run(
    item.id,
    item.kind,
    nowMs,
    item.ownerOrg,
    item.source ?? null,
    item.recordKind ?? null,
    item.recordKey ?? null,
    item.file ?? null,
    item.line ?? null,
    type ?? null,
    resourceId ?? null,
    item.target ?? null,
    JSON.stringify(item.outcome),
  );
}

const RESOLVE = statement('UPDATE work SET resolved_ms = ? WHERE id = ? AND resolved_ms IS NULL');
/** @returns false when there is no such open item */
export function resolveWorkItem(db: DatabaseSync, id: string, nowMs: number): boolean {
  return RESOLVE(db).run(nowMs, id).changes === 1;
}

const RESOLVE_REJECTED = statement(`
  UPDATE work SET resolved_ms = ?
  WHERE source = ? AND record_kind = ? AND record_key = ? AND kind = 'rejected' AND resolved_ms IS NULL RETURNING id`);
/** A good version of a record settles its refused ones: nothing is left to amend, so their payloads go. @returns whether there were any */
export function resolveRejected(
  db: DatabaseSync,
  source: string,
  kind: string,
  key: string,
  nowMs: number,
): boolean {
  const settled = RESOLVE_REJECTED(db).all(nowMs, source, kind, key) as { id: string }[];
  for (const { id } of settled) deleteRefusedPayload(db, id);
  return settled.length > 0;
}

const WITHDRAW_WARNINGS = statement(`
  DELETE FROM work
  WHERE source = ? AND record_kind = ? AND record_key = ? AND kind IN ('warning', 'safety') AND resolved_ms IS NULL
    AND id NOT IN (SELECT value FROM json_each(?))`);
/** Takes back a record's open warnings that its new version no longer gives. */
export function withdrawWarnings(
  db: DatabaseSync,
  source: string,
  kind: string,
  key: string,
  except: readonly string[],
): void {
  WITHDRAW_WARNINGS(db).run(source, kind, key, JSON.stringify(except));
}

const INSERT_PAYLOAD = statement(`
  INSERT INTO refused_payload (work_id, receipt_id, payload) VALUES (?, ?, ?)
  ON CONFLICT (work_id) DO UPDATE SET receipt_id = excluded.receipt_id`);
export function insertRefusedPayload(db: DatabaseSync, workId: string, record: RefusedRecord): void {
  INSERT_PAYLOAD(db).run(workId, record.receiptId, JSON.stringify(record.payload ?? null));
}

interface WorkRow {
  readonly id: string;
  readonly kind: WorkKind;
  readonly created_ms: number;
  readonly resolved_ms: number | null;
  readonly owner_org: string;
  readonly source: string | null;
  readonly record_kind: string | null;
  readonly record_key: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly type: string | null;
  readonly resource_id: string | null;
  readonly target: string | null;
  readonly outcome: string;
}

const SELECT_REFUSED = statement(`
  SELECT w.*, p.receipt_id, p.payload FROM refused_payload p JOIN work w ON w.id = p.work_id WHERE p.work_id = ?`);
export function selectRefused(db: DatabaseSync, workId: string): RefusedRecord | undefined {
  const row = SELECT_REFUSED(db).get(workId) as
    | (WorkRow & { receipt_id: string; payload: string })
    | undefined;
  if (!row) return undefined;
  return {
    source: row.source ?? '',
    kind: row.record_kind ?? '',
    key: row.record_key ?? undefined,
    payload: JSON.parse(row.payload),
    ownerOrg: row.owner_org,
    receiptId: row.receipt_id,
    ...(row.file === null ? {} : { file: row.file }),
    ...(row.line === null ? {} : { line: row.line }),
    outcome: JSON.parse(row.outcome) as OperationOutcome,
  };
}

const SELECT_OPEN = statement(`
  SELECT * FROM work WHERE resolved_ms IS NULL AND kind = ? AND work_no > ? ORDER BY work_no LIMIT ?`);
const SELECT_OPEN_ALL = statement(`
  SELECT * FROM work WHERE resolved_ms IS NULL AND work_no > ? ORDER BY work_no LIMIT ?`);
const SELECT_RESOLVED = statement(`
  SELECT * FROM work WHERE resolved_ms IS NOT NULL AND (?1 IS NULL OR kind = ?1) AND work_no > ?2 ORDER BY work_no LIMIT ?3`);
const SELECT_NUMBER = statement('SELECT work_no FROM work WHERE id = ?');
/** A page of the worklist, oldest first; `after` is the id of the last item of the page before. */
export function selectWork(
  db: DatabaseSync,
  filter: { kind?: WorkKind; open: boolean; count: number; after?: string },
): WorkItem[] {
  const last = filter.after === undefined ? undefined : SELECT_NUMBER(db).get(filter.after);
  const after = (last as { work_no: number } | undefined)?.work_no ?? 0;
  const { kind, open, count } = filter;
  const rows = !open
    ? SELECT_RESOLVED(db).all(kind ?? null, after, count)
    : kind === undefined
      ? SELECT_OPEN_ALL(db).all(after, count)
      : SELECT_OPEN(db).all(kind, after, count);
  return (rows as unknown as WorkRow[]).map(workItem);
}

const SELECT_ONE = statement('SELECT * FROM work WHERE id = ?');
export function selectWorkItem(db: DatabaseSync, id: string): WorkItem | undefined {
  const row = SELECT_ONE(db).get(id) as WorkRow | undefined;
  return row && workItem(row);
}

function workItem(row: WorkRow): WorkItem {
  return {
    id: row.id,
    kind: row.kind,
    createdMs: row.created_ms,
    resolvedMs: row.resolved_ms ?? undefined,
    ownerOrg: row.owner_org,
    source: row.source ?? undefined,
    recordKind: row.record_kind ?? undefined,
    recordKey: row.record_key ?? undefined,
    file: row.file ?? undefined,
    line: row.line ?? undefined,
    resource: row.type === null ? undefined : (`${row.type}/${row.resource_id}` as ResourceKey),
    target: row.target ?? undefined,
    outcome: JSON.parse(row.outcome) as OperationOutcome,
  };
}

const ERASE_OF_RECORD = statement(`
  UPDATE work SET outcome = ?, resolved_ms = coalesce(resolved_ms, ?)
  WHERE source = ? AND record_kind = ? AND record_key = ? RETURNING id`);
/** Empties the items of an erased record. @returns their ids */
export function eraseWorkOfRecord(
  db: DatabaseSync,
  record: { source: string; kind: string; key: string },
  tombstone: string,
  nowMs: number,
): string[] {
  const rows = ERASE_OF_RECORD(db).all(tombstone, nowMs, record.source, record.kind, record.key);
  return (rows as { id: string }[]).map((row) => row.id);
}

const ERASE_OF_RESOURCE = statement(`
  UPDATE work SET outcome = ?, resolved_ms = coalesce(resolved_ms, ?) WHERE type = ? AND resource_id = ?`);
export function eraseWorkOfResource(
  db: DatabaseSync,
  type: string,
  id: string,
  tombstone: string,
  nowMs: number,
): void {
  ERASE_OF_RESOURCE(db).run(tombstone, nowMs, type, id);
}

const ERASE_ITEM = statement(
  'UPDATE work SET outcome = ?, resolved_ms = coalesce(resolved_ms, ?) WHERE id = ?',
);
export function eraseWorkItem(db: DatabaseSync, id: string, tombstone: string, nowMs: number): void {
  ERASE_ITEM(db).run(tombstone, nowMs, id);
}

const DELETE_PAYLOADS_WITH = statement(`
  DELETE FROM refused_payload WHERE
    EXISTS (SELECT 1 FROM json_each(?) wanted WHERE instr(payload, wanted.value) > 0)
    OR EXISTS (SELECT 1 FROM json_each(?) wanted
      WHERE instr(replace(replace(payload, ' ', ''), '-', ''), wanted.value) > 0)
  RETURNING work_id`);
/**
 * Deletes refused payloads that hold any of these texts. Reads every payload: for erasures only.
 * @param numbers found also where they are written with spaces or hyphens
 * @returns ids of their worklist items
 */
export function deleteRefusedPayloadsWith(
  db: DatabaseSync,
  texts: readonly string[],
  numbers: readonly string[],
): string[] {
  const rows = DELETE_PAYLOADS_WITH(db).all(inJson(texts), inJson(numbers));
  return (rows as { work_id: string }[]).map((row) => row.work_id);
}

/** As each text stands within the JSON of a payload. */
function inJson(texts: readonly string[]): string {
  return JSON.stringify(texts.map((text) => JSON.stringify(text).slice(1, -1)));
}

const DELETE_PAYLOAD = statement('DELETE FROM refused_payload WHERE work_id = ?');
export function deleteRefusedPayload(db: DatabaseSync, workId: string): void {
  DELETE_PAYLOAD(db).run(workId);
}
