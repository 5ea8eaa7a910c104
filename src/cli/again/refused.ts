/** Takes refused records the way in once more, as they are kept or as somebody has amended them. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import { readAgain } from '../../source/again.ts';
import type { IntakeSummary } from '../../source/tally.ts';
import type { Store, WorkItem } from '../../store/store.ts';
import { rejectedItem } from '../../store/work-items.ts';
import type { Wish } from './select.ts';
import { each, PAGE, type Workshop } from './workshop.ts';

/** What became of one refused record. */
export interface Retried {
  readonly state: 'accepted' | 'refused';
  readonly summary: IntakeSummary;
  /** id of its worklist item now: another one where the amended record is refused again */
  readonly work: string;
}

/**
 * Reads, maps and commits a refused record once more, by today's schema and map.
 * @param id of its worklist item
 * @param payload amended; undefined: as it is kept
 * @returns what became of it; or a refusal, where there is no such open item or nothing of it was kept
 */
export async function retryRefused(
  shop: Workshop,
  id: string,
  actor: string,
  payload?: unknown,
): Promise<Checked<Retried>> {
  const kept = await shop.store.refusedRecord(id);
  const item = await shop.store.workItem(id);
  if (!kept || !item || item.resolvedMs !== undefined) return refuse(NOT_KEPT);
  const reader = shop.sources.get(kept.source)?.kinds.get(kept.kind);
  if (!reader) return refuse(NO_READER);
  await shop.store.noteWork(id, payload === undefined ? 'retry' : 'amend', shop.clock(), actor);
  const record = readAgain(reader, payload === undefined ? kept : { ...kept, payload }, shop.clock());
  const summary = await shop.pipelineOf().ingest(kept.source, kept.kind, each([record]));
  const [refusal] = summary.refusals;
  const work = refusal ? rejectedItem({ ...kept, ...record, outcome: refusal.outcome }).id : id;
  // another key, or another payload: the item of before stands for nothing any more
  if (work !== id || !refusal) await shop.store.resolveWork(id, shop.clock(), actor);
  shop.wake();
  return { ok: true, value: { state: refusal ? 'refused' : 'accepted', summary, work } };
}

/** @returns open refused records, in pages; those of one person or resource cannot be told before they are mapped */
export async function* refusedItems(store: Store, wish: Wish): AsyncGenerator<WorkItem> {
  if (wish.work !== undefined) {
    const item = await store.workItem(wish.work);
    if (item?.kind === 'rejected' && item.resolvedMs === undefined) yield item;
    return;
  }
  if (wish.patient !== undefined || wish.resource !== undefined || wish.target !== undefined) return;
  const { rule, fromMs, untilMs } = wish;
  const filter = Object.fromEntries(
    Object.entries({ rule, fromMs, untilMs }).filter(([, value]) => value !== undefined),
  );
  const items: WorkItem[] = [];
  for (;;) {
    const after = items.at(-1)?.id;
    const page = await store.worklist({
      ...filter,
      kind: 'rejected',
      open: true,
      count: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    items.push(...page); // read before any is tried, since a try may open an item anew
    if (page.length < PAGE) break;
  }
  yield* items;
}

const NOT_KEPT = {
  code: 'not-found' as const,
  rule: 'replay-not-kept',
  diagnostics: 'There is no open item of a refused record under this id; the worklist shows those there are.',
};
const NO_READER = {
  code: 'not-supported' as const,
  rule: 'replay-no-source',
  diagnostics:
    "The record's source or kind is no longer configured: put its folder back into the configuration, then replay.",
};
