/** Serves $viewdefinition-run: the rows of a view over what the client sees, or over resources that it sends along. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Request, Response } from 'express';
import { type Definitions, STORED_TYPES } from '../../fhir/definitions.ts';
import { AdapterError, type Checked, type Fault, refuse } from '../../fhir/outcome.ts';
import type { BulkTransform } from '../../research/export/transform.ts';
import { type CompiledView, compileView } from '../../research/view/compile.ts';
import type { Store } from '../../store/store.ts';
import { type Access, accessOf, touch } from '../access.ts';
import { baseOf } from '../address.ts';
import { permit } from '../permit.ts';
import { statusOfBody } from '../resource-body.ts';
import { sendFhir, statusOf } from '../respond.ts';
import { breakGlassReason } from '../security/break-glass.ts';
import { peopleNamed } from './people.ts';
import { type RunAsked, readRun } from './run-parameters.ts';
import { RUN_BOUNDS, type RunBounds } from './run-rows.ts';
import { sendRows } from './send-rows.ts';
import { findShipped, type ShippedView } from './shipped.ts';
import { storedResources } from './stored-resources.ts';
import { type Representation, representationOf } from './table-format.ts';

export interface ViewRunOptions {
  readonly store: Pick<Store, 'seenBy'>;
  /** base R4 */
  readonly definitions: Definitions;
  readonly views: readonly ShippedView[];
  /** epoch ms */
  readonly clock: () => number;
  /**
   * How what a client gets is changed on its way, such as without who anybody is. A client that sees people only
   * de-identified gets nothing where there is none
   */
  readonly transformOf?: (client: string) => BulkTransform | undefined | Promise<BulkTransform | undefined>;
  readonly bounds?: Partial<RunBounds>;
}

/** An outcome, and its status where its code does not say it. */
type Refused = { readonly status: number; readonly outcome: OperationOutcome };

/** A view may not hold up other requests, neither while it is compiled nor by one resource. */
const VIEW_OPTIONS = {
  limits: { text: 8_192, pieces: 5_000, visits: 1_000_000, built: 10_000_000 },
  viewLimits: { columns: 300, selects: 100, depth: 12, constants: 100, conditions: 50 },
} as const;

export async function answerRun(
  options: ViewRunOptions,
  request: Request,
  response: Response,
  id: string | undefined,
): Promise<void> {
  const access = accessOf(response);
  const asked = await readRun(request, id !== undefined);
  if (!asked.ok) return sendFhir(response, statusOfBody(asked.outcome), asked.outcome);
  const refusedAt = (status: number, outcome: OperationOutcome): void => sendFhir(response, status, outcome);
  const accept = request.headers.accept;
  const representation = representationOf(asked.value.format, accept);
  if (!representation.ok)
    return refusedAt(asked.value.format === undefined || isXml(accept) ? 406 : 400, representation.outcome);
  const view = viewFor(options, asked.value, id, baseOf(request));
  if ('status' in view) return refusedAt(view.status, view.outcome);
  touch(response, { interaction: '$viewdefinition-run', keys: [], params: asked.value.names });
  const made = await resourcesOf(options, asked.value, view, { access, response });
  if (!made.ok) return refusedAt(statusOfRun(made.outcome), made.outcome);
  await sendAll(
    options,
    { asked: asked.value, representation: representation.value, view },
    made.value,
    response,
  );
}

function isXml(accept: string | undefined): boolean {
  return accept?.includes('xml') === true;
}

async function sendAll(
  { bounds }: ViewRunOptions,
  about: { readonly asked: RunAsked; readonly representation: Representation; readonly view: CompiledView },
  resources: AsyncIterable<unknown> | Iterable<unknown>,
  response: Response,
): Promise<void> {
  const { asked, representation, view } = about;
  const all: RunBounds = { ...RUN_BOUNDS, ...bounds };
  if ((asked.limit ?? 0) > all.rows) {
    const { outcome } = refuse(overLimit(all.rows));
    return sendFhir(response, statusOf(outcome), outcome);
  }
  const rows = { view, resources, limit: asked.limit, bounds: all };
  const error = await sendRows(rows, representation, asked.header, response);
  if (error instanceof AdapterError) return sendFhir(response, statusOfRun(error.outcome), error.outcome);
  if (error !== undefined) throw error;
}

/** A view that is no view, or that its resources do not fit, is 422. @source SQL on FHIR, ViewDefinitionRun, Error Handling */
function statusOfRun(outcome: OperationOutcome): number {
  const [issue] = outcome.issue;
  if (issue?.code === 'processing' || issue?.code === 'value') return 422;
  // whom a run is narrowed to is a parameter, and not what is asked for
  return issue?.code === 'not-found' ? 400 : statusOf(outcome);
}

function viewFor(
  { views, definitions, clock }: ViewRunOptions,
  { view }: RunAsked,
  id: string | undefined,
  base: string,
): CompiledView | Refused {
  const reference =
    id === undefined ? view : ({ by: 'viewReference', text: `ViewDefinition/${id}` } as const);
  const json =
    reference?.by === 'viewResource'
      ? reference.resource
      : findShipped(views, reference?.text ?? '', base)?.json;
  if (json === undefined) return { status: 404, outcome: refuse(NO_VIEW).outcome };
  const compiled = compileView(json, definitions, { ...VIEW_OPTIONS, now: clock() });
  return compiled.ok ? compiled.value : { status: 422, outcome: compiled.outcome };
}

async function resourcesOf(
  options: ViewRunOptions,
  asked: RunAsked,
  { resource: type }: CompiledView,
  { access, response }: { readonly access: Access; readonly response: Response },
): Promise<Checked<AsyncIterable<unknown> | Iterable<unknown>>> {
  const { patients, groups, sinceMs, resources } = asked;
  if (resources) return { ok: true, value: resources.filter((one) => isSince(one, sinceMs)) };
  if (!(STORED_TYPES as readonly string[]).includes(type)) return refuse(notStored());
  const isNarrowed = patients.length + groups.length > 0 || sinceMs !== undefined;
  if (access.isDeidentified && isNarrowed) return refuse(NO_PEOPLE);
  if (breakGlassReason(response) !== undefined && patients.length === 0) return refuse(NO_GLASS);
  const allowed = [
    permit(access, groups.length > 0 ? [type, 'Group'] : [type], 'read'),
    permit(access, patients.length > 0 ? [type, 'Patient'] : [type], 'search'),
  ];
  for (const one of allowed) if (!one.ok) return one;
  const transform = await options.transformOf?.(access.client);
  if (access.isDeidentified && !transform) return refuse(NOT_DEIDENTIFIED);
  const seen = options.store.seenBy(access.viewer);
  const asOfMs = options.clock();
  const people = await peopleNamed(seen, { patients, groups }, asOfMs);
  if (!people.ok) return people;
  const query = {
    ...{ type, asOfMs },
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(people.value === undefined ? {} : { people: people.value }),
  };
  return { ok: true, value: storedResources(seen, query, transform, response) };
}

/** One that says no time is taken to be new. */
function isSince(resource: unknown, sinceMs: number | undefined): boolean {
  const updated = (resource as { meta?: { lastUpdated?: unknown } } | null | undefined)?.meta?.lastUpdated;
  return sinceMs === undefined || typeof updated !== 'string' || !(Date.parse(updated) <= sinceMs);
}

const NO_VIEW: Fault = {
  code: 'not-found',
  rule: 'view-run-unknown',
  diagnostics: 'There is no such view here: GET ViewDefinition lists them, or send one as viewResource.',
};
const NOT_DEIDENTIFIED: Fault = {
  code: 'forbidden',
  rule: 'api-deidentified',
  diagnostics:
    'This client sees people only de-identified, and this adapter is not set up for it: ask whoever runs it.',
};
const NO_PEOPLE: Fault = {
  code: 'forbidden',
  rule: 'api-deidentified',
  diagnostics:
    'This client sees people only de-identified, and can neither name them nor find out when something became known of them: leave patient, group and _since out.',
};
const NO_GLASS: Fault = {
  code: 'forbidden',
  rule: 'view-run-break-glass',
  diagnostics: 'No emergency is about everybody: leave X-Break-Glass out, or name the patient.',
  expression: 'http.X-Break-Glass',
};

function notStored(): Fault {
  return {
    code: 'not-supported',
    rule: 'view-run-type',
    diagnostics: `No resources of the type of this view are stored here: they are ${STORED_TYPES.join(', ')}. Send some along as resource.`,
    expression: 'ViewDefinition.resource',
  };
}

function overLimit(most: number): Fault {
  return {
    code: 'value',
    rule: 'view-run-parameter',
    diagnostics: `Parameter _limit of $viewdefinition-run: at most ${most} rows are sent at once.`,
    expression: '_limit',
  };
}
