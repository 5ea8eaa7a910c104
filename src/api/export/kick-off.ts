/** Takes a bulk export in: what is asked for is checked, kept, and only then answered 202. */
import { randomUUID } from 'node:crypto';
import type { Group } from '@medplum/fhirtypes';
import type { Request, Response } from 'express';
import { type Checked, type Fault, issueOf, outcomeOf, refuse } from '../../fhir/outcome.ts';
import type { ExportAsked } from '../../research/export/asked.ts';
import type { ResourceKey, SeenStore } from '../../store/store.ts';
import { accessOf, touch } from '../access.ts';
import { baseOf } from '../address.ts';
import { FHIR_JSON } from '../negotiate.ts';
import { permit } from '../permit.ts';
import { preferOf } from '../prefer.ts';
import { statusOfBody } from '../resource-body.ts';
import { formatOf, sendFault, sendFhir, statusOf } from '../respond.ts';
import { breakGlassReason } from '../security/break-glass.ts';
import type { ExportOptions } from './options.ts';
import { pairsOf } from './pairs.ts';
import { type Level, type ReadExport, readExport } from './parameters.ts';
import { STATUS_PATH } from './paths.ts';

/** Seconds after which a client that has too many exports under way asks again. */
const BUSY_SECONDS = 60;

/** @source Bulk Data Access 2.0, Bulk Data Kick-off Request */
export async function kickOff(
  options: ExportOptions,
  level: Level,
  request: Request,
  response: Response,
): Promise<void> {
  const refused = refusedAtOnce(options, request, response);
  if (refused) {
    request.resume();
    return sendFault(response, refused.status, refused.fault);
  }
  const pairs = await pairsOf(request);
  if (!pairs.ok) return sendFhir(response, statusOfBody(pairs.outcome), pairs.outcome);
  const access = accessOf(response);
  const base = baseOf(request);
  const read = readExport(pairs.value, {
    ...{ level, access, definitions: options.definitions },
    isPost: request.method === 'POST',
    isLenient: preferOf(request).handling === 'lenient',
    clauses: { served: options.served, base, terms: options.terms },
  });
  if (!read.ok) return sendFhir(response, statusOf(read.outcome), read.outcome);
  const seen = options.store.seenBy(access.viewer);
  const group = request.params.id as string | undefined;
  const may = group === undefined ? YES : permit(access, ['Group'], 'read');
  if (!may.ok) return sendFhir(response, statusOf(may.outcome), may.outcome);
  const people = await peopleOf(seen, group, read.value.patients, options.clock());
  if (!people.ok) return sendFhir(response, statusOf(people.outcome), people.outcome);
  const asked = askedOf(options, { level, read: read.value, people: people.value, request, base, response });
  const keys: ResourceKey[] = group === undefined ? [] : [`Group/${group}`];
  const named = (read.value.patients ?? []).map((id): ResourceKey => `Patient/${id}`);
  await keep(options, { asked, base, keys: [...keys, ...named], names: read.value.names }, response);
}

const YES: Checked<true> = { ok: true, value: true };

function refusedAtOnce(
  { transformOf }: ExportOptions,
  request: Request,
  response: Response,
): { readonly status: number; readonly fault: Fault } | undefined {
  if (!preferOf(request).isAsync) return { status: 400, fault: NOT_ASYNC };
  if (formatOf(response).syntax !== 'json') return { status: 406, fault: NO_JSON };
  if (breakGlassReason(response) !== undefined) return { status: 403, fault: NO_GLASS };
  const { client, isDeidentified } = accessOf(response);
  const isBare = isDeidentified === true && transformOf(client) === undefined;
  return isBare ? { status: 403, fault: NOT_SET_UP } : undefined;
}

function askedOf(
  { transformOf }: ExportOptions,
  about: {
    readonly level: Level;
    readonly read: ReadExport;
    readonly people: readonly string[] | undefined;
    readonly request: Request;
    readonly base: string;
    readonly response: Response;
  },
): ExportAsked {
  const { level, read, people, request, base, response } = about;
  const { sinceMs, only, elements, types, notes } = read;
  const transform = transformOf(accessOf(response).client);
  const query = request.method === 'POST' ? '' : queryText(request);
  return {
    request: `${base}${request.path}${query}`,
    ...{ level, types, notes },
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(people === undefined ? {} : { people }),
    ...(only === undefined ? {} : { only }),
    ...(elements === undefined ? {} : { elements }),
    ...(transform === undefined ? {} : { transform }),
  };
}

function queryText({ originalUrl }: Request): string {
  const at = originalUrl.indexOf('?');
  return at < 0 ? '' : originalUrl.slice(at);
}

async function keep(
  { store, clock, limits, wake }: ExportOptions,
  about: {
    readonly asked: ExportAsked;
    readonly base: string;
    readonly keys: readonly ResourceKey[];
    readonly names: readonly string[];
  },
  response: Response,
): Promise<void> {
  const { client, organisation: ownerOrg, viewer } = accessOf(response);
  const id = randomUUID();
  const nowMs = clock();
  const one = { id, client, ownerOrg, viewer, asked: JSON.stringify(about.asked), asOfMs: nowMs };
  const made = await store.exports.make(one, limits, nowMs);
  const named = made === 'made' ? [`export ${id}`] : [];
  touch(response, { interaction: '$export', keys: about.keys, params: [...about.names, ...named] });
  if (made !== 'made') {
    response.set('Retry-After', String(BUSY_SECONDS));
    return sendFault(response, 429, made === 'client' ? TOO_MANY_OWN : TOO_MANY);
  }
  wake();
  response.set('Content-Location', `${about.base}${STATUS_PATH}/${id}`);
  sendFhir(response, 202, outcomeOf(issueOf(TAKEN)));
}

/** Members and patients that the client does not see are not there for it. */
async function peopleOf(
  seen: SeenStore,
  group: string | undefined,
  patients: readonly string[] | undefined,
  nowMs: number,
): Promise<Checked<readonly string[] | undefined>> {
  const found = group === undefined ? undefined : await seen.read('Group', group);
  if (group !== undefined && found?.state !== 'current')
    return refuse({ code: 'not-found', rule: 'api-not-found', diagnostics: 'There is no such Group.' });
  const members = found && new Set(membersOf(found.resource as Group, nowMs));
  const wanted = patients ?? (members && [...members]);
  if (wanted === undefined) return { ok: true, value: undefined };
  const there = await personsOf(seen, wanted);
  const isFor = (id: string): boolean => there.has(id) && (members?.has(id) ?? true);
  const missing = patients?.findIndex((id) => !isFor(id)) ?? -1;
  if (missing >= 0)
    return refuse({
      code: 'not-found',
      rule: 'export-patient',
      diagnostics: `Parameter patient of $export: number ${missing + 1} is no Patient here${members ? ' who is in the Group' : ''}; leave it out.`,
      expression: 'http.patient',
    });
  // two patients may be one person, whose things are to go out once
  const people = new Set(wanted.filter(isFor).map((id) => there.get(id)!));
  return { ok: true, value: [...people].toSorted() };
}

const AT_ONCE = 500;
/** @returns the person of each Patient that the client sees */
async function personsOf(seen: SeenStore, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const there = new Map<string, string>();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const keys = ids.slice(at, at + AT_ONCE).map((id): ResourceKey => `Patient/${id}`);
    for (const { id, state, personId } of await seen.readMany(keys))
      if (state === 'current') there.set(id, personId ?? id);
  }
  return there;
}

/** Who is in it now: what is inactive, or over, is not. */
export function membersOf({ member = [] }: Group, nowMs: number): readonly string[] {
  const ids = member.flatMap(({ entity, inactive, period }) => {
    const id = /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(entity.reference ?? '')?.[1];
    const isOver = period?.end !== undefined && Date.parse(period.end) < nowMs;
    return id === undefined || inactive === true || isOver ? [] : [id];
  });
  return [...new Set(ids)];
}

const TAKEN: Fault = {
  severity: 'information',
  code: 'informational',
  rule: 'export-taken',
  diagnostics: 'The export is under way: ask after it at the address in Content-Location.',
};
const NOT_ASYNC: Fault = {
  code: 'required',
  rule: 'export-prefer',
  diagnostics: 'An export is made while you wait elsewhere: send the header Prefer: respond-async.',
  expression: 'http.Prefer',
};
const NO_JSON: Fault = {
  code: 'not-supported',
  rule: 'export-accept',
  diagnostics: `What is said of an export is JSON: accept ${FHIR_JSON}.`,
  expression: 'http.Accept',
};
const NOT_SET_UP: Fault = {
  code: 'forbidden',
  rule: 'export-deidentified',
  diagnostics:
    'This client sees people only de-identified, and nothing is set up here to do that: ask whoever runs this adapter.',
};
const NO_GLASS: Fault = {
  code: 'forbidden',
  rule: 'export-break-glass',
  diagnostics: 'No emergency is about everybody: leave X-Break-Glass out, or read the one patient.',
  expression: 'http.X-Break-Glass',
};
const TOO_MANY_OWN: Fault = {
  code: 'throttled',
  rule: 'export-limit',
  diagnostics: 'This client has as many exports under way as it may: wait for one of them, or delete it.',
};
const TOO_MANY: Fault = {
  code: 'throttled',
  rule: 'export-limit',
  diagnostics: 'As many exports are under way as there may be: ask again in a minute.',
};
