/** Serves the public parts of our signing keys, by which the NHS API platform checks who asks it for access. */
import express, { type Router } from 'express';
import { digestOfText } from '../fhir/digest.ts';
import { jwksOf } from '../nhs/access/jwks.ts';
import type { SigningKey } from '../wire/assertion.ts';
import { refuseMethod, sendFault } from './respond.ts';

/** Where the key set is registered to be: it must be reachable from outside at this path. */
export const JWKS_PATH = '/.well-known/jwks.json';
/** A new key is registered before it is used, so a set that is minutes old does no harm. */
const FRESH_SECONDS = 300;

/** @param keys as they are now; none where no NHS access is configured, and there is nothing to serve then */
export function jwksRoutes(keys: () => readonly SigningKey[]): Router {
  const routes = express.Router();
  routes
    .route(JWKS_PATH)
    .get((request, response) => {
      const set = jwksOf(keys());
      if (set.keys.length === 0) {
        return sendFault(response, 404, {
          code: 'not-found',
          rule: 'nhs-no-keys',
          diagnostics: 'No NHS access is configured, so there are no keys to show: see nhs.access.keys.',
        });
      }
      const body = JSON.stringify(set);
      const tag = `"${digestOfText(body)}"`;
      response.set({ 'Cache-Control': `public, max-age=${FRESH_SECONDS}`, ETag: tag });
      if (request.get('if-none-match') === tag) return void response.status(304).end();
      response.set('Content-Type', 'application/jwk-set+json').send(body);
    })
    .all(refuseMethod('GET, HEAD'));
  return routes;
}
