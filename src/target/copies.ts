/** Turns our identifier of a resource into the copies that a server holds of it, oldest first. */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { type Refused, refusalOf } from './answers.ts';
import { readCopy } from './fhir-client.ts';
import { RESOURCE_ID_SYSTEM } from './outgoing.ts';
import type { Place } from './place.ts';
import type { Delivery } from './target.ts';

export type Found = { readonly ok: true; readonly copies: readonly Resource[] } | Refused;

/** More than the senders that could ever race for one resource. */
const MOST_COPIES = '200';

/**
 * Searches by POST, so that no identifier stands in a URL.
 * @param token `system|value`
 * @returns the copies that count, oldest first: one that is marked as entered in error is no copy any more
 */
export async function findCopies(
  place: Place,
  delivery: Delivery,
  token: string,
  signal: AbortSignal,
): Promise<Found> {
  const { type } = delivery.entry;
  const reply = await place.client.send(
    {
      method: 'POST',
      path: `${type}/_search`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'cache-control': 'no-cache' },
      body: new URLSearchParams({ identifier: token, _count: MOST_COPIES }).toString(),
    },
    signal,
  );
  if (!reply.ok) return reply;
  const bundle = reply.body as Bundle | undefined;
  if (reply.status !== 200 || bundle?.resourceType !== 'Bundle')
    return refusalOf(`a search for ${type}`, reply, place.client.rules);
  const found = (bundle.entry ?? []).flatMap((entry) => (entry.resource?.id ? [entry.resource] : []));
  const copies = found.filter((copy) => copy.resourceType === type && !isInError(copy));
  return { ok: true, copies: copies.toSorted(byAge) };
}

/** Looks for a resource of ours under its id, or by our identifier at a server that names resources. */
export async function findOne(
  place: Place,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly remoteId: string | undefined } | Refused> {
  const { type, id } = delivery.entry;
  if (place.ids === 'server') {
    const found = await findCopies(place, delivery, `${RESOURCE_ID_SYSTEM}|${id}`, signal);
    return found.ok ? { ok: true, remoteId: found.copies[0]?.id } : found;
  }
  const copy = await readCopy(place.client, `${type}/${id}`, signal);
  if (copy.state === 'unknown') return copy.refused;
  return { ok: true, remoteId: copy.state === 'there' ? id : undefined };
}

/** Every sender must settle on the same one: by the server's own time, and by id where that is the same. */
export function byAge(a: Resource, b: Resource): number {
  const [first, second] = [a, b].map((one) => Date.parse(one.meta?.lastUpdated ?? '') || 0) as [
    number,
    number,
  ];
  if (first !== second) return first - second;
  return (a.id ?? '') < (b.id ?? '') ? -1 : 1;
}

const IN_ERROR = 'entered-in-error';
const VERIFICATION = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';

/** Types whose `status` knows the code. */
const BY_STATUS: ReadonlySet<string> = new Set([
  'Appointment',
  'CarePlan',
  'CareTeam',
  'Communication',
  'Consent',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'EpisodeOfCare',
  'Flag',
  'List',
  'Observation',
  'Procedure',
  'QuestionnaireResponse',
  'ServiceRequest',
  'Task',
]);

/** @returns the copy marked as entered in error; undefined where its type has no way to say that */
export function markedInError(copy: Resource): Resource | undefined {
  const { resourceType: type } = copy;
  if (BY_STATUS.has(type)) return { ...copy, status: IN_ERROR } as Resource;
  if (type === 'Goal') return { ...copy, lifecycleStatus: IN_ERROR } as unknown as Resource;
  if (type !== 'Condition') return undefined;
  // con-5: what is entered in error has no clinical status
  const { clinicalStatus: _, ...condition } = copy;
  return { ...condition, verificationStatus: { coding: [{ system: VERIFICATION, code: IN_ERROR }] } };
}

function isInError(copy: Resource): boolean {
  const { status, lifecycleStatus } = copy as { status?: unknown; lifecycleStatus?: unknown };
  if (status === IN_ERROR || lifecycleStatus === IN_ERROR) return true;
  if (copy.resourceType !== 'Condition') return false;
  return (copy.verificationStatus?.coding ?? []).some(({ code }) => code === IN_ERROR);
}
