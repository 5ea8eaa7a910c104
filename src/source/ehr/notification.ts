/** Reads what a rest-hook sends: nothing, a resource, or a Bundle of the Subscriptions backport with its numbers. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import { type Change, changeIn, namedChange, pageOf } from './entry.ts';

export type Notification =
  /** something changed: look */
  | { readonly kind: 'poke' }
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | {
      readonly kind: 'topic';
      readonly type: 'handshake' | 'heartbeat' | 'event-notification' | 'query-event' | 'query-status';
      /** id of the Subscription at the EHR */
      readonly subscription: string;
      /** events since the subscription began */
      readonly total: number | undefined;
      /** numbers of the events in it, ascending */
      readonly numbers: readonly number[];
      readonly changes: readonly Change[];
    };

const KINDS: ReadonlySet<string> = new Set([
  'handshake',
  'heartbeat',
  'event-notification',
  'query-event',
  'query-status',
]);

/**
 * @param body parsed JSON; undefined where there is none
 * @param types that are taken in
 * @source Subscriptions R5 Backport, 1.1: `backport-subscription-status-r4`, and SubscriptionStatus of R4B
 */
export function readNotification(body: unknown, types: ReadonlySet<string>): Checked<Notification> {
  const resource = body as { resourceType?: unknown; entry?: readonly { resource?: unknown }[] } | undefined;
  if (
    resource === undefined ||
    (typeof resource === 'object' && resource !== null && Object.keys(resource).length === 0)
  )
    return { ok: true, value: { kind: 'poke' } };
  if (resource?.resourceType !== 'Bundle') {
    const change = changeIn(resource);
    if (change === 'broken') return noNotification();
    return {
      ok: true,
      value: { kind: 'changes', changes: change && types.has(change.type) ? [change] : [] },
    };
  }
  const page = pageOf(withoutStatus(resource), types);
  if (!page.ok) return page;
  const status = statusOf(resource.entry?.[0]?.resource);
  if (!status) return { ok: true, value: { kind: 'changes', changes: page.value.changes } };
  if (!KINDS.has(status.type) || status.subscription === '') return noNotification();
  const full = new Set(page.value.changes.map(({ type, remoteId }) => `${type}/${remoteId}`));
  const named = status.events.flatMap(({ focus }) => namedChange(focus) ?? []);
  const missing = named.filter(({ type, remoteId }) => types.has(type) && !full.has(`${type}/${remoteId}`));
  const numbers = status.events.flatMap(({ number }) => number ?? []).sort((a, b) => a - b);
  const { type, subscription, total } = status;
  const changes = [...page.value.changes, ...missing];
  return {
    ok: true,
    value: { kind: 'topic', type: type as 'heartbeat', subscription, total, numbers, changes },
  };
}

function noNotification(): Checked<never> {
  return refuse({
    code: 'structure',
    rule: 'subscription-body',
    diagnostics:
      'The body is no notification: send nothing, a resource, or a Bundle whose first entry says how the subscription stands.',
  });
}

/** The first entry of a notification is its own status: often without an id, and no change. */
function withoutStatus(bundle: { readonly entry?: readonly { resource?: unknown }[] }): unknown {
  const entries = Array.isArray(bundle.entry) ? bundle.entry : [];
  return statusOf(entries[0]?.resource) ? { ...bundle, entry: entries.slice(1) } : bundle;
}

interface Status {
  readonly type: string;
  readonly subscription: string;
  readonly total: number | undefined;
  readonly events: readonly { readonly number: number | undefined; readonly focus: string | undefined }[];
}

interface Parameter {
  readonly name?: string;
  readonly valueCode?: string;
  readonly valueString?: string;
  readonly valueUnsignedInt?: number;
  readonly valueInteger?: number;
  readonly valueReference?: { readonly reference?: string };
  readonly part?: readonly Parameter[];
}

function statusOf(value: unknown): Status | undefined {
  const resource = value as { resourceType?: string; parameter?: readonly Parameter[] } | undefined;
  if (resource?.resourceType === 'SubscriptionStatus') return statusInR4b(resource as unknown as R4bStatus);
  if (resource?.resourceType !== 'Parameters' || !Array.isArray(resource.parameter)) return undefined;
  const find = (from: readonly Parameter[], name: string): Parameter | undefined =>
    from.find((one) => one.name === name);
  const { parameter } = resource as { parameter: readonly Parameter[] };
  const events = parameter
    .filter((one) => one.name === 'notification-event')
    .map(({ part = [] }) => ({
      number: numberOf(find(part, 'event-number')),
      focus: find(part, 'focus')?.valueReference?.reference,
    }));
  return {
    type: find(parameter, 'type')?.valueCode ?? '',
    subscription: idIn(find(parameter, 'subscription')?.valueReference?.reference),
    total: numberOf(find(parameter, 'events-since-subscription-start')),
    events,
  };
}

interface R4bStatus {
  readonly type?: string;
  readonly subscription?: { readonly reference?: string };
  readonly eventsSinceSubscriptionStart?: string | number;
  readonly notificationEvent?: readonly {
    readonly eventNumber?: string | number;
    readonly focus?: { readonly reference?: string };
  }[];
}

function statusInR4b({
  type,
  subscription,
  eventsSinceSubscriptionStart,
  notificationEvent,
}: R4bStatus): Status {
  return {
    type: type ?? '',
    subscription: idIn(subscription?.reference),
    total: wholeNumber(eventsSinceSubscriptionStart),
    events: (notificationEvent ?? []).map(({ eventNumber, focus }) => ({
      number: wholeNumber(eventNumber),
      focus: focus?.reference,
    })),
  };
}

/** 64-bit numbers stand in strings in R4. */
function numberOf(parameter: Parameter | undefined): number | undefined {
  return wholeNumber(parameter?.valueString ?? parameter?.valueUnsignedInt ?? parameter?.valueInteger);
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function idIn(reference: string | undefined): string {
  return /(?:^|\/)Subscription\/([A-Za-z0-9\-.]{1,64})$/.exec(reference ?? '')?.[1] ?? '';
}
