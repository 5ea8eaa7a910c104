/** Tells where a referral of e-RS stands here: in its own record, in one that another source brought, and how far it has come. */
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { UBRN_SYSTEM } from '../../fhir/identifiers.ts';
import { resourceId } from '../../fhir/ids.ts';
import { ENDED } from '../../referral/judge-task.ts';
import type { ResourceKey, Store } from '../../store/store.ts';

const SOURCE = 'e-rs';
const MOST = 20;

/**
 * A case system that names the booking reference holds the referral itself: it is said once.
 * @returns both: another source has brought what came from e-RS before
 */
export async function wherever(
  store: Pick<Store, 'search'>,
  ubrn: string,
): Promise<'here' | 'elsewhere' | 'both'> {
  const values = [{ system: UBRN_SYSTEM, code: ubrn }];
  const page = await store.search({
    type: 'ServiceRequest',
    clauses: [{ kind: 'token', param: 'identifier', values }],
    count: MOST,
  });
  const own = idOf(ubrn);
  const standing = page.versions.flatMap(({ id, resource }) =>
    (resource as ServiceRequest | undefined)?.status === 'entered-in-error' ? [] : [id],
  );
  if (!standing.some((id) => id !== own)) return 'here';
  return standing.includes(own) ? 'both' : 'elsewhere';
}

/** States of a Task that e-RS knows nothing of, by what the logical referral calls them; in their order. */
const FURTHER: ReadonlyMap<string | undefined, string> = new Map([
  ['received', 'received'],
  ['accepted', 'accepted'],
  ['in-progress', 'active'],
  ['on-hold', 'on-hold'],
]);
/** e-RS says itself that the service has taken it on. */
const ACCEPTED = 'TRIAGED_PROVIDER_TO_ACTION';

/** @returns the status of its Task; undefined where there is none */
export async function statusHere(
  store: Pick<Store, 'read'>,
  ubrn: string,
): Promise<Task['status'] | undefined> {
  const id = resourceId(SOURCE, { type: 'Task', role: 'referral', key: ubrn });
  return ((await store.read('Task', id))?.resource as Task | undefined)?.status;
}

/** @returns whether nothing that e-RS may say follows */
export function isOver(status: Task['status'] | undefined): boolean {
  return ENDED.has(status) || status === 'entered-in-error';
}

/**
 * e-RS tells of bookings, and each change of one would be a step back for a referral that was taken on.
 * @param status of its Task @param state that e-RS tells
 * @returns its state here, where that is further
 */
export function standingOf(
  status: Task['status'] | undefined,
  state: string | undefined,
): string | undefined {
  if (state === ACCEPTED && (status === 'received' || status === 'accepted')) return undefined;
  return FURTHER.get(status);
}

/** @returns the ServiceRequest that is made of a booking reference */
export function requestKey(ubrn: string): ResourceKey {
  return `ServiceRequest/${idOf(ubrn)}`;
}

function idOf(ubrn: string): string {
  return resourceId(SOURCE, { type: 'ServiceRequest', role: 'referral', key: ubrn });
}
