/** Decides whether a request may ask of Subscriptions, and which is the client's own. */
import type { Request, RequestHandler, Response } from 'express';
import type { SearchIndex } from '../../store/search-index.ts';
import type { Store } from '../../store/store.ts';
import type { KeptSubscription } from '../../store/subscriptions.ts';
import type { Validator } from '../../validation/validator.ts';
import { accessOf, type Right } from '../access.ts';
import { sendFault } from '../respond.ts';
import type { ServedSearch } from '../search/served.ts';
import type { EndpointRules } from './endpoint.ts';

export interface SubscriptionRoutesOptions {
  readonly store: Pick<Store, 'subscriptions' | 'incidents' | 'readVersion' | 'read' | 'seenBy'>;
  readonly served: ServedSearch;
  readonly index: SearchIndex;
  readonly validator: Validator;
  readonly rules: EndpointRules;
  readonly clock: () => number;
  /** called when a subscription is new or another */
  readonly wake: () => void;
}

/** @returns a handler that lets on whose scopes give a right on Subscription */
export function allowed(right: Right): RequestHandler {
  return (_request, response, next) => {
    if (accessOf(response).may('Subscription', right)) return next();
    sendFault(response, 403, {
      code: 'forbidden',
      rule: 'api-forbidden',
      diagnostics: `This client has no scope to ${right} a Subscription.`,
    });
  };
}

/** @returns the client's own Subscription in the address; undefined once it is answered that there is none */
export async function ownOf(
  store: Pick<Store, 'subscriptions'>,
  request: Request,
  response: Response,
): Promise<KeptSubscription | undefined> {
  const kept = await store.subscriptions.get(String(request.params.id));
  if (kept && kept.client === accessOf(response).client) return kept;
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'api-not-found',
    diagnostics: 'This client has no such Subscription.',
  });
  return undefined;
}
