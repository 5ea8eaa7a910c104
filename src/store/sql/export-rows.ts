/** SQL of bulk exports: what clients asked for, who works at it, and how far it has come. */
import { randomUUID } from 'node:crypto';
import type {
  ClaimedExport,
  ExportEnd,
  ExportLimits,
  ExportStore,
  KeptExport,
  NewExport,
} from '../exports.ts';
import { lockCommits } from './counter-rows.ts';
import type { Runner } from './engine.ts';
import { type Step, statement } from './statement.ts';
import { viewerIn, viewerText } from './viewer-text.ts';

/** A row as it stands in the table. */
interface ExportRow {
  readonly id: string;
  readonly client: string;
  readonly owner_org: string;
  readonly state: KeptExport['state'];
  readonly viewer: string;
  readonly asked: string;
  readonly as_of_ms: number;
  readonly progress: string | null;
  readonly fault: string | null;
  readonly asked_ms: number;
  readonly ended_ms: number | null;
  readonly until_ms: number | null;
  readonly holder: string | null;
}

export function exportStore(runner: Runner): ExportStore {
  return {
    make: (one, limits, nowMs) => runner.write(() => insertExport(one, limits, nowMs)),
    async get(id) {
      const row = (await runner.read(() => SELECT.get(id))) as ExportRow | undefined;
      return row && keptOf(row);
    },
    ids: async () => ((await runner.read(() => SELECT_IDS.all())) as ExportRow[]).map(({ id }) => id),
    async claim(nowMs, leaseMs) {
      const row = await runner.write(() => claimExport(nowMs, leaseMs));
      return row && { ...keptOf(row), holder: row.holder! };
    },
    keep: async ({ id, holder }, progress, nowMs, leaseMs) =>
      (await runner.write(() => KEEP.run(progress ?? null, nowMs, leaseMs, id, holder))) === 1,
    end: (claimed, end, nowMs) => runner.write(() => endExport(claimed, end, nowMs)),
    release: async ({ id, holder }) => void (await runner.write(() => RELEASE.run(id, holder))),
    remove: async (id) => (await runner.write(() => DELETE.run(id))) === 1,
    removeOver: async (nowMs) =>
      ((await runner.write(() => DELETE_OVER.all(nowMs))) as ExportRow[]).map(({ id }) => id),
    recover: (nowMs, everything) => runner.write(() => RECOVER.run(everything ? 1 : 0, nowMs)),
    settled: () => runner.write(() => lockCommits()),
  };
}

function keptOf(row: ExportRow): KeptExport {
  return {
    id: row.id,
    client: row.client,
    ownerOrg: row.owner_org,
    state: row.state,
    viewer: viewerIn(row.viewer),
    asked: row.asked,
    asOfMs: row.as_of_ms,
    progress: row.progress ?? undefined,
    fault: row.fault ?? undefined,
    askedMs: row.asked_ms,
    endedMs: row.ended_ms ?? undefined,
    untilMs: row.until_ms ?? undefined,
  };
}

const RUNNING = statement("SELECT client FROM bulk_export WHERE state = 'running' AND asked_ms >= 0");
const INSERT = statement(`
  INSERT INTO bulk_export (id, client, owner_org, state, viewer, asked, as_of_ms, asked_ms)
  VALUES (?, ?, ?, 'running', ?, ?, ?, ?)`);
/** Counted and added while nobody else commits, so that two who ask at once are not both the last. */
function* insertExport(
  one: NewExport,
  { ofClient, ofAll }: ExportLimits,
  nowMs: number,
): Step<'made' | 'client' | 'all'> {
  yield* lockCommits();
  const running = (yield* RUNNING.all()) as readonly { readonly client: string }[];
  if (running.filter(({ client }) => client === one.client).length >= ofClient) return 'client';
  if (running.length >= ofAll) return 'all';
  const { id, client, ownerOrg, viewer, asked, asOfMs } = one;
  yield* INSERT.run(id, client, ownerOrg, viewerText(viewer), asked, asOfMs, nowMs);
  return 'made';
}

const SELECT = statement('SELECT * FROM bulk_export WHERE id = ?');
const SELECT_IDS = statement(
  "SELECT id FROM bulk_export WHERE id > '' AND state IN ('running', 'finished') ORDER BY id",
);

function claimNext(locking: string): string {
  return `
  UPDATE bulk_export SET holder = ?1, lease_until_ms = moment(?2) + ?3
  WHERE id = (
    SELECT id FROM bulk_export
    WHERE state = 'running' AND asked_ms >= 0 AND (lease_until_ms IS NULL OR lease_until_ms <= moment(?2))
    ORDER BY asked_ms LIMIT 1 ${locking})
  RETURNING *`;
}
const CLAIM = statement({ sqlite: claimNext(''), postgres: claimNext('FOR UPDATE SKIP LOCKED') });
function* claimExport(nowMs: number, leaseMs: number): Step<ExportRow | undefined> {
  return (yield* CLAIM.get(randomUUID(), nowMs, leaseMs)) as ExportRow | undefined;
}

const KEEP = statement(`
  UPDATE bulk_export SET progress = coalesce(?, progress), lease_until_ms = moment(?) + ?
  WHERE id = ? AND holder = ? AND state = 'running'`);

const END = statement(`
  UPDATE bulk_export SET state = ?1, progress = coalesce(?2, progress), fault = ?3, ended_ms = ?4, until_ms = ?5,
    holder = NULL, lease_until_ms = NULL
  WHERE id = ?6 AND holder = ?7 AND state = 'running'`);
function* endExport(
  { id, holder }: Pick<ClaimedExport, 'id' | 'holder'>,
  { state, progress, fault, keepMs }: ExportEnd,
  nowMs: number,
): Step<boolean> {
  const values = [state, progress ?? null, fault ?? null, nowMs, nowMs + keepMs, id, holder];
  return (yield* END.run(...values)) === 1;
}

/** What is not known any more to have come at some time may have come at any. */
const SELECT_FIRST = statement(`
  SELECT min(CASE WHEN r.version = 1 THEN r.last_updated_ms ELSE coalesce(
    (SELECT h.last_updated_ms FROM history h WHERE h.rid = r.rid AND h.version = 1), 0) END) AS first_ms
  FROM resource r WHERE r.person_id = ?`);
/** Whoever works at one loses it, and nobody else begins before its lease is over: two would write the same files. */
const WITHDRAW = statement(`
  UPDATE bulk_export SET state = CASE state WHEN 'running' THEN 'running' ELSE 'withdrawn' END,
    progress = NULL, holder = CASE WHEN holder IS NULL THEN NULL ELSE '' END
  WHERE as_of_ms >= ? AND state IN ('running', 'finished')`);
/**
 * Takes back the exports that may tell of a person, before anything of theirs is erased or hidden: those that are finished
 * for good, those under way begin anew.
 */
export function* withdrawExports(personId: string): Step<void> {
  const row = (yield* SELECT_FIRST.get(personId)) as { readonly first_ms: number | null } | undefined;
  if (typeof row?.first_ms === 'number') yield* WITHDRAW.run(row.first_ms);
}

const RELEASE = statement(
  'UPDATE bulk_export SET holder = NULL, lease_until_ms = NULL WHERE id = ? AND holder = ?',
);
const DELETE = statement('DELETE FROM bulk_export WHERE id = ?');
const DELETE_OVER = statement('DELETE FROM bulk_export WHERE until_ms <= ? RETURNING id');
const RECOVER = statement(`
  UPDATE bulk_export SET holder = NULL, lease_until_ms = NULL
  WHERE state = 'running' AND asked_ms >= 0 AND lease_until_ms IS NOT NULL AND (? = 1 OR lease_until_ms <= moment(?))`);
