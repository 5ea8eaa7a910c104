/** Takes back a warning of the worklist whose cause is over, so that it opens again where the cause comes back. */
import { outcomeOf } from '../fhir/outcome.ts';
import type { Store, WorkItem } from './store.ts';

const OVER = ' This is over.';

/**
 * A warning that was resolved stays so while it says the same, since a person may have resolved it. One that is taken back
 * says before that it is over: should the cause come back, it says something else again, and opens.
 * @param actor as the audit names it
 */
export async function takeBack(
  store: Pick<Store, 'raiseWork' | 'resolveWork'>,
  item: WorkItem,
  nowMs: number,
  actor: string,
): Promise<void> {
  const issues = item.outcome.issue.map((issue) => {
    const words = issue.diagnostics ?? '';
    return { ...issue, diagnostics: words.endsWith(OVER) ? words : `${words}${OVER}` };
  });
  const { createdMs: _, resolvedMs: __, rule: ___, assignee: ____, ...kept } = item;
  await store.raiseWork([{ ...kept, outcome: outcomeOf(...issues) }], nowMs);
  await store.resolveWork(item.id, nowMs, actor);
}
