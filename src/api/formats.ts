/** Settles for each request in which format it is answered, and refuses what is not served in any that its client takes. */

import type { OperationOutcome } from '@medplum/fhirtypes';
import type { RequestHandler, Response } from 'express';
import type { Definitions } from '../fhir/definitions.ts';
import { queryOf } from './address.ts';
import { negotiate } from './negotiate.ts';
import { answerIn, sendFhir } from './respond.ts';

const REFUSAL = 'format-refusal';

/** First of all, so that refusals too are written as asked for. @param definitions base R4, for XML */
export function settleFormat(definitions: Definitions): RequestHandler {
  return (request, response, next) => {
    // what cannot be decoded is refused by the route
    const query = /[?&]_(?:format|pretty)=/.test(request.originalUrl)
      ? queryOf(request.originalUrl)
      : NO_QUERY;
    const { format, refusal } = negotiate(request.headers.accept, query.ok ? query.value : []);
    // what is compressed or not, and in which format, hangs on both
    response.vary('Accept, Accept-Encoding');
    answerIn(response, format, definitions);
    if (refusal) response.locals[REFUSAL] = refusal;
    next();
  };
}

const NO_QUERY = { ok: true, value: [] } as const;

/** Asked behind the guard: who may not ask is told that first. @returns whether it was refused */
export function isFormatRefused(response: Response): boolean {
  const refusal = response.locals[REFUSAL] as OperationOutcome | undefined;
  if (refusal) sendFhir(response, 406, refusal);
  return refusal !== undefined;
}

/** Files of exports are NDJSON, whatever else is served: who asks for one may accept nothing else. */
const NDJSON_PATH = /^\/\$export-file\//;
/** Rows of a view are sent in formats of their own. */
const RUN_PATH = /\/\$viewdefinition-run\/?$/;

export const refuseFormat: RequestHandler = (request, response: Response, next) => {
  const isOwn = NDJSON_PATH.test(request.path) || RUN_PATH.test(request.path);
  if (isOwn || !isFormatRefused(response)) next();
};
