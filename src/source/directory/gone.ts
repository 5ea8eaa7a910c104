/** Finds the services that a directory has no more, and marks them as not in operation: nothing is deleted here. */
import type { Store, StoredRecord } from '../../store/store.ts';
import type { ReadRecord } from '../record.ts';
import { type DirectoryTrouble, trouble } from './client.ts';
import { short } from './progress.ts';
import { keepStamp } from './services.ts';

export interface GoneOptions {
  readonly name: string;
  readonly source: string;
  readonly kind: string;
  readonly store: Pick<Store, 'mapUse' | 'storedRecords' | 'answers' | 'sourceRecord'>;
  readonly take: (records: readonly ReadRecord[]) => Promise<unknown>;
  readonly onChanged?: ((keys: readonly string[]) => Promise<void>) | undefined;
  /** short digests of the ids that the sweep has seen */
  readonly seen: ReadonlySet<string>;
  readonly mostGone: number;
  readonly clock: () => number;
}

type Payload = Readonly<Record<string, unknown>>;

const PAGE = 100;
/** A directory of so few may well lose most of them. */
const FEW = 5;
const CLOSED: ReadonlySet<unknown> = new Set(['inactive', 'defunct']);

/** @returns how many were marked; or why none was: a directory that has lost most of itself has more likely a fault */
export async function closeGone(
  options: GoneOptions,
): Promise<{ readonly closed: number } | DirectoryTrouble> {
  const gone: ReadRecord[] = [];
  let open = 0;
  for await (const record of recordsOf(options)) {
    const payload = record.payload as Payload | undefined;
    if (!payload || CLOSED.has(payload.status)) continue;
    open += 1;
    if (!options.seen.has(short(record.key))) gone.push(closedOf(options, record.key, payload));
  }
  if (gone.length > FEW && gone.length > open * options.mostGone)
    return trouble(
      'directory-mostly-gone',
      `${options.name} has lost ${gone.length} of its ${open} services at once: none was marked as closed. Look whether it is well, or raise mostGone.`,
    );
  for (let at = 0; at < gone.length; at += PAGE) {
    const some = gone.slice(at, at + PAGE);
    await options.take(some);
    const keys = some.flatMap(({ key }) => key ?? []);
    for (const key of keys) await keepStamp(options, key, {});
    await options.onChanged?.(keys);
  }
  return { closed: gone.length };
}

/** Without its time of change: when the directory has it again, it is read anew, whatever time it gives. */
function closedOf({ source, kind, clock }: GoneOptions, key: string, payload: Payload): ReadRecord {
  const { last_modified: _, ...kept } = payload;
  return {
    ok: true,
    source,
    kind,
    key,
    payload: { ...kept, status: 'inactive' },
    sourceTimeMs: clock(),
    timeOf: 'reading',
    warnings: [],
  };
}

async function* recordsOf({ store, source, kind }: GoneOptions): AsyncGenerator<StoredRecord> {
  const versions = (await store.mapUse()).filter((one) => one.source === source && one.kind === kind);
  for (const { mapDigest } of versions) {
    let after: StoredRecord | undefined;
    do {
      const page = await store.storedRecords({ by: 'map', source, kind, mapDigest }, PAGE, after);
      yield* page;
      after = page.length < PAGE ? undefined : page.at(-1);
    } while (after);
  }
}
