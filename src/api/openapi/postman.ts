/** Turns the OpenAPI document into a Postman collection (v2.1): every operation by tag, and a whole referral in order. */
import type { OpenApi } from './document.ts';
import type { Json, Method, OpenApiOperation } from './parts.ts';
import { REFERRAL_STEPS, type Step } from './referral-example.ts';

export interface PostmanRequest {
  readonly method: string;
  readonly header: readonly { readonly key: string; readonly value: string }[];
  readonly url: { readonly raw: string; readonly host: readonly string[]; readonly path: readonly string[] };
  readonly auth?: Json;
  readonly body?: Json;
  readonly description?: string;
}
export interface PostmanItem {
  readonly name: string;
  readonly request?: PostmanRequest;
  readonly item?: readonly PostmanItem[];
  readonly event?: readonly {
    readonly listen: 'test';
    readonly script: { readonly exec: readonly string[] };
  }[];
}
export interface Postman extends Json {
  readonly info: Json;
  readonly item: readonly PostmanItem[];
  readonly variable: readonly { readonly key: string; readonly value: string }[];
}

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';
const BASE = '/fhir/R4';
const FORM = 'application/x-www-form-urlencoded';

/** Values that a person fills in, and that requests fill in for those that follow. */
const VARIABLES: Readonly<Record<string, string>> = {
  access_token: '',
  client_assertion: '',
  scope: 'system/*.cruds',
  hook: 'https://vendor.example.org/hook',
  id: 'example',
  vid: '1',
  source: 'platform',
  kind: 'referral',
  subscription: '',
  patient: '',
  referral: '',
  contact: '',
};

export function postmanOf(document: OpenApi): Postman {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method as Method, operation })),
  );
  const byTag = Map.groupBy(operations, ({ operation }) => operation.tags[0]!);
  const folders = [...byTag].map(([tag, all]): PostmanItem => {
    const item = all.map(({ path, method, operation }) => itemOf(path, method, operation));
    return { name: tag, item };
  });
  return {
    info: {
      name: `${document.info.title} ${document.info.version}`,
      description: document.info.description,
      schema: SCHEMA,
    },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{access_token}}', type: 'string' }] },
    variable: [
      { key: 'baseUrl', value: document.servers[0]?.url ?? '' },
      ...Object.entries(VARIABLES).map(([key, value]) => ({ key, value })),
    ],
    item: [{ name: 'A whole referral', item: REFERRAL_STEPS.map(stepOf) }, ...folders],
  };
}

function urlOf(path: string): PostmanRequest['url'] {
  return { raw: `{{baseUrl}}${path}`, host: ['{{baseUrl}}'], path: path.split('/').slice(1) };
}

function stepOf({ name, method, path, body, media, status, keep }: Step): PostmanItem {
  const exec = [
    `pm.test('is answered ${status}', () => pm.response.to.have.status(${status}));`,
    ...(keep === undefined ? [] : [`pm.collectionVariables.set('${keep}', pm.response.json().id);`]),
  ];
  const header = [
    { key: 'Accept', value: 'application/fhir+json' },
    ...(body === undefined ? [] : [{ key: 'Content-Type', value: media ?? 'application/fhir+json' }]),
    ...(keep === undefined ? [] : [{ key: 'Prefer', value: 'return=representation' }]),
  ];
  const raw = body === undefined ? {} : { body: { mode: 'raw', raw: JSON.stringify(body, undefined, 2) } };
  return {
    name,
    request: { method, header, url: urlOf(`${BASE}${path}`), ...raw },
    event: [{ listen: 'test', script: { exec } }],
  };
}

function itemOf(path: string, method: Method, operation: OpenApiOperation): PostmanItem {
  const content = (operation.requestBody?.content ?? {}) as Json;
  const [media] = Object.keys(content);
  const isToken = operation.operationId === 'token';
  const exec = isToken
    ? ["pm.collectionVariables.set('access_token', pm.response.json().access_token);"]
    : [];
  return {
    name: operation.summary,
    request: {
      method: method.toUpperCase(),
      header: [
        ...(path.startsWith(BASE) ? [{ key: 'Accept', value: 'application/fhir+json' }] : []),
        ...(media === undefined ? [] : [{ key: 'Content-Type', value: media }]),
      ],
      url: urlOf(path.replaceAll(/\{(\w+)\}/g, '{{$1}}')),
      ...(operation.security?.length === 0 ? { auth: { type: 'noauth' } } : {}),
      ...(media === undefined ? {} : { body: bodyOf(media, content[media] as Json, isToken) }),
    },
    ...(exec.length > 0 ? { event: [{ listen: 'test', script: { exec } }] } : {}),
  };
}

/** The least that says what belongs there. */
function bodyOf(media: string, content: Json, isToken: boolean): Json {
  if (media === FORM) {
    const urlencoded = isToken ? TOKEN_FORM : [];
    return { mode: 'urlencoded', urlencoded };
  }
  const { $ref } = (content.schema ?? {}) as { readonly $ref?: string };
  const type = $ref?.slice($ref.lastIndexOf('/') + 1);
  const example = media.endsWith('json-patch+json')
    ? [{ op: 'test', path: '/id', value: '{{id}}' }]
    : type === undefined
      ? {}
      : (EXAMPLES[type] ?? { resourceType: type, id: '{{id}}' });
  return { mode: 'raw', raw: JSON.stringify(example, undefined, 2) };
}

const EXAMPLES: Readonly<Record<string, object>> = {
  Bundle: {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ request: { method: 'GET', url: 'Patient?_count=1' } }],
  },
  Resource: { resourceType: 'Patient' },
  Parameters: {
    resourceType: 'Parameters',
    parameter: [
      { name: 'source', valueString: '{{source}}' },
      { name: 'kind', valueString: '{{kind}}' },
      { name: 'record', valueString: '{}' },
    ],
  },
};

const TOKEN_FORM = [
  { key: 'grant_type', value: 'client_credentials' },
  { key: 'scope', value: '{{scope}}' },
  { key: 'client_assertion_type', value: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
  { key: 'client_assertion', value: '{{client_assertion}}' },
];
