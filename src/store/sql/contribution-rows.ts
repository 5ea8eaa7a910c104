/** SQL of what source records say of shared resources. */
import type { Latest } from '../sayings.ts';
import { rowsOf, type Step, statement } from './statement.ts';

/** One thing said of a resource, with the latest record that says it. */
export interface SayingRow {
  readonly type: string;
  readonly id: string;
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
  SELECT y.type, y.id, y.saying, y.digest, y.partial, y.latest_record_id AS "recordId", s.source, s.kind,
    s.record_key AS key, y.latest_ms AS "sourceTimeMs", s.owner_org AS "ownerOrg", s.file, s.line, y.content
  FROM json_each(?) wanted
  JOIN saying y ON y.type = wanted.value ->> 0 AND y.id = wanted.value ->> 1
  JOIN source_record s ON s.record_id = y.latest_record_id
  ORDER BY y.type, y.id, y.saying`);
/** @param pairs type and id of each resource @returns rows in order of resource and saying */
export function* selectSayings(pairs: readonly (readonly string[])[]): Step<readonly SayingRow[]> {
  if (pairs.length === 0) return [];
  return (yield* SELECT_SAYINGS.all(JSON.stringify(pairs))) as readonly SayingRow[];
}

const SAYINGS = rowsOf(
  'saying',
  {
    type: 'text',
    id: 'text',
    saying: 'bigint',
    digest: 'text',
    partial: 'bigint',
    latest_ms: 'bigint',
    latest_record_id: 'bigint',
    content: 'text',
  },
  `ON CONFLICT (type, id, saying) DO UPDATE SET
    partial = excluded.partial, latest_ms = excluded.latest_ms, latest_record_id = excluded.latest_record_id`,
);
export const putSayings = SAYINGS.insert.bind(SAYINGS);

const DELETE_SAYING = statement('DELETE FROM saying WHERE type = ? AND id = ? AND saying = ?');
export function* deleteSaying(type: string, id: string, saying: number): Step<void> {
  yield* DELETE_SAYING.run(type, id, saying);
}

/** What a record said of a resource: the number of the saying. */
export interface OwnSaying {
  readonly type: string;
  readonly id: string;
  readonly record_id: number;
  readonly saying: number;
}

const SELECT_OWN = statement(`
  SELECT c.type, c.id, c.record_id, c.saying FROM json_each(?) wanted
  JOIN contribution c ON c.type = wanted.value ->> 0 AND c.id = wanted.value ->> 1
    AND c.record_id = CAST(wanted.value ->> 2 AS BIGINT)`);
/** @param triples type, id and record_id of each */
export function* selectOwnSayings(
  triples: readonly (readonly [string, string, number])[],
): Step<readonly OwnSaying[]> {
  if (triples.length === 0) return [];
  return (yield* SELECT_OWN.all(JSON.stringify(triples))) as readonly OwnSaying[];
}

const SELECT_LATEST = statement(`
  SELECT c.record_id AS "recordId", c.source_time_ms AS "sourceTimeMs", s.source, s.kind, s.record_key AS key,
    s.owner_org AS "ownerOrg", s.file, s.line
  FROM contribution c JOIN source_record s ON s.record_id = c.record_id
  WHERE c.type = ? AND c.id = ? AND c.saying = ? AND c.record_id <> ?
  ORDER BY c.source_time_ms DESC, s.source DESC, s.kind DESC, s.record_key DESC LIMIT 1`);
/** Reads every contribution to the resource: asked only when a saying loses its latest record, or its only one. */
export function* selectLatestOf(
  type: string,
  id: string,
  saying: number,
  exceptRecordId: number,
): Step<Latest | undefined> {
  return (yield* SELECT_LATEST.get(type, id, saying, exceptRecordId)) as Latest | undefined;
}

const CONTRIBUTIONS = rowsOf(
  'contribution',
  {
    type: 'text',
    id: 'text',
    record_id: 'bigint',
    saying: 'bigint',
    source_time_ms: 'bigint',
    owner_org: 'text',
  },
  `ON CONFLICT (type, id, record_id) DO UPDATE SET
    saying = excluded.saying, source_time_ms = excluded.source_time_ms, owner_org = excluded.owner_org`,
);
export const putContributions = CONTRIBUTIONS.insert.bind(CONTRIBUTIONS);

const GIVE_SAYING = statement(
  'UPDATE saying SET latest_record_id = ?, latest_ms = ? WHERE type = ? AND id = ? AND saying = ?',
);
/** @param next the record that says it last now */
export function* giveSayingTo(
  { type, id, saying }: Pick<SayingRow, 'type' | 'id' | 'saying'>,
  next: Latest,
): Step<void> {
  yield* GIVE_SAYING.run(next.recordId!, next.sourceTimeMs, type, id, saying);
}

const DELETE_CONTRIBUTION = statement('DELETE FROM contribution WHERE type = ? AND id = ? AND record_id = ?');
/** Forgets that a record said anything of a resource. */
export function* deleteContribution(type: string, id: string, recordId: number): Step<void> {
  yield* DELETE_CONTRIBUTION.run(type, id, recordId);
}

const DELETE_OF_SAYING = statement('DELETE FROM contribution WHERE type = ? AND id = ? AND saying = ?');
/** Forgets something that was said of a resource, and who said it. */
export function* forgetSaying(type: string, id: string, saying: number): Step<void> {
  yield* DELETE_OF_SAYING.run(type, id, saying);
  yield* deleteSaying(type, id, saying);
}

const DELETE_CONTRIBUTIONS = statement('DELETE FROM contribution WHERE type = ? AND id = ?');
const DELETE_SAYINGS = statement('DELETE FROM saying WHERE type = ? AND id = ?');
/** Forgets all that was said of a resource. */
export function* deleteContributions(type: string, id: string): Step<void> {
  yield* DELETE_CONTRIBUTIONS.run(type, id);
  yield* DELETE_SAYINGS.run(type, id);
}
