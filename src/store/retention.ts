/** What may be taken out of the store, and what is told of it. */
import type { ChainName } from './audit-chain.ts';

/**
 * history: superseded versions. payloads: what sources sent. messages: bodies of settled ones. entries: names, and words of
 * practices, in coded entries that are settled. answers: what services said and is out of date. receipts and resolved work:
 * as they are called.
 */
export type Prunable = 'history' | 'payloads' | 'messages' | 'entries' | 'answers' | 'receipts' | 'work';

export interface PruneLimits {
  /** what was superseded, received or resolved before this time, epoch ms */
  readonly beforeMs: number;
  /** superseded versions of a resource that stay, however old; for history */
  readonly versions: number;
  /** digests of today's map sets: what another one has mapped is still to be mapped anew; for payloads */
  readonly mapDigests: readonly string[];
  /** where the step before has ended; 0 at first */
  readonly after: number;
  /** rows looked at in one step */
  readonly count: number;
}

export interface Pruned {
  readonly removed: number;
  /** where to go on; undefined when all was looked at */
  readonly after: number | undefined;
}

/** Rows of the audit that lie in a file now. */
export interface AuditArchive {
  /** default `audit` */
  readonly chain?: ChainName;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly lastHash: string;
  /** name of the file, without its folder */
  readonly file: string;
}
