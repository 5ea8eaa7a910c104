/** Delivers a resource to a server that gives its own ids: create unless it exists, then verify by search, since conditional creates race. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Resource } from '@medplum/fhirtypes';
import { describe, type Refused, refusal, refusalOf } from '../answers.ts';
import type { Place } from '../place.ts';
import type { Delivered, Delivery } from '../target.ts';
import { byAge, findCopies } from './copies.ts';
import { type FhirReply, readCopy, versionOf } from './fhir-client.ts';
import { outgoing, RESOURCE_ID_SYSTEM, searchToken } from './outgoing.ts';
import { settleOnOldest } from './twins.ts';
import { linkOf, writeOne } from './write-one.ts';

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
    if (found.copies.length > 0) return settleOnOldest(place, delivery, sent, found.copies, signal);
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
  const created = createdOf(place, delivery, reply);
  return token === undefined ? created : verified(place, { delivery, sent, token, created }, signal);
}

/** A create that was answered. */
interface Creation {
  readonly delivery: Delivery;
  readonly sent: Resource;
  readonly token: string;
  /** what the answer says of it */
  readonly created: Delivered;
}

/** A server's index may lag behind its writes: times to wait before the search is asked again. */
const INDEX_PAUSES_MS = [100, 400, 1_500];

/** Searches until the copy that the create left is seen beside those of others, then settles on the oldest. */
async function verified(place: Place, creation: Creation, signal: AbortSignal): Promise<Delivered> {
  const { delivery, sent, token, created } = creation;
  for (const pauseMs of [...INDEX_PAUSES_MS, undefined]) {
    const found = await findCopies(place, delivery, token, signal);
    if (!found.ok) return created; // it is stored; only the look for twins failed
    const copies = await withOwn(place, creation, found.copies, signal);
    if (copies.length > 0 && found.copies.length > 0)
      return settleOnOldest(place, delivery, sent, copies, signal);
    if (pauseMs === undefined) return copies.length > 0 ? created : unproven(place, delivery);
    await pause(pauseMs, undefined, { signal }).catch(() => {});
  }
  return created;
}

/** The copies that the search found, and the one that the create left where the search does not know it yet. */
async function withOwn(
  place: Place,
  { delivery, created }: Creation,
  copies: readonly Resource[],
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const ownId = created.ok ? created.link.remoteId : undefined;
  if (ownId === undefined || copies.some((copy) => copy.id === ownId)) return copies;
  const own = await readCopy(place.client, `${delivery.entry.type}/${ownId}`, signal);
  return own.state === 'there' ? [...copies, own.resource].toSorted(byAge) : copies;
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

function createdOf(place: Place, delivery: Delivery, reply: FhirReply): Delivered {
  const location = /\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/.exec(reply.headers.location ?? '')?.[1];
  const remoteId = location ?? (reply.body as Resource | undefined)?.id;
  const version = versionOf(reply.headers.etag, reply.body);
  if (reply.status < 300 && remoteId !== undefined)
    return { ok: true, link: linkOf(place, delivery, remoteId, version) };
  const advice = `Target ${place.client.rules.target} answered ${reply.status} to POST ${delivery.entry.type} and did not say which resource that is.`;
  return refusal('ambiguous', 'exception', 'delivery-no-location', advice);
}

function unproven(place: Place, delivery: Delivery): Refused {
  const advice = `Target ${place.client.rules.target} took a create of ${delivery.entry.type}/${delivery.entry.id}, and holds no copy of it. It is looked up again.`;
  return refusal('ambiguous', 'exception', 'delivery-unproven', advice);
}

function cannotLook(place: Place, delivery: Delivery): Refused {
  const { type, id } = delivery.entry;
  const advice = `A create of ${type}/${id} at target ${place.client.rules.target} ended without an answer, and a ${type} has no identifier to look it up by. Look there; replay only if it is missing.`;
  return refusal('permanent', 'timeout', 'delivery-cannot-look-up', advice);
}
