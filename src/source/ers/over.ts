/** Has a person look where e-RS goes on listing a referral that is over here, or that nothing here holds. */
import type { Task } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { ResourceKey, Store } from '../../store/store.ts';
import { takeBack } from '../../store/work-over.ts';

export interface OverOptions {
  readonly store: Pick<Store, 'raiseWork' | 'resolveWork' | 'workItem'>;
  /** who owns what is raised */
  readonly ownerOrg: string;
  readonly clock: () => number;
}

const workId = (ubrn: string): string => uuidV5(PROJECT_NAMESPACE, JSON.stringify(['ers-over', ubrn]));

const OVER = {
  rule: 'ers-over-here',
  diagnostics:
    'e-RS goes on listing a referral that is over here: end it there too. Where the person was referred again, that needs a booking reference of its own.',
};
/** It may be live at e-RS: what was entered in error here says nothing of the person. */
const NOT_HELD = {
  rule: 'ers-not-held',
  diagnostics:
    'e-RS lists a referral that nothing here holds, since what was held was entered in error: bring it in again from the case system as a new record, or see to it at e-RS.',
};

/**
 * Somebody ends it at e-RS too, or learns that it was referred again: an ended referral is not opened again.
 * @param status of its Task here; where that was entered in error, e-RS alone holds the person
 */
export async function raiseOver(
  { store, ownerOrg, clock }: OverOptions,
  ubrn: string,
  resource: ResourceKey,
  status: Task['status'] | undefined,
): Promise<void> {
  const outcome = outcomeOf(
    issueOf({
      severity: 'warning',
      code: 'business-rule',
      ...(status === 'entered-in-error' ? NOT_HELD : OVER),
      expression: 'Task.status',
    }),
  );
  const record = {
    source: 'e-rs',
    recordKind: 'referral',
    recordKey: ubrn,
    file: undefined,
    line: undefined,
  };
  const about = { ...record, resource, target: undefined };
  await store.raiseWork([{ id: workId(ubrn), kind: 'warning', ownerOrg, ...about, outcome }], clock());
}

/** Takes back what was said, when e-RS lists it no more, or a case system holds it. */
export async function settleOver({ store, clock }: OverOptions, ubrn: string): Promise<void> {
  const item = await store.workItem(workId(ubrn));
  if (item && item.resolvedMs === undefined) await takeBack(store, item, clock(), 'e-rs');
}
