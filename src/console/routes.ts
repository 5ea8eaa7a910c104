/** Serves the pages that people look at, rendered here, without scripts. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import express, { type Response, type Router } from 'express';
import nunjucks from 'nunjucks';
import { queryOf } from '../api/address.ts';
import { refuseMethod } from '../api/respond.ts';
import { FHIR_BASE } from '../api/server.ts';
import type { SourceManifest } from '../source/kind.ts';
import type { Store } from '../store/store.ts';
import type { TerminologyState } from '../wire/terminology-server.ts';
import { codedView } from './coded-view.ts';
import { momentOf } from './moment.ts';
import { statusView } from './status-view.ts';
import { terminologyView } from './terminology-view.ts';
import { type Wordings, wordings } from './words.ts';
import { workDetail, workGroup, workKindOf } from './work-view.ts';

export interface ConsoleOptions {
  readonly store: Store;
  /** sources, with what they call things */
  readonly sources: readonly Pick<SourceManifest, 'name' | 'words'>[];
  readonly targets: readonly string[];
  readonly clock: () => number;
  readonly version: string;
  readonly demo: boolean;
  /** everybody on this machine enters without credentials */
  readonly isOpen?: boolean;
  /** of the terminology server, where there is one */
  readonly terminology?: (() => TerminologyState) | undefined;
}

type Send = (response: Response, status: number, view: string, data: object) => void;

const HERE = import.meta.dirname;
const ITEMS_A_PAGE = 50;
const ITEM_ID = /^[0-9a-f-]{36}$/;

/** @returns the status page, worklist pages and their assets */
export function consoleRoutes(options: ConsoleOptions): Router {
  const routes = express.Router();
  const send = renderer(options);
  const wordingOf = wordings(options.sources);
  const names = { targets: options.targets, sources: options.sources.map(({ name }) => name) };
  addAssets(routes);
  routes.get('/', async (_request, response) => {
    const terminology = terminologyView(options.terminology?.());
    send(response, 200, 'status.njk', {
      ...(await statusView(options.store, names, wordingOf)),
      terminology,
    });
  });
  routes.get('/coded-activity', async (_request, response) => {
    const coded = await codedView(options.store, options.clock());
    send(response, 200, 'coded-activity.njk', { coded });
  });
  addWorkPages(routes, options.store, wordingOf, send);
  routes.all(
    ['/', '/coded-activity', '/work', '/work/:id'],
    refuseMethod('GET, HEAD', 'Pages are only read.'),
  );
  return routes;
}

function addWorkPages(routes: Router, store: Store, wordingOf: Wordings, send: Send): void {
  routes.get('/work', async (request, response) => {
    const query = queryOf(request.originalUrl);
    const asked = new Map(query.ok ? query.value : []);
    const [kind, after] = [workKindOf(asked.get('kind')), asked.get('after')];
    if (!kind || (after !== undefined && !ITEM_ID.test(after))) return send(response, 404, 'missing.njk', {});
    const page = { kind, count: ITEMS_A_PAGE, ...(after === undefined ? {} : { after }) };
    const group = await workGroup(store, await store.counts(), page, wordingOf);
    send(response, 200, 'worklist.njk', { group });
  });
  routes.get('/work/:id', async (request, response) => {
    const { id } = request.params;
    const item = ITEM_ID.test(id) ? await store.workItem(id) : undefined;
    if (item) send(response, 200, 'work.njk', { item: workDetail(item, wordingOf) });
    else send(response, 404, 'missing.njk', {});
  });
}

function renderer({ clock, version, demo, isOpen = false }: ConsoleOptions): Send {
  const loader = new nunjucks.FileSystemLoader(join(HERE, 'views'));
  const views = new nunjucks.Environment(loader, { autoescape: true });
  return (response, status, view, data) => {
    const page = views.render(view, {
      ...data,
      fhirBase: FHIR_BASE,
      version,
      demo,
      isOpen,
      now: momentOf(clock()),
    });
    response.status(status).set('Cache-Control', 'no-store').type('html').send(page);
  };
}

/**
 * Of nhsuk-frontend only the stylesheet is served, without its web fonts: those are licensed to the NHS alone and
 * would be asked from another host; the next font it names, Arial, is used.
 */
function addAssets(routes: Router): void {
  const path = createRequire(import.meta.url).resolve('nhsuk-frontend/dist/nhsuk/nhsuk-frontend.min.css');
  const stylesheet = readFileSync(path, 'utf8').replaceAll(/@font-face\s*\{[^}]*\}/g, '');
  routes.get('/assets/nhsuk-frontend.css', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=3600').type('css').send(stylesheet);
  });
  routes.use(
    '/assets',
    express.static(join(HERE, 'assets'), { maxAge: '1h', index: false, redirect: false }),
  );
}
