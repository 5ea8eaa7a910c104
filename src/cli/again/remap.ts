/** Turns the records that an older version of a map has mapped into what today's maps make of them; only what differs is written, and sent. */
import type { MapUse, StoredRecord } from '../../store/store.ts';
import { type AgainEvent, Previewer } from './replay.ts';
import { pagesOf } from './select.ts';
import { asRead, type Workshop } from './workshop.ts';

export interface RemapWish {
  readonly source?: string | undefined;
  readonly kind?: string | undefined;
  /** only count, and tell what would change of the first records of each kind */
  readonly preview?: boolean | undefined;
  /** records of each kind that a preview looks at; default 1000 */
  readonly records?: number | undefined;
}

/** What a remap tells besides what a replay tells. */
export type RemapEvent =
  | AgainEvent
  | { readonly event: 'outdated'; readonly source: string; readonly kind: string; readonly records: number }
  | { readonly event: 'interrupted'; readonly mapped: number };

const PREVIEWED = 1000;

/**
 * Ended early it goes on where it was when it is called again: a record that was mapped anew is of an old version no longer.
 * @param signal ends it behind the batch under way
 */
export async function* remapAll(
  shop: Workshop,
  wish: RemapWish,
  signal: AbortSignal,
): AsyncGenerator<RemapEvent> {
  const outdated = (await shop.store.mapUse()).filter((use) => isOutdated(shop, use, wish));
  for (const { source, kind, records } of outdated) yield { event: 'outdated', source, kind, records };
  if (wish.preview) {
    const previewer = new Previewer(shop, true);
    for (const use of outdated)
      for await (const page of first(wish.records ?? PREVIEWED, pagesOf(shop.store, { by: 'map', ...use })))
        yield* previewer.page(page);
    yield previewer.end();
    return;
  }
  let [mapped, deliveries, refused] = [0, 0, 0];
  for (const use of outdated) {
    const lost = { records: 0 };
    const summary = await shop
      .pipelineOf()
      .ingest(use.source, use.kind, readsOf(shop, use, lost, signal), { signal });
    mapped += summary.read;
    deliveries += summary.deliveries;
    refused += summary.receipt.refused;
    if (lost.records > 0) yield { event: 'passed-over', reason: 'no-payload', records: lost.records };
    if (signal.aborted) return yield { event: 'interrupted', mapped };
  }
  shop.wake();
  yield { event: 'done', deliveries, accepted: 0, refused, mapped };
}

function isOutdated({ maps }: Workshop, use: MapUse, { source, kind }: RemapWish): boolean {
  const set = maps.get(use.source);
  if (!set?.kinds.has(use.kind) || set.digest === use.mapDigest) return false;
  return (source === undefined || source === use.source) && (kind === undefined || kind === use.kind);
}

async function* readsOf(shop: Workshop, use: MapUse, lost: { records: number }, signal: AbortSignal) {
  for await (const page of pagesOf(shop.store, { by: 'map', ...use })) {
    for (const record of page) {
      if (signal.aborted) return;
      const read = await asRead(shop.store, record);
      if (read) yield read;
      else lost.records += 1;
    }
  }
}

async function* first(
  count: number,
  pages: AsyncGenerator<readonly StoredRecord[]>,
): AsyncGenerator<readonly StoredRecord[]> {
  let left = count;
  for await (const page of pages) {
    yield page.slice(0, left);
    left -= page.length;
    if (left <= 0) return;
  }
}
