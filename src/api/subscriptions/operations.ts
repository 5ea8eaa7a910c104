/** Serves what is asked of Subscriptions: $status, and $events for whoever missed some. */
import type { Bundle, Parameters } from '@medplum/fhirtypes';
import express, { type Request, type Response, type Router } from 'express';
import type { KeptSubscription } from '../../store/subscriptions.ts';
import { accessOf, touch } from '../access.ts';
import { baseOf, queryOf } from '../address.ts';
import { readResource, statusOfBody } from '../resource-body.ts';
import { refuseMethod, sendFault, sendFhir } from '../respond.ts';
import { splitValues } from '../search/values.ts';
import { channelOf, type PayloadContent } from './asked.ts';
import { contentOf } from './kept.ts';
import { seenNow } from './news.ts';
import { notificationOf, statusOf } from './notification.ts';
import { allowed, ownOf, type SubscriptionRoutesOptions } from './own.ts';

/** What an operation was asked with, by name. */
type Given = ReadonlyMap<string, readonly string[]>;

/** Events in one answer. */
const MOST_EVENTS = 500;

/** @source Subscriptions R5 Backport 1.1, backport-subscription-status and backport-subscription-events */
export function operationRoutes(options: SubscriptionRoutesOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  const { store } = options;
  const serve = (
    path: string,
    answer: (given: Given, request: Request, response: Response) => Promise<void>,
  ): void => {
    const handle = async (request: Request, response: Response): Promise<void> => {
      const given = await givenIn(request, response);
      if (given) await answer(given, request, response);
    };
    routes.get(path, allowed('read'), handle);
    routes.post(path, allowed('read'), handle);
    routes.all(path, refuseMethod('GET, HEAD, POST'));
  };
  serve('/Subscription/$status', async (given, request, response) => {
    const all = await store.subscriptions.list(accessOf(response).client);
    const isAsked = (name: string, value: string): boolean => given.get(name)?.includes(value) ?? true;
    const asked = all.filter((one) => isAsked('id', one.id) && isAsked('status', one.state));
    sendStatuses(options, request, response, asked);
  });
  serve('/Subscription/:id/$status', async (_given, request, response) => {
    const own = await ownOf(store, request, response);
    if (own) sendStatuses(options, request, response, [own]);
  });
  serve('/Subscription/:id/$events', async (given, request, response) => {
    const own = await ownOf(store, request, response);
    if (own) await sendEvents(options, own, given, response);
  });
  for (const path of ['/Subscription/$get-ws-binding-token', '/Subscription/:id/$get-ws-binding-token'])
    routes.all(path, (request, response) => {
      request.resume();
      sendFault(response, 501, {
        code: 'not-supported',
        rule: 'subscription-websocket',
        diagnostics: 'There are no websockets here: subscribe with the channel rest-hook.',
      });
    });
  return routes;
}

function sendStatuses(
  { clock }: SubscriptionRoutesOptions,
  request: Request,
  response: Response,
  all: readonly KeptSubscription[],
): void {
  const atMs = clock();
  touch(response, { interaction: '$status', keys: all.map(({ id }) => `Subscription/${id}` as const) });
  const bundle: Bundle = {
    resourceType: 'Bundle',
    type: 'searchset',
    timestamp: new Date(atMs).toISOString(),
    total: all.length,
    link: [{ relation: 'self', url: `${baseOf(request)}${request.path}` }],
    ...(all.length === 0
      ? {}
      : {
          entry: all.map((kept) => ({
            fullUrl: `${baseOf(request)}/Subscription/${kept.id}/$status`,
            resource: statusOf({ kept, type: 'query-status', events: [], content: 'empty', atMs }),
            search: { mode: 'match' as const },
          })),
        }),
  };
  sendFhir(response, 200, bundle);
}

async function sendEvents(
  { store, index, clock }: SubscriptionRoutesOptions,
  kept: KeptSubscription,
  given: Given,
  response: Response,
): Promise<void> {
  const number = (name: string, otherwise: number): number => {
    const [text = String(otherwise)] = given.get(name) ?? [];
    return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  };
  const from = number('eventsSinceNumber', 1);
  const to = number('eventsUntilNumber', kept.lastEvent);
  const content = given.get('content')?.[0] ?? channelOf(contentOf(kept).subscription).content;
  if (Number.isNaN(from) || Number.isNaN(to) || !['empty', 'id-only', 'full-resource'].includes(content))
    return sendFault(response, 400, {
      code: 'value',
      rule: 'subscription-events',
      diagnostics:
        'Write eventsSinceNumber and eventsUntilNumber as numbers, and content as empty, id-only or full-resource.',
    });
  const events = await store.subscriptions.events(kept.id, from, to, MOST_EVENTS);
  const viewers = [kept.viewer, accessOf(response).viewer];
  const seen = await seenNow({ store, index, viewers }, events);
  const told = seen.flatMap((one) => (one.seen ? [`${one.type}/${one.id}` as const] : []));
  touch(response, { interaction: '$events', keys: [`Subscription/${kept.id}`, ...told] });
  const notice = { kept, type: 'query-event', events: seen, atMs: clock() } as const;
  sendFhir(response, 200, notificationOf({ ...notice, content: content as PayloadContent }));
}

/** @returns what the address and a Parameters in the body give; undefined once it is answered what is wrong */
async function givenIn(request: Request, response: Response): Promise<Given | undefined> {
  const query = queryOf(request.originalUrl);
  if (!query.ok) {
    sendFhir(response, 400, query.outcome);
    return undefined;
  }
  const given = new Map<string, string[]>();
  for (const [name, value] of query.value)
    given.set(name, [...(given.get(name) ?? []), ...splitValues(value)]);
  if (request.method !== 'POST') return given;
  const body = await readResource(request);
  if (!body.ok) {
    sendFhir(response, statusOfBody(body.outcome), body.outcome);
    return undefined;
  }
  const { parameter } = body.value as Parameters;
  for (const { name = '', ...value } of Array.isArray(parameter) ? parameter : []) {
    const text = value.valueString ?? value.valueCode ?? value.valueId ?? value.valueInteger;
    if (text !== undefined) given.set(name, [...(given.get(name) ?? []), String(text)]);
  }
  return given;
}
