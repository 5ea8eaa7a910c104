/** Serves the audit of accesses as AuditEvents, to clients that may read them: of their own organisations' clients. */
import type {
  AuditEvent,
  Bundle,
  CapabilityStatement,
  CapabilityStatementRestResource,
} from '@medplum/fhirtypes';
import express, { type Request, type Response, type Router } from 'express';
import type { Definitions } from '../fhir/definitions.ts';
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { ResourceKey } from '../store/resources.ts';
import type { Store } from '../store/store.ts';
import { accessOf, touch } from './access.ts';
import { baseOf } from './address.ts';
import { auditEventId, auditEventOf, seqOf } from './audit-event.ts';
import { AuditPeople } from './audit-people.ts';
import { withoutPlaces } from './audit-places.ts';
import { AUDIT_PARAMETERS, type AuditSearch, readAuditSearch } from './audit-query.ts';
import type { FhirPart } from './fhir-part.ts';
import { permit } from './permit.ts';
import { preferOf } from './prefer.ts';
import { refuseMethod, sendFault, sendFhir, statusOf } from './respond.ts';
import { askedOf, formBody } from './search/routes.ts';

export interface AuditRoutesOptions {
  readonly store: Pick<Store, 'accesses' | 'personOf' | 'readPerson' | 'restricted' | 'seenBy'>;
  /** names the elements of XML */
  readonly definitions: Definitions;
}

const TYPE = 'AuditEvent';

/** @returns routes to mount at the FHIR base, before those of the stored types, and what /metadata says of them */
export function auditPart(options: AuditRoutesOptions): FhirPart {
  return { routes: routesOf(options), says: saysAudit };
}

function routesOf(options: AuditRoutesOptions): Router {
  const { store } = options;
  const routes = express.Router({ caseSensitive: true });
  const refuse = refuseMethod('GET, HEAD', 'The audit is written by what is done, and never changed.');
  routes
    .route(`/${TYPE}`)
    .get((request, response) => search(options, request, response))
    .all(refuse);
  routes
    .route(`/${TYPE}/_search`)
    .post(...formBody(), (request: Request, response: Response) => search(options, request, response))
    .all(refuseMethod('POST'));
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
  if (found) {
    const [shown] = await withoutPlaces(store, [found]);
    return sendFhir(response, 200, auditEventOf(await new AuditPeople(store, access.viewer).shown(shown!)));
  }
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'api-unknown-id',
    diagnostics: 'There is no such AuditEvent here, or it lies in an archive, or it is not for this client.',
  });
}

async function search(
  { store, definitions }: AuditRoutesOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const access = accessOf(response);
  const permitted = permit(access, [TYPE], 'search');
  if (!permitted.ok) return sendFhir(response, 403, permitted.outcome);
  const sent = askedOf(request, response, { definitions });
  if (!sent.ok) return sendFhir(response, statusOf(sent.outcome), sent.outcome);
  const asked = readAuditSearch(sent.value.query, access.viewer.organisations);
  if (!asked.ok) return sendFhir(response, statusOf(asked.outcome), asked.outcome);
  const { unknown, query, isEmpty } = asked.value;
  const warning = unknown.length > 0 ? outcomeOf(issueOf(unservedFault(unknown.length))) : undefined;
  if (warning && preferOf(request).handling === 'strict') return sendFhir(response, 400, warning);
  const people = new AuditPeople(store, access.viewer);
  const wanted = isEmpty ? undefined : await people.asked({ ...query, count: query.count + 1 });
  const found = wanted ? await store.accesses.search(wanted) : [];
  const page = await withoutPlaces(store, found.slice(0, query.count), query);
  touch(response, {
    interaction: 'search-type',
    keys: page.map(({ seq }): ResourceKey => `${TYPE}/${auditEventId(seq)}`),
    params: [...new Set(asked.value.pairs.map(([name]) => name))],
  });
  const next = found.length > query.count ? found[query.count - 1]?.seq : undefined;
  const shown = await Promise.all(page.map((one) => people.shown(one)));
  const bundle = bundleOf(baseOf(request), asked.value, shown.map(auditEventOf), next);
  if (warning) bundle.entry?.push({ resource: warning, search: { mode: 'outcome' } });
  sendFhir(response, 200, bundle);
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
