/** Serves where what left the adapter stands: which targets confirmed a withdrawal of consent, and which filed a referral. */
import express, { type Router } from 'express';
import type { ResourceKey, Store } from '../store/store.ts';
import { withdrawalsOf } from '../target/withdrawals.ts';
import { requireToken } from './control-token.ts';
import { refuseMethod, sendFault } from './respond.ts';

export interface DeliveryRoutesOptions {
  readonly store: Pick<Store, 'readPerson' | 'links' | 'blocked' | 'personOf' | 'filings'>;
  readonly targets: Parameters<typeof withdrawalsOf>[1];
  readonly token: string;
}

const ID = /^[A-Za-z0-9.-]{1,64}$/;
const TYPE = /^[A-Z][A-Za-z]{1,40}$/;

/** @returns `/deliveries/withdrawals/<id of a Patient>` and `/deliveries/filings/<type>/<id>`; both ask for the token */
export function deliveryRoutes({ store, targets, token }: DeliveryRoutesOptions): Router {
  const routes = express.Router();
  routes.use('/deliveries', requireToken(token), (_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  routes
    .route('/deliveries/withdrawals/:patient')
    .get(async ({ params: { patient } }, response) => {
      if (!ID.test(patient)) return void notFound(response);
      const found = await withdrawalsOf(store, targets, await store.personOf(patient));
      const items = found.map(({ confirmedMs, ...one }) => ({ ...one, ...timeOf('confirmed', confirmedMs) }));
      response.json({ items });
    })
    .all(refuseMethod('GET, HEAD'));
  routes
    .route('/deliveries/filings/:type/:id')
    .get(async ({ params: { type, id } }, response) => {
      if (!TYPE.test(type) || !ID.test(id)) return void notFound(response);
      const resource: ResourceKey = `${type}/${id}` as ResourceKey;
      const items = (await store.filings.of(resource)).map(({ sentMs, atMs, ...one }) => ({
        ...one,
        ...timeOf('sent', sentMs),
        ...timeOf('at', atMs),
      }));
      response.json({ items });
    })
    .all(refuseMethod('GET, HEAD'));
  return routes;
}

function timeOf(name: string, ms: number | undefined): Record<string, string> {
  return ms === undefined ? {} : { [name]: new Date(ms).toISOString() };
}

function notFound(response: Parameters<typeof sendFault>[0]): void {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'delivery-address',
    diagnostics: 'Name a resource by its type and id, or a person by the id of its Patient.',
  });
}
