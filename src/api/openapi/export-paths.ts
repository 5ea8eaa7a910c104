/** The paths of bulk exports: kick-off, how one stands, its files, and its end. */
import { FILE_PATH, STATUS_PATH } from '../export/paths.ts';
import {
  answerOf,
  bodyOf,
  headerParameter,
  type Json,
  type OpenApiOperation,
  type Paths,
  pathParameter,
  queryParameter,
  responses,
} from './parts.ts';

const TAG = 'Bulk export';
const GROUP = pathParameter('id', 'Id of the Group');
const EXPORT = pathParameter('id', 'Id of the export, as Content-Location names it');
const FILE = pathParameter('file', 'Name of the file, as the manifest has it', '^[A-Za-z.0-9]{1,128}$');
const PREFER = headerParameter(
  'Prefer',
  'respond-async; with handling=lenient what is not served is passed over',
);
const ASKED = [
  queryParameter('_type', 'Types, by comma'),
  queryParameter('_since', 'An instant: what has changed since'),
  queryParameter('_typeFilter', 'Type?search, percent-encoded'),
  queryParameter('_elements', 'Names of elements'),
  queryParameter('_outputFormat', 'application/fhir+ndjson'),
];

/** @param base path of the FHIR base @source Bulk Data Access 2.0 */
export function exportPaths(base: string): Paths {
  return {
    [`${base}/$export`]: kickOff('export', []),
    [`${base}/Patient/$export`]: kickOff('exportPatients', []),
    [`${base}/Group/{id}/$export`]: kickOff('exportGroup', [GROUP]),
    [`${base}${STATUS_PATH}/{id}`]: {
      get: {
        ...said('exportStatus', 'How an export stands; when it is over, its manifest'),
        parameters: [EXPORT],
        responses: responses(
          {
            200: {
              description: 'The manifest',
              content: { 'application/json': { schema: { type: 'object' } } },
            },
            202: { description: 'It is being made: ask again after Retry-After' },
          },
          404,
          410,
          429,
          503,
        ),
      },
      delete: {
        ...said('removeExport', 'End an export, and remove its files'),
        parameters: [EXPORT],
        responses: responses({ 202: answerOf('It is removed', 'OperationOutcome') }, 404),
      },
    },
    [`${base}${FILE_PATH}/{id}/{file}`]: {
      get: {
        ...said('exportFile', 'A file of an export'),
        parameters: [EXPORT, FILE],
        responses: responses(
          {
            200: {
              description: 'One resource a line',
              content: { 'application/fhir+ndjson': { schema: { type: 'string' } } },
            },
          },
          404,
          410,
          503,
        ),
      },
    },
  };
}

function kickOff(operationId: string, parameters: readonly Json[]): Paths[string] {
  const answers = responses(
    { 202: answerOf('It is under way, at Content-Location', 'OperationOutcome') },
    404,
    406,
    429,
  );
  const all = [...parameters, PREFER];
  return {
    get: {
      ...said(operationId, 'Export many resources as files'),
      parameters: [...all, ...ASKED],
      responses: answers,
    },
    post: {
      ...said(`${operationId}ByPost`, 'Export many resources as files'),
      parameters: all,
      requestBody: bodyOf('Parameters', 'What is asked for, patients too'),
      responses: answers,
    },
  };
}

function said(operationId: string, summary: string): Omit<OpenApiOperation, 'responses'> {
  return { operationId, summary, tags: [TAG] };
}
