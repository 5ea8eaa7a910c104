/** Turns audit rows into a hash chain: a row changed, removed or put between others no longer fits its successor. */
import { digestOfText } from '../fhir/digest.ts';

/** What was done, by ids alone: an erased person leaves no trace here that must be removed. */
export interface AuditRow {
  /** from 1, without gaps */
  readonly seq: number;
  readonly atMs: number;
  readonly ownerOrg: string;
  /** source, client or person that acted */
  readonly actor: string;
  readonly action:
    | 'commit'
    | 'erase'
    | 'link'
    | 'unlink'
    | 'assign'
    | 'resolve'
    | 'retry'
    | 'amend'
    | 'decide'
    | 'resend'
    | 'prune'
    | 'restrict'
    | 'unrestrict'
    | AccessAction;
  /** JSON text of ids */
  readonly detail: string;
}
/** An access that was served, refused to who asked, or failed here. */
export type AccessAction = 'access' | 'refused' | 'failed';

/** `audit`: what was changed. `access`: what was asked of the API. */
export type ChainName = 'audit' | 'access';

/** The first row of a chain that does not fit the one before. */
export interface BrokenChain {
  readonly chain: ChainName;
  readonly seq: number;
}

export interface ChainedRow extends AuditRow {
  readonly prevHash: string;
  readonly hash: string;
}

/** Hash before the first row. */
export const CHAIN_START = '';

/** @returns SHA-256 over the row and the hash before it, base64url */
export function chainHash(row: AuditRow, prevHash: string): string {
  return digestOfText(
    JSON.stringify([prevHash, row.seq, row.atMs, row.ownerOrg, row.actor, row.action, row.detail]),
  );
}

/**
 * Checks a chain.
 * @param rows in order of seq
 * @param after what the first of them follows
 * @returns undefined when it holds, else the seq of the first row that does not fit
 */
export function brokenAt(
  rows: Iterable<ChainedRow>,
  after: Pick<ChainedRow, 'seq' | 'hash'> = { seq: 0, hash: CHAIN_START },
): number | undefined {
  let seq = after.seq + 1;
  let prevHash = after.hash;
  for (const row of rows) {
    if (row.seq !== seq || row.prevHash !== prevHash || row.hash !== chainHash(row, prevHash)) return seq;
    prevHash = row.hash;
    seq += 1;
  }
  return undefined;
}
