/** Serves Subscriptions to the clients whose own they are: create, read, update, delete, search, and how they stand. */
import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import express, { type Request, type Response, type Router } from 'express';
import type { KeptSubscription } from '../../store/subscriptions.ts';
import { type Access, accessOf, touch } from '../access.ts';
import { baseOf } from '../address.ts';
import { etagOf, isNotModified } from '../conditional.ts';
import { preferOf } from '../prefer.ts';
import { readResource, statusOfBody } from '../resource-body.ts';
import { refuseMethod, sendFault, sendFhir } from '../respond.ts';
import { type Asked, readSubscription } from './asked.ts';
import { causeOf, shown, toKeep } from './kept.ts';
import { operationRoutes } from './operations.ts';
import { allowed, ownOf, type SubscriptionRoutesOptions } from './own.ts';
import { searchOwn } from './search.ts';

/** A client needs a handful; each is looked at on every commit. */
const MOST_OWN = 100;

/** @returns routes to mount at the FHIR base, before those of `/:type` @source docs/adr/0024-subscriptions-follow-commits.md */
export function subscriptionResourceRoutes(options: SubscriptionRoutesOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  const { store } = options;
  routes.use(operationRoutes(options));
  routes.get('/Subscription', allowed('search'), (request, response) => searchOwn(store, request, response));
  routes.post('/Subscription/_search', allowed('search'), (request, response) =>
    searchOwn(store, request, response),
  );
  routes.post('/Subscription', allowed('create'), (request, response) => create(options, request, response));
  routes.all('/Subscription', refuseMethod('GET, HEAD, POST'));
  routes.get('/Subscription/:id', allowed('read'), async (request, response) => {
    const own = await ownOf(store, request, response);
    if (own) sendOwn(request, response, own);
  });
  routes.put('/Subscription/:id', allowed('update'), (request, response) =>
    update(options, request, response),
  );
  routes.delete('/Subscription/:id', allowed('delete'), (request, response) =>
    remove(options, request, response),
  );
  routes.all('/Subscription/:id', refuseMethod('GET, HEAD, PUT, DELETE'));
  routes.use('/Subscription', (_request, response) =>
    sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-unknown-route',
      diagnostics:
        'Of Subscriptions there is no history, and no such operation; /metadata lists what is served.',
    }),
  );
  return routes;
}

async function create(
  options: SubscriptionRoutesOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const access = accessOf(response);
  const asked = await askedOf(options, access, request, response);
  if (!asked) return;
  const { store, clock, wake } = options;
  if ((await store.subscriptions.list(access.client)).length >= MOST_OWN)
    return sendFault(response, 422, {
      code: 'too-costly',
      rule: 'subscription-count',
      diagnostics: `A client has at most ${MOST_OWN} Subscriptions: delete some, or ask for more in one.`,
    });
  const base = baseOf(request);
  const kept = await store.subscriptions.make(toKeep(randomUUID(), asked, access, base), clock());
  wake();
  touch(response, { interaction: 'create', keys: [`Subscription/${kept.id}`] });
  response.set('Location', `${base}/Subscription/${kept.id}/_history/${kept.version}`);
  sendWritten(request, response, 201, kept);
}

async function update(
  options: SubscriptionRoutesOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const { store, clock, wake } = options;
  const own = await ownOf(store, request, response);
  if (!own) return void request.resume();
  const access = accessOf(response);
  const asked = await askedOf(options, access, request, response);
  if (!asked) return;
  if (asked.subscription.id !== own.id)
    return sendFault(response, 400, {
      code: 'value',
      rule: 'subscription-element',
      diagnostics: 'Subscription.id is not that of the address: correct one of the two.',
      expression: 'Subscription.id',
    });
  const match = request.get('if-match');
  if (match !== undefined && match.replace(/^W\//, '') !== `"${own.version}"`) return sendOutdated(response);
  const version = match === undefined ? undefined : own.version;
  const next = toKeep(own.id, asked, access, baseOf(request), own);
  const kept = await store.subscriptions.replace(next, version, clock());
  if (!kept) return sendOutdated(response);
  await store.incidents.close(causeOf(own.id), clock()); // whatever was wrong, it is begun anew
  wake();
  touch(response, { interaction: 'update', keys: [`Subscription/${kept.id}`] });
  sendWritten(request, response, 200, kept);
}

async function remove(
  { store, clock }: SubscriptionRoutesOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const own = await ownOf(store, request, response);
  if (!own) return;
  await store.subscriptions.remove(own.id);
  await store.incidents.close(causeOf(own.id), clock());
  touch(response, { interaction: 'delete', keys: [`Subscription/${own.id}`] });
  response.status(204).end();
}

/** @returns undefined once it is answered what is wrong */
async function askedOf(
  { served, validator, rules, clock }: SubscriptionRoutesOptions,
  access: Access,
  request: Request,
  response: Response,
): Promise<Asked | undefined> {
  if (request.get('if-none-exist') !== undefined) {
    request.resume();
    sendFault(response, 400, {
      code: 'not-supported',
      rule: 'subscription-conditional',
      diagnostics: 'Subscriptions are not created conditionally: leave If-None-Exist out.',
    });
    return undefined;
  }
  const body = await readResource(request);
  if (!body.ok) {
    sendFhir(response, statusOfBody(body.outcome), body.outcome);
    return undefined;
  }
  const reading = { served, validator, rules, base: baseOf(request), nowMs: clock() };
  const asked = readSubscription(body.value as Resource, reading);
  if (!asked.ok) {
    sendFhir(response, 422, asked.outcome);
    return undefined;
  }
  const { topic, types } = asked.value.interest;
  const about = topic?.focusType ?? types[0]!;
  if (access.may(about, 'read')) return asked.value;
  sendFault(response, 403, {
    code: 'forbidden',
    rule: 'api-forbidden',
    diagnostics: `This client has no scope to read ${about}, which this Subscription is about.`,
  });
  return undefined;
}

function sendOutdated(response: Response): void {
  sendFault(response, 412, {
    code: 'conflict',
    rule: 'api-version-conflict',
    diagnostics:
      'If-Match names another version than the current one: read the Subscription, and decide anew.',
  });
}

function setVersion(response: Response, { version, lastUpdatedMs }: KeptSubscription): void {
  response.set('ETag', etagOf(version)).set('Last-Modified', new Date(lastUpdatedMs).toUTCString());
}

function sendOwn(request: Request, response: Response, own: KeptSubscription): void {
  touch(response, { interaction: 'read', keys: [`Subscription/${own.id}`] });
  response.vary('Accept').set('Cache-Control', 'private, no-cache');
  setVersion(response, own);
  if (isNotModified(request, own)) return void response.status(304).end();
  sendFhir(response, 200, shown(own));
}

function sendWritten(request: Request, response: Response, status: number, kept: KeptSubscription): void {
  setVersion(response, kept);
  if (preferOf(request).returns === 'minimal') return void response.status(status).end();
  sendFhir(response, status, shown(kept));
}
