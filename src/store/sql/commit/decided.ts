/** Applies what a person decided of a conflict, as long as what it was decided against still stands. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../../fhir/outcome.ts';
import type { Reconciled } from '../../reconcile.ts';
import type { CommitRecord, Decision, Identified, ResourceKey } from '../../store.ts';
import { contentDigest } from '../../versions.ts';
import type { Step } from '../statement.ts';
import { selectWorkItem } from '../work-rows.ts';
import type { Batch } from './batch.ts';

/** Rule of a decision that came too late: what it is about has changed. */
export const MOVED = 'conflict-moved';

/** @param ours what is stored @returns what was decided of a resource; undefined where nobody decided of this version of it */
export function decidedOf(
  { decision }: CommitRecord,
  key: ResourceKey,
  ours: Identified | undefined,
): Reconciled | undefined {
  const decided = decision?.made.findLast(({ resource }) => resource === key);
  if (!decided || !ours || contentDigest(ours) !== decided.against) return undefined;
  return { merged: decided.content, conflicts: [] };
}

/** @returns why a decision cannot be taken any more; undefined where it can */
export function* outdated({ view }: Batch, { work, made }: Decision): Step<OperationOutcome | undefined> {
  const item = yield* selectWorkItem(work);
  if (!item || item.resolvedMs !== undefined) return refused('conflict-settled', SETTLED);
  const { resource, against } = made.at(-1)!;
  const content = view.resources.get(resource)?.content;
  const isSame = content != null && contentDigest(JSON.parse(content) as Identified) === against;
  return isSame ? undefined : refused(MOVED, CHANGED);
}

function refused(rule: string, diagnostics: string): OperationOutcome {
  return outcomeOf(issueOf({ code: 'conflict', rule, diagnostics }));
}

const SETTLED = 'This item is settled already; nothing was changed. Look at the resource as it is now.';
const CHANGED =
  'The resource was changed here since this conflict was shown; nothing was decided. Look at the item as it is now.';
