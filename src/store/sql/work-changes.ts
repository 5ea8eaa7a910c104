/** Turns what a person does with a worklist item into its new state, and an audit row that says who did it. */
import type { AuditRow } from '../audit-chain.ts';
import { appendAudit } from './audit-rows.ts';
import { lockCommits } from './counter-rows.ts';
import type { Step } from './statement.ts';
import { assignWorkItem, deleteRefusedPayload, resolveWorkItem, selectWorkItem } from './work-rows.ts';

/** Who did it, and when. */
export interface Act {
  readonly actor: string;
  readonly nowMs: number;
}

/** @param assignee null: nobody in particular @returns false when there is no such open item */
export function* assignWork(id: string, assignee: string | null, act: Act): Step<boolean> {
  yield* lockCommits();
  if (!(yield* assignWorkItem(id, assignee))) return false;
  yield* noteOf(id, 'assign', act, assignee === null ? {} : { assignee });
  return true;
}

/** A refused record that somebody gives up goes with its item. @returns false when there is no such open item */
export function* resolveWork(id: string, act: Act): Step<boolean> {
  yield* lockCommits();
  if (!(yield* resolveWorkItem(id, act.nowMs))) return false;
  yield* deleteRefusedPayload(id);
  yield* noteOf(id, 'resolve', act, {});
  return true;
}

/** Records that somebody had an item tried again, or amended. */
export function* noteWork(id: string, action: 'retry' | 'amend', act: Act): Step<void> {
  yield* lockCommits();
  yield* noteOf(id, action, act, {});
}

function* noteOf(id: string, action: AuditRow['action'], { actor, nowMs }: Act, more: object): Step<void> {
  const ownerOrg = (yield* selectWorkItem(id))?.ownerOrg ?? '';
  const detail = JSON.stringify({ work: id, ...more });
  yield* appendAudit([{ atMs: nowMs, ownerOrg, actor, action, detail }]);
}
