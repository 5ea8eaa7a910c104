/** SQL that takes out what has passed its time, a bounded step a transaction; what is unsettled stays, however old. */
import type { ChainedRow, ChainName } from '../audit-chain.ts';
import type { AuditArchive, Prunable, Pruned, PruneLimits } from '../retention.ts';
import { forgetAccesses } from './access-rows.ts';
import { pruneAnswers } from './answer-rows.ts';
import { CHANGES, chainOf } from './chain.ts';
import { pruneEntries } from './coded-prune-rows.ts';
import { lockCommits } from './counter-rows.ts';
import { pruneMessages } from './message-rows.ts';
import { type Step, statement } from './statement.ts';
import { deleteRefusedPayload } from './work-rows.ts';

/** Time at which a version was superseded: that of the next one. */
const SUPERSEDED_MS = `coalesce(
  (SELECT n.last_updated_ms FROM history n WHERE n.rid = history.rid AND n.version = history.version + 1),
  (SELECT r.last_updated_ms FROM resource r WHERE r.rid = history.rid))`;
const PRUNE_HISTORY = statement(`
  DELETE FROM history WHERE rid > ? AND rid <= ? AND ${SUPERSEDED_MS} < ?
    AND version < (SELECT r.version FROM resource r WHERE r.rid = history.rid) - ?
    AND NOT EXISTS (
      SELECT 1 FROM resource r JOIN target_link l ON l.type = r.type AND l.id = r.id
      WHERE r.rid = history.rid AND l.version = history.version)
    AND NOT EXISTS (
      SELECT 1 FROM resource r JOIN outbox o ON o.delivery_key = coalesce(r.person_id, r.type || '/' || r.id)
      WHERE r.rid = history.rid AND o.type = r.type AND o.id = r.id)`);
/** Of what a target said: copies that it is of. The copy's next change is laid over it, so it stays while there is one. Counted, since EXISTS would be hashed whole. */
const COPIES = `(
      (SELECT count(*) FROM target_link l WHERE l.type = source_record.kind AND l.id = source_record.record_key
        AND l.target = source_record.source AND l.remote_id = l.id)
      + (SELECT count(*) FROM target_link l WHERE l.target = source_record.source AND l.type = source_record.kind
        AND l.remote_id = source_record.record_key AND l.remote_id <> l.id))`;
const PRUNE_PAYLOADS = statement(`
  UPDATE source_record SET payload = ''
  WHERE record_id > ? AND record_id <= ? AND received_ms < ? AND payload <> ''
    AND map_digest IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted)
    AND (map_digest <> 'fhir' OR ${COPIES} = 0)
    AND NOT EXISTS (
      SELECT 1 FROM work w WHERE w.source = source_record.source AND w.record_kind = source_record.kind
        AND w.record_key = source_record.record_key AND w.resolved_ms IS NULL)`);
const PRUNE_RECEIPTS = statement(`
  DELETE FROM receipt WHERE id IN (
    SELECT r.id FROM receipt r
    WHERE r.received_ms < ? AND (r.finished_ms IS NOT NULL OR r.interrupted_ms IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM refused_payload p WHERE p.receipt_id = r.id)
    ORDER BY r.received_ms LIMIT ?)`);
const PRUNE_WORK = statement(`
  DELETE FROM work WHERE work_no IN (
    SELECT w.work_no FROM work w WHERE w.resolved_ms IS NOT NULL AND w.resolved_ms < ? ORDER BY w.resolved_ms LIMIT ?)
  RETURNING id`);
const LAST_RESOURCE = statement('SELECT max(rid) AS last FROM resource');
const LAST_RECORD = statement('SELECT max(record_id) AS last FROM source_record');

/** One step. @returns how many rows went, and where to go on */
export function* prune(what: Prunable, limits: PruneLimits): Step<Pruned> {
  const { beforeMs, versions, mapDigests, after, count } = limits;
  const until = after + count;
  switch (what) {
    case 'history': {
      const removed = yield* PRUNE_HISTORY.run(after, until, beforeMs, versions);
      return { removed, after: until < (yield* lastOf(LAST_RESOURCE)) ? until : undefined };
    }
    case 'payloads': {
      const digests = JSON.stringify(mapDigests.map((digest) => [digest]));
      const removed = yield* PRUNE_PAYLOADS.run(after, until, beforeMs, digests);
      return { removed, after: until < (yield* lastOf(LAST_RECORD)) ? until : undefined };
    }
    case 'messages': {
      const removed = yield* pruneMessages(beforeMs, count);
      return { removed, after: removed === count ? until : undefined };
    }
    case 'entries': {
      const removed = yield* pruneEntries(beforeMs, count);
      return { removed, after: removed === count ? until : undefined };
    }
    case 'answers': {
      const removed = yield* pruneAnswers(beforeMs, count);
      return { removed, after: removed === count ? until : undefined };
    }
    case 'receipts': {
      const removed = yield* PRUNE_RECEIPTS.run(beforeMs, count);
      return { removed, after: removed === count ? until : undefined };
    }
    case 'work': {
      const gone = (yield* PRUNE_WORK.all(beforeMs, count)) as { id: string }[];
      for (const { id } of gone) yield* deleteRefusedPayload(id);
      return { removed: gone.length, after: gone.length === count ? until : undefined };
    }
  }
}

function* lastOf(last: typeof LAST_RECORD): Step<number> {
  return ((yield* last.get()) as { last: number | null }).last ?? 0;
}

/**
 * Takes rows out of the audit that lie in a file; the chain goes on from the last of them. That it was done is in the chain of
 * changes, whichever chain it was done to.
 * @throws AdapterError permanent when the store's row is not the one in the file
 */
export function* archiveAudit(archive: AuditArchive, actor: string, nowMs: number): Step<void> {
  yield* lockCommits();
  const { chain, firstSeq, lastSeq, lastHash, file } = archive;
  const detail = JSON.stringify({ ...(chain === 'access' && { chain }), firstSeq, lastSeq, lastHash, file });
  yield* CHANGES.append([{ atMs: nowMs, ownerOrg: '', actor, action: 'prune', detail }]);
  if (chain === 'access') yield* forgetAccesses(firstSeq, lastSeq);
  yield* chainOf(chain).archive(archive, nowMs);
}

/** @returns rows of the audit that the store still has, from `after` on */
export function readAudit(chain: ChainName, after: number, count: number): Step<readonly ChainedRow[]> {
  return chainOf(chain).page(after, count);
}
