/** Turns events into the calls that tell a subscriber of them. */
import type { ResourceKey } from '../../store/resources.ts';
import type { KeptSubscription } from '../../store/subscriptions.ts';
import type { Channel } from './asked.ts';
import { type NotificationType, notificationOf, type SeenEvent } from './notification.ts';

/** One call of the endpoint. */
export interface Call {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly body: string | undefined;
  /** resources that it tells of, for the audit */
  readonly keys: readonly ResourceKey[];
  /** id that the audit knows it by */
  readonly request: string;
}

/** @returns a call with a notification of a topic */
export function noticeCall(
  { channel, atMs }: { readonly channel: Channel; readonly atMs: number },
  kept: KeptSubscription,
  type: NotificationType,
  events: readonly SeenEvent[],
): Call {
  const { content, endpoint } = channel;
  const bundle = notificationOf({ kept, type, events, content, atMs });
  const told = content === 'empty' ? [] : events.filter(({ seen }) => seen);
  const keys = told.flatMap(({ type: of, id, context }): ResourceKey[] => [
    `${of}/${id}`,
    ...(context === undefined ? [] : [context]),
  ]);
  return { method: 'POST', url: endpoint, body: JSON.stringify(bundle), keys, request: bundle.id! };
}

/** A search of R4 with a payload updates the resource under the endpoint, without one it is called and nothing more. @source FHIR R4, 2.46.7.1 */
export function plainCalls(
  channel: Channel,
  kept: KeptSubscription,
  events: readonly SeenEvent[],
): readonly Call[] {
  const { endpoint, payload } = channel;
  return events.flatMap(({ no, type, id, seen }): Call[] => {
    if (!seen) return [];
    const request = `${kept.id}.${no}`;
    if (payload === undefined) return [{ method: 'POST', url: endpoint, body: undefined, keys: [], request }];
    if (!seen.resource) return [];
    const url = `${endpoint.replace(/\/+$/, '')}/${type}/${id}`;
    return [{ method: 'PUT', url, body: JSON.stringify(seen.resource), keys: [`${type}/${id}`], request }];
  });
}
