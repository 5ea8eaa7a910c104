/** Serves searches: of one type, of all, of a patient's compartment; by GET, and by POST to keep what is asked out of addresses. */
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { STORED_TYPES, type StoredType } from '../../fhir/definitions.ts';
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { SeenStore } from '../../store/store.ts';
import { accessOf, touch } from '../access.ts';
import { baseOf, type Pairs, queryOf } from '../address.ts';
import { clausesOf, compartmentTypes } from '../compartment.ts';
import { CURSOR } from '../cursor.ts';
import type { FhirParts } from '../fhir-parts.ts';
import { negotiate } from '../negotiate.ts';
import { permit } from '../permit.ts';
import { preferOf } from '../prefer.ts';
import { answerIn, sendFault, sendFhir, sendFhirText, statusOf } from '../respond.ts';
import { elementsFault } from '../subset.ts';
import { isLayout } from './controls.ts';
import { readSearch, type SearchAsked, type SearchRequest } from './request.ts';
import { type Listed, postedBound, searchset } from './searchset.ts';

/** A list that can be searched. */
interface List {
  /** from the base on */
  readonly path: string;
  /** what is searched; `_type` narrows it where it is the whole system */
  readonly types: readonly StoredType[];
  readonly isSystemWide?: boolean;
  readonly within?: SearchAsked['within'];
  /** code of the interaction, for the audit */
  readonly interaction: string;
}

/** Longest body of a search; it stands, sealed, in the next link. */
const LONGEST_BODY = 6_000;
const FORM = 'application/x-www-form-urlencoded';

export function searchRoutes(parts: FhirParts): Router {
  const routes = express.Router({ caseSensitive: true });
  const form = formBody();
  const list = (listOf: (request: Request) => List): RequestHandler[] => [
    (request, response) => answer(parts, listOf(request), request, response),
  ];
  const system = (): List => ({
    path: '',
    types: STORED_TYPES,
    isSystemWide: true,
    interaction: 'search-system',
  });
  const ofType = ({ params }: Request): List => typeList(params.type as StoredType);
  const compartment = ({ params }: Request): List => compartmentOf(String(params.id), String(params.inner));
  routes.get('/', list(system));
  routes.get('/_search', list(system));
  routes.post('/_search', form, list(system));
  routes.get('/:type', list(ofType));
  routes.post('/:type/_search', form, list(ofType));
  routes.get('/Patient/:id/:inner', refuseNoType, list(compartment));
  routes.post('/Patient/:id/:inner/_search', refuseNoType, form, list(compartment));
  return routes;
}

/** @returns what stands before a search by POST */
export function formBody(): RequestHandler[] {
  return [refuseOtherMedia, express.text({ type: FORM, limit: LONGEST_BODY * 4 })];
}

/** @returns what answers a search of one type by GET */
export function typeSearchHandler(parts: FhirParts) {
  return (request: Request, response: Response, type: StoredType): Promise<void> =>
    answer(parts, typeList(type), request, response);
}

function typeList(type: StoredType): List {
  return { path: type, types: [type], interaction: 'search-type' };
}

const refuseOtherMedia: RequestHandler = (request, response, next) => {
  if (request.is(FORM) !== false) return next(); // null where there is no body
  sendFault(response, 415, {
    code: 'not-supported',
    rule: 'api-media-type',
    diagnostics: `A search by POST has a body of ${FORM}: name that in Content-Type.`,
  });
};

/** `*` is all that belongs to the patient, where `_type` may choose. Operations and histories are not here. */
const refuseNoType: RequestHandler = (request, response, next) => {
  const inner = String(request.params.inner);
  if (inner === '*' || compartmentTypes().includes(inner as StoredType)) return next();
  if (!/^[A-Z]/.test(inner)) return next('route');
  sendFault(response, 404, {
    code: 'not-supported',
    rule: 'api-unknown-type',
    diagnostics: `No such type belongs to a patient here. There are ${compartmentTypes().join(', ')}, and * for all of them.`,
  });
};

function compartmentOf(id: string, inner: string): List {
  const types = inner === '*' ? compartmentTypes() : [inner as StoredType];
  const path = `Patient/${id}/${inner}`;
  const within = { name: path, clausesOf: (type: StoredType) => clausesOf(type, id) };
  return {
    path,
    types,
    isSystemWide: inner === '*',
    within,
    interaction: inner === '*' ? 'search-system' : 'search-type',
  };
}

async function answer(parts: FhirParts, list: List, request: Request, response: Response): Promise<void> {
  const asked = askedOf(request, response, parts);
  if (!asked.ok) return sendFhir(response, statusOf(asked.outcome), asked.outcome);
  const access = accessOf(response);
  const base = baseOf(request);
  const strict = preferOf(request).handling === 'strict';
  const opened = await openedOf(parts, list, { ...asked.value, access, base, strict });
  if (!opened.ok) return sendFhir(response, statusOf(opened.outcome), opened.outcome);
  const listed = opened.value;
  const store = parts.store.seenBy(access.viewer);
  if (list.within && !(await isThere(store, list.path)))
    return sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-not-found',
      diagnostics: 'There is no such patient.',
    });
  const { text, shown } = await searchset({ ...parts, store }, listed);
  const params = [...new Set(listed.request.used.map(([name]) => name))];
  touch(response, {
    interaction: list.interaction,
    keys: shown,
    params,
  });
  sendFhirText(response, 200, text);
}

async function isThere(store: SeenStore, path: string): Promise<boolean> {
  const found = await store.read('Patient', path.split('/')[1]!);
  return found?.state === 'current';
}

/** What was sent: the query, and the body of a POST. */
interface Sent {
  readonly query: Pairs;
  readonly isPost: boolean;
}

/** @returns what is asked, by the address and by the body of a POST; the answer is laid out as it says */
export function askedOf(
  request: Request,
  response: Response,
  { definitions }: Pick<FhirParts, 'definitions'>,
): Checked<Sent> {
  const query = queryOf(request.originalUrl);
  if (!query.ok || request.method !== 'POST') return query.ok ? sentBy(query.value, false) : query;
  const text = typeof request.body === 'string' ? request.body : '';
  if (text.length > LONGEST_BODY) return refuse(LONG_BODY);
  const body = queryOf(`?${text}`);
  if (!body.ok) return body;
  const all = [...query.value, ...body.value];
  const { format, refusal } = negotiate(request.headers.accept, all);
  if (refusal) return { ok: false, outcome: refusal };
  answerIn(response, format, definitions);
  return sentBy(all, true);
}

function sentBy(query: Pairs, isPost: boolean): Checked<Sent> {
  return { ok: true, value: { query, isPost } };
}

interface Opening extends Sent {
  readonly access: Listed['access'];
  readonly base: string;
  readonly strict: boolean;
}

/** Reads the search, and opens the cursor of its page where it has one. */
async function openedOf(parts: FhirParts, list: List, opening: Opening): Promise<Checked<Listed>> {
  const { access, base, query } = opening;
  const cursor = query.findLast(([name]) => name === CURSOR)?.[1];
  const resumed = cursor && !opening.isPost ? await resume(parts, list, opening, cursor) : undefined;
  const asked = resumed?.query ?? query;
  const search = readList(parts, list, { ...opening, query: asked });
  if (!search.ok) return search;
  const common = { request: search.value, base, path: list.path, access };
  const isPosted = opening.isPost || resumed !== undefined;
  const posted = isPosted ? { posted: asked.filter(([name]) => name !== CURSOR) } : {};
  if (resumed)
    return { ok: true, value: { ...common, ...posted, ...placeOf(resumed.after), cursor: cursor! } };
  if (cursor === undefined) return { ok: true, value: { ...common, ...posted } };
  const place = await parts.cursors.open(cursor, { list: search.value.paged, access });
  return place.ok
    ? { ok: true, value: { ...common, ...posted, cursor, ...placeOf(place.value.after) } }
    : place;
}

function placeOf(after: string): { after?: string } {
  return after === '' ? {} : { after };
}

/** A search by POST goes on by its cursor alone, which holds what was asked; how the answer is laid out may be said anew. */
async function resume(
  { cursors }: FhirParts,
  { path }: List,
  { query, access }: Opening,
  cursor: string,
): Promise<{ readonly query: Pairs; readonly after: string } | undefined> {
  if (!query.every(([name]) => isLayout(name))) return undefined;
  const place = await cursors.open(cursor, postedBound(path, access));
  if (!place.ok || !place.value.query) return undefined;
  const anew = query.filter(([name]) => name !== CURSOR);
  return { query: [...place.value.query, ...anew], after: place.value.after };
}

function readList(
  parts: FhirParts,
  { types: all, isSystemWide = false, within }: List,
  { query, access, base, strict }: Opening,
): Checked<SearchRequest> {
  const named = isSystemWide ? query.filter(([name]) => name === '_type') : [];
  const wanted = named.flatMap(([, value]) => value.split(','));
  const isHere = (type: string): type is StoredType => all.some((one) => one === type);
  if (!wanted.every(isHere))
    return refuse({
      code: 'value',
      rule: 'api-search-value',
      diagnostics: `Search parameter _type: write types that are served here, parted by commas: ${all.join(', ')}.`,
      expression: 'http._type',
    });
  const isAny = all.length > 1 && wanted.length === 0;
  const types = isAny
    ? all.filter((type) => access.may(type, 'search'))
    : wanted.length > 0
      ? [...new Set(wanted)]
      : all;
  const allowed = permit(access, isAny && types.length === 0 ? ['*'] : types, 'search');
  if (!allowed.ok) return allowed;
  const { served, terms } = parts;
  const asked = { types, query, strict, isSystemWide, ...(within ? { within } : {}) };
  const search = readSearch({ served, base, terms }, asked);
  if (!search.ok) return search;
  const inside = permit(access, search.value.within, 'search');
  if (!inside.ok) return inside;
  const fault = elementsFault(parts.definitions, types, search.value.controls.elements);
  if (fault === undefined) return search;
  const diagnostics = `Search parameter _elements: ${fault}.`;
  return refuse({ code: 'value', rule: 'api-search-value', diagnostics, expression: 'http._elements' });
}

const LONG_BODY = {
  code: 'too-costly',
  rule: 'api-search-cost',
  diagnostics: `The body of a search has at most ${LONGEST_BODY} characters: give fewer values.`,
  expression: 'http',
} as const;
