/** Delivers a resource to a server that gives its own ids: create unless it exists, read back, and settle on the oldest of twins. */
import type { Bundle, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';
import { describe, type Refused, refusal, refusalOf } from './answers.ts';
import { type FhirReply, versionOf } from './fhir-client.ts';
import { outgoing, RESOURCE_ID_SYSTEM, saysTheSame, searchToken } from './outgoing.ts';
import type { Delivered, Delivery } from './target.ts';
import { linkOf, type Place, writeKnowing, writeOne } from './write-one.ts';

/** For a delivery without a link. A server's promise that a conditional create is unique is not trusted. */
export async function createOne(place: Place, delivery: Delivery, signal: AbortSignal): Promise<Delivered> {
  const sent = outgoing(delivery.resource!, {
    remoteId: undefined,
    remoteKeys: place.remoteKeys,
    withIdentifier: true,
  });
  const token = searchToken(sent);
  if (delivery.entry.ambiguous) {
    if (token === undefined) return cannotLook(place, delivery);
    const found = await findCopies(place, delivery, token, signal);
    if (!found.ok) return { ...found, retry: found.retry === 'permanent' ? 'permanent' : 'ambiguous' };
    if (found.copies.length > 0) return adopt(place, delivery, sent, found.copies, signal);
  }
  const reply = await place.client.send(
    {
      method: 'POST',
      path: delivery.entry.type,
      headers: token === undefined ? {} : { 'if-none-exist': `identifier=${encodeURIComponent(token)}` },
      body: JSON.stringify(sent),
    },
    signal,
  );
  if (!reply.ok) return reply;
  const isKnown = reply.status >= 200 && reply.status < 300;
  if (!isKnown && reply.status !== 412) return refusalOf(describe(delivery), reply, place.client.rules);
  if (token === undefined) return createdOf(place, delivery, reply);
  const found = await findCopies(place, delivery, token, signal);
  // It is stored; only the look for twins failed, or the server's index lags behind.
  if (!found.ok || found.copies.length === 0) return createdOf(place, delivery, reply);
  return adopt(place, delivery, sent, found.copies, signal);
}

/** Removes what a create that was never answered may have left: without a link only our identifier finds it. */
export async function removeUnlinked(
  place: Place,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Delivered> {
  const token = `${RESOURCE_ID_SYSTEM}|${delivery.entry.id}`;
  const found = await findCopies(place, delivery, token, signal);
  if (!found.ok) return found;
  for (const copy of found.copies) {
    const link = linkOf(place, delivery, copy.id, copy.meta?.versionId);
    const removed = await writeOne(place, { ...delivery, link }, signal);
    if (!removed.ok) return removed;
  }
  return { ok: true, link: linkOf(place, delivery, undefined, undefined) };
}

/** Settles on the oldest copy, writing ours over it where it differs. */
async function adopt(
  place: Place,
  delivery: Delivery,
  sent: Resource,
  copies: readonly Resource[],
  signal: AbortSignal,
): Promise<Delivered> {
  const [oldest] = copies.toSorted(byAge);
  const link = linkOf(place, delivery, oldest!.id, oldest!.meta?.versionId);
  const delivered = saysTheSame(sent, oldest!)
    ? ({ ok: true, link } as const)
    : await writeKnowing(place, { ...delivery, link }, link.remoteVersion, signal);
  return delivered.ok && copies.length > 1
    ? { ...delivered, report: twins(place, delivery, copies) }
    : delivered;
}

function byAge(a: Resource, b: Resource): number {
  const [first, second] = [a, b].map((one) => `${one.meta?.lastUpdated ?? ''} ${one.id}`) as [string, string];
  return first < second ? -1 : 1;
}

type Found = { readonly ok: true; readonly copies: readonly Resource[] } | Refused;

/** Searches by POST, so that no identifier stands in a URL. */
async function findCopies(
  place: Place,
  delivery: Delivery,
  token: string,
  signal: AbortSignal,
): Promise<Found> {
  const reply = await place.client.send(
    {
      method: 'POST',
      path: `${delivery.entry.type}/_search`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'cache-control': 'no-cache' },
      body: new URLSearchParams({ identifier: token }).toString(),
    },
    signal,
  );
  if (!reply.ok) return reply;
  const bundle = reply.body as Bundle | undefined;
  if (reply.status !== 200 || bundle?.resourceType !== 'Bundle')
    return refusalOf(`a search for ${delivery.entry.type}`, reply, place.client.rules);
  const copies = (bundle.entry ?? []).flatMap((entry) => (entry.resource?.id ? [entry.resource] : []));
  return { ok: true, copies: copies.filter((copy) => copy.resourceType === delivery.entry.type) };
}

function createdOf(place: Place, delivery: Delivery, reply: FhirReply): Delivered {
  const location = /\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/.exec(reply.headers.location ?? '')?.[1];
  const remoteId = location ?? (reply.body as Resource | undefined)?.id;
  const version = versionOf(reply.headers.etag, reply.body);
  if (reply.status < 300 && remoteId !== undefined)
    return { ok: true, link: linkOf(place, delivery, remoteId, version) };
  const advice = `Target ${place.client.rules.target} answered ${reply.status} to POST ${delivery.entry.type} and did not say which resource that is.`;
  return refusal('ambiguous', 'exception', 'delivery-no-location', advice);
}

function cannotLook(place: Place, delivery: Delivery): Refused {
  const { type, id } = delivery.entry;
  const advice = `A create of ${type}/${id} at target ${place.client.rules.target} ended without an answer, and a ${type} has no identifier to look it up by. Look there; replay only if it is missing.`;
  return refusal('permanent', 'timeout', 'delivery-cannot-look-up', advice);
}

function twins(place: Place, delivery: Delivery, copies: readonly Resource[]): OperationOutcomeIssue {
  const ids = copies.map((copy) => copy.id).join(', ');
  return issueOf({
    severity: 'warning',
    code: 'duplicate',
    rule: 'delivery-twins',
    diagnostics: `Target ${place.client.rules.target} holds ${copies.length} copies of ${delivery.entry.type}/${delivery.entry.id}: ${ids}. The oldest is kept in step; have the others merged or removed there.`,
  });
}
