/** Turns a source file into FHIR on standard output, without a server or a store. */
import { statSync } from 'node:fs';
import type { Config } from '../config.ts';
import type { MapSet } from '../mapping/map-set.ts';
import { createPipeline } from '../pipeline.ts';
import type { LoadedSource } from '../source/load.ts';
import { readFileRecords } from '../source/read-file.ts';
import { explainRecord } from './explain.ts';
import { loadParts, ROOT } from './load.ts';

/** Where a command writes. */
export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** @returns 0 all converted, 2 some records were refused, 1 nothing could be read */
export async function convert(
  file: string,
  options: { source: string; kind?: string; explain?: boolean },
  config: Config,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    return complaint(streams, `There is no file ${file}.`);
  const parts = loadParts(config, ROOT);
  if (!parts.ok)
    return complaint(streams, ...parts.outcome.issue.map((issue) => issue.diagnostics ?? issue.code ?? ''));
  for (const issue of parts.value.warnings) streams.stderr.write(`${issue.diagnostics}\n`);
  const source = parts.value.sources.get(options.source);
  if (!source)
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
  if (options.explain) return explain(file, options.kind, source, parts.value.maps, streams, clock());
  const pipeline = createPipeline({ ...parts.value, ownerOrg: () => 'local', route: () => [], clock });
  const records = readFileRecords(source, file, {
    nowMs: clock(),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
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
