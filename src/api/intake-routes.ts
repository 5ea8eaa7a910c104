/** Takes records over HTTP: a JSON document, NDJSON or CSV in, a receipt out, after everything is on disk. */
import { randomUUID } from 'node:crypto';
import type { OperationOutcome } from '@medplum/fhirtypes';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { AdapterError, issueOf, outcomeOf, ruleOf } from '../fhir/outcome.ts';
import type { IntakeSummary, Pipeline } from '../pipeline.ts';
import type { KindReader } from '../source/kind-reader.ts';
import { READ_LIMITS, type ReadLimits } from '../source/limits.ts';
import type { LoadedSource } from '../source/load.ts';
import { readCsv } from '../source/read-csv.ts';
import { readJson, readNdjson } from '../source/read-json.ts';
import type { ReadRecord } from '../source/record.ts';
import type { Receipt, Store } from '../store/store.ts';
import { refuseMethod, sendFault, sendFhir, statusOf } from './respond.ts';

export interface IntakeRoutesOptions {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  readonly clock: () => number;
  readonly limits?: ReadLimits;
  /** JSON bodies held in memory at once; default 16 */
  readonly bodies?: number;
}

const BODIES = 16;
/** A stream of records may be long, but not without end. */
const STREAM_BYTES = 500_000_000;
const RECEIPT_ID = /^[0-9a-f-]{36}$/;

/** @returns routes for `/intake` */
export function intakeRoutes(options: IntakeRoutesOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  let reading = 0;
  routes
    .route('/receipts/:id')
    .get(async (request, response) => await sendReceipt(options.store, String(request.params.id), response))
    .all(refuseMethod('GET, HEAD', 'A receipt is only read.'));
  const take: RequestHandler = async (request, response) => {
    if (reading >= (options.bodies ?? BODIES)) {
      response.set('Retry-After', '1');
      return sendFault(response, 503, {
        code: 'throttled',
        rule: 'intake-busy',
        diagnostics: 'Too many bodies are being read at once: send this one again in a second.',
      });
    }
    reading++;
    try {
      await takeBody(options, request, response);
    } finally {
      reading--;
    }
  };
  routes.route('/:source/:kind').post(take).all(refuseMethod('POST', 'Send records as JSON, NDJSON or CSV.'));
  return routes;
}

async function takeBody(options: IntakeRoutesOptions, request: Request, response: Response): Promise<void> {
  const reader = readerOf(options, request, response);
  if (!reader) return;
  const media = (request.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  const encoding = request.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity')
    return refuseMedia(
      response,
      `Content-Encoding ${/^[\w, -]{1,40}$/.test(encoding) ? encoding : 'of that kind'} is not read: send the body uncompressed.`,
    );
  const read = MEDIA[media];
  if (!read) return refuseMedia(response, HINTS[media] ?? `Send one of ${Object.keys(MEDIA).join(', ')}.`);
  await read(options, reader, request, response);
}

type Read = (
  options: IntakeRoutesOptions,
  reader: KindReader,
  request: Request,
  response: Response,
) => Promise<void>;

const MEDIA: Readonly<Record<string, Read>> = {
  'application/json': takeDocument,
  'application/x-ndjson': async (options, reader, request, response) => {
    await takeStream(
      options,
      reader,
      readNdjson(reader, bounded(request), { nowMs: options.clock(), ...limitsOf(options) }),
      response,
    );
  },
  'text/csv': async (options, reader, request, response) => {
    await takeStream(
      options,
      reader,
      readCsv(reader, bounded(request), { nowMs: options.clock(), ...limitsOf(options) }),
      response,
    );
  },
};

const HINTS: Readonly<Record<string, string>> = {
  'application/fhir+json':
    "This is for a source's own records, as application/json; FHIR is what comes out of them.",
  '': 'Say what the body is: Content-Type application/json, application/x-ndjson or text/csv.',
};

/** One object, or an array of them. A single one that is refused is 422: it stays on the worklist. */
async function takeDocument(
  options: IntakeRoutesOptions,
  reader: KindReader,
  request: Request,
  response: Response,
): Promise<void> {
  const limits = options.limits ?? READ_LIMITS;
  const body = await collected(request, limits.jsonBytes);
  if (!body) return refuseBody(response, tooLong(limits.jsonBytes));
  const records = await Array.fromAsync(readJson(reader, body, { nowMs: options.clock(), limits }));
  const [first] = records;
  if (records.length === 1 && first && !first.ok && isUnreadable(first.outcome))
    return refuseBody(response, first.outcome);
  const summary = await ingest(options, reader, each(records));
  const [refusal] = summary.refusals;
  if (records.length === 1 && refusal) {
    response.set('Location', `/intake/receipts/${summary.receipt.id}`);
    return sendFhir(response, 422, {
      ...refusal.outcome,
      issue: [...refusal.outcome.issue, keptIssue(summary)],
    });
  }
  sendSummary(response, summary);
}

async function takeStream(
  options: IntakeRoutesOptions,
  reader: KindReader,
  records: AsyncIterable<ReadRecord>,
  response: Response,
): Promise<void> {
  const summary = await ingest(options, reader, records);
  sendSummary(response, summary);
}

async function ingest(
  { pipeline }: IntakeRoutesOptions,
  reader: KindReader,
  records: AsyncIterable<ReadRecord>,
): Promise<IntakeSummary> {
  return await pipeline.ingest(reader.source, reader.kind, records, { receiptId: randomUUID() });
}

function readerOf(
  { sources }: IntakeRoutesOptions,
  request: Request,
  response: Response,
): KindReader | undefined {
  const source = sources.get(String(request.params.source));
  if (!source) {
    sendFault(response, 404, {
      code: 'not-found',
      rule: 'intake-unknown-source',
      diagnostics: `There is no such source. Known are ${[...sources.keys()].join(', ')}.`,
    });
    return undefined;
  }
  const reader = source.kinds.get(String(request.params.kind));
  if (!reader)
    sendFault(response, 404, {
      code: 'not-found',
      rule: 'intake-unknown-kind',
      diagnostics: `The source ${source.manifest.name} has no such kind. Known are ${[...source.kinds.keys()].join(', ')}.`,
    });
  return reader;
}

function sendSummary(response: Response, { receipt, read, deliveries, refusals }: IntakeSummary): void {
  const issues = refusals.flatMap(({ outcome, line }) =>
    outcome.issue.map((issue) =>
      line === undefined
        ? issue
        : { ...issue, diagnostics: `line ${line}: ${issue.diagnostics ?? issue.code}` },
    ),
  );
  response
    .status(202)
    .set('Location', `/intake/receipts/${receipt.id}`)
    .json({
      ...receiptBody(receipt),
      read,
      deliveries,
      ...(issues.length === 0 ? {} : { outcome: outcomeOf(...issues) }),
    });
}

async function sendReceipt(store: Store, id: string, response: Response): Promise<void> {
  const receipt = RECEIPT_ID.test(id) ? await store.receipt(id) : undefined;
  if (!receipt)
    return sendFault(response, 404, {
      code: 'not-found',
      rule: 'intake-unknown-receipt',
      diagnostics: 'There is no such receipt.',
    });
  response.json(receiptBody(receipt));
}

function receiptBody({
  id,
  source,
  kind,
  receivedMs,
  finishedMs,
  file,
  committed,
  unchanged,
  refused,
}: Receipt): object {
  return {
    receipt: id,
    status: finishedMs === undefined ? 'reading' : 'finished',
    source,
    kind,
    ...(file === undefined ? {} : { file }),
    received: new Date(receivedMs).toISOString(),
    ...(finishedMs === undefined ? {} : { finished: new Date(finishedMs).toISOString() }),
    committed,
    unchanged,
    refused,
  };
}

/** Faults of the text itself, before there is a record that could be kept and amended. */
function isUnreadable(outcome: OperationOutcome): boolean {
  return outcome.issue.some((issue) => /^read-(json|nul|encoding|too-long)/.test(ruleOf(issue) ?? ''));
}

function keptIssue({ receipt }: IntakeSummary): OperationOutcome['issue'][number] {
  return issueOf({
    severity: 'information',
    code: 'informational',
    rule: 'intake-kept',
    diagnostics: `The record is kept on the worklist under receipt ${receipt.id}: send it again once it is amended.`,
  });
}

function refuseBody(response: Response, outcome: OperationOutcome): void {
  sendFhir(response, statusOf(outcome), outcome);
}

function refuseMedia(response: Response, diagnostics: string): void {
  sendFault(response, 415, { code: 'not-supported', rule: 'intake-media-type', diagnostics });
}

function tooLong(maxBytes: number): OperationOutcome {
  return outcomeOf(
    issueOf({
      code: 'too-long',
      rule: 'read-too-long',
      diagnostics: `The body is longer than ${maxBytes.toLocaleString('en-GB')} bytes: send it in parts, or as NDJSON.`,
    }),
  );
}

/** @returns the body, or undefined when it is longer than `maxBytes`; what comes after is read and dropped, so that the answer arrives */
async function collected(request: Request, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else if (bytes > 10 * maxBytes) return undefined;
    else chunks.length = 0;
  }
  return bytes > maxBytes ? undefined : Buffer.concat(chunks);
}

async function* bounded(request: Request): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > STREAM_BYTES) throw new AdapterError('permanent', tooLong(STREAM_BYTES).issue[0]!);
    yield chunk;
  }
}

function limitsOf({ limits }: IntakeRoutesOptions): { limits?: ReadLimits } {
  return limits === undefined ? {} : { limits };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
