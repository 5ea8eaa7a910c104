/** Serves the FHIR R4 write side: create, update, patch, delete, each with its conditions, and batch and transaction. */
import type { Resource } from '@medplum/fhirtypes';
import express, { type Request, type Response, type Router } from 'express';
import type { Checked } from '../../fhir/outcome.ts';
import type { ResourceKey, Store } from '../../store/store.ts';
import { accessOf, touch } from '../access.ts';
import { baseOf, type Pairs, queryOf } from '../address.ts';
import { atMost } from '../intake-body.ts';
import { PATCH_MEDIA_TYPES } from '../patch.ts';
import { preferOf } from '../prefer.ts';
import {
  type BodyLimits,
  jsonIn,
  RESOURCE_MEDIA,
  readResource,
  readText,
  statusOfBody,
} from '../resource-body.ts';
import { sendFault, sendFhir } from '../respond.ts';
import type { SearchTerms } from '../search/coded.ts';
import { readConditions } from '../search/request.ts';
import { isStored, loadServedSearch } from '../search/served.ts';
import { sendWritten } from './answer.ts';
import type { AskedWrite, WriteParts, Writer, Written } from './asked.ts';
import { type Answering, answerBatch, answerTransaction } from './batch.ts';
import { bundleIn, UNKNOWN_TYPE } from './bundle.ts';
import { perform } from './perform.ts';
import { noProvenance, provenanceIn } from './provenance.ts';
import { readWithin } from './read-within.ts';

export interface WriteRoutesOptions extends Omit<WriteParts, 'conditions' | 'store' | 'conditionalDeletes'> {
  readonly store: Pick<Store, 'seenBy'>;
  readonly validator: SearchTerms;
  /** routes of reads, as mounted at the FHIR base: they answer the reads in Bundles */
  readonly reads: readonly Router[];
  readonly limits?: BodyLimits | undefined;
  /** default 1: a conditional delete that finds several is refused */
  readonly conditionalDeletes?: number | undefined;
  /** bodies read at once; default 16 */
  readonly bodies?: number | undefined;
}

/** @returns routes to mount at the FHIR base, before those of reads @source docs/adr/0023-api-writes.md */
export function writeRoutes(options: WriteRoutesOptions): Router {
  const { validator, bodies = 16, conditionalDeletes = 1 } = options;
  const served = loadServedSearch();
  const conditions: WriteParts['conditions'] = (type, criteria, base) =>
    readConditions({ served, base, terms: validator }, type, criteria);
  const all: Way = {
    ...options,
    conditionalDeletes,
    conditions,
    reads: express.Router().use('/', ...options.reads),
  };
  const routes = express.Router({ caseSensitive: true });
  const withBody = (take: (way: Way, request: Request, response: Response) => Promise<void>) =>
    atMost(bodies, (request, response) => take(all, request, response));
  routes.post('/', withBody(takeBundle));
  routes.param('type', passUnknownType);
  routes.post('/:type', withBody(takeResource));
  for (const path of ['/:type', '/:type/:id']) {
    routes.put(path, withBody(takeResource));
    routes.patch(path, withBody(takePatch));
    routes.delete(path, (request, response) => write(all, request, response, {}));
  }
  return routes;
}

interface Way extends WriteParts {
  readonly reads: Router;
  readonly limits?: BodyLimits | undefined;
}

/** Addresses that begin with a small letter, or a sign, are no types; their routes come after these. */
function passUnknownType(
  request: Request,
  response: Response,
  next: (how?: 'router') => void,
  type: string,
): void {
  if (isStored(type)) return /^[_$]/.test(String(request.params.id ?? '')) ? next('router') : next();
  if (!/^[A-Z]/.test(type) || request.method === 'GET' || request.method === 'HEAD') return next('router');
  request.resume();
  sendFault(response, 404, UNKNOWN_TYPE);
}

async function takeResource(way: Way, request: Request, response: Response): Promise<void> {
  const body = await readResource(request, way.limits);
  if (!body.ok) return sendFhir(response, statusOfBody(body.outcome), body.outcome);
  await write(way, request, response, { body: body.value });
}

async function takePatch(way: Way, request: Request, response: Response): Promise<void> {
  response.set('Accept-Patch', PATCH_MEDIA_TYPES.join(', '));
  const patch = await patchIn(request, way.limits);
  if (!patch.ok) return sendFhir(response, statusOfBody(patch.outcome), patch.outcome);
  await write(way, request, response, { patch: patch.value });
}

const JSON_PATCHES = ['application/json-patch+json', 'application/json'];
/** What a PATCH takes, for who sends another. */
const PATCHES = ['application/json-patch+json', ...RESOURCE_MEDIA];

async function patchIn(
  request: Request,
  limits: BodyLimits | undefined,
): Promise<Checked<{ readonly mediaType: string; readonly body: unknown }>> {
  const mediaType = request.get('content-type') ?? '';
  const isPlain = JSON_PATCHES.includes(mediaType.split(';', 1)[0]!.trim().toLowerCase());
  if (!isPlain) {
    const resource = await readResource(request, limits, PATCHES);
    return resource.ok ? { ok: true, value: { mediaType, body: resource.value } } : resource;
  }
  const text = await readText(request, JSON_PATCHES, limits);
  const body = text.ok ? jsonIn(text.value.text, limits) : text;
  return body.ok ? { ok: true, value: { mediaType, body: body.value } } : body;
}

async function write(
  way: Way,
  request: Request,
  response: Response,
  given: Partial<Pick<AskedWrite, 'body' | 'patch'>>,
): Promise<void> {
  const { type, id } = request.params as { type: AskedWrite['type']; id?: string };
  const criteria = criteriaOf(request, id);
  if (!criteria.ok) return sendFhir(response, 400, criteria.outcome);
  const asked: AskedWrite = {
    ...{ body: undefined, patch: undefined, ...given, type, id, place: '', fullUrl: undefined },
    method: request.method as AskedWrite['method'],
    criteria: criteria.value,
    ifMatch: request.get('if-match'),
    isNew: request.method === 'PUT' && request.get('if-none-match')?.trim() === '*',
  };
  const writer = writerOf(request, response);
  const provenance = request.method === 'DELETE' ? noProvenance(request) : provenanceIn(request, writer);
  if (!provenance.ok) return sendRefusal(response, provenance.status, provenance.outcome);
  const done = await perform(way, writer, [asked], provenance.value);
  if (!done.ok) return sendRefusal(response, done.status, done.outcome);
  const [written] = done.value;
  touched(response, written!);
  sendWritten(response, writer, written!, preferOf(request));
}

/** Of a create the header says, of all else on a type the address. */
function criteriaOf(request: Request, id: string | undefined): Checked<Pairs | undefined> {
  if (request.method === 'POST') {
    const header = request.get('if-none-exist');
    return header === undefined
      ? { ok: true, value: undefined }
      : queryOf(`?${header.slice(header.indexOf('?') + 1)}`);
  }
  return id === undefined ? queryOf(request.originalUrl) : { ok: true, value: undefined };
}

async function takeBundle(way: Way, request: Request, response: Response): Promise<void> {
  const body = await readResource(request, way.limits);
  if (!body.ok) return sendFhir(response, statusOfBody(body.outcome), body.outcome);
  const writer = writerOf(request, response);
  const bundle = bundleIn(body.value as Resource, writer.base);
  if (!bundle.ok) return sendRefusal(response, bundle.status, bundle.outcome);
  const { type, entries } = bundle.value;
  const provenance = type === 'batch' ? noProvenance(request) : provenanceIn(request, writer);
  if (!provenance.ok) return sendRefusal(response, provenance.status, provenance.outcome);
  const answering: Answering = {
    writer,
    prefer: preferOf(request),
    provenance: provenance.value,
    read: (asked) => readWithin(way.reads, request, response, asked),
    onWritten: (written) => touched(response, written),
  };
  response.set('Cache-Control', 'no-store');
  if (type === 'batch') return sendFhir(response, 200, await answerBatch(way, answering, entries));
  const done = await answerTransaction(way, answering, entries);
  if (!done.ok) return sendRefusal(response, done.status, done.outcome);
  sendFhir(response, 200, done.value);
}

function sendRefusal(response: Response, status: number, outcome: Parameters<typeof sendFhir>[2]): void {
  response.set('Cache-Control', 'no-store');
  sendFhir(response, status, outcome);
}

function writerOf(request: Request, response: Response): Writer {
  return { access: accessOf(response), base: baseOf(request) };
}

function touched(response: Response, { interaction, version, others = [] }: Written): void {
  const keys = [version, ...others].flatMap((one): ResourceKey[] => (one ? [`${one.type}/${one.id}`] : []));
  touch(response, { interaction, keys });
}
