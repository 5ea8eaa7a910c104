/** Takes records over HTTP: a JSON document, NDJSON or CSV in, a receipt out, after everything is on disk. */
import express, { type Request, type Response, type Router } from 'express';
import { type Checked, refuse } from '../fhir/outcome.ts';
import type { Pipeline } from '../pipeline.ts';
import type { KindReader, ReadOptions } from '../source/kind-reader.ts';
import { READ_LIMITS, type ReadLimits } from '../source/limits.ts';
import type { LoadedSource } from '../source/load.ts';
import { readCsv } from '../source/read-csv.ts';
import { readJson, readNdjson } from '../source/read-json.ts';
import type { ReadRecord } from '../source/record.ts';
import type { IntakeSummary } from '../source/tally.ts';
import type { Store } from '../store/store.ts';
import { rejectedItem } from '../store/work-items.ts';
import { atMost, bounded, collected, mediaOf } from './intake-body.ts';
import { isOfTheText, sendReceipt, sendSummary } from './receipts.ts';
import { refuseMethod, sendFhir, statusOf } from './respond.ts';

export interface IntakeRoutesOptions {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  readonly clock: () => number;
  readonly limits?: ReadLimits;
  /** long bodies read at once; default 16 */
  readonly bodies?: number;
}

const BODIES = 16;

/** @returns routes for `/intake` */
export function intakeRoutes(options: IntakeRoutesOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  routes
    .route('/receipts/:id')
    .get(async (request, response) => await sendReceipt(options.store, request.params.id, response))
    .all(refuseMethod('GET, HEAD', 'A receipt is only read.'));
  routes
    .route('/:source/:kind')
    .post(atMost(options.bodies ?? BODIES, (request, response) => takeBody(options, request, response)))
    .all(refuseMethod('POST', 'Send records as JSON, NDJSON or CSV.'));
  return routes;
}

async function takeBody(options: IntakeRoutesOptions, request: Request, response: Response): Promise<void> {
  const reader = readerOf(options.sources, String(request.params.source), String(request.params.kind));
  if (!reader.ok) return sendFhir(response, 404, reader.outcome);
  const media = mediaOf(request);
  if (!media.ok) return sendFhir(response, 415, media.outcome);
  const reading = { nowMs: options.clock(), limits: options.limits ?? READ_LIMITS };
  if (media.value === 'application/json')
    return await takeDocument(options, reader.value, reading, request, response);
  const read = media.value === 'text/csv' ? readCsv : readNdjson;
  sendSummary(response, await ingest(options, reader.value, read(reader.value, bounded(request), reading)));
}

/** One object, or an array of them. What cannot be read at all leaves no receipt: there is nothing to keep. */
async function takeDocument(
  options: IntakeRoutesOptions,
  reader: KindReader,
  reading: ReadOptions & { limits: ReadLimits },
  request: Request,
  response: Response,
): Promise<void> {
  const body = await collected(request, reading.limits.jsonBytes);
  if (!body.ok) return sendFhir(response, statusOf(body.outcome), body.outcome);
  const records = await Array.fromAsync(readJson(reader, body.value, reading));
  const only = records.length === 1 ? records[0] : undefined;
  if (only?.ok === false && isOfTheText(only))
    return sendFhir(response, statusOf(only.outcome), only.outcome);
  const summary = await ingest(options, reader, each(records));
  sendSummary(response, summary, only && (await workIdOf(options.store, only, summary)));
}

async function ingest(
  { pipeline }: IntakeRoutesOptions,
  reader: KindReader,
  records: AsyncIterable<ReadRecord>,
): Promise<IntakeSummary> {
  return await pipeline.ingest(reader.source, reader.kind, records);
}

/** A worklist item's id follows from its record, so the item of the one record sent can be named. */
async function workIdOf(
  store: Store,
  record: ReadRecord,
  { receipt, refusals }: IntakeSummary,
): Promise<string | undefined> {
  const [refusal] = refusals;
  if (!refusal) return undefined;
  const { source, kind, key, payload, line } = record;
  const place = line === undefined ? {} : { line };
  const kept = { source, kind, key, payload, ownerOrg: '', receiptId: receipt.id, ...place };
  const { id } = rejectedItem({ ...kept, outcome: refusal.outcome });
  return (await store.workItem(id))?.id;
}

function readerOf(
  sources: ReadonlyMap<string, LoadedSource>,
  name: string,
  kind: string,
): Checked<KindReader> {
  const source = sources.get(name);
  if (!source)
    return refuse({
      code: 'not-found',
      rule: 'intake-unknown-source',
      diagnostics: `There is no such source. Known are ${[...sources.keys()].join(', ')}.`,
    });
  const reader = source.kinds.get(kind);
  if (reader) return { ok: true, value: reader };
  return refuse({
    code: 'not-found',
    rule: 'intake-unknown-kind',
    diagnostics: `The source ${source.manifest.name} has no such kind. Known are ${[...source.kinds.keys()].join(', ')}.`,
  });
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
