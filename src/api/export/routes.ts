/** Serves bulk exports: the kick-off of each level, how one stands, its files, and its end. */
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import express, { type Request, type Response, type Router } from 'express';
import { type Fault, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { askedIn, progressIn } from '../../research/export/asked.ts';
import { folderOf } from '../../research/export/files.ts';
import type { KeptExport } from '../../store/store.ts';
import { accessOf, OPEN_ACCESS, touch } from '../access.ts';
import { baseOf } from '../address.ts';
import { permit } from '../permit.ts';
import { refuseMethod, sendFault, sendFhir, statusOf } from '../respond.ts';
import { kickOff } from './kick-off.ts';
import { manifestOf } from './manifest.ts';
import type { ExportOptions } from './options.ts';
import { ownExport, seesAsMuch } from './own.ts';
import type { Level } from './parameters.ts';
import { FILE_PATH, STATUS_PATH } from './paths.ts';
import { Polls } from './polls.ts';

/** @returns routes to mount at the FHIR base @source Bulk Data Access 2.0, Export */
export function exportRoutes(options: ExportOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  const polls = new Polls(options.clock);
  const levels: readonly (readonly [string, Level])[] = [
    ['/$export', 'system'],
    ['/Patient/$export', 'patient'],
    ['/Group/:id/$export', 'group'],
  ];
  for (const [path, level] of levels) {
    const begin = (request: Request, response: Response): Promise<void> | void =>
      request.method === 'HEAD' ? KICK_OFF(request, response) : kickOff(options, level, request, response);
    routes.route(path).get(begin).post(begin).all(KICK_OFF);
  }
  routes
    .route(`${STATUS_PATH}/:id`)
    .get((request, response) => answerStatus(options, polls, request, response))
    .delete((request, response) => remove(options, polls, request, response))
    .all(refuseMethod('GET, HEAD, DELETE'));
  routes
    .route(`${FILE_PATH}/:id/:file`)
    .get((request, response) => sendFile(options, request, response))
    .all(refuseMethod('GET, HEAD'));
  return routes;
}

const KICK_OFF = refuseMethod('GET, POST');

async function answerStatus(
  options: ExportOptions,
  polls: Polls,
  request: Request,
  response: Response,
): Promise<void> {
  response.set('Cache-Control', 'no-store');
  const kept = await ownExport(options, request, response);
  if (!kept) return;
  touch(response, { interaction: '$export-status', keys: [], params: [`export ${kept.id}`] });
  const waitS = kept.state === 'running' ? polls.tooSoon(kept.id) : undefined;
  if (waitS !== undefined) {
    response.set('Retry-After', String(waitS));
    return sendFault(response, 429, TOO_SOON);
  }
  if (kept.untilMs !== undefined) response.set('Expires', new Date(kept.untilMs).toUTCString());
  if (kept.state === 'running') return answerRunning(kept, options.clock(), response);
  if (kept.state === 'withdrawn') return sendFault(response, 410, WITHDRAWN);
  if (kept.state === 'failed') return sendFhir(response, 500, failureOf(kept));
  if (!(await isHere(options, kept))) return sendElsewhere(response);
  const isOpen = accessOf(response).client === OPEN_ACCESS.client;
  response.status(200).json(manifestOf(kept, baseOf(request), !isOpen));
}

const LONGEST_WAIT_S = 30;
const LONGER_EVERY_MS = 10_000;

/** The longer it takes the more seldom it is to be asked after. */
function answerRunning(kept: KeptExport, nowMs: number, response: Response): void {
  const { types } = askedIn(kept.asked);
  const { files, resources } = progressIn(kept.progress);
  const now = files.findLast(({ kind }) => kind === 'output')?.type ?? types[0]!;
  const place = types.indexOf(now as (typeof types)[number]) + 1;
  const waitS = Math.min(LONGEST_WAIT_S, 1 + Math.floor((nowMs - kept.askedMs) / LONGER_EVERY_MS));
  response
    .status(202)
    .set('Retry-After', String(Math.max(1, waitS)))
    .set('X-Progress', `type ${Math.max(1, place)} of ${types.length}, ${resources} resources`)
    .end();
}

function failureOf({ fault }: KeptExport) {
  return outcomeOf(
    issueOf({
      code: 'exception',
      rule: 'export-failed',
      diagnostics: fault ?? 'The export has failed: ask for it anew.',
    }),
  );
}

async function remove(
  options: ExportOptions,
  polls: Polls,
  request: Request,
  response: Response,
): Promise<void> {
  const kept = await ownExport(options, request, response);
  if (!kept) return;
  touch(response, { interaction: '$export-status', keys: [], params: [`export ${kept.id}`] });
  await options.store.exports.remove(kept.id);
  await options.cancel(kept.id);
  polls.forget(kept.id);
  await rm(folderOf(options.folder, kept.id), { recursive: true, force: true });
  sendFhir(response, 202, outcomeOf(issueOf(REMOVED)));
}

async function sendFile(options: ExportOptions, request: Request, response: Response): Promise<void> {
  const kept = await ownExport(options, request, response);
  if (!kept) return;
  if (kept.state === 'withdrawn') return sendFault(response, 410, WITHDRAWN);
  const name = String(request.params.file);
  const file = kept.state === 'finished' && progressIn(kept.progress).files.find((one) => one.name === name);
  if (!file) return sendFault(response, 404, NO_FILE);
  if (file.kind !== 'error') {
    const { viewer, ...access } = accessOf(response);
    const allowed = permit({ ...access, viewer }, [file.type], 'read');
    if (!allowed.ok) return sendFhir(response, statusOf(allowed.outcome), allowed.outcome);
    if (!seesAsMuch(viewer, kept.viewer, file.type)) return sendFault(response, 403, SEES_LESS);
  }
  const path = join(folderOf(options.folder, kept.id), file.name);
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== file.bytes) return sendElsewhere(response);
  touch(response, {
    interaction: '$export-file',
    keys: [],
    params: [`export ${kept.id}`, file.name, `lines ${file.count}`],
  });
  response
    .status(200)
    .set('Content-Type', 'application/fhir+ndjson')
    .set('Cache-Control', 'private, no-store, no-transform') // compressed here, as it is read
    .set('Expires', new Date(kept.untilMs ?? 0).toUTCString());
  const isZipped = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(request.get('accept-encoding') ?? '');
  if (isZipped) response.set('Content-Encoding', 'gzip');
  else response.set('Content-Length', String(file.bytes));
  if (request.method === 'HEAD') return void response.end();
  const sent = isZipped
    ? pipeline(createReadStream(path), createGzip(), response)
    : pipeline(createReadStream(path), response);
  await sent.catch(() => response.destroy()); // who went away is told nothing
}

/** Where several adapters share a database, files are where their adapter has its folder. */
async function isHere({ folder }: ExportOptions, { id }: KeptExport): Promise<boolean> {
  return await stat(folderOf(folder, id)).then(
    () => true,
    () => false,
  );
}

function sendElsewhere(response: Response): void {
  response.set('Retry-After', '5').removeHeader('Expires');
  sendFault(response, 503, ELSEWHERE);
}

const ELSEWHERE: Fault = {
  code: 'transient',
  rule: 'export-elsewhere',
  diagnostics:
    'The files of this export lie with another adapter on the same database: ask again to reach that one, or have "export.folder" name a folder that all of them share.',
};
const TOO_SOON: Fault = {
  code: 'throttled',
  rule: 'export-poll',
  diagnostics: 'This was asked after far too often: wait as Retry-After says.',
};
const NO_FILE: Fault = {
  code: 'not-found',
  rule: 'export-file',
  diagnostics: 'The export has no such file: take the addresses from its manifest.',
};
const WITHDRAWN: Fault = {
  code: 'deleted',
  rule: 'export-withdrawn',
  diagnostics:
    'Data of somebody in this export was erased or restricted since, and its files with it: ask for the export anew.',
};
const SEES_LESS: Fault = {
  code: 'forbidden',
  rule: 'export-file-scope',
  diagnostics:
    'The export was made for more than this token allows: ask for the scopes that it was asked for with, or for an export of its own.',
};
const REMOVED: Fault = {
  severity: 'information',
  code: 'informational',
  rule: 'export-removed',
  diagnostics: 'The export is removed, with its files.',
};
