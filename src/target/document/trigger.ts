/** Turns a resource on its way to a GP practice into why a document is written: accepted, closed, or something asked of the practice. */
import type { Flag, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { isOpenAction, isSafetyFlag } from '../../referral/summary/actions.ts';
import type { SummaryTrigger } from '../../referral/summary/content.ts';
import { isGpAction } from '../../referral/summary/support.ts';
import type { ResourceKey } from '../../store/store.ts';

export interface Trigger {
  readonly why: SummaryTrigger;
  /** undefined: of the person, whose referral has to be found */
  readonly requestKey?: ResourceKey | undefined;
  /** one document a cause: a later version of it corrects the document */
  readonly cause: string;
}

const GOES_ON: ReadonlySet<string> = new Set(['accepted', 'in-progress', 'on-hold']);
const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'rejected', 'cancelled']);

/** @returns undefined for what no document is written for: most of what is known of a person */
export function triggerOf(resource: Resource, wanted: ReadonlySet<SummaryTrigger>): Trigger | undefined {
  const trigger =
    resource.resourceType === 'Task'
      ? ofTask(resource)
      : resource.resourceType === 'Flag'
        ? ofFlag(resource)
        : undefined;
  return trigger && wanted.has(trigger.why) ? trigger : undefined;
}

function ofTask(task: Task): Trigger | undefined {
  const requestKey = task.focus?.reference;
  if (!requestKey?.startsWith('ServiceRequest/')) return undefined;
  const key = requestKey as ResourceKey;
  if (isGpAction(task))
    return isOpenAction(task) ? { why: 'action', requestKey: key, cause: `Task/${task.id}` } : undefined;
  // an onward referral is told of in the summary; a hand-over goes on elsewhere
  if (task.partOf?.length || isHandedOver(task)) return undefined;
  if (GOES_ON.has(task.status)) return { why: 'accepted', requestKey: key, cause: 'accepted' };
  return ENDED.has(task.status) ? { why: 'closed', requestKey: key, cause: 'closed' } : undefined;
}

function isHandedOver({ output }: Task): boolean {
  return (output ?? []).some(({ type }) => type.coding?.some(({ code }) => code === 'hand-over'));
}

function ofFlag(flag: Flag): Trigger | undefined {
  return isSafetyFlag(flag) ? { why: 'action', cause: `Flag/${flag.id}` } : undefined;
}

/** @returns the referral that a person is in: an active one before one that ended, the newest first; onward ones are none */
export function currentRequest(
  requests: readonly ServiceRequest[],
  tasks: readonly Task[],
): ServiceRequest | undefined {
  const onward = new Set(
    tasks.flatMap(({ partOf, focus }) => (partOf?.length ? (focus?.reference ?? []) : [])),
  );
  const led = new Set(tasks.flatMap((task) => (isGpAction(task) ? [] : (task.focus?.reference ?? []))));
  return requests
    .filter(({ id }) => led.has(`ServiceRequest/${id}`) && !onward.has(`ServiceRequest/${id}`))
    .toSorted((a, b) => Number(b.status === 'active') - Number(a.status === 'active') || byDate(a, b))[0];
}

function byDate(a: ServiceRequest, b: ServiceRequest): number {
  return Date.parse(b.authoredOn ?? '') - Date.parse(a.authoredOn ?? '') || 0;
}
