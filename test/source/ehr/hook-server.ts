/** A small EHR that tells of its changes by hooks, page by page and event by event, as a test scripts it. */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { afterEach } from 'vitest';
import { type Answer, type Scripted, type Seen, startScripted } from '../../servers/scripted.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

export interface HookServer extends Scripted {
  /** what it holds, newest version each */
  readonly held: Map<string, Resource>;
  /** numbered events it keeps: `Type/id` by number */
  readonly events: Map<number, string>;
  /** changes a resource, with the version and time that it gives */
  put(resource: Resource, updated: string): void;
}

/** @param script answers in place of the server, where it wants to */
export async function startHookServer(
  script: (seen: Seen) => Answer | undefined = () => undefined,
): Promise<HookServer> {
  const held = new Map<string, Resource>();
  const events = new Map<number, string>();
  const server = await startScripted((seen) => script(seen) ?? answer(seen, held, events));
  closing.push(server);
  const put = (resource: Resource, lastUpdated: string): void => {
    const key = `${resource.resourceType}/${resource.id}`;
    const versionId = String(Number(held.get(key)?.meta?.versionId ?? 0) + 1);
    held.set(key, { ...resource, meta: { versionId, lastUpdated } });
  };
  return { ...server, held, events, put };
}

function answer(
  { method, path }: Seen,
  held: ReadonlyMap<string, Resource>,
  events: ReadonlyMap<number, string>,
): Answer {
  const url = new URL(path, 'http://ehr.example');
  const [type = '', id, operation] = url.pathname.slice(1).split('/');
  if (type === 'Subscription' && method === 'POST')
    return { status: 201, body: { resourceType: 'Subscription', id: 'sub-1', status: 'requested' } };
  if (type === 'Subscription' && operation === '$events') return eventsOf(url, held, events);
  if (method !== 'GET') return { status: 405 };
  if (id === undefined) {
    const resources = [...held.values()].filter((one) => one.resourceType === type);
    return {
      status: 200,
      body: { resourceType: 'Bundle', type: 'searchset', entry: resources.map((resource) => ({ resource })) },
    };
  }
  const found = held.get(`${type}/${id}`);
  return found ? { status: 200, body: found } : { status: 404 };
}

function eventsOf(
  url: URL,
  held: ReadonlyMap<string, Resource>,
  events: ReadonlyMap<number, string>,
): Answer {
  if (events.size === 0) return { status: 404 };
  const [from, until] = ['eventsSinceNumber', 'eventsUntilNumber'].map((name) =>
    Number(url.searchParams.get(name)),
  );
  const wanted = [...events].filter(([number]) => number >= from! && number <= until!);
  const resources = wanted.map(([, key]) => held.get(key)!);
  return {
    status: 200,
    body: notification('query-event', { total: events.size, events: wanted, resources }),
  };
}

export interface Told {
  /** events since the subscription began */
  readonly total?: number;
  /** number and `Type/id` of each */
  readonly events?: readonly (readonly [number, string])[];
  /** in full */
  readonly resources?: readonly Resource[];
}

/** @returns a notification of the Subscriptions backport */
export function notification(type: string, { total, events = [], resources = [] }: Told): Bundle {
  const parameter = [
    { name: 'subscription', valueReference: { reference: 'Subscription/sub-1' } },
    { name: 'type', valueCode: type },
    ...(total === undefined ? [] : [{ name: 'events-since-subscription-start', valueString: String(total) }]),
    ...events.map(([number, reference]) => ({
      name: 'notification-event',
      part: [
        { name: 'event-number', valueString: String(number) },
        { name: 'focus', valueReference: { reference } },
      ],
    })),
  ];
  const status = { resourceType: 'Parameters', parameter } as Resource;
  return {
    resourceType: 'Bundle',
    type: 'history',
    entry: [{ resource: status }, ...resources.map((resource) => ({ resource }))],
  };
}
