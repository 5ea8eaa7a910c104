/** Serves $everything: all that belongs to a patient, or to all patients, with what it refers to; by GET, or by POST with Parameters. */
import express, { type Request, type Response, type Router } from 'express';
import type { StoredType } from '../fhir/definitions.ts';
import { type Checked, type Fault, refuse } from '../fhir/outcome.ts';
import type { DateValue, SearchClause } from '../store/store.ts';
import { type Access, accessOf, touch } from './access.ts';
import { baseOf, type Pairs, queryOf } from './address.ts';
import { clausesOf, clausesOfAll, compartmentTypes } from './compartment.ts';
import { CURSOR } from './cursor.ts';
import type { FhirParts } from './fhir-parts.ts';
import { permit } from './permit.ts';
import { readResource, statusOfBody } from './resource-body.ts';
import { sendFault, sendFhir, sendFhirText, statusOf } from './respond.ts';
import { LARGEST_COUNT, newControls } from './search/controls.ts';
import type { SearchRequest } from './search/request.ts';
import { searchset } from './search/searchset.ts';
import { dateOf } from './search/values.ts';

/** When care was given, by type: what `start` and `end` are held to. What says no time is always there. */
const CARE_DATES: Partial<Record<StoredType, string>> = {
  Appointment: 'date',
  CarePlan: 'date',
  Condition: 'recorded-date',
  Consent: 'date',
  Encounter: 'date',
  EpisodeOfCare: 'date',
  Flag: 'date',
  Goal: 'start-date',
  Observation: 'date',
  Procedure: 'date',
  Provenance: 'recorded',
  QuestionnaireResponse: 'authored',
  ServiceRequest: 'authored',
  Task: 'authored-on',
};

/** What comes along is what nobody owns: services, staff, places. */
const ALONG = [
  { isReverse: false, isIterated: true, source: '*', code: undefined, target: undefined },
] as const;

/** @source FHIR R4, patient-operation-everything */
export function everythingRoutes(parts: FhirParts): Router {
  const routes = express.Router({ caseSensitive: true });
  const serve = (request: Request, response: Response): Promise<void> => answer(parts, request, response);
  for (const path of ['/Patient/$everything', '/Patient/:id/$everything'])
    routes.route(path).get(serve).post(serve);
  return routes;
}

/** Of Parameters there are few. */
const BODY_LIMITS = { jsonBytes: 65_536, depth: 16 } as const;

async function answer(parts: FhirParts, request: Request, response: Response): Promise<void> {
  const access = accessOf(response);
  const store = parts.store.seenBy(access.viewer);
  const id = request.params.id as string | undefined;
  const asked = await askedOf(request);
  if (!asked.ok) return sendFhir(response, statusOfBody(asked.outcome), asked.outcome);
  const read = readEverything(asked.value, id, access);
  if (!read.ok) return sendFhir(response, statusOf(read.outcome), read.outcome);
  const allowed = permit(access, ['Patient'], id === undefined ? 'search' : 'read');
  if (!allowed.ok) return sendFhir(response, statusOf(allowed.outcome), allowed.outcome);
  const { cursor, ...search } = read.value;
  const place =
    cursor === undefined ? undefined : await parts.cursors.open(cursor, { list: search.paged, access });
  if (place?.ok === false) return sendFhir(response, statusOf(place.outcome), place.outcome);
  if (id !== undefined && (await store.read('Patient', id))?.state !== 'current')
    return sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-not-found',
      diagnostics: 'There is no such patient.',
    });
  const owned = new Set<string>(compartmentTypes());
  const isWanted = (type: string): boolean => !owned.has(type);
  const { text, shown } = await searchset(
    { ...parts, store, isWanted },
    {
      request: search,
      base: baseOf(request),
      path: id === undefined ? 'Patient/$everything' : `Patient/${id}/$everything`,
      access,
      ...(place ? { after: place.value.after, cursor } : {}),
    },
  );
  touch(response, { interaction: '$everything', keys: shown, params: search.used.map(([name]) => name) });
  sendFhirText(response, 200, text);
}

/** What the address gives, and Parameters in the body of a POST. */
async function askedOf(request: Request): Promise<Checked<Pairs>> {
  const query = queryOf(request.originalUrl);
  if (!query.ok || request.method !== 'POST' || request.get('content-length') === '0') return query;
  if (request.get('content-length') === undefined && request.get('transfer-encoding') === undefined)
    return query;
  const body = await readResource(request, BODY_LIMITS);
  if (!body.ok) return body;
  const pairs = pairsIn(body.value);
  return pairs ? { ok: true, value: [...query.value, ...pairs] } : refuse(NO_PARAMETERS);
}

/** @returns each parameter with its value as a query would have it; undefined for what is no Parameters */
function pairsIn(resource: object): Pairs | undefined {
  const { resourceType, parameter = [] } = resource as { resourceType?: unknown; parameter?: unknown };
  if (resourceType !== 'Parameters' || !Array.isArray(parameter)) return undefined;
  return parameter.map((one: unknown): readonly [string, string] => {
    const { name, ...rest } = (one ?? {}) as Record<string, unknown>;
    const value = Object.entries(rest).find(([key]) => /^value[A-Z]/.test(key))?.[1];
    const isPlain = typeof value === 'string' || typeof value === 'number';
    return [typeof name === 'string' ? name : '', isPlain ? String(value) : ''];
  });
}

const NO_PARAMETERS: Fault = {
  code: 'structure',
  rule: 'api-everything-parameter',
  diagnostics: 'The body of $everything is a Parameters resource, or there is none.',
};

/** What narrows it. */
interface Narrowed {
  readonly start?: DateValue;
  readonly end?: DateValue;
  readonly since?: DateValue;
  readonly types?: readonly string[];
  readonly count?: number;
  readonly cursor?: string;
}

function readEverything(
  query: Pairs,
  id: string | undefined,
  access: Access,
): Checked<SearchRequest & { readonly cursor: string | undefined }> {
  let narrowed: Narrowed = {};
  for (const [name, value] of query) {
    const read = Object.hasOwn(READERS, name) ? READERS[name]!(value) : undefined;
    if (!read) return refuse(faultOf(name));
    const types = [...(narrowed.types ?? []), ...(read.types ?? [])];
    narrowed = { ...narrowed, ...read, ...(types.length === 0 ? {} : { types }) };
  }
  const { types, count = LARGEST_COUNT, cursor } = narrowed;
  const seen = compartmentTypes().filter((type) => access.may(type, id === undefined ? 'search' : 'read'));
  const queries = seen
    .filter((type) => types === undefined || types.includes(type))
    .map((type) => ({
      type,
      clauses: [...(id === undefined ? clausesOfAll(type) : clausesOf(type, id)), ...timesOf(type, narrowed)],
      count,
    }));
  const used = query.filter(([name]) => name !== CURSOR);
  const paged = ['$everything', id ?? '', used.filter(([name]) => name !== '_count')];
  const controls = { ...newControls(), count, includes: [...ALONG] };
  return { ok: true, value: { queries, controls, warnings: [], used, paged, within: new Set(), cursor } };
}

/** By name; undefined where the value cannot be read. */
const READERS: Readonly<Record<string, (value: string) => Narrowed | undefined>> = {
  start: (value) => dated(value, (start) => ({ start })),
  end: (value) => dated(value, (end) => ({ end })),
  _since: (value) => dated(value, (since) => ({ since })),
  _type: (value) => {
    const types = value.split(',');
    return types.every((type) => compartmentTypes().includes(type as StoredType)) ? { types } : undefined;
  },
  _count: (value) =>
    /^[1-9]\d{0,8}$/.test(value) ? { count: Math.min(Number(value), LARGEST_COUNT) } : undefined,
  [CURSOR]: (cursor) => (cursor === '' ? undefined : { cursor }),
  _format: () => ({}),
  _pretty: () => ({}),
};

/** A date without a prefix. */
function dated(value: string, narrowedTo: (date: DateValue) => Narrowed): Narrowed | undefined {
  const date = /^\d/.test(value) ? dateOf(value) : undefined;
  return date && narrowedTo(date);
}

function timesOf(type: StoredType, { start, end, since }: Narrowed): readonly SearchClause[] {
  const clauses: SearchClause[] = [];
  const param = CARE_DATES[type];
  const orUnsaid = (value: DateValue): SearchClause => ({
    kind: 'any',
    clauses: [
      { kind: 'missing', param: param!, isMissing: true },
      { kind: 'date', param: param!, values: [value] },
    ],
  });
  if (param !== undefined && start) clauses.push(orUnsaid({ ...start, prefix: 'ge' }));
  if (param !== undefined && end) clauses.push(orUnsaid({ ...end, prefix: 'le' }));
  if (since) clauses.push({ kind: 'lastUpdated', values: [{ ...since, prefix: 'ge' }] });
  return clauses;
}

function faultOf(name: string): Fault {
  return {
    code: Object.hasOwn(READERS, name) ? 'value' : 'not-supported',
    rule: 'api-everything-parameter',
    diagnostics: `$everything takes start, end and _since (dates, such as 2026-06-30), _type (of ${compartmentTypes().join(', ')}), _count (a number from 1 on) and the cursor of its next link: nothing else.`,
    expression: 'http',
  };
}
