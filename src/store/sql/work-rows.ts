/** SQL of the worklist, and of refused payloads kept beside it. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { RefusedRecord, ResourceKey, WorkFilter, WorkItem, WorkKind } from '../store.ts';
import { firstRuleOf, type NewWork } from '../work-items.ts';
import { rowsOf, type SqlValue, type Step, statement } from './statement.ts';

const WORK = rowsOf(
  'work',
  {
    id: 'text',
    kind: 'text',
    created_ms: 'bigint',
    owner_org: 'text',
    source: 'text',
    record_kind: 'text',
    record_key: 'text',
    file: 'text',
    line: 'bigint',
    type: 'text',
    resource_id: 'text',
    target: 'text',
    outcome: 'text',
    rule: 'text',
  },
  `ON CONFLICT (id) DO UPDATE SET
    outcome = excluded.outcome, rule = excluded.rule, file = excluded.file, line = excluded.line,
    type = excluded.type, resource_id = excluded.resource_id,
    resolved_ms = CASE WHEN work.outcome = excluded.outcome AND work.kind IN ('warning', 'safety') THEN work.resolved_ms END
    WHERE work.outcome <> excluded.outcome OR coalesce(work.resource_id, '') <> coalesce(excluded.resource_id, '')
      OR (work.resolved_ms IS NOT NULL AND work.kind NOT IN ('warning', 'safety'))`,
);
/** Opens items, or opens them again, each id once. A warning that somebody resolved stays resolved while it says the same. */
export function* putWork(items: readonly NewWork[], nowMs: number): Step<void> {
  yield* WORK.insert(items.map((item) => workRow(item, nowMs)));
}

function workRow(item: NewWork, nowMs: number): SqlValue[] {
  const [type, resourceId] = item.resource?.split('/') ?? [];
  return [
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
    firstRuleOf(item.outcome) ?? null,
  ];
}

const SELECT_OPEN_RECORDS = statement(`
  SELECT DISTINCT w.source, w.record_kind AS kind, w.record_key AS key FROM json_each(?) wanted
  JOIN work w ON w.source = wanted.value ->> 0 AND w.record_kind = wanted.value ->> 1
    AND w.record_key = wanted.value ->> 2 AND w.kind IN ('rejected', 'conflict', 'warning', 'safety')
  WHERE w.resolved_ms IS NULL`);
/** @param keys source, kind and key of each record @returns those that have open items */
export function* selectOpenRecords(
  keys: readonly (readonly string[])[],
): Step<readonly { readonly source: string; readonly kind: string; readonly key: string }[]> {
  return (yield* SELECT_OPEN_RECORDS.all(JSON.stringify(keys))) as readonly {
    source: string;
    kind: string;
    key: string;
  }[];
}

const ASSIGN = statement('UPDATE work SET assignee = ? WHERE id = ? AND resolved_ms IS NULL');
/** @param assignee null: nobody in particular @returns false when there is no such open item */
export function* assignWorkItem(id: string, assignee: string | null): Step<boolean> {
  return (yield* ASSIGN.run(assignee, id)) === 1;
}

const RESOLVE = statement('UPDATE work SET resolved_ms = ? WHERE id = ? AND resolved_ms IS NULL');
/** @returns false when there is no such open item */
export function* resolveWorkItem(id: string, nowMs: number): Step<boolean> {
  return (yield* RESOLVE.run(nowMs, id)) === 1;
}

const WITHDRAW = statement('DELETE FROM work WHERE id = ?');
/** Takes back an item whose cause never was: the next time that it comes up it is a new one, also where somebody had resolved it. */
export function* withdrawWorkItem(id: string): Step<void> {
  yield* WITHDRAW.run(id);
}

const RESOLVE_REJECTED = statement(`
  UPDATE work SET resolved_ms = ?
  WHERE source = ? AND record_kind = ? AND record_key = ? AND kind IN ('rejected', 'conflict') AND resolved_ms IS NULL RETURNING id`);
/** A good version of a record settles its refused ones: nothing is left to amend, so their payloads go. @returns whether there were any */
export function* resolveRejected(source: string, kind: string, key: string, nowMs: number): Step<boolean> {
  const settled = (yield* RESOLVE_REJECTED.all(nowMs, source, kind, key)) as { id: string }[];
  for (const { id } of settled) yield* deleteRefusedPayload(id);
  return settled.length > 0;
}

const WITHDRAW_WARNINGS = statement(`
  DELETE FROM work
  WHERE source = ? AND record_kind = ? AND record_key = ? AND kind IN ('warning', 'safety') AND resolved_ms IS NULL
    AND id NOT IN (SELECT kept.value ->> 0 FROM json_each(?) kept)`);
/** Takes back a record's open warnings that its new version no longer gives. */
export function* withdrawWarnings(
  source: string,
  kind: string,
  key: string,
  except: readonly string[],
): Step<void> {
  yield* WITHDRAW_WARNINGS.run(source, kind, key, JSON.stringify(except.map((id) => [id])));
}

const PAYLOADS = rowsOf(
  'refused_payload',
  { work_id: 'text', receipt_id: 'text', payload: 'text' },
  'ON CONFLICT (work_id) DO UPDATE SET receipt_id = excluded.receipt_id',
);
export const insertRefusedPayloads = PAYLOADS.insert.bind(PAYLOADS);

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
  readonly rule: string | null;
  readonly assignee: string | null;
}

const SELECT_REFUSED = statement(`
  SELECT w.*, p.receipt_id, p.payload FROM refused_payload p JOIN work w ON w.id = p.work_id WHERE p.work_id = ?`);
export function* selectRefused(workId: string): Step<RefusedRecord | undefined> {
  const row = (yield* SELECT_REFUSED.get(workId)) as
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
  SELECT * FROM work WHERE resolved_ms IS NOT NULL AND (CAST(?1 AS TEXT) IS NULL OR kind = ?1) AND work_no > ?2 ORDER BY work_no LIMIT ?3`);
const SELECT_NUMBER = statement('SELECT work_no FROM work WHERE id = ?');
const SELECT_FILTERED = statement(`
  SELECT * FROM work WHERE work_no > ?1
    AND (?2 = 1 AND resolved_ms IS NULL OR ?2 = 0 AND resolved_ms IS NOT NULL)
    AND (CAST(?3 AS TEXT) IS NULL OR kind = ?3) AND (CAST(?4 AS TEXT) IS NULL OR rule = ?4)
    AND (CAST(?5 AS TEXT) IS NULL OR target = ?5) AND (CAST(?6 AS TEXT) IS NULL OR source = ?6)
    AND (CAST(?7 AS TEXT) IS NULL OR owner_org = ?7) AND (CAST(?8 AS TEXT) IS NULL OR assignee = ?8)
    AND (CAST(?9 AS TEXT) IS NULL OR type || '/' || resource_id = ?9)
    AND created_ms >= ?10 AND created_ms < ?11
  ORDER BY work_no LIMIT ?12`);
/** A page of the worklist, oldest first; `after` is the id of the last item of the page before. */
export function* selectWork(
  filter: WorkFilter & { readonly open: boolean; readonly count: number; readonly after?: string },
): Step<WorkItem[]> {
  const last = filter.after === undefined ? undefined : yield* SELECT_NUMBER.get(filter.after);
  const after = (last as { work_no: number } | undefined)?.work_no ?? 0;
  const { kind, open, count } = filter;
  const rows = isNarrow(filter)
    ? yield* SELECT_FILTERED.all(after, open ? 1 : 0, ...narrowing(filter), count)
    : !open
      ? yield* SELECT_RESOLVED.all(kind ?? null, after, count)
      : kind === undefined
        ? yield* SELECT_OPEN_ALL.all(after, count)
        : yield* SELECT_OPEN.all(kind, after, count);
  return (rows as unknown as WorkRow[]).map(workItem);
}

/** By more than its kind. */
function isNarrow({
  rule,
  target,
  source,
  ownerOrg,
  assignee,
  resource,
  fromMs,
  untilMs,
}: WorkFilter): boolean {
  const more = [rule, target, source, ownerOrg, assignee, resource, fromMs, untilMs];
  return more.some((value) => value !== undefined);
}

const LATEST_MS = Number.MAX_SAFE_INTEGER;

function narrowing(filter: WorkFilter): SqlValue[] {
  const { kind, rule, target, source, ownerOrg, assignee, resource, fromMs, untilMs } = filter;
  const texts = [kind, rule, target, source, ownerOrg, assignee, resource];
  return [...texts.map((text) => text ?? null), fromMs ?? 0, untilMs ?? LATEST_MS];
}

const SELECT_ONE = statement('SELECT * FROM work WHERE id = ?');
export function* selectWorkItem(id: string): Step<WorkItem | undefined> {
  const row = (yield* SELECT_ONE.get(id)) as WorkRow | undefined;
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
    rule: row.rule ?? undefined,
    assignee: row.assignee ?? undefined,
  };
}

const ERASE_OF_RECORD = statement(`
  UPDATE work SET outcome = ?, resolved_ms = coalesce(resolved_ms, ?)
  WHERE source = ? AND record_kind = ? AND record_key = ? RETURNING id`);
/** Empties the items of an erased record. @returns their ids */
export function* eraseWorkOfRecord(
  record: { source: string; kind: string; key: string },
  tombstone: string,
  nowMs: number,
): Step<string[]> {
  const rows = yield* ERASE_OF_RECORD.all(tombstone, nowMs, record.source, record.kind, record.key);
  return (rows as { id: string }[]).map((row) => row.id);
}

const ERASE_OF_RESOURCE = statement(`
  UPDATE work SET outcome = ?, resolved_ms = coalesce(resolved_ms, ?) WHERE type = ? AND resource_id = ? RETURNING id`);
/** With what is kept of a conflict about it. */
export function* eraseWorkOfResource(type: string, id: string, tombstone: string, nowMs: number): Step<void> {
  const rows = (yield* ERASE_OF_RESOURCE.all(tombstone, nowMs, type, id)) as { id: string }[];
  for (const row of rows) yield* deleteRefusedPayload(row.id);
}

const ERASE_ITEM = statement(
  'UPDATE work SET outcome = ?, resolved_ms = coalesce(resolved_ms, ?) WHERE id = ?',
);
export function* eraseWorkItem(id: string, tombstone: string, nowMs: number): Step<void> {
  yield* ERASE_ITEM.run(tombstone, nowMs, id);
}

const DELETE_PAYLOAD = statement('DELETE FROM refused_payload WHERE work_id = ?');
export function* deleteRefusedPayload(workId: string): Step<void> {
  yield* DELETE_PAYLOAD.run(workId);
}
