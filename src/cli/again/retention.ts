/** Takes out of the store what has passed its time, and the audit into files that keep its chain; gives the room back to the disk. */
import { mkdirSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { brokenAt, type ChainedRow, type ChainName } from '../../store/audit-chain.ts';
import type { Prunable, Store } from '../../store/store.ts';
import type { Retention, Workshop } from './workshop.ts';

export type RetentionEvent =
  | { readonly event: 'pruned'; readonly what: Prunable; readonly removed: number }
  | { readonly event: 'archived'; readonly file: string; readonly rows: number }
  | { readonly event: 'vacuumed'; readonly bytes: number | undefined; readonly isOver: boolean };

const DAY_MS = 86_400_000;
const CHAINS: readonly ChainName[] = ['audit', 'access'];
/** Rows looked at in one transaction. */
const STEP = 1_000;
/** Rows of the audit in one file. */
const ARCHIVED = 50_000;
const MEGABYTE = 1_048_576;

/** @param folder for the files of the audit */
export async function* prune(
  shop: Workshop,
  retention: Retention,
  folder: string,
  actor: string,
): AsyncGenerator<RetentionEvent> {
  const { store } = shop;
  const days = {
    payloads: retention.payloadDays,
    messages: retention.messageDays ?? retention.payloadDays,
    entries: retention.codedEntryDays ?? retention.payloadDays,
    answers: retention.answerDays ?? retention.payloadDays,
    history: retention.historyDays,
    receipts: retention.receiptDays,
    work: retention.resolvedWorkDays,
  };
  for (const [what, kept] of Object.entries(days) as [Prunable, number | undefined][])
    if (kept !== undefined) yield await pruneAll(shop, retention, what, kept);
  for (const chain of CHAINS) yield* archive(shop, retention, folder, actor, chain);
  await store.vacuum();
  const most = (retention.maxMegabytes ?? Number.POSITIVE_INFINITY) * MEGABYTE;
  let bytes = await store.bytes();
  // sooner and sooner, but never what came today
  for (let kept = Math.max(days.payloads ?? 365, days.history ?? 365); isOver(bytes, most) && kept > 1; ) {
    kept = Math.max(1, kept / 2);
    for (const what of ['payloads', 'history'] as const) yield await pruneAll(shop, retention, what, kept);
    await store.vacuum();
    bytes = await store.bytes();
  }
  yield { event: 'vacuumed', bytes, isOver: isOver(bytes, most) };
}

function isOver(bytes: number | undefined, most: number): boolean {
  return bytes !== undefined && bytes > most;
}

/** What stands for the map of records that are read without one: no change of a map reads them again. */
const WITHOUT_MAP = ['fhir', 'pds'];

async function pruneAll(
  { store, clock, maps }: Workshop,
  { historyVersions = 1 }: Retention,
  what: Prunable,
  days: number,
): Promise<RetentionEvent> {
  const limits = {
    beforeMs: clock() - days * DAY_MS,
    versions: historyVersions,
    mapDigests: [...[...maps.values()].map(({ digest }) => digest), ...WITHOUT_MAP],
    count: STEP,
  };
  let removed = 0;
  for (let after: number | undefined = 0; after !== undefined; ) {
    const step = await store.prune(what, { ...limits, after });
    removed += step.removed;
    after = step.after;
    await nextTurn();
  }
  return { event: 'pruned', what, removed };
}

/** A file is whole and on the disk before its rows leave the store. */
async function* archive(
  { store, clock }: Workshop,
  { auditDays, auditRows }: Retention,
  folder: string,
  actor: string,
  chain: ChainName,
): AsyncGenerator<RetentionEvent> {
  if (auditDays === undefined && auditRows === undefined) return;
  const beforeMs = auditDays === undefined ? 0 : clock() - auditDays * DAY_MS;
  let surplus = auditRows === undefined ? 0 : (await countAudit(store, chain)) - auditRows;
  for (;;) {
    const rows = await store.audit(ARCHIVED, 0, chain);
    const kept = rows.findIndex((row, at) => at >= surplus && row.atMs >= beforeMs);
    const old = kept === -1 ? rows : rows.slice(0, kept);
    const last = old.at(-1);
    if (!last) return;
    const first = old[0]!;
    if (brokenAt(old, { seq: first.seq - 1, hash: first.prevHash }) !== undefined)
      throw new AdapterError('permanent', BROKEN);
    const file = `${chain}-${numbered(first.seq)}-${numbered(last.seq)}.ndjson`;
    await writeWhole(folder, file, old);
    await store.archiveAudit(
      {
        ...(chain === 'access' && { chain }),
        firstSeq: first.seq,
        lastSeq: last.seq,
        lastHash: last.hash,
        file,
      },
      actor,
      clock(),
    );
    surplus -= old.length;
    yield { event: 'archived', file, rows: old.length };
    if (kept !== -1 || rows.length < ARCHIVED) return;
  }
}

async function countAudit(store: Store, chain: ChainName): Promise<number> {
  let count = 0;
  for (let after = 0; ; ) {
    const page = await store.audit(ARCHIVED, after, chain);
    count += page.length;
    if (page.length < ARCHIVED) return count;
    after = page.at(-1)!.seq;
  }
}

async function writeWhole(folder: string, name: string, rows: readonly ChainedRow[]): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const file = await open(`${path}.part`, 'w', 0o600);
  try {
    for (const row of rows) await file.write(`${JSON.stringify(row)}\n`);
    const { seq, hash } = rows.at(-1)!;
    await file.write(`${JSON.stringify({ chainHead: { seq, hash } })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}

function numbered(seq: number): string {
  return String(seq).padStart(12, '0');
}

const BROKEN = issueOf({
  code: 'conflict',
  rule: 'audit-broken',
  diagnostics:
    'The chain of the audit does not hold: nothing was archived. Keep the store as it is, and find out who changed it.',
});
