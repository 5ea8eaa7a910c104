/** SQL of the audit: rows are only ever added. */
import { type AuditRow, brokenAt, CHAIN_START, type ChainedRow, chainHash } from '../audit-chain.ts';
import { rowsOf, type Step, statement } from './statement.ts';

/** End of the chain. */
export type ChainEnd = Pick<ChainedRow, 'seq' | 'hash'>;

const SELECT_LAST = statement('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
export function* selectChainEnd(): Step<ChainEnd> {
  return ((yield* SELECT_LAST.get()) as ChainEnd | undefined) ?? (yield* selectChainStart());
}

const SELECT_ARCHIVED = statement(`
  SELECT last_seq AS seq, last_hash AS hash FROM audit_archive
  WHERE last_seq = (SELECT max(last_seq) FROM audit_archive)`);
/** @returns what the first row that the store still has follows: the end of the newest archive */
function* selectChainStart(): Step<ChainEnd> {
  return ((yield* SELECT_ARCHIVED.get()) as ChainEnd | undefined) ?? { seq: 0, hash: CHAIN_START };
}

const SELECT_ROW = statement('SELECT seq, hash FROM audit WHERE seq = ?');
export function* selectAuditRow(seq: number): Step<ChainEnd | undefined> {
  return (yield* SELECT_ROW.get(seq)) as ChainEnd | undefined;
}

const AUDIT = rowsOf('audit', {
  seq: 'bigint',
  at_ms: 'bigint',
  owner_org: 'text',
  actor: 'text',
  action: 'text',
  detail: 'text',
  prev_hash: 'text',
  hash: 'text',
});
/** Adds to the end of the chain, within the transaction that does what the rows say. @returns the new end */
export function* appendAudit(entries: readonly Omit<AuditRow, 'seq'>[], after?: ChainEnd): Step<ChainEnd> {
  let end = after ?? (yield* selectChainEnd());
  const rows = entries.map((entry) => {
    const row = { ...entry, seq: end.seq + 1 };
    const prevHash = end.hash;
    end = { seq: row.seq, hash: chainHash(row, prevHash) };
    return [row.seq, row.atMs, row.ownerOrg, row.actor, row.action, row.detail, prevHash, end.hash];
  });
  yield* AUDIT.insert(rows);
  return end;
}

const PAGE = 1000;
const SELECT_PAGE = statement(`
  SELECT seq, at_ms AS "atMs", owner_org AS "ownerOrg", actor, action, detail, prev_hash AS "prevHash", hash
  FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`);
export function* selectAuditPage(after: number, count: number): Step<readonly ChainedRow[]> {
  return (yield* SELECT_PAGE.all(after, count)) as readonly ChainedRow[];
}

/** @returns the first seq whose row does not fit the chain, undefined where it holds */
export function* findBrokenAudit(): Step<number | undefined> {
  let end: ChainEnd = yield* selectChainStart();
  for (;;) {
    const rows = yield* selectAuditPage(end.seq, PAGE);
    const broken = brokenAt(rows, end);
    if (broken !== undefined || rows.length < PAGE) return broken;
    end = rows.at(-1)!;
  }
}
