/** Serves the pages that people look at, rendered here, without scripts. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import express, { type Response, type Router } from 'express';
import nunjucks from 'nunjucks';
import { FHIR_BASE } from '../api/server.ts';
import type { Store } from '../store/store.ts';
import { momentOf, statusView, workView } from './view.ts';

export interface ConsoleOptions {
  readonly store: Store;
  /** names of the sources */
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  readonly clock: () => number;
  readonly version: string;
  readonly demo: boolean;
}

const HERE = import.meta.dirname;
const ASSETS = { maxAge: '1h', index: false } as const;

/** @returns the status page, worklist pages and their assets */
export function consoleRoutes(options: ConsoleOptions): Router {
  const { store, sources, targets, clock, version, demo } = options;
  const views = new nunjucks.Environment(new nunjucks.FileSystemLoader(join(HERE, 'views')), {
    autoescape: true,
    throwOnUndefined: false,
  });
  const send = (response: Response, status: number, view: string, data: object): void => {
    const page = views.render(view, { ...data, fhirBase: FHIR_BASE, version, demo, now: momentOf(clock()) });
    response.status(status).set('Cache-Control', 'no-store').type('html').send(page);
  };
  const routes = express.Router();
  routes.use('/assets/console', express.static(join(HERE, 'assets'), ASSETS));
  routes.use('/assets/nhsuk', express.static(stylesheetFolder(), ASSETS));
  routes.get('/', async (_request, response) => {
    send(response, 200, 'status.njk', await statusView(store, targets, sources));
  });
  routes.get('/work/:id', async (request, response) => {
    const id = String(request.params.id);
    const item = await store.workItem(id);
    if (item) send(response, 200, 'work.njk', { item: workView(item) });
    else send(response, 404, 'missing.njk', {});
  });
  return routes;
}

/** Only the stylesheets are served of nhsuk-frontend: its scripts are not needed here. */
function stylesheetFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('nhsuk-frontend/dist/nhsuk/nhsuk-frontend.min.css'));
}
