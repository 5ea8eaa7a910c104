/** Turns a source file into FHIR on standard output, without a server or a store. */
import { statSync } from 'node:fs';
import type { Config } from '../../config.ts';
import type { MapSet } from '../../mapping/map-set.ts';
import { createPipeline } from '../../pipeline.ts';
import type { LoadedSource } from '../../source/load.ts';
import { readFileRecords } from '../../source/read-file.ts';
import { type LoadedParts, loadParts, ROOT } from '../load.ts';
import type { Streams } from '../streams.ts';
import { convertBack } from './convert-back.ts';
import { explainRecord } from './explain.ts';

export interface ConvertOptions {
  readonly source: string;
  readonly kind?: string;
  readonly explain?: boolean;
  /** the file is a Bundle, to be turned into records of the source */
  readonly back?: boolean;
  /** with `back`: file of the records that the Bundle was made of */
  readonly records?: string;
}

/** @returns 0 all converted, 2 some records were refused, 1 nothing could be read */
export async function convert(
  file: string,
  options: ConvertOptions,
  config: Config,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  const wrong = wrongWords(file, options);
  if (wrong !== undefined) return complaint(streams, wrong);
  const parts = loadParts(config, ROOT);
  if (!parts.ok)
    return complaint(streams, ...parts.outcome.issue.map((issue) => issue.diagnostics ?? issue.code ?? ''));
  for (const issue of parts.value.warnings) streams.stderr.write(`${issue.diagnostics}\n`);
  const source = parts.value.sources.get(options.source);
  const maps = parts.value.maps.get(options.source);
  if (!source || !maps)
    return complaint(
      streams,
      `There is no source ${options.source}. Known: ${[...parts.value.sources.keys()].join(', ')}.`,
    );
  if (options.kind !== undefined && !source.kinds.has(options.kind)) {
    return complaint(
      streams,
      `The source ${options.source} has no kind ${options.kind}. Known: ${[...source.kinds.keys()].join(', ')}.`,
    );
  }
  if (options.back) return convertBack(file, { ...options, source, maps }, streams, clock());
  if (options.explain) return explain(file, options.kind, source, parts.value.maps, streams, clock());
  return forward(file, options.kind, source, parts.value, streams, clock);
}

function wrongWords(file: string, { back, records }: ConvertOptions): string | undefined {
  if (records !== undefined && !back) return '--records goes with --back.';
  const files = records === undefined ? [file] : [file, records];
  const missing = files.find((name) => !statSync(name, { throwIfNoEntry: false })?.isFile());
  return missing === undefined ? undefined : `There is no file ${missing}.`;
}

async function forward(
  file: string,
  kind: string | undefined,
  source: LoadedSource,
  parts: LoadedParts,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  const pipeline = createPipeline({ ...parts, ownerOrg: () => 'local', route: () => [], clock });
  const records = readFileRecords(source, file, {
    nowMs: clock(),
    ...(kind === undefined ? {} : { kind }),
  });
  const { bundle, outcome } = await pipeline.convert(records);
  const converted = bundle.entry?.length ?? 0;
  if (converted > 0) streams.stdout.write(`${JSON.stringify(bundle, undefined, 2)}\n`);
  if (outcome) streams.stderr.write(`${JSON.stringify(outcome, undefined, 2)}\n`);
  const refused =
    outcome?.issue.some((issue) => issue.severity === 'error' || issue.severity === 'fatal') ?? false;
  return refused ? (converted > 0 ? 2 : 1) : 0;
}

/** @returns 0 all explained, 2 some records were refused */
async function explain(
  file: string,
  kind: string | undefined,
  source: LoadedSource,
  maps: ReadonlyMap<string, MapSet>,
  streams: Streams,
  nowMs: number,
): Promise<number> {
  let refused = 0;
  for await (const record of readFileRecords(source, file, {
    nowMs,
    ...(kind === undefined ? {} : { kind }),
  })) {
    const lines = explainRecord(maps, record);
    if (lines) streams.stdout.write(`${lines.join('\n')}\n`);
    else {
      refused++;
      if (!record.ok) streams.stderr.write(`${JSON.stringify(record.outcome, undefined, 2)}\n`);
    }
  }
  return refused > 0 ? 2 : 0;
}

function complaint(streams: Streams, ...lines: readonly string[]): number {
  for (const line of lines) streams.stderr.write(`${line}\n`);
  return 1;
}
