/** Puts the HTTP side together: FHIR, intake, health, pages; everything else is a 404 that says what there is. */
import { randomUUID } from 'node:crypto';
import type { CapabilityStatement, CapabilityStatementRestSecurity } from '@medplum/fhirtypes';
import express, { type Express, type RequestHandler, type Router } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import type { Logger } from 'pino';
import type { Definitions } from '../fhir/definitions.ts';
import type { Pipeline } from '../pipeline.ts';
import type { FitRules } from '../referral/activity-fit.ts';
import type { ReadLimits } from '../source/limits.ts';
import type { LoadedSource } from '../source/load.ts';
import type { Store } from '../store/store.ts';
import type { AskCodes } from '../validation/pending.ts';
import type { Validator } from '../validation/validator.ts';
import type { TerminologyState } from '../wire/terminology-server.ts';
import { OPEN_ACCESS, setAccess } from './access.ts';
import { auditAccesses } from './audit.ts';
import { auditPart } from './audit-routes.ts';
import { compressed } from './compressed.ts';
import { crossOrigin } from './cross-origin.ts';
import type { TargetPace } from './delivery-gauges.ts';
import type { FhirPart } from './fhir-part.ts';
import { fhirParts, fhirRoutes, mostAsked } from './fhir-routes.ts';
import { refuseFormat, settleFormat } from './formats.ts';
import { graphqlPart } from './graphql-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { either, inOrder, under } from './in-order.ts';
import { intakeRoutes } from './intake-routes.ts';
import { answerMethods } from './methods.ts';
import { openApiRoutes } from './openapi/routes.ts';
import { errorHandler, sendFault } from './respond.ts';
import { shapeOf } from './route-shape.ts';
import { servedStatement } from './served-statement.ts';
import { LONGEST_BODY_MS, refuseSlowBody } from './slow-body.ts';
import { validateRoutes } from './validate-route.ts';
import type { CheckText } from './validate-text.ts';
import { writeRoutes } from './write/routes.ts';
import { withWrites } from './write/says.ts';

export interface AppOptions {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  /** base R4, for the search parameters */
  readonly definitions: Definitions;
  /** for $validate */
  readonly validator: Validator;
  /** asks a terminology server, where there is one */
  readonly askCodes?: AskCodes | undefined;
  /** checks long bodies elsewhere, so that other requests are not held up */
  readonly checkLong?: CheckText | undefined;
  readonly clock: () => number;
  /** for $validate of a stored referral: what its activity is held to; absent: nobody asks */
  readonly fit?: FitRules | undefined;
  /** version of the adapter */
  readonly version: string;
  readonly limits?: ReadLimits;
  /** coded values that nobody could check since the start, for the metrics */
  readonly uncheckedCodes?: () => number;
  /** how the targets are sent to, for the metrics */
  readonly paces?: (() => readonly TargetPace[]) | undefined;
  /** of the terminology server, where there is one, for the metrics */
  readonly terminology?: (() => TerminologyState) | undefined;
  /** checks at PDS by what became of them, for the metrics */
  readonly pds?: (() => Readonly<Record<string, number | undefined>>) | undefined;
  /** how many resources one conditional delete may delete; default 1 */
  readonly conditionalDeletes?: number | undefined;
  /** bodies read at once; default 16 */
  readonly bodies?: number;
  /** that a body of the FHIR side may be on its way; default two minutes */
  readonly longestBodyMs?: number;
  readonly log?: Logger;
  /** sets who asks, or refuses; absent: open to all, as demo mode is on loopback */
  readonly guard?: RequestHandler | undefined;
  /** right behind the guard: tokens, and how to find them */
  readonly entrance?: readonly Router[];
  /** how who asks is known, for /metadata */
  readonly security?: (() => CapabilityStatementRestSecurity) | undefined;
  /** origins whose pages may call the FHIR side from a browser; default none */
  readonly origins?: readonly string[];
  /** what is served at the FHIR base beside the stored types: subscriptions, operations of ours */
  readonly fhir?: readonly FhirPart[];
  /** routers tried before the 404: pages, control */
  readonly pages?: readonly Router[];
}

/** Path of the FHIR base. */
export const FHIR_BASE = '/fhir/R4';

/** @returns the application; it holds no state of its own but bodies in flight */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false); // versions are the ETags here
  app.set('query parser', false); // FHIR repeats parameters: they are read as pairs
  app.use(inOrder(gatesOf(options)));
  const stored = fhirParts(options);
  app.use(FHIR_BASE, mostAsked(stored));
  for (const router of options.entrance ?? []) app.use(router);
  const parts = [auditPart(options), graphqlPart(options), ...(options.fhir ?? [])];
  const beside = parts.map(({ routes }) => routes);
  const said = {
    ...options,
    fhir: [
      ...parts,
      { says: (statement: CapabilityStatement) => withWrites(statement, options.conditionalDeletes) },
    ],
  };
  app.use(openApiRoutes((url) => servedStatement(said, `${url}${FHIR_BASE}`, options.clock())));
  const own = fhirRoutes(stored, said);
  const reads = [...beside, own];
  // what is served beside the stored types is of types that these do not know
  const fhir = [validateRoutes(options), ...beside, writeRoutes({ ...options, reads }), own];
  app.use(FHIR_BASE, refuseSlowBody(options.longestBodyMs ?? LONGEST_BODY_MS));
  app.use(FHIR_BASE, refuseFormat, answerMethods(fhir), ...fhir);
  app.use('/intake', intakeRoutes(options));
  app.use(healthRoutes(options));
  for (const router of options.pages ?? []) app.use(router);
  app.use((_request, response) => {
    sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-unknown-route',
      diagnostics: `There is nothing at this address. There is ${FHIR_BASE}/metadata, /intake/{source}/{kind}, /health, /ready, /metrics and the status page at /.`,
    });
  });
  app.use(errorHandler(options.log));
  return app;
}

/** What every request passes, in this order. */
function gatesOf(options: AppOptions): RequestHandler[] {
  return [
    requestId(options),
    under(FHIR_BASE, compressed()),
    auditAccesses(options),
    either(FHIR_BASE, helmet(DATA_HEADERS), helmet(PAGE_HEADERS)),
    under(FHIR_BASE, inOrder([crossOrigin(options.origins ?? []), settleFormat(options.definitions)])),
    options.guard ?? openToAll,
  ];
}

const openToAll: RequestHandler = (_request, response, next) => {
  setAccess(response, OPEN_ACCESS);
  next();
};

/** Pages load only what this server sends; no script runs. */
const PAGE_HEADERS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
};

/** What a browser makes nothing of when it shows no page is left out. @source OWASP REST Security Cheat Sheet */
const DATA_HEADERS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  strictTransportSecurity: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xPoweredBy: false,
  xXssProtection: false,
};

/** Gives each request an id, and logs its route's shape, never its address: that may name a person. */
function requestId({ log, clock }: AppOptions): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const id = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    response.set('X-Request-Id', id);
    if (!log?.isLevelEnabled('debug')) return next();
    const startedMs = clock();
    response.once('finish', () => {
      log.debug(
        {
          requestId: id,
          method: request.method,
          route: shapeOf(request, response),
          status: response.statusCode,
          elapsedMs: clock() - startedMs,
        },
        'request',
      );
    });
    next();
  };
}
