/** Turns "try this item again" into deliveries that are due, or a record that is read once more. */
import type { WorklistOptions } from '../../api/worklist-routes.ts';
import { retryRefused } from './refused.ts';
import { replayAll } from './replay.ts';
import type { Workshop } from './workshop.ts';

/** @returns what the worklist routes call for `retry` and `amend` */
export function retryWork(shop: Workshop): WorklistOptions['retry'] {
  return async (item, actor, amended) => {
    if (item.kind === 'rejected') {
      const retried = await retryRefused(shop, item.id, actor, amended);
      if (!retried.ok) return retried;
      const { state, summary, work } = retried.value;
      return { ok: true, value: { state, deliveries: summary.deliveries, work } };
    }
    await shop.store.noteWork(item.id, 'retry', shop.clock(), actor);
    let deliveries = 0;
    for await (const event of replayAll(shop, { work: item.id }, actor))
      if (event.event === 'done') deliveries = event.deliveries;
    return { ok: true, value: { state: 'due', deliveries, work: item.id } };
  };
}
