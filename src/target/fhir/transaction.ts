/** Delivers several resources as one FHIR transaction, and takes only the entries for answered that say what became of them. */
import type { Bundle, BundleEntry, BundleEntryResponse } from '@medplum/fhirtypes';
import { describe, type Refused, type Reply, refusal, refusalOf } from '../answers.ts';
import type { Place } from '../place.ts';
import type { Delivered, Delivery } from '../target.ts';
import { type FhirReply, ifMatch, versionOf } from './fhir-client.ts';
import { linkOf, remoteIdOf, sentOf } from './write-one.ts';

/** A delivery, and the version the server is believed to hold. */
export interface Prepared {
  readonly delivery: Delivery;
  readonly version: string | undefined;
}

/** `split`: nothing was applied, and one by one will show which entry the server objects to. */
export type TransactionResult =
  /** undefined: the answer does not prove what became of the entry; it must be read back */
  | { readonly kind: 'answered'; readonly delivered: readonly (Delivered | undefined)[] }
  | { readonly kind: 'split'; readonly unsupported: boolean };

export async function sendTransaction(
  place: Place,
  prepared: readonly Prepared[],
  signal: AbortSignal,
): Promise<TransactionResult> {
  const bundle: Bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: prepared.map((one) => entryOf(place, one)),
  };
  const request = { method: 'POST', path: '', headers: { prefer: 'return=minimal' } } as const;
  const reply = await place.client.send({ ...request, body: JSON.stringify(bundle) }, signal);
  if (!reply.ok) return { kind: 'answered', delivered: prepared.map(() => reply) };
  if (reply.status >= 200 && reply.status < 300)
    return { kind: 'answered', delivered: provenEntries(place, prepared, reply) };
  const refused = refusalOf(`a transaction of ${prepared.length}`, reply, place.client.rules);
  // A transaction that is refused as a whole was not applied (FHIR R4 http, 3.1.0.11.2): its entries can go alone.
  if (refused.retry === 'permanent' || refused.retry === 'conflict' || refused.retry === 'recordLocked')
    return {
      kind: 'split',
      unsupported: reply.status === 404 || reply.status === 405 || reply.status === 501,
    };
  return { kind: 'answered', delivered: prepared.map(() => refused) };
}

function entryOf(place: Place, { delivery, version }: Prepared): BundleEntry {
  const url = `${delivery.entry.type}/${remoteIdOf(delivery)}`;
  if (delivery.resource === undefined) return { request: { method: 'DELETE', url } };
  return {
    fullUrl: `${place.client.baseUrl}/${url}`,
    resource: sentOf(place, delivery),
    request: { method: 'PUT', url, ...(version === undefined ? {} : { ifMatch: ifMatch(version) }) },
  };
}

/** Servers have answered 200 and left half behind: an entry counts only by its own status. */
function provenEntries(
  place: Place,
  prepared: readonly Prepared[],
  reply: FhirReply,
): (Delivered | undefined)[] {
  const bundle = reply.body as Bundle | undefined;
  const entries = bundle?.resourceType === 'Bundle' && Array.isArray(bundle.entry) ? bundle.entry : [];
  // Entries correspond by position only; with some missing, none can be told from another.
  const isWhole = entries.length === prepared.length;
  return prepared.map(({ delivery }, index) => {
    const response = isWhole ? entries[index]?.response : undefined;
    const status = Number.parseInt(response?.status ?? '', 10);
    if (response === undefined || Number.isNaN(status)) return undefined;
    const answer = entryAnswer(place, delivery, status, response);
    return answer.ok && delivery.resource && !namesIt(delivery, response) ? undefined : answer;
  });
}

function entryAnswer(
  place: Place,
  delivery: Delivery,
  status: number,
  response: BundleEntryResponse,
): Delivered {
  const isGone = delivery.resource === undefined && (status === 404 || status === 410);
  if ((status >= 200 && status < 300) || isGone) {
    const inLocation = /\/_history\/([^/]+)$/.exec(response.location ?? '')?.[1];
    return {
      ok: true,
      link: linkOf(place, delivery, remoteIdOf(delivery), versionOf(response.etag) ?? inLocation),
    };
  }
  const reply: Reply = { status, body: response.outcome };
  return refusalOf(describe(delivery), reply, place.client.rules);
}

/** A success counts when it says where the entry is, or which version it has now. */
function namesIt(delivery: Delivery, { location, etag, lastModified }: BundleEntryResponse): boolean {
  if (location === undefined) return etag !== undefined || lastModified !== undefined;
  const path = location.replace(/\/_history\/[^/]+$/, '');
  return `/${path}`.endsWith(`/${delivery.entry.type}/${remoteIdOf(delivery)}`);
}

/** What stays of an entry that could not be read back either. */
export function unproven(place: Place, delivery: Delivery): Refused {
  const advice = `Target ${place.client.rules.target} answered without proof of ${describe(delivery)}. It is looked up before it is sent again.`;
  return refusal('ambiguous', 'exception', 'delivery-unproven', advice);
}
