/** Serves the operation $validate: on any resource, on one of a type, and on one that is stored. */
import express, { type Request, type Response, type Router } from 'express';
import { type Checked, issueOf, outcomeOf, refuse } from '../fhir/outcome.ts';
import { fitFor } from '../intake/activity-fit.ts';
import type { FitRules } from '../referral/activity-fit.ts';
import { storedRelated } from '../store/related.ts';
import type { Store } from '../store/store.ts';
import { settled } from '../validation/check-whole.ts';
import { relatedIn } from '../validation/domain/related.ts';
import type { AskCodes } from '../validation/pending.ts';
import type { Validator } from '../validation/validator.ts';
import { accessOf, touch } from './access.ts';
import { queryOf } from './address.ts';
import { atMost } from './intake-body.ts';
import { permit } from './permit.ts';
import { RESOURCE_MEDIA, readText, statusOfBody } from './resource-body.ts';
import { refuseMethod, sendFault, sendFhir, statusOf } from './respond.ts';
import {
  type CheckText,
  checkResource,
  checkText,
  type ValidateAnswer,
  type ValidateAsked,
} from './validate-text.ts';

export interface ValidateRouteOptions {
  readonly store: Store;
  readonly validator: Validator;
  /** asks a terminology server, where there is one */
  readonly askCodes?: AskCodes | undefined;
  /** checks long bodies elsewhere, so that other requests are not held up; default: here */
  readonly checkLong?: CheckText | undefined;
  /** bodies read at once; default 16 */
  readonly bodies?: number;
  readonly clock: () => number;
  /** what an activity is held to before somebody is referred there; absent: nobody asks */
  readonly fit?: FitRules | undefined;
}

const BODIES = 16;
/** Characters up to which a body is checked at once: some ten milliseconds. */
const LONG = 100_000;
/** When those before may be done. */
const RETRY_AFTER_S = '10';

/**
 * @returns routes to mount at the FHIR base, before those of `/:type/:id`
 * @source hl7.org/fhir/R4/resource-operation-validate.html
 */
export function validateRoutes(options: ValidateRouteOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  const post = atMost(options.bodies ?? BODIES, (request, response) => takeBody(options, request, response));
  const refuse = refuseMethod('POST', 'Send the resource that is to be checked.');
  routes.route('/$validate').post(post).all(refuse);
  routes.route('/:type/$validate').post(post).all(refuse);
  routes
    .route('/:type/:id/$validate')
    .post(post)
    .get((request, response) => checkStored(options, request, response))
    .all(refuseMethod('GET, HEAD, POST'));
  return routes;
}

async function takeBody(options: ValidateRouteOptions, request: Request, response: Response): Promise<void> {
  const asked = readAsked(request, response);
  if (!asked) return;
  const body = await readText(request, RESOURCE_MEDIA);
  if (!body.ok) return sendFhir(response, statusOfBody(body.outcome), body.outcome);
  const { text } = body.value;
  if (text === '' && asked.mode === 'delete')
    return await answer(options, checkResource(options.validator, undefined, asked), response);
  const { checkLong } = options;
  const found =
    checkLong && text.length > LONG
      ? await checkLong(text, asked)
      : checkText(options.validator, text, asked);
  await answer(options, found, response);
}

async function checkStored(
  options: ValidateRouteOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const { store, validator } = options;
  const asked = readAsked(request, response);
  if (!asked) return;
  const access = accessOf(response);
  const allowed = permit(access, [asked.type!], 'read');
  if (!allowed.ok) return sendFhir(response, statusOf(allowed.outcome), allowed.outcome);
  const version = await store.seenBy(access.viewer).read(asked.type!, asked.id!);
  touch(response, { interaction: '$validate', keys: version ? [version] : [] });
  if (!version)
    return sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-not-found',
      diagnostics: 'There is no such resource: POST the one that is to be checked.',
    });
  if (!version.resource)
    return sendFault(response, 410, {
      code: 'deleted',
      rule: 'api-gone',
      diagnostics: 'This resource is there no more.',
    });
  const batch = [[{ resource: version.resource, partial: false }]];
  const related = {
    ...relatedIn(batch, await storedRelated(store, batch)),
    fit: await fitFor(options, batch),
  };
  await answer(options, checkResource(validator, version.resource, asked, related), response);
}

/** Sends what was found; a check that could be done is 200, whatever it found. */
async function answer(
  { askCodes }: ValidateRouteOptions,
  found: ValidateAnswer,
  response: Response,
): Promise<void> {
  response.set('Cache-Control', 'no-store');
  if (found.status === 503) response.set('Retry-After', RETRY_AFTER_S);
  const issues = await settled(found, askCodes);
  // an outcome has at least one issue
  sendFhir(response, found.status, outcomeOf(...(issues.length === 0 ? [ALL_IS_WELL] : issues)));
}

const ALL_IS_WELL = issueOf({
  severity: 'information',
  code: 'informational',
  rule: 'api-validate-well',
  diagnostics: 'All is well.',
});

/** @returns what is asked for; undefined when the request was refused */
function readAsked(request: Request, response: Response): ValidateAsked | undefined {
  const query = queryOf(request.originalUrl);
  if (!query.ok) return void sendFhir(response, 400, query.outcome);
  const { type, id } = request.params as { type?: string; id?: string };
  const words = readWords(query.value);
  if (!words.ok) return void sendFhir(response, 400, words.outcome);
  return { type, id, ...words.value };
}

function readWords(
  query: readonly (readonly [string, string])[],
): Checked<Pick<ValidateAsked, 'mode' | 'profiles'>> {
  const profiles = new Set<string>();
  let mode: string | undefined;
  for (const [name, value] of query) {
    if (name === 'profile') profiles.add(value);
    else if (name === 'mode') mode = value;
    else if (name !== '_format' && name !== '_pretty')
      return refuse({
        code: 'not-supported',
        rule: 'api-validate-parameter',
        diagnostics: '$validate takes profile, which may repeat, and mode: nothing else.',
        expression: 'http',
      });
  }
  return { ok: true, value: { mode, profiles: [...profiles] } };
}
