/** SQL of the audit: rows are only ever added. */
import { type AuditRow, brokenAt, CHAIN_START, type ChainedRow, chainHash } from '../audit-chain.ts';
import { rowsOf, type Step, statement } from './statement.ts';

/** End of the chain. */
export type ChainEnd = Pick<ChainedRow, 'seq' | 'hash'>;

const SELECT_LAST = statement('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
export function* selectChainEnd(): Step<ChainEnd> {
  return ((yield* SELECT_LAST.get()) as ChainEnd | undefined) ?? { seq: 0, hash: CHAIN_START };
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
  FROM audit WHERE seq > ? ORDER BY seq LIMIT ${PAGE}`);
/** @returns the first seq whose row does not fit the chain, undefined where it holds */
export function* findBrokenAudit(): Step<number | undefined> {
  let end: ChainEnd = { seq: 0, hash: CHAIN_START };
  for (;;) {
    const rows = (yield* SELECT_PAGE.all(end.seq)) as readonly ChainedRow[];
    const broken = brokenAt(rows, end);
    if (broken !== undefined || rows.length < PAGE) return broken;
    end = rows.at(-1)!;
  }
}
