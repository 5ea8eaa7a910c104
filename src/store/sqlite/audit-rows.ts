/** SQL of the audit: rows are only ever added. */
import type { DatabaseSync } from 'node:sqlite';
import { type AuditRow, CHAIN_START, type ChainedRow, chainHash } from '../audit-chain.ts';
import { statement } from './statement.ts';

const SELECT_LAST = statement('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
const INSERT = statement(`
  INSERT INTO audit (seq, at_ms, owner_org, actor, action, detail, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);

/** Adds to the end of the chain, within the transaction that does what the row says. */
export function appendAudit(db: DatabaseSync, entry: Omit<AuditRow, 'seq'>): void {
  const last = SELECT_LAST(db).get() as { seq: number; hash: string } | undefined;
  const row: AuditRow = { ...entry, seq: (last?.seq ?? 0) + 1 };
  const prevHash = last?.hash ?? CHAIN_START;
  INSERT(db).run(
    row.seq,
    row.atMs,
    row.ownerOrg,
    row.actor,
    row.action,
    row.detail,
    prevHash,
    chainHash(row, prevHash),
  );
}

const SELECT_ALL = statement(`
  SELECT seq, at_ms AS atMs, owner_org AS ownerOrg, actor, action, detail, prev_hash AS prevHash, hash
  FROM audit ORDER BY seq`);
/** The whole chain, a row at a time. */
export function auditRows(db: DatabaseSync): Iterable<ChainedRow> {
  return SELECT_ALL(db).iterate() as unknown as Iterable<ChainedRow>;
}
