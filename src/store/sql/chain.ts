/** SQL of a table whose rows are a hash chain: rows are only ever added, and leave it only for a file. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import {
  type AuditRow,
  type BrokenChain,
  brokenAt,
  CHAIN_START,
  type ChainedRow,
  type ChainName,
  chainHash,
} from '../audit-chain.ts';
import type { AuditArchive } from '../retention.ts';
import { rowsOf, type Step, statement } from './statement.ts';

/** End of a chain. */
export type ChainEnd = Pick<ChainedRow, 'seq' | 'hash'>;

const PAGE = 1000;
const COLUMNS =
  'seq, at_ms AS "atMs", owner_org AS "ownerOrg", actor, action, detail, prev_hash AS "prevHash", hash';

export class Chain {
  readonly name: ChainName;
  readonly #last;
  readonly #archived;
  readonly #archives;
  readonly #row;
  readonly #page;
  readonly #rows;
  readonly #delete;
  readonly #insertArchive;

  constructor(name: ChainName) {
    this.name = name;
    this.#last = statement(`SELECT seq, hash FROM ${name} ORDER BY seq DESC LIMIT 1`);
    this.#archived = statement(`
      SELECT last_seq AS seq, last_hash AS hash FROM ${name}_archive
      WHERE last_seq = (SELECT max(last_seq) FROM ${name}_archive)`);
    this.#archives = statement(`
      SELECT first_seq AS "firstSeq", last_seq AS "lastSeq", last_hash AS "lastHash", file
      FROM ${name}_archive WHERE last_seq > ? ORDER BY last_seq`);
    this.#row = statement(`SELECT seq, hash FROM ${name} WHERE seq = ?`);
    this.#page = statement(`SELECT ${COLUMNS} FROM ${name} WHERE seq > ? ORDER BY seq LIMIT ?`);
    this.#rows = rowsOf(name, {
      seq: 'bigint',
      at_ms: 'bigint',
      owner_org: 'text',
      actor: 'text',
      action: 'text',
      detail: 'text',
      prev_hash: 'text',
      hash: 'text',
    });
    this.#delete = statement(`DELETE FROM ${name} WHERE seq <= ?`);
    this.#insertArchive = statement(`
      INSERT INTO ${name}_archive (last_seq, last_hash, first_seq, file, archived_ms) VALUES (?, ?, ?, ?, ?)`);
  }

  *end(): Step<ChainEnd> {
    return ((yield* this.#last.get()) as ChainEnd | undefined) ?? (yield* this.start());
  }

  /** @returns what the first row that the store still has follows: the end of the newest archive */
  *start(): Step<ChainEnd> {
    return ((yield* this.#archived.get()) as ChainEnd | undefined) ?? { seq: 0, hash: CHAIN_START };
  }

  /** Adds to the end of the chain, within the transaction that does what the rows say. @returns the new end */
  *append(entries: readonly Omit<AuditRow, 'seq'>[], after?: ChainEnd): Step<ChainEnd> {
    let end = after ?? (yield* this.end());
    const rows = entries.map((entry) => {
      const row = { ...entry, seq: end.seq + 1 };
      const prevHash = end.hash;
      end = { seq: row.seq, hash: chainHash(row, prevHash) };
      return [row.seq, row.atMs, row.ownerOrg, row.actor, row.action, row.detail, prevHash, end.hash];
    });
    yield* this.#rows.insert(rows);
    return end;
  }

  /** @returns rows that the store still has, in order, from `after` on */
  *page(after: number, count: number): Step<readonly ChainedRow[]> {
    return (yield* this.#page.all(after, count)) as readonly ChainedRow[];
  }

  /** @returns the archives that were made of it, oldest first */
  *archives(after = 0): Step<readonly AuditArchive[]> {
    return (yield* this.#archives.all(after)) as readonly AuditArchive[];
  }

  /** @returns the first row that does not fit, undefined where the chain holds */
  *findBroken(): Step<BrokenChain | undefined> {
    let end: ChainEnd = yield* this.start();
    for (;;) {
      const rows = yield* this.page(end.seq, PAGE);
      const broken = brokenAt(rows, end);
      if (broken !== undefined) return { chain: this.name, seq: broken };
      if (rows.length < PAGE) return undefined;
      end = rows.at(-1)!;
    }
  }

  /**
   * Takes rows out that lie in a file; the chain goes on from the last of them.
   * @throws AdapterError permanent when the store's row is not the one in the file
   */
  *archive({ firstSeq, lastSeq, lastHash, file }: AuditArchive, nowMs: number): Step<void> {
    const last = (yield* this.#row.get(lastSeq)) as ChainEnd | undefined;
    if (last?.hash !== lastHash) throw new AdapterError('permanent', MISMATCH);
    yield* this.#insertArchive.run(lastSeq, lastHash, firstSeq, file, nowMs);
    yield* this.#delete.run(lastSeq); // after its archive is named: before that, no row leaves
  }
}

const MISMATCH = issueOf({
  code: 'conflict',
  rule: 'audit-archive-mismatch',
  diagnostics:
    'The archive does not end with a row of the audit: nothing was taken out. Keep the file, and verify the audit.',
});

/** What was changed, and by whom. */
export const CHANGES = new Chain('audit');
/** What was asked of the API, and by whom. */
export const ACCESSES = new Chain('access');

export function chainOf(name: ChainName = 'audit'): Chain {
  return name === 'access' ? ACCESSES : CHANGES;
}
