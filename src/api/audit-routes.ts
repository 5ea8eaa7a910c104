/** Serves the audit of accesses as AuditEvents, to clients that may read them: of their own organisations' clients. */
import type {
  AuditEvent,
  Bundle,
  CapabilityStatement,
  CapabilityStatementRestResource,
} from '@medplum/fhirtypes';
import express, { type Request, type Response, type Router } from 'express';
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import { OF_NO_PERSON } from '../referral/consent.ts';
import type { AccessQuery, KeptAccess } from '../store/accesses.ts';
import type { ResourceKey } from '../store/resources.ts';
import type { Store } from '../store/store.ts';
import { accessOf, touch } from './access.ts';
import { baseOf, queryOf } from './address.ts';
import { auditEventId, auditEventOf, seqOf } from './audit-event.ts';
import { AUDIT_PARAMETERS, type AuditSearch, readAuditSearch } from './audit-query.ts';
import type { FhirPart } from './fhir-part.ts';
import { permit } from './permit.ts';
import { preferOf } from './prefer.ts';
import { refuseMethod, sendFault, sendFhir, statusOf } from './respond.ts';

export interface AuditRoutesOptions {
  readonly store: Pick<Store, 'accesses' | 'personOf' | 'restricted'>;
}

const TYPE = 'AuditEvent';

/** @returns routes to mount at the FHIR base, before those of the stored types, and what /metadata says of them */
export function auditPart({ store }: AuditRoutesOptions): FhirPart {
  return { routes: routesOf(store), says: saysAudit };
}

function routesOf(store: AuditRoutesOptions['store']): Router {
  const routes = express.Router({ caseSensitive: true });
  const refuse = refuseMethod('GET, HEAD', 'The audit is written by what is done, and never changed.');
  routes
    .route(`/${TYPE}`)
    .get((request, response) => search(store, request, response))
    .all(refuse);
  routes
    .route(`/${TYPE}/:id`)
    .get((request, response) => read(store, String(request.params.id), response))
    .all(refuse);
  return routes;
}

async function read(store: AuditRoutesOptions['store'], id: string, response: Response): Promise<void> {
  const access = accessOf(response);
  const permitted = permit(access, [TYPE], 'read');
  if (!permitted.ok) return sendFhir(response, 403, permitted.outcome);
  const seq = seqOf(id);
  const found = seq === undefined ? undefined : await store.accesses.read(seq, access.viewer.organisations);
  touch(response, { interaction: 'read', keys: found ? [`${TYPE}/${id}`] : [] });
  if (found) return sendFhir(response, 200, auditEventOf((await withoutPlaces(store, [found]))[0]!));
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'api-unknown-id',
    diagnostics: 'There is no such AuditEvent here, or it lies in an archive, or it is not for this client.',
  });
}

async function search(
  store: AuditRoutesOptions['store'],
  request: Request,
  response: Response,
): Promise<void> {
  const access = accessOf(response);
  const permitted = permit(access, [TYPE], 'search');
  if (!permitted.ok) return sendFhir(response, 403, permitted.outcome);
  const pairs = queryOf(request.originalUrl);
  if (!pairs.ok) return sendFhir(response, 400, pairs.outcome);
  const asked = readAuditSearch(pairs.value, access.viewer.organisations);
  if (!asked.ok) return sendFhir(response, statusOf(asked.outcome), asked.outcome);
  const { unknown, query, isEmpty } = asked.value;
  const warning = unknown.length > 0 ? outcomeOf(issueOf(unservedFault(unknown.length))) : undefined;
  if (warning && preferOf(request).handling === 'strict') return sendFhir(response, 400, warning);
  const found = isEmpty
    ? []
    : await store.accesses.search(await ofPersons(store, { ...query, count: query.count + 1 }));
  const page = await withoutPlaces(store, found.slice(0, query.count), query);
  touch(response, {
    interaction: 'search-type',
    keys: page.map(({ seq }): ResourceKey => `${TYPE}/${auditEventId(seq)}`),
    params: [...new Set(asked.value.pairs.map(([name]) => name))],
  });
  const next = found.length > query.count ? found[query.count - 1]?.seq : undefined;
  const bundle = bundleOf(baseOf(request), asked.value, page.map(auditEventOf), next);
  if (warning) bundle.entry?.push({ resource: warning, search: { mode: 'outcome' } });
  sendFhir(response, 200, bundle);
}

/**
 * What was read beside a restricted person may say where they are: it is not named with them, nor are they found by it.
 * @param query that the accesses were found by
 */
async function withoutPlaces(
  store: Pick<Store, 'restricted'>,
  found: readonly KeptAccess[],
  query?: AccessQuery,
): Promise<KeptAccess[]> {
  const isByPlace = query?.entities?.some((keys) => keys.some(isOfNoPerson)) ?? false;
  const known = new Map<string, boolean>();
  const shown: KeptAccess[] = [];
  for (const access of found) {
    const { keys = [], persons = [] } = access;
    const isRestricted = await anyRestricted(store, persons, known);
    if (!isRestricted) shown.push(access);
    else if (!isByPlace) shown.push({ ...access, keys: keys.filter((key) => !isOfNoPerson(key)) });
  }
  return shown;
}

async function anyRestricted(
  store: Pick<Store, 'restricted'>,
  persons: readonly string[],
  known: Map<string, boolean>,
): Promise<boolean> {
  for (const person of persons)
    if (!known.has(person)) known.set(person, (await store.restricted(person)).length > 0);
  return persons.some((person) => known.get(person));
}

function isOfNoPerson(key: ResourceKey): boolean {
  return OF_NO_PERSON.has(key.split('/', 1)[0]!);
}

/** What was read of a patient is found under the person that they are, too. */
async function ofPersons(store: AuditRoutesOptions['store'], query: AccessQuery): Promise<AccessQuery> {
  if (!query.entities) return query;
  const entities: ResourceKey[][] = [];
  for (const keys of query.entities) {
    const all = new Set(keys);
    for (const key of keys)
      if (key.startsWith('Patient/'))
        all.add(`Patient/${await store.personOf(key.slice('Patient/'.length))}`);
    entities.push([...all]);
  }
  return { ...query, entities };
}

function bundleOf(
  base: string,
  { pairs }: AuditSearch,
  events: readonly AuditEvent[],
  next: number | undefined,
): Bundle {
  const own = pairs.filter(([name]) => name !== '_cursor');
  const link = (given: readonly (readonly [string, string])[]): string => {
    const query = new URLSearchParams(
      given.map(([name, value]): [string, string] => [name, value]),
    ).toString();
    return `${base}/${TYPE}${query === '' ? '' : `?${query}`}`;
  };
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    link: [
      { relation: 'self', url: link(pairs) },
      ...(next === undefined ? [] : [{ relation: 'next', url: link([...own, ['_cursor', String(next)]]) }]),
    ],
    entry: events.map((resource) => ({
      fullUrl: `${base}/${TYPE}/${resource.id}`,
      resource,
      search: { mode: 'match' as const },
    })),
  };
}

/** The names themselves may hold anything. */
function unservedFault(count: number): Parameters<typeof issueOf>[0] {
  return {
    severity: 'warning',
    code: 'not-supported',
    rule: 'api-audit-parameter',
    diagnostics: `${count} parameters are not served for AuditEvent: there are ${Object.keys(AUDIT_PARAMETERS).join(', ')}, _count.`,
  };
}

const RESOURCE: CapabilityStatementRestResource = {
  type: TYPE,
  documentation: `Accesses to this server, newest first; agent is the name of a client. For clients with the scope system/${TYPE}.rs, of the clients of their organisations.`,
  interaction: [{ code: 'read' }, { code: 'search-type' }],
  versioning: 'no-version',
  searchParam: Object.entries(AUDIT_PARAMETERS).map(([name, type]) => ({
    name,
    type,
    definition: `http://hl7.org/fhir/SearchParameter/AuditEvent-${name}`,
  })),
};

export function saysAudit(statement: CapabilityStatement): CapabilityStatement {
  const rest = statement.rest?.map((one) => ({ ...one, resource: [...(one.resource ?? []), RESOURCE] }));
  return { ...statement, ...(rest ? { rest } : {}) };
}
