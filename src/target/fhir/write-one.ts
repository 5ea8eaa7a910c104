/** Delivers one resource by one interaction: PUT under its id at the server, or DELETE; when unsure it looks before it sends. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { issueOf } from '../../fhir/outcome.ts';
import type { TargetLink } from '../../store/store.ts';
import { describe, type Refused, refusal, refusalOf } from '../answers.ts';
import type { Place } from '../place.ts';
import type { Delivered, Delivery } from '../target.ts';
import { findCopies } from './copies.ts';
import { type FhirReply, ifMatch, readCopy, versionOf } from './fhir-client.ts';
import { outgoing, RESOURCE_ID_SYSTEM, saysTheSame } from './outgoing.ts';

/** What looking at the server's copy says to do. */
export type Look =
  | { readonly next: 'send'; readonly version: string | undefined }
  | { readonly next: 'done'; readonly delivered: Delivered };

export async function writeOne(place: Place, delivery: Delivery, signal: AbortSignal): Promise<Delivered> {
  if (delivery.resource === undefined) return removeOne(place, delivery, signal);
  let version = delivery.link?.remoteVersion;
  if (delivery.entry.ambiguous) {
    const look = await lookFirst(place, delivery, signal);
    if (look.next === 'done') return look.delivered;
    version = look.version;
  }
  return writeKnowing(place, delivery, version, signal);
}

/** Sends with the version the server is believed to hold; when it holds another, looks once and decides. */
export async function writeKnowing(
  place: Place,
  delivery: Delivery,
  version: string | undefined,
  signal: AbortSignal,
): Promise<Delivered> {
  const reply = await put(place, delivery, version, signal);
  if (!reply.ok) return reply;
  const isMissing = (reply.status === 404 || reply.status === 410) && version !== undefined;
  if (reply.status !== 409 && reply.status !== 412 && !isMissing) return deliveredOf(place, delivery, reply);
  const look = await lookFirst(place, delivery, signal);
  if (look.next === 'done') return look.delivered;
  // The same again would be refused again: the server objects to something other than the version.
  if (look.version === version) return refusalOf(describe(delivery), reply, place.client.rules);
  const second = await put(place, delivery, look.version, signal);
  const done = second.ok ? deliveredOf(place, delivery, second) : second;
  return done.ok && look.version === undefined ? { ...done, report: madeAnew(place, delivery) } : done;
}

/**
 * Reads the server's copy to tell what became of an earlier try, or why a version did not match.
 * Nothing there: send. Ours already: done. Ours of before: send over it. Someone else's: conflict.
 */
export async function lookFirst(place: Place, delivery: Delivery, signal: AbortSignal): Promise<Look> {
  const { link, entry } = delivery;
  const copy = await readCopy(place.client, `${entry.type}/${remoteIdOf(delivery)}`, signal);
  if (copy.state === 'unknown') return { next: 'done', delivered: stillUnsure(copy.refused) };
  const survivor = copy.state === 'there' ? undefined : await findSurvivor(place, delivery, signal);
  if (survivor) return { next: 'done', delivered: await writeOne(place, survivor, signal) };
  if (copy.state === 'absent' || (copy.state === 'deleted' && !link))
    return { next: 'send', version: undefined };
  if (copy.state === 'deleted') return { next: 'done', delivered: deletedThere(place, delivery) };
  const { resource, version } = copy;
  if (saysTheSame(sentOf(place, delivery), resource))
    return { next: 'done', delivered: { ok: true, link: linkOf(place, delivery, resource.id, version) } };
  if (link?.remoteVersion !== undefined && link.remoteVersion === version) return { next: 'send', version };
  if (await isOurEarlier(place, delivery, resource)) return { next: 'send', version };
  return { next: 'done', delivered: conflict(place, delivery) };
}

/** @returns whether a copy is what we may have sent before: then it may be written over */
export async function isOurEarlier(place: Place, delivery: Delivery, copy: Resource): Promise<boolean> {
  const forms = (await delivery.earlier?.()) ?? [];
  return forms.some((form) => saysTheSame(sentOf(place, { ...delivery, resource: form }), copy));
}

/**
 * At a server that names resources our copy may have been the younger of two, and taken back by who made the older.
 * @returns the delivery for the copy that is left; undefined when there is none
 */
async function findSurvivor(
  place: Place,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Delivery | undefined> {
  if (place.ids !== 'server' || !delivery.link) return undefined;
  const token = `${RESOURCE_ID_SYSTEM}|${delivery.entry.id}`;
  const found = await findCopies(place, delivery, token, signal);
  const [oldest] = found.ok ? found.copies : [];
  if (!oldest || oldest.id === delivery.link.remoteId) return undefined;
  const link = { ...delivery.link, remoteId: oldest.id!, remoteVersion: undefined };
  return { ...delivery, link, entry: { ...delivery.entry, ambiguous: true } };
}

/** @returns the resource as this server is sent it @throws never for a delivery that has a resource */
export function sentOf(place: Place, delivery: Delivery): Resource {
  return outgoing(delivery.resource!, {
    remoteId: remoteIdOf(delivery),
    remoteKeys: place.remoteKeys,
    withIdentifier: place.ids === 'server',
  });
}

export function remoteIdOf(delivery: Delivery): string {
  return delivery.link?.remoteId ?? delivery.entry.id;
}

export function linkOf(
  place: Place,
  delivery: Delivery,
  remoteId: string | undefined,
  remoteVersion: string | undefined,
): TargetLink {
  const { type, id, version } = delivery.entry;
  const target = place.client.rules.target;
  const deliveredMs = place.client.clock();
  return {
    target,
    type,
    id,
    remoteId: remoteId ?? id,
    remoteVersion,
    version,
    digest: delivery.digest,
    deliveredMs,
  };
}

function put(
  place: Place,
  delivery: Delivery,
  version: string | undefined,
  signal: AbortSignal,
): Promise<FhirReply | Refused> {
  // The answer's body is not needed: the version is in its headers.
  const headers = {
    prefer: 'return=minimal',
    ...(version === undefined ? {} : { 'if-match': ifMatch(version) }),
  };
  const path = `${delivery.entry.type}/${remoteIdOf(delivery)}`;
  return place.client.send(
    { method: 'PUT', path, headers, body: JSON.stringify(sentOf(place, delivery)) },
    signal,
  );
}

function deliveredOf(place: Place, delivery: Delivery, reply: FhirReply): Delivered {
  if (reply.status < 200 || reply.status >= 300)
    return refusalOf(describe(delivery), reply, place.client.rules);
  const version = versionOf(reply.headers.etag, reply.body);
  return { ok: true, link: linkOf(place, delivery, remoteIdOf(delivery), version) };
}

/** 404 and 410 are as good as done: it is not there. */
async function removeOne(place: Place, delivery: Delivery, signal: AbortSignal): Promise<Delivered> {
  const path = `${delivery.entry.type}/${remoteIdOf(delivery)}`;
  const reply = await place.client.send({ method: 'DELETE', path }, signal);
  if (!reply.ok) return reply;
  const isGone = reply.status === 404 || reply.status === 410 || (reply.status >= 200 && reply.status < 300);
  if (!isGone) return refusalOf(describe(delivery), reply, place.client.rules);
  const survivor = reply.status >= 400 ? await findSurvivor(place, delivery, signal) : undefined;
  if (survivor) return removeOne(place, survivor, signal);
  return { ok: true, link: linkOf(place, delivery, remoteIdOf(delivery), undefined) };
}

/** A look that failed leaves the doubt as it was, whatever class the look's own failure has. */
function stillUnsure(refused: Refused): Refused {
  return refused.retry === 'permanent' ? refused : { ...refused, retry: 'ambiguous' };
}

/** A server that forgets what it deleted says that there never was any: it is there again, and somebody must know. */
function madeAnew(place: Place, delivery: Delivery): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'not-found',
    rule: 'delivery-made-anew',
    diagnostics: `Target ${place.client.rules.target} no longer had ${delivery.entry.type}/${delivery.entry.id}, though it did: it was made there anew. Where it was deleted there on purpose, delete it again and mark it as entered in error at its source.`,
  });
}

function deletedThere(place: Place, delivery: Delivery): Refused {
  const advice = `Target ${place.client.rules.target} has deleted its copy of ${delivery.entry.type}/${delivery.entry.id}. Decide whether it is restored there, or marked as entered in error here.`;
  return refusal('conflict', 'conflict', 'delivery-deleted-at-target', advice);
}

export function conflict(place: Place, delivery: Delivery): Refused {
  const advice = `Target ${place.client.rules.target} holds a copy of ${delivery.entry.type}/${delivery.entry.id} that was changed there. Compare both; take its change over at the source, or undo it there; then replay.`;
  return refusal('conflict', 'conflict', 'delivery-conflict', advice);
}
