/** Looks after coded activity from time to time: what could not be listed, what was never filed, files of receipts; and derives anew under other rules. */
import type { Logger } from 'pino';
import type { CodedActivityConfig } from '../../config/coded-activity.ts';
import { digestOf } from '../../fhir/digest.ts';
import type { EntryReceipt } from '../../store/coded-entries.ts';
import type { Store } from '../../store/store.ts';
import type { CodedActivity } from '../../target/coded/coded-activity.ts';
import type { Lists } from '../../target/coded/list.ts';
import { takeReceiptFiles } from './files.ts';

const HOUR_MS = 3_600_000;
const PAGE = 200;

interface LookedAfter {
  readonly config: CodedActivityConfig;
  readonly lists: Lists;
  /** what follows from receipts that were kept */
  afterReceipts(receipts: readonly EntryReceipt[]): Promise<void>;
}

interface LookSurroundings {
  readonly store: Store;
  readonly clock: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly signal: AbortSignal;
}

/** @returns one look; each part of it is made whatever became of the others, and it never rejects */
export function lookAfter(
  { config, lists, afterReceipts: onReceipts }: LookedAfter,
  { store, clock, log, signal }: LookSurroundings,
): () => Promise<void> {
  let recheckMs = 0;
  const part = async (what: string, run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      log.warn({ error: nameOf(error) }, `coded activity: ${what} failed, and is tried again`);
    }
  };
  return async () => {
    await part('the look at what could not be listed', async () => {
      if (clock() < recheckMs) return;
      await lists.recheck(signal);
      recheckMs = clock() + HOUR_MS;
    });
    await part('the look at what was never filed', async () => {
      const beforeMs = clock() - config.raiseAfterHours * HOUR_MS;
      const raised = await store.codedEntries.raiseUnfiled(beforeMs, clock());
      if (raised > 0) log.warn({ raised }, 'coded entries were listed and never filed: see the worklist');
    });
    await part('the look for files of receipts', async () => {
      const { receiptsFolder: folder } = config;
      if (folder !== undefined) await takeReceiptFiles(folder, { store, clock, log, onReceipts });
    });
  };
}

/** Of an error only its kind: its words may hold what a file or a person said. */
function nameOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}

/** How far people have been gone through for the rules of this digest. */
interface Progress {
  readonly digest: string;
  readonly isDone: boolean;
  readonly after?: string | undefined;
  /** Patients that could not be looked at, for the next start */
  readonly failed?: readonly string[] | undefined;
}

/**
 * Where other rules hold than before, everybody is looked at once more; goes on where an earlier start was stopped. What is
 * wrong with one person stops no other: they are looked at again at the next start.
 */
export async function derive(
  { config, coded }: { readonly config: CodedActivityConfig; readonly coded: CodedActivity },
  { store, clock, signal }: Pick<LookSurroundings, 'store' | 'clock' | 'signal'>,
): Promise<void> {
  const { rules, since, timeZone, practices, consentScopes } = config;
  const digest = digestOf({ rules, since, timeZone, practices, consentScopes });
  const kept = await store.job('coded-rules');
  const before = kept === undefined ? undefined : (JSON.parse(kept) as Progress);
  let progress: Progress = before?.digest === digest ? before : { digest, isDone: false };
  const lookAt = async (ids: readonly string[]): Promise<readonly string[]> => {
    const failed: string[] = [];
    for (const id of ids) {
      if (signal.aborted) return [...failed, ...ids.slice(ids.indexOf(id))];
      await coded.refresh(await store.personOf(id)).catch(() => failed.push(id));
    }
    return failed;
  };
  const keep = async (next: Progress): Promise<void> => {
    progress = next;
    await store.keepJob('coded-rules', JSON.stringify(next), clock());
  };
  const { failed = [] } = progress;
  if (failed.length > 0) await keep({ ...progress, failed: await lookAt(failed) });
  while (!progress.isDone && !signal.aborted) {
    const { versions, next } = await store.search({
      ...{ type: 'Patient', clauses: [], count: PAGE },
      ...(progress.after === undefined ? {} : { after: progress.after }),
    });
    const failed = await lookAt(versions.map(({ id }) => id));
    if (signal.aborted) return;
    await keep({
      ...{ digest, isDone: next === undefined, after: next },
      failed: [...(progress.failed ?? []), ...failed],
    });
  }
}
