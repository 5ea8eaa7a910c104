/** SQL of what each source record says of a shared resource. */
import type { DatabaseSync } from 'node:sqlite';
import { statement } from './statement.ts';

export interface ContributionRow {
  readonly record_id: number;
  readonly source: string;
  readonly kind: string;
  readonly record_key: string;
  readonly source_time_ms: number;
  readonly partial: 0 | 1;
  /** null: the resource's own content is this contribution's */
  readonly content: string | null;
}

const SELECT = statement(`
  SELECT c.record_id, s.source, s.kind, s.record_key, c.source_time_ms, c.partial, c.content
  FROM contribution c JOIN source_record s ON s.record_id = c.record_id
  WHERE c.type = ? AND c.id = ?`);
export function selectContributions(db: DatabaseSync, type: string, id: string): ContributionRow[] {
  return SELECT(db).all(type, id) as unknown as ContributionRow[];
}

const UPSERT = statement(`
  INSERT INTO contribution (type, id, record_id, source_time_ms, partial, owner_org, content)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (type, id, record_id) DO UPDATE SET
    source_time_ms = excluded.source_time_ms, partial = excluded.partial,
    owner_org = excluded.owner_org, content = excluded.content`);
export function upsertContribution(
  db: DatabaseSync,
  row: {
    type: string;
    id: string;
    recordId: number;
    sourceTimeMs: number;
    partial: boolean;
    ownerOrg: string;
    content: string | undefined;
  },
): void {
  UPSERT(db).run(
    row.type,
    row.id,
    row.recordId,
    row.sourceTimeMs,
    row.partial ? 1 : 0,
    row.ownerOrg,
    row.content ?? null,
  );
}

const SET_CONTENT = statement(
  'UPDATE contribution SET content = ? WHERE type = ? AND id = ? AND record_id = ?',
);
/** Writes down a contribution that was the only one, now that a second joins it. */
export function setContributionContent(
  db: DatabaseSync,
  type: string,
  id: string,
  recordId: number,
  content: string,
): void {
  SET_CONTENT(db).run(content, type, id, recordId);
}

const DELETE = statement('DELETE FROM contribution WHERE type = ? AND id = ?');
export function deleteContributions(db: DatabaseSync, type: string, id: string): void {
  DELETE(db).run(type, id);
}
