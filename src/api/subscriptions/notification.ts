/** Turns events into what subscribers are sent: Bundles of the Subscriptions backport, whose first entry says how the subscription stands. */
import type { Bundle, BundleEntry, Parameters, ParametersParameter } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import type { Identified } from '../../store/resources.ts';
import type { KeptSubscription, SubscriptionEvent } from '../../store/subscriptions.ts';
import { BACKPORT, type PayloadContent } from './asked.ts';
import { contentOf } from './kept.ts';
import { topicOf } from './topics.ts';

export type NotificationType =
  | 'handshake'
  | 'heartbeat'
  | 'event-notification'
  | 'query-status'
  | 'query-event';

/** An event, with what its subscriber may see of it now. */
export interface SeenEvent extends SubscriptionEvent {
  /** undefined: it is no longer let be seen, and nothing is said of it but its number */
  readonly seen: { readonly resource: Identified | undefined } | undefined;
}

export interface Notice {
  readonly kept: KeptSubscription;
  readonly type: NotificationType;
  readonly events: readonly SeenEvent[];
  readonly content: PayloadContent;
  readonly atMs: number;
}

/** @source Subscriptions R5 Backport 1.1, backport-subscription-notification-r4 */
export function notificationOf(notice: Notice): Bundle {
  const { kept, type, events, content, atMs } = notice;
  const { base } = contentOf(kept);
  const numbers = type === 'event-notification' ? `${events[0]?.no}-${events.at(-1)?.no}` : String(atMs);
  // sent again after an answer was lost it is the same notification
  const id = uuidV5(PROJECT_NAMESPACE, JSON.stringify(['notification', kept.id, type, numbers]));
  const told = content === 'empty' ? [] : events.filter(({ seen }) => seen);
  const own = new Map(told.map((event) => [`${event.type}/${event.id}`, event]));
  return {
    resourceType: 'Bundle',
    id,
    meta: { profile: [`${BACKPORT}/backport-subscription-notification-r4`] },
    type: 'history',
    timestamp: new Date(atMs).toISOString(),
    entry: [
      statusEntry(notice, uuidV5(PROJECT_NAMESPACE, JSON.stringify(['notification status', id]))),
      ...[...own.values()].map((event) => entryOf(event, base, content)),
    ],
  };
}

function statusEntry(notice: Notice, id: string): BundleEntry {
  const { base } = contentOf(notice.kept);
  return {
    fullUrl: `urn:uuid:${id}`,
    resource: { ...statusOf(notice), id },
    request: { method: 'GET', url: `${base}/Subscription/${notice.kept.id}/$status` },
    response: { status: '200' },
  };
}

/** @source Subscriptions R5 Backport 1.1, backport-subscription-status-r4 */
export function statusOf({ kept, type, events, content }: Notice): Parameters {
  const { base, subscription } = contentOf(kept);
  return {
    resourceType: 'Parameters',
    meta: { profile: [`${BACKPORT}/backport-subscription-status-r4`] },
    parameter: [
      { name: 'subscription', valueReference: { reference: `${base}/Subscription/${kept.id}` } },
      ...(topicOf(subscription.criteria) ? [{ name: 'topic', valueCanonical: subscription.criteria }] : []),
      { name: 'status', valueCode: kept.state },
      { name: 'type', valueCode: type },
      // 64-bit numbers stand in strings in R4
      { name: 'events-since-subscription-start', valueString: String(kept.lastEvent) },
      ...events.map((event) => eventPart(event, base, content)),
      ...(kept.fault === undefined
        ? []
        : [{ name: 'error', valueCodeableConcept: { text: kept.fault } } satisfies ParametersParameter]),
    ],
  };
}

function eventPart(event: SeenEvent, base: string, content: PayloadContent): ParametersParameter {
  const isTold = content !== 'empty' && event.seen !== undefined;
  const { context } = event;
  return {
    name: 'notification-event',
    part: [
      { name: 'event-number', valueString: String(event.no) },
      { name: 'timestamp', valueInstant: new Date(event.atMs).toISOString() },
      ...(isTold
        ? [{ name: 'focus', valueReference: { reference: `${base}/${event.type}/${event.id}` } }]
        : []),
      ...(isTold && context !== undefined
        ? [{ name: 'additional-context', valueReference: { reference: `${base}/${context}` } }]
        : []),
    ],
  };
}

function entryOf(event: SeenEvent, base: string, content: PayloadContent): BundleEntry {
  const { type, id, version } = event;
  const resource = content === 'full-resource' ? event.seen?.resource : undefined;
  const isNew = version === 1;
  return {
    fullUrl: `${base}/${type}/${id}`,
    ...(resource ? { resource } : {}),
    request: isNew ? { method: 'POST', url: type } : { method: 'PUT', url: `${type}/${id}` },
    response: { status: isNew ? '201' : '200' },
  };
}
