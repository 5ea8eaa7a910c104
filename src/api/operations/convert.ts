/** Serves $convert: records of a source in, FHIR with its lineage or an outcome out; nothing is stored. */
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import type { Request, Response } from 'express';
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { MapSet } from '../../mapping/map-set.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { KindReader } from '../../source/kind-reader.ts';
import { READ_LIMITS } from '../../source/limits.ts';
import type { LoadedSource } from '../../source/load.ts';
import { readCsv } from '../../source/read-csv.ts';
import { readJson, readNdjson } from '../../source/read-json.ts';
import type { ReadRecord } from '../../source/record.ts';
import { accessOf, touch } from '../access.ts';
import { type Pairs, queryOf } from '../address.ts';
import { collected, mediaOf } from '../intake-body.ts';
import { readResource, statusOfBody } from '../resource-body.ts';
import { sendFault, sendFhir, statusOf } from '../respond.ts';
import { lineageParts } from './lineage.ts';

export interface ConvertOptions {
  readonly pipeline: Pick<Pipeline, 'convert'>;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  readonly maps: ReadonlyMap<string, MapSet>;
  readonly clock: () => number;
}

const FORMATS = ['json', 'ndjson', 'csv'] as const;
type Format = (typeof FORMATS)[number];
const BY_MEDIA = { 'application/json': 'json', 'application/x-ndjson': 'ndjson', 'text/csv': 'csv' } as const;

interface Asked {
  readonly source: string;
  readonly kind: string;
  readonly format: string;
  readonly record: string | Buffer;
  readonly lineage: boolean;
}

/** The whole answer is held in memory, and its lineage is longer than the records. */
const MOST_BYTES = 2_000_000;
const MOST_RECORDS = 1_000;

export async function answerConvert(
  options: ConvertOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const asked = await readAsked(request);
  if (!asked.ok) return sendFhir(response, statusOfBody(asked.outcome), asked.outcome);
  const { source, kind, format, record, lineage } = asked.value;
  const reader = options.sources.get(source)?.kinds.get(kind);
  // whoever may not send to a source is not told whether there is one
  if (!reader || !accessOf(response).maySend(source, kind)) return sendUnknown(response);
  if (!FORMATS.some((one) => one === format)) return sendFault(response, 400, UNKNOWN_FORMAT);
  const records = await recordsOf(reader, format as Format, record, options.clock());
  if (!records) return sendFault(response, 413, TOO_MANY);
  touch(response, { interaction: '$convert', keys: [] });
  const { bundle, outcome } = await options.pipeline.convert(each(records));
  const isEmpty = (bundle.entry ?? []).length === 0;
  if (isEmpty && outcome) return sendFhir(response, unreadable(records) ? statusOf(outcome) : 422, outcome);
  const parameter: ParametersParameter[] = [
    { name: 'return', resource: isEmpty ? { ...bundle, entry: undefined } : bundle },
    ...(outcome ? [{ name: 'outcome', resource: outcome }] : []),
    ...(lineage ? lineageParts(options.maps, records) : []),
  ];
  sendFhir(response, 200, { resourceType: 'Parameters', parameter });
}

/** What is no record at all was not converted, and did not fail to be. */
function unreadable(records: readonly ReadRecord[]): boolean {
  return records.every((one) => !one.ok && one.payload === undefined);
}

async function readAsked(request: Request): Promise<Checked<Asked>> {
  const query = queryOf(request.originalUrl);
  if (!query.ok) return query;
  const given = (name: string): string => valueIn(query.value, name) ?? '';
  const media = (request.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  const isRaw = media in BY_MEDIA && given('source') !== '';
  if (!isRaw) return await readParameters(request);
  const checked = mediaOf(request);
  if (!checked.ok) return checked;
  const body = await collected(request, MOST_BYTES);
  if (!body.ok) return body;
  const asked = { source: given('source'), kind: given('kind'), record: body.value };
  const lineage = given('lineage') === 'true';
  return { ok: true, value: { ...asked, lineage, format: BY_MEDIA[checked.value] } };
}

function valueIn(query: Pairs, name: string): string | undefined {
  return query.find(([one]) => one === name)?.[1];
}

async function readParameters(request: Request): Promise<Checked<Asked>> {
  const body = await readResource(request, { ...READ_LIMITS, jsonBytes: MOST_BYTES });
  if (!body.ok) return body;
  const { resourceType, parameter } = body.value as Parameters;
  const given = resourceType === 'Parameters' && Array.isArray(parameter) ? parameter : [];
  const text = (name: string): string | undefined => {
    const one = given.find((other) => other?.name === name);
    const value = one?.valueString ?? one?.valueCode ?? one?.valueUri;
    return typeof value === 'string' ? value : undefined;
  };
  const [source, kind, record] = [text('source'), text('kind'), text('record')];
  if (source === undefined || kind === undefined || record === undefined)
    return refuse({
      code: 'required',
      rule: 'convert-parameters',
      diagnostics:
        'Send Parameters with source, kind and record; or the records themselves as application/json, application/x-ndjson or text/csv, with source and kind in the address.',
      expression: 'Parameters.parameter',
    });
  const lineage = given.some((one) => one?.name === 'lineage' && one.valueBoolean === true);
  return { ok: true, value: { source, kind, record, lineage, format: text('format') ?? 'json' } };
}

/** @returns undefined when there are too many */
async function recordsOf(
  reader: KindReader,
  format: Format,
  text: string | Buffer,
  nowMs: number,
): Promise<readonly ReadRecord[] | undefined> {
  const reading = { nowMs, limits: { ...READ_LIMITS, jsonBytes: MOST_BYTES } };
  const bytes = each([typeof text === 'string' ? Buffer.from(text) : text]);
  const read =
    format === 'json'
      ? readJson(reader, text, reading)
      : format === 'csv'
        ? readCsv(reader, bytes, reading)
        : readNdjson(reader, bytes, reading);
  const records: ReadRecord[] = [];
  for await (const record of read) {
    if (records.length === MOST_RECORDS) return undefined;
    records.push(record);
  }
  return records;
}

function sendUnknown(response: Response): void {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'convert-source',
    diagnostics:
      'There is no such source or kind that this client may send: name one as /intake/{source}/{kind} has it.',
  });
}

const UNKNOWN_FORMAT = {
  code: 'value',
  rule: 'convert-format',
  diagnostics: `The format is one of ${FORMATS.join(', ')}.`,
  expression: 'Parameters.parameter',
} as const;

const TOO_MANY = {
  code: 'too-long',
  rule: 'convert-too-many',
  diagnostics: `At most ${MOST_RECORDS} records are converted at once: send fewer.`,
} as const;

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
