/** The parts that an OpenAPI document is made of here: parameters, bodies, answers and schemas that many operations share. */

export type Json = Readonly<Record<string, unknown>>;

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Json[];
  readonly requestBody?: Json;
  readonly responses: Json;
  readonly security?: readonly Json[];
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
export type Paths = Record<string, Partial<Record<Method, OpenApiOperation>>>;

export const FHIR_JSON = 'application/fhir+json';

export function pathParameter(name: string, description: string, pattern = '^[A-Za-z0-9\\-.]{1,64}$'): Json {
  return { name, in: 'path', required: true, description, schema: { type: 'string', pattern } };
}

export function queryParameter(name: string, description: string): Json {
  // FHIR repeats parameters: each value is one more condition
  const schema = { type: 'array', items: { type: 'string' } };
  return { name, in: 'query', required: false, description, schema, style: 'form', explode: true };
}

export function headerParameter(name: string, description: string): Json {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

export const ID = pathParameter('id', 'Id of the resource');

export function schemaOf(type: string): Json {
  return { $ref: `#/components/schemas/${type}` };
}

export function bodyOf(type: string, description: string, media: readonly string[] = [FHIR_JSON]): Json {
  return {
    required: true,
    description,
    content: Object.fromEntries(media.map((one) => [one, { schema: schemaOf(type) }])),
  };
}

/** @returns an answer with a resource of one of the types */
export function answerOf(description: string, ...types: readonly string[]): Json {
  const [only, ...others] = types.map(schemaOf);
  const schema = others.length === 0 ? only : { anyOf: [only, ...others] };
  return { description, content: { [FHIR_JSON]: { schema } } };
}

export const EMPTY = { description: 'Done; nothing to say' };

const WORDS: Readonly<Record<number, string>> = {
  304: 'The client has this version already',
  400: 'The request cannot be read, or asks for what is not served',
  401: 'No credentials, or none that are good',
  403: 'The client may not do this',
  404: 'There is no such thing, or the client may not see it',
  405: 'This method is not served here',
  406: 'No format that is served is accepted',
  409: 'It does not go with what is stored',
  410: 'It was deleted or erased',
  412: 'The condition does not hold: another version, or several matches',
  413: 'The body is too large',
  415: 'The body is of a media type that is not read',
  422: 'The resource is not valid, or breaks a rule',
  428: 'A condition is required',
  429: 'Too many requests: come again after Retry-After',
  500: 'A fault of the server',
  501: 'Not served',
  503: 'Not now: come again after Retry-After',
};

/** @returns refusals, each an OperationOutcome, beside the answers that are given */
export function responses(given: Json, ...refusals: readonly number[]): Json {
  const common = [400, 401, 403, 406, 413, 415, 429, 500, 503];
  const all = [...new Set([...common, ...refusals])].sort((a, b) => a - b);
  return {
    ...given,
    ...Object.fromEntries(
      all.map((status) => [
        String(status),
        status === 304 ? { description: WORDS[304] } : answerOf(WORDS[status]!, 'OperationOutcome'),
      ]),
    ),
  };
}

/** @returns a schema that tells the type; what a resource holds is its StructureDefinition's to say */
export function resourceSchema(type: string): Json {
  return {
    type: 'object',
    description: `FHIR R4 ${type}: https://hl7.org/fhir/R4/${type.toLowerCase()}.html`,
    properties: { resourceType: { const: type }, id: { type: 'string' } },
    required: ['resourceType'],
  };
}
