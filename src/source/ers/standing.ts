/** Tells where a referral of e-RS stands here: in its own record, in one that another source brought, and how far it has come. */
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { resourceId } from '../../fhir/ids.ts';
import type { Store } from '../../store/store.ts';

const SOURCE = 'e-rs';
const UBRN_SYSTEM = 'https://fhir.nhs.uk/Id/UBRN';
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
  ['completed', 'completed'],
]);
/** e-RS says itself that the service has taken it on. */
const ACCEPTED = 'TRIAGED_PROVIDER_TO_ACTION';

/** e-RS tells of bookings, and each change of one would be a step back for a referral that was taken on. @returns its state here, where that is further */
export async function standingOf(
  store: Pick<Store, 'search'>,
  ubrn: string,
  state: string | undefined,
): Promise<string | undefined> {
  const page = await store.search({
    type: 'Task',
    clauses: [{ kind: 'reference', param: 'focus', targets: [`ServiceRequest/${idOf(ubrn)}`] }],
    count: 1,
  });
  const status = (page.versions[0]?.resource as Task | undefined)?.status;
  if (state === ACCEPTED && (status === 'received' || status === 'accepted')) return undefined;
  return FURTHER.get(status);
}

function idOf(ubrn: string): string {
  return resourceId(SOURCE, { type: 'ServiceRequest', role: 'referral', key: ubrn });
}
