/** Serves the OpenAPI document of what is served. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import express, { type Router } from 'express';
import { baseOf } from '../address.ts';
import { refuseMethod } from '../respond.ts';
import { openApiOf } from './document.ts';

/** @param statementAt the statement of the server at an address @returns `GET /openapi.json` */
export function openApiRoutes(statementAt: (url: string) => CapabilityStatement): Router {
  const routes = express.Router();
  routes
    .route('/openapi.json')
    .get((request, response) => {
      const url = baseOf(request);
      response.set('Cache-Control', 'no-cache').json(openApiOf(statementAt(url), url));
    })
    .all(refuseMethod('GET, HEAD'));
  return routes;
}
