/** The Organisation Data Service by both of its interfaces: refuses what is not asked as it wants, and can be out of order. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An organisation as a test tells of it. */
export interface Held {
  readonly name: string;
  readonly closedOn?: string;
  readonly successors?: readonly string[];
  readonly predecessors?: readonly string[];
  readonly pcn?: string;
  /** default a general practice */
  readonly roles?: readonly string[];
}

export interface OdsServer {
  /** base of the ORD interface */
  readonly ordUrl: string;
  /** base of the FHIR interface */
  readonly fhirUrl: string;
  /** by code; may change while it runs */
  readonly held: Map<string, Held>;
  /** paths asked for, in order */
  readonly asked: string[];
  /** answers 503 to all from now on, or no more */
  isDown: boolean;
  /** codes of which it answers 503 */
  readonly failing: Set<string>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

const API_KEY = 'ods-key';
const ENGLAND = 'https://fhir.nhs.uk/England/StructureDefinition';
const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** @param held organisations by code @param accepts tokens that the FHIR interface takes beside the key `ods-key` */
export async function startOds(
  held: Readonly<Record<string, Held>> = {},
  accepts: (token: string) => boolean = () => false,
): Promise<OdsServer> {
  const asked: string[] = [];
  const all = new Map(Object.entries(held));
  const state = { isDown: false };
  const failing = new Set<string>();
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const { status, type, body } =
      state.isDown || failing.has(codeIn(request)) ? DOWN : answerTo(request, all, accepts);
    response.writeHead(status, { 'content-type': type });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ordUrl: `${url}/ORD/2-0-0`,
    fhirUrl: `${url}/organisation-data-terminology-api/fhir`,
    held: all,
    asked,
    failing,
    get isDown() {
      return state.isDown;
    },
    set isDown(down) {
      state.isDown = down;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const codeIn = ({ url = '' }: IncomingMessage): string =>
  new URL(url, 'http://ods').pathname.split('/').at(-1)!;

const DOWN: Answer = { status: 503, type: 'text/html', body: '<h1>Service Unavailable</h1>' };
const NOWHERE: Answer = { status: 404, type: 'text/html', body: '<h1>Not Found</h1>' };

function answerTo(
  request: IncomingMessage,
  held: ReadonlyMap<string, Held>,
  accepts: (token: string) => boolean,
): Answer {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://ods');
  if (request.method !== 'GET') return { status: 405, type: 'text/html', body: '' };
  const ord = /^\/ORD\/2-0-0\/organisations\/([^/]+)$/.exec(pathname);
  if (ord) return ordAnswer(request, ord[1]!, held.get(ord[1]!));
  const fhir = /^\/organisation-data-terminology-api\/fhir\/(.+)$/.exec(pathname);
  if (!fhir) return NOWHERE;
  return fhirFault(request, accepts) ?? fhirAnswer(fhir[1]!, searchParams, held);
}

function ordAnswer(request: IncomingMessage, code: string, one: Held | undefined): Answer {
  const type = 'application/json';
  if (request.headers.accept !== type) return { status: 406, type, body: { errorCode: 406 } };
  if (!one) return { status: 404, type, body: { errorCode: 404, errorText: 'Not Found' } };
  const id = (extension: string) => ({ root: '2.16.840.1.113883.2.1.3.2.4.18.48', extension });
  const days = [{ Type: 'Operational', Start: '1974-04-01', ...(one.closedOn ? { End: one.closedOn } : {}) }];
  const Status = one.closedOn === undefined ? 'Active' : 'Inactive';
  const roles = one.roles ?? ['RO177', 'RO76'];
  const link = (Type: string) => (target: string) => ({
    Type,
    Date: [{ Type: 'Legal', Start: '2026-02-01' }],
    Target: { OrgId: id(target), PrimaryRoleId: { id: 'RO177', uniqueRoleId: 1 } },
  });
  const rels = [
    { id: 'RE4', Status: 'Active', Target: { OrgId: id('13T'), PrimaryRoleId: { id: 'RO98' } } },
    ...(one.pcn
      ? [{ id: 'RE8', Status: 'Active', Target: { OrgId: id(one.pcn), PrimaryRoleId: { id: 'RO272' } } }]
      : []),
  ];
  const succs = [
    ...(one.successors ?? []).map(link('Successor')),
    ...(one.predecessors ?? []).map(link('Predecessor')),
  ];
  const Organisation = {
    Name: one.name,
    Date: days,
    OrgId: id(code),
    Status,
    LastChangeDate: '2026-02-03',
    Roles: {
      Role: roles.map((role, at) => ({ id: role, Status, ...(at === 0 ? { primaryRole: true } : {}) })),
    },
    Rels: { Rel: rels },
    ...(succs.length > 0 ? { Succs: { Succ: succs } } : {}),
  };
  return { status: 200, type, body: { Organisation } };
}

function fhirFault(request: IncomingMessage, accepts: (token: string) => boolean): Answer | undefined {
  const { accept, apikey, authorization = '', 'x-request-id': id } = request.headers;
  const isIn = apikey === API_KEY || accepts(authorization.replace('Bearer ', ''));
  if (!isIn) return outcome(401, 'ACCESS_DENIED');
  if (accept !== 'application/fhir+json') return outcome(406, 'UNSUPPORTED_MEDIA_TYPE');
  return UUID.test(String(id)) ? undefined : outcome(400, 'MISSING_VALUE');
}

function outcome(status: number, code: string): Answer {
  const issue = [{ severity: 'error', code: 'processing', details: { coding: [{ code }] } }];
  return { status, type: 'application/fhir+json', body: { resourceType: 'OperationOutcome', issue } };
}

function fhirAnswer(path: string, search: URLSearchParams, held: ReadonlyMap<string, Held>): Answer {
  const type = 'application/fhir+json';
  if (path === 'OrganizationAffiliation') {
    const code = search.get('primary-organization');
    if (code === null) return outcome(400, 'MISSING_VALUE');
    return { status: 200, type, body: affiliations(code, held.get(code)) };
  }
  const [, code = ''] = /^Organization\/([^/]+)$/.exec(path) ?? [];
  if (code === '') return NOWHERE;
  const one = held.get(code);
  return one ? { status: 200, type, body: organization(code, one) } : outcome(404, 'RESOURCE_NOT_FOUND');
}

function organization(code: string, one: Held): unknown {
  const active = one.closedOn === undefined;
  const period = { start: '1974-04-01', ...(one.closedOn ? { end: one.closedOn } : {}) };
  const works = [
    { url: 'dateType', valueCoding: { code: 'Operational' } },
    { url: 'period', valuePeriod: period },
  ];
  const roles = (one.roles ?? ['RO177', 'RO76']).map((role, at) => ({
    url: `${ENGLAND}/Extension-England-OrganisationRole`,
    extension: [
      { url: 'instanceID', valueInteger: at },
      { url: 'roleCode', valueCodeableConcept: { coding: [{ code: role }] } },
      { url: 'primaryRole', valueBoolean: at === 0 },
      { url: 'active', valueBoolean: active },
    ],
  }));
  return {
    resourceType: 'Organization',
    id: code,
    meta: { lastUpdated: '2026-02-03T00:00:00+00:00' },
    extension: [...roles, { url: `${ENGLAND}/Extension-England-TypedPeriod`, extension: works }],
    identifier: [{ system: ODS, value: code }],
    active,
    name: one.name,
  };
}

function affiliations(code: string, one: Held | undefined): unknown {
  const link = (relation: string, since?: string) => (target: string) => ({
    resource: {
      resourceType: 'OrganizationAffiliation',
      active: true,
      organization: { identifier: { system: ODS, value: code } },
      participatingOrganization: { identifier: { system: ODS, value: target } },
      code: [{ coding: [{ code: relation }] }],
      ...(since ? { period: { start: since } } : {}),
    },
  });
  const entry = [
    ...['13T'].map(link('RE4')),
    ...(one?.pcn ? [one.pcn] : []).map(link('RE8')),
    ...(one?.successors ?? []).map(link('Successor', '2026-02-01')),
    ...(one?.predecessors ?? []).map(link('Predecessor', '2026-02-01')),
  ];
  return { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry };
}
