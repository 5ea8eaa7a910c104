/** Turns our identifier of a resource into the copies that a server holds of it, oldest first. */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { isInError } from '../../fhir/in-error.ts';
import { type Refused, refusalOf } from '../answers.ts';
import type { Place } from '../place.ts';
import type { Delivery } from '../target.ts';
import { readCopy } from './fhir-client.ts';
import { RESOURCE_ID_SYSTEM } from './outgoing.ts';

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
