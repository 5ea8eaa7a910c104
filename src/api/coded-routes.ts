/** Serves coded activity: what the next list of a practice and day would have, the making of it, lists that were made, receipts for them, and what is not in the record. */
import express, { type Request, type Response, type Router } from 'express';
import { parseOdsCode } from '../fhir/identifiers.ts';
import type { CodedBatch, EntryReceipt, ReceiptResult } from '../store/coded-entries.ts';
import type { Store } from '../store/store.ts';
import { csvOf } from '../target/coded/csv.ts';
import { bundleOfBatch } from '../target/coded/fhir.ts';
import { type Lists, PREVIEW } from '../target/coded/list.ts';
import { codedReport, reportCsv, reportJson } from '../target/coded/report.ts';
import { queryOf } from './address.ts';
import { receiptsIn } from './coded-receipts.ts';
import { requireToken } from './control-token.ts';
import { collected } from './intake-body.ts';
import { refuseMethod, sendFault, sendFhir, statusOf } from './respond.ts';

export interface CodedRoutesOptions {
  readonly store: Pick<Store, 'codedEntries'>;
  readonly lists: Lists;
  /** what follows from receipts: a list that was filed after it was taken back */
  readonly onReceipts: (receipts: readonly EntryReceipt[]) => Promise<void>;
  readonly token: string;
  readonly clock: () => number;
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const BATCH_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LONGEST_RECEIPTS = 10_000_000;

/** @returns `/coded-activity/{ods}/{day}` and what goes with it; all of it asks for the token */
export function codedRoutes(options: CodedRoutesOptions): Router {
  const routes = express.Router();
  const guarded = [requireToken(options.token), noStore] as const;
  routes.get('/coded-activity/report', ...guarded, (request, response) =>
    sendReport(options, request, response),
  );
  routes
    .route('/coded-activity/receipts')
    .post(...guarded, (request, response) => takeReceipts(options, request, response))
    .all(refuseMethod('POST'));
  routes.get('/coded-activity/batches/:id', ...guarded, async (request, response) => {
    const id = String(request.params.id);
    const batch = BATCH_ID.test(id) ? await options.store.codedEntries.batch(id) : undefined;
    if (batch) sendBatch(batch, request, response);
    else notFound(response, 'There is no such list.');
  });
  routes.get('/coded-activity/:ods/:day/batches', ...guarded, async (request, response) => {
    const asked = askedOf(request, response);
    if (!asked) return;
    const items = await options.store.codedEntries.batches(asked.practice, asked.day);
    response.json({
      items: items.map(({ listedMs, ...one }) => ({ ...one, listed: new Date(listedMs).toISOString() })),
    });
  });
  routes
    .route('/coded-activity/:ods/:day')
    .get(...guarded, async (request, response) => {
      const asked = askedOf(request, response);
      if (asked) await sendPreview(options, asked, request, response);
    })
    .post(...guarded, async (request, response) => {
      const asked = askedOf(request, response);
      if (asked) await makeNext(options, asked, request, response);
    })
    .all(refuseMethod('GET, HEAD, POST'));
  return routes;
}

function noStore(_request: Request, response: Response, next: () => void): void {
  response.set('Cache-Control', 'no-store');
  next();
}

interface Asked {
  readonly practice: string;
  readonly day: string;
}

function askedOf({ params }: Request, response: Response): Asked | undefined {
  const practice = parseOdsCode(String(params.ods));
  const day = String(params.day);
  if (practice && DAY.test(day) && !Number.isNaN(Date.parse(day))) return { practice, day };
  notFound(
    response,
    'Name a practice by its ODS code and a day as 2026-03-08: /coded-activity/Y01234/2026-03-08.',
  );
  return undefined;
}

/** What a list would have, by GET: nothing is listed, however often it is asked for, and by whom. */
async function sendPreview(
  { lists, clock }: CodedRoutesOptions,
  { practice, day }: Asked,
  request: Request,
  response: Response,
): Promise<void> {
  const entries = await lists.preview(practice, day);
  if (entries.length === 0) return void response.status(204).end();
  sendBatch({ id: PREVIEW, practice, day, listedMs: clock(), entries }, request, response);
}

async function makeNext(
  { lists }: CodedRoutesOptions,
  { practice, day }: Asked,
  request: Request,
  response: Response,
): Promise<void> {
  if (!request.accepts(['application/fhir+json', 'application/json', 'text/csv']))
    return notAcceptable(response);
  const batch = await lists.next(practice, day);
  if (!batch) return void response.status(204).end();
  const place = `/coded-activity/batches/${batch.id}`;
  response.set({ Location: place, 'Content-Location': place });
  sendBatch(batch, request, response, 201);
}

function sendBatch(batch: CodedBatch, request: Request, response: Response, status = 200): void {
  const wanted = request.accepts(['application/fhir+json', 'application/json', 'text/csv']);
  if (!wanted) return notAcceptable(response);
  if (wanted !== 'text/csv') return sendFhir(response, status, bundleOfBatch(batch));
  response
    .status(status)
    .set(
      'Content-Disposition',
      `attachment; filename="${batch.practice}-${batch.day}-${batch.id.slice(0, 8)}.csv"`,
    )
    .set('Content-Type', 'text/csv; charset=utf-8; header=present')
    .send(csvOf(batch));
}

async function takeReceipts(
  { store, onReceipts, clock }: CodedRoutesOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const body = await collected(request, LONGEST_RECEIPTS);
  if (!body.ok) return sendFhir(response, statusOf(body.outcome), body.outcome);
  const media = (request.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  const receipts = await receiptsIn(body.value.toString('utf8'), media, clock());
  if (!receipts.ok) return sendFhir(response, statusOf(receipts.outcome), receipts.outcome);
  const results = await store.codedEntries.receive(receipts.value, clock());
  await onReceipts(receipts.value);
  response.json(receivedJson(receipts.value, results));
}

/** @returns counts, and each receipt that changed nothing */
export function receivedJson(
  receipts: readonly EntryReceipt[],
  results: readonly ReceiptResult[],
): { readonly taken: number; readonly same: number; readonly refused: readonly object[] } {
  const countOf = (wanted: ReceiptResult): number => results.filter((one) => one === wanted).length;
  const refused = receipts.flatMap(({ id, action }, at) => {
    const result = results[at]!;
    return result === 'unknown' || result === 'final' ? [{ entry_id: id, action, result }] : [];
  });
  return { taken: countOf('taken'), same: countOf('same'), refused };
}

async function sendReport(
  { store, clock }: CodedRoutesOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const query = queryOf(request.originalUrl);
  const withReasons = query.ok && query.value.some(([name]) => name === 'reasons');
  const report = await codedReport(store, clock(), { withReasons });
  if (request.accepts(['application/json', 'text/csv']) === 'text/csv')
    return void response.type('text/csv').send(reportCsv(report));
  response.json(reportJson(report));
}

function notAcceptable(response: Response): void {
  sendFault(response, 406, {
    code: 'not-supported',
    rule: 'coded-format',
    diagnostics: 'Lists are served as application/fhir+json and as text/csv: ask for one of these.',
  });
}

function notFound(response: Response, diagnostics: string): void {
  sendFault(response, 404, { code: 'not-found', rule: 'coded-address', diagnostics });
}
