/** Turns a CapabilityStatement into the paths that it says are served. */
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceOperation,
  CapabilityStatementRestResourceSearchParam,
} from '@medplum/fhirtypes';
import {
  answerOf,
  bodyOf,
  EMPTY,
  headerParameter,
  ID,
  type Json,
  type Method,
  type OpenApiOperation,
  type Paths,
  pathParameter,
  queryParameter,
  responses,
} from './parts.ts';

const SYSTEM = 'System';
const IF_MATCH = headerParameter('If-Match', 'ETag of the version that is replaced: W/"3"');
const IF_NONE_MATCH = headerParameter('If-None-Match', 'ETag that the client has');
const IF_NONE_EXIST = headerParameter('If-None-Exist', 'Search: nothing is created where it finds something');
const PREFER = headerParameter('Prefer', 'return=minimal, return=representation or return=OperationOutcome');
const PROVENANCE = headerParameter(
  'X-Provenance',
  'Provenance as JSON, without target: kept with what is written',
);
const HISTORY = ['_count', '_since', '_at'].map((name) => queryParameter(name, 'Which versions'));
const CONTROLS = ['_count', '_sort', '_include', '_revinclude', '_summary', '_elements', '_total'];
const PATCH = ['application/json-patch+json', 'application/fhir+json'];

/** @param base path of the FHIR base @returns paths, and what they need of schemas */
export function fhirPaths(statement: CapabilityStatement, base: string): Paths {
  const paths: Paths = {};
  const add = (path: string, method: Method, operation: OpenApiOperation): void => {
    paths[`${base}${path}`] = { ...paths[`${base}${path}`], [method]: operation };
  };
  for (const rest of statement.rest ?? []) {
    add('/metadata', 'get', {
      ...said('metadata', 'What is served', SYSTEM),
      responses: responses({ 200: answerOf('The statement', 'CapabilityStatement') }),
      security: [],
    });
    const codes = new Set((rest.interaction ?? []).map(({ code }) => code));
    if (codes.has('transaction') || codes.has('batch'))
      add('', 'post', {
        ...said(
          'transaction',
          'Several interactions at once, all or nothing (transaction), or each for itself (batch)',
          SYSTEM,
        ),
        requestBody: bodyOf('Bundle', 'A Bundle of type transaction or batch'),
        responses: responses({ 200: answerOf('What became of each', 'Bundle') }, 404, 409, 410, 412, 422),
      });
    if (codes.has('history-system'))
      add('/_history', 'get', {
        ...said('historySystem', 'Versions of everything, newest first', SYSTEM),
        parameters: HISTORY,
        responses: responses({ 200: answerOf('A page of versions', 'Bundle') }),
      });
    if (codes.has('search-system')) addSystemSearch(add);
    for (const resource of rest.resource ?? []) addResource(add, resource);
    for (const operation of rest.operation ?? []) addOperation(add, operation, undefined);
  }
  return paths;
}

type Add = (path: string, method: Method, operation: OpenApiOperation) => void;

function said(operationId: string, summary: string, tag: string): Omit<OpenApiOperation, 'responses'> {
  return { operationId, summary, tags: [tag] };
}

function addSystemSearch(add: Add): void {
  const parameters = ['_type', '_id', '_lastUpdated', '_count'].map((name) =>
    queryParameter(name, name === '_type' ? 'Types, parted by commas' : 'Of all types'),
  );
  const given = { 200: answerOf('A page of matches', 'Bundle') };
  add('', 'get', {
    ...said('searchSystem', 'Search over all types', SYSTEM),
    parameters,
    responses: responses(given),
  });
}

function addResource(add: Add, resource: CapabilityStatementRestResource): void {
  const { type } = resource;
  const codes = new Set((resource.interaction ?? []).map(({ code }) => code));
  const own = (name: string, summary: string): Omit<OpenApiOperation, 'responses'> =>
    said(`${name}${type}`, summary, type!);
  const one = { 200: answerOf(`The ${type}`, type!) };
  if (codes.has('search-type')) addSearch(add, resource, own);
  if (codes.has('create'))
    add(`/${type}`, 'post', {
      ...own('create', `Create a ${type}; the server gives the id`),
      parameters: [...(resource.conditionalCreate ? [IF_NONE_EXIST] : []), PREFER, PROVENANCE],
      requestBody: bodyOf(type!, `The ${type}`),
      responses: responses(
        { ...written(type!), 201: answerOf('Created', type!, 'OperationOutcome') },
        404,
        409,
        412,
        422,
      ),
    });
  if (codes.has('read'))
    add(`/${type}/{id}`, 'get', {
      ...own('read', `Read a ${type}`),
      parameters: [ID, IF_NONE_MATCH],
      responses: responses(one, 304, 404, 410),
    });
  if (codes.has('vread'))
    add(`/${type}/{id}/_history/{vid}`, 'get', {
      ...own('vread', `Read a version of a ${type}`),
      parameters: [ID, pathParameter('vid', 'Number of the version', '^[0-9]{1,10}$'), IF_NONE_MATCH],
      responses: responses(one, 304, 404, 410),
    });
  if (codes.has('history-instance'))
    add(`/${type}/{id}/_history`, 'get', {
      ...own('history', `Versions of a ${type}, newest first`),
      parameters: [ID, ...HISTORY],
      responses: responses({ 200: answerOf('A page of versions', 'Bundle') }, 404),
    });
  if (codes.has('history-type'))
    add(`/${type}/_history`, 'get', {
      ...own('historyType', `Versions of every ${type}, newest first`),
      parameters: HISTORY,
      responses: responses({ 200: answerOf('A page of versions', 'Bundle') }),
    });
  addWrites(add, resource, codes, own);
  for (const operation of resource.operation ?? []) addOperation(add, operation, type);
}

type Own = (name: string, summary: string) => Omit<OpenApiOperation, 'responses'>;

function addSearch(add: Add, { type, searchParam = [] }: CapabilityStatementRestResource, own: Own): void {
  const parameters = [
    ...searchParam.map((one) => queryParameter(one.name!, wordsOf(one))),
    ...CONTROLS.map((name) => queryParameter(name, 'How the answer is laid out')),
  ];
  const given = { 200: answerOf('A page of matches', 'Bundle') };
  add(`/${type}`, 'get', { ...own('search', `Search ${type}`), parameters, responses: responses(given) });
  const properties = Object.fromEntries(searchParam.map(({ name }) => [name, { type: 'string' }]));
  add(`/${type}/_search`, 'post', {
    ...own('searchByPost', `Search ${type} without its values in the address`),
    requestBody: {
      required: true,
      content: { 'application/x-www-form-urlencoded': { schema: { type: 'object', properties } } },
    },
    responses: responses(given),
  });
}

function wordsOf({ type, documentation }: CapabilityStatementRestResourceSearchParam): string {
  return `${type}${documentation === undefined ? '' : `. ${documentation}`}`;
}

/** A write says the resource, nothing, or an outcome, as was preferred. */
function written(type: string): Json {
  return { 200: answerOf('Done, or there already', type, 'OperationOutcome') };
}

function addWrites(
  add: Add,
  resource: CapabilityStatementRestResource,
  codes: ReadonlySet<string | undefined>,
  own: Own,
): void {
  const type = resource.type!;
  const refusals = [404, 405, 409, 410, 412, 422, 428];
  const done = { ...written(type), 201: answerOf('Created under this id', type, 'OperationOutcome') };
  const patched = {
    required: true,
    description: 'JSON Patch, or a FHIRPath Patch as Parameters',
    content: {
      [PATCH[0]!]: { schema: { type: 'array', items: { type: 'object' } } },
      [PATCH[1]!]: { schema: { $ref: '#/components/schemas/Parameters' } },
    },
  };
  const criteria = queryParameter(
    '_id',
    'Any parameter that the type is searched by says which one is meant',
  );
  if (codes.has('update'))
    add(`/${type}/{id}`, 'put', {
      ...own('update', `Write a ${type} under its id`),
      parameters: [ID, IF_MATCH, PREFER, PROVENANCE],
      requestBody: bodyOf(type, `The ${type}, with this id`),
      responses: responses(done, ...refusals),
    });
  if (codes.has('update') && resource.conditionalUpdate)
    add(`/${type}`, 'put', {
      ...own('conditionalUpdate', `Write the one ${type} that a search finds`),
      parameters: [criteria, IF_MATCH, PREFER, PROVENANCE],
      requestBody: bodyOf(type, `The ${type}`),
      responses: responses(done, ...refusals),
    });
  if (codes.has('patch'))
    add(`/${type}/{id}`, 'patch', {
      ...own('patch', `Change parts of a ${type}`),
      parameters: [ID, IF_MATCH, PREFER, PROVENANCE],
      requestBody: patched,
      responses: responses(written(type), ...refusals),
    });
  if (codes.has('delete'))
    add(`/${type}/{id}`, 'delete', {
      ...own('delete', `Delete a ${type}; its history is kept`),
      parameters: [ID, IF_MATCH],
      responses: responses({ 200: answerOf('Deleted', 'OperationOutcome'), 204: EMPTY }, ...refusals),
    });
}

interface Asked {
  readonly levels: readonly ('system' | 'type' | 'instance')[];
  readonly methods: readonly Method[];
  readonly gives: readonly string[];
  readonly takes?: string;
  /** media types of its body, beside FHIR's */
  readonly media?: readonly string[];
  readonly parameters?: readonly string[];
  /** media types of its answer, beside FHIR's */
  readonly rows?: readonly string[];
}

/** What a statement does not say of an operation: where it is asked, and how. By the end of its canonical. */
const OPERATIONS: Readonly<Record<string, Asked>> = {
  'Resource-validate': {
    ...{ levels: ['system', 'type', 'instance'], methods: ['post'] },
    ...{ gives: ['OperationOutcome'], takes: 'Resource' },
  },
  'Patient-everything': {
    ...{ levels: ['type', 'instance'], methods: ['get', 'post'], gives: ['Bundle'], takes: 'Parameters' },
    parameters: ['start', 'end', '_since', '_type', '_count'],
  },
  'hedgerow-convert': {
    ...{ levels: ['system'], methods: ['post'], gives: ['Parameters'], takes: 'Parameters' },
    ...{
      parameters: ['source', 'kind', 'lineage'],
      media: ['application/json', 'application/x-ndjson', 'text/csv'],
    },
  },
  'hedgerow-status': { levels: ['system'], methods: ['get'], gives: ['Parameters'] },
  'hedgerow-referral-status': { levels: ['instance'], methods: ['get'], gives: ['Parameters'] },
  'backport-subscription-status': {
    ...{ levels: ['type', 'instance'], methods: ['get'], gives: ['Bundle'], parameters: ['id', 'status'] },
  },
  'backport-subscription-events': {
    ...{ levels: ['instance'], methods: ['get'], gives: ['Bundle'] },
    parameters: ['eventsSinceNumber', 'eventsUntilNumber', 'content'],
  },
  'hedgerow-viewdefinition-run': {
    ...{ levels: ['system'], methods: ['get', 'post'], gives: ['Parameters', 'Binary'], takes: 'Parameters' },
    parameters: [
      'viewReference',
      'viewCanonical',
      '_format',
      'header',
      'patient',
      'group',
      '_since',
      '_limit',
    ],
    rows: ['application/x-ndjson', 'text/csv', 'application/json', 'application/vnd.apache.parquet'],
  },
  'Resource-graphql': {
    ...{ levels: ['system', 'instance'], methods: ['get'], gives: ['GraphQL'], parameters: ['query'] },
  },
};

/** @param type undefined: of the server */
function addOperation(
  add: Add,
  { name, definition }: CapabilityStatementRestResourceOperation,
  type: string | undefined,
): void {
  const asked = OPERATIONS[definition!.slice(definition!.lastIndexOf('/') + 1)];
  if (!asked) return;
  for (const level of asked.levels) {
    if ((level === 'system') === (type !== undefined)) continue;
    const path = level === 'system' ? '' : level === 'type' ? `/${type}` : `/${type}/{id}`;
    for (const method of asked.methods)
      add(`${path}/$${name}`, method, {
        ...said(
          `${name}${level === 'system' ? '' : `${type}${level === 'instance' ? 'ById' : ''}`}${isBeside(asked, method) ? 'ByPost' : ''}`,
          `$${name}`,
          type ?? SYSTEM,
        ),
        parameters: [
          ...(level === 'instance' ? [ID] : []),
          ...(asked.parameters ?? []).map((one) => queryParameter(one, `See ${definition}`)),
        ],
        ...(asked.takes === undefined || method === 'get'
          ? {}
          : { requestBody: takenBy(asked, asked.takes) }),
        responses: responses({ 200: givenBy(asked) }, 404, 405, 410, 422),
      });
  }
}

/** What is asked by GET too has the same name. */
function isBeside({ methods }: Asked, method: Method): boolean {
  return method === 'post' && methods.includes('get');
}

function givenBy({ gives, rows = [] }: Asked): Json {
  const answer = answerOf('The answer', ...gives) as { readonly content: Json };
  const raw = rows.map((one) => [
    one,
    { schema: one === 'application/json' ? { type: 'array' } : { type: 'string' } },
  ]);
  return { ...answer, content: { ...answer.content, ...Object.fromEntries(raw) } };
}

function takenBy({ media = [] }: Asked, takes: string): Json {
  const body = bodyOf(takes, 'What the operation is asked with') as { readonly content: Json };
  const raw = media.map((one) => [one, { schema: one === 'application/json' ? {} : { type: 'string' } }]);
  return { ...body, content: { ...body.content, ...Object.fromEntries(raw) } };
}
