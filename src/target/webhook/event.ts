/** Turns a delivery into the event that a webhook is sent: the same one, under the same id, however often it is tried. */
import type { Identifier } from '@medplum/fhirtypes';
import { digestOf } from '../../fhir/digest.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import type { Identified, ResourceKey } from '../../store/store.ts';
import { referencesOf } from '../references.ts';
import type { Delivery } from '../target.ts';

/** What is posted, as docs/webhook.md tells receivers. */
export interface WebhookEvent {
  /** UUID of this content of this version at this target: whoever has seen it need do nothing */
  readonly id: string;
  readonly event: 'resource.created' | 'resource.updated' | 'resource.deleted';
  /** name of the target in the configuration */
  readonly target: string;
  /** grows with each event of a resource: one with a lower sequence than the last is out of date */
  readonly sequence: number;
  /** whose events come in order; absent where the resource belongs to nobody */
  readonly person?: string;
  readonly reference: ResourceKey;
  readonly version: number;
  /** when that version was made, ISO 8601; absent of a deletion */
  readonly changed?: string;
  readonly resource?: Identified;
  /** identifiers of the person and of the referral that it refers to, so that they are known by more than our ids */
  readonly identifiers?: Readonly<Record<ResourceKey, readonly Identifier[]>>;
}

/** Types whose identifiers go along where a resource refers to them. */
const NAMED: ReadonlySet<string> = new Set(['Patient', 'ServiceRequest']);

/** @returns what of the resources referred to a receiver may know by identifiers of its own */
export function namedIn(resource: Identified): readonly ResourceKey[] {
  return [...referencesOf(resource)].filter((key) => NAMED.has(key.slice(0, key.indexOf('/'))));
}

/** @param identifiers of resources that the target is known to hold */
export function eventOf(
  { entry, resource, link }: Delivery,
  identifiers: ReadonlyMap<ResourceKey, readonly Identifier[]>,
): WebhookEvent {
  const { target, seq, deliveryKey, type, id, version } = entry;
  const reference: ResourceKey = `${type}/${id}`;
  const about = { target, sequence: seq, ...(deliveryKey === reference ? {} : { person: deliveryKey }) };
  const name = [target, reference, version, resource ? digestOf(resource) : 'deleted'];
  const eventId = uuidV5(PROJECT_NAMESPACE, JSON.stringify(['event', ...name]));
  if (resource === undefined) return { id: eventId, event: 'resource.deleted', ...about, reference, version };
  const isKnown = link !== undefined && link.version > 0;
  const changed = resource.meta?.lastUpdated;
  return {
    id: eventId,
    event: isKnown ? 'resource.updated' : 'resource.created',
    ...about,
    reference,
    version,
    ...(changed === undefined ? {} : { changed }),
    resource,
    ...(identifiers.size === 0 ? {} : { identifiers: Object.fromEntries(identifiers) }),
  };
}
