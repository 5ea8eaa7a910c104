/** Serves what is known by its address: a resource, one of its versions, its history and those of types and of all. */
import express, { type Request, type Response, type Router } from 'express';
import { type Checked, refuse } from '../fhir/outcome.ts';
import type { StoredVersion } from '../store/store.ts';
import { accessOf, type Right, touch } from './access.ts';
import { baseOf, queryOf } from './address.ts';
import { etagOf, isNotModified } from './conditional.ts';
import type { FhirParts } from './fhir-parts.ts';
import { historyPage } from './history.ts';
import { permit } from './permit.ts';
import { preferOf } from './prefer.ts';
import { sendFault, sendFhir, sendFhirText, statusOf } from './respond.ts';
import { CONTROLS, newControls } from './search/controls.ts';
import { elementsFault, partText, type Subset } from './subset.ts';

export function readRoutes(parts: FhirParts): Router {
  const routes = express.Router({ caseSensitive: true });
  routes.get('/_history', (request, response) => history(parts, request, response, 'history-system'));
  routes.get('/:type/_history', (request, response) => history(parts, request, response, 'history-type'));
  routes.get('/:type/:id/_history', (request, response) =>
    history(parts, request, response, 'history-instance'),
  );
  routes.get('/:type/:id/_history/:version', (request, response) =>
    version(parts, { request, response, ...request.params }),
  );
  routes.get('/:type/:id', (request, response) => version(parts, { request, response, ...request.params }));
  return routes;
}

/** @returns what answers a read of a stored type by id */
export function readHandler(parts: FhirParts) {
  return (request: Request, response: Response, type: string, id: string): Promise<void> =>
    version(parts, { request, response, type, id });
}

async function history(
  { store, cursors, definitions }: FhirParts,
  request: Request,
  response: Response,
  interaction: string,
): Promise<void> {
  const { type, id } = request.params as { readonly type?: string; readonly id?: string };
  const access = accessOf(response);
  const right: Right = id === undefined ? 'search' : 'read';
  const allowed = permit(access, [type ?? '*'], right);
  if (!allowed.ok) return sendFhir(response, statusOf(allowed.outcome), allowed.outcome);
  const query = queryOf(request.originalUrl);
  if (!query.ok) return sendFhir(response, 400, query.outcome);
  const page = await historyPage(store.seenBy(access.viewer), cursors, {
    ...(type === undefined ? {} : { type }),
    ...(id === undefined ? {} : { id }),
    query: query.value,
    base: baseOf(request),
    access,
    definitions,
  });
  if (!page.ok) return sendFhir(response, statusOf(page.outcome), page.outcome);
  if (!page.value) return sendMissing(response);
  // whose an earlier version was is not whose it is
  const keys = [...new Set(page.value.shown.map((one) => `${one.type}/${one.id}` as const))];
  touch(response, { interaction, keys });
  sendFhirText(response, 200, page.value.text);
}

interface Wanted {
  readonly request: Request;
  readonly response: Response;
  readonly type: string;
  readonly id: string;
  /** number as written; absent: the current one */
  readonly version?: string;
}

async function version({ store, definitions }: FhirParts, asked: Wanted): Promise<void> {
  const { request, response, type, id, version: wanted } = asked;
  const access = accessOf(response);
  const allowed = permit(access, [type], 'read');
  if (!allowed.ok) return sendFhir(response, statusOf(allowed.outcome), allowed.outcome);
  const subset = readSubset(request, type);
  if (!subset.ok) return sendFhir(response, statusOf(subset.outcome), subset.outcome);
  const fault = elementsFault(definitions, [type], subset.value.elements);
  if (fault !== undefined) return sendFault(response, 400, wrong('_elements', fault));
  const seen = store.seenBy(access.viewer);
  const isNumber = wanted !== undefined && /^[1-9]\d{0,9}$/.test(wanted);
  const found =
    wanted === undefined
      ? await seen.read(type, id)
      : isNumber
        ? await seen.readVersion(type, id, Number(wanted))
        : undefined;
  if (!found) return sendMissing(response);
  if (wanted === undefined) touch(response, { interaction: 'read', keys: [found] });
  else touch(response, { interaction: 'vread', keys: [`${type}/${id}`] });
  sendVersion(request, response, found, (one) => partText(one, subset.value, definitions));
}

const WHOLE: Checked<Subset> = { ok: true, value: { summary: 'false', elements: undefined } };

/** What of the resource is asked for. */
function readSubset(request: Request, type: string): Checked<Subset> {
  if (!request.originalUrl.includes('?')) return WHOLE;
  const query = queryOf(request.originalUrl);
  if (!query.ok) return query;
  const controls = newControls();
  for (const [name, value] of query.value) {
    const isSubset = name === '_summary' || name === '_elements';
    if (!isSubset && name !== '_format' && name !== '_pretty') {
      if (preferOf(request).handling !== 'strict') continue;
      const diagnostics = 'A read takes _summary, _elements, _format and _pretty: nothing else.';
      return refuse({ code: 'not-supported', rule: 'api-read-parameter', diagnostics, expression: 'http' });
    }
    const fault = CONTROLS.get(name)!(controls, value, { served: new Map(), types: [] });
    if (fault !== undefined) return refuse(wrong(name, fault));
  }
  if (controls.summary === 'count') return refuse(wrong('_summary', 'write true, text, data or false'));
  if (controls.summary !== 'false' && controls.elements)
    return refuse(wrong('_elements', `give either _elements or _summary of ${type}`));
  return { ok: true, value: controls };
}

function wrong(name: string, what: string) {
  const diagnostics = `Parameter ${name}: ${what}.`;
  return { code: 'value', rule: 'api-search-value', diagnostics, expression: `http.${name}` } as const;
}

/** With ETag and Last-Modified; 304 where the client has that version already. */
function sendVersion(
  request: Request,
  response: Response,
  found: StoredVersion,
  written: (found: StoredVersion) => string,
): void {
  response.setHeader('ETag', etagOf(found.version));
  if (found.state !== 'current' && found.resource === undefined)
    return sendFault(response, 410, {
      code: 'deleted',
      rule: 'api-gone',
      diagnostics:
        found.state === 'erased'
          ? 'This resource was erased.'
          : 'This resource was deleted; its history is kept.',
    });
  response.setHeader('Last-Modified', new Date(found.lastUpdatedMs).toUTCString());
  if (isNotModified(request, found)) return void response.status(304).end();
  sendFhirText(response, 200, written(found));
}

function sendMissing(response: Response): void {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'api-not-found',
    diagnostics: 'There is no such resource, or no such version of it.',
  });
}
