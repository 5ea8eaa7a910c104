/** Runs a map file on records and prints what comes of them, or where each element of it comes from. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { type Checked, hasErrors } from '../../fhir/outcome.ts';
import type { CompiledMap } from '../../mapping/compile-map.ts';
import { parseJson } from '../../source/json.ts';
import type { Streams } from '../streams.ts';
import { inBundle, lineageLines, quoted } from './explain.ts';
import { compileMapFile, linesOf } from './map-file.ts';

export interface RunMapOptions {
  /** group that it starts with; default: its first */
  readonly group?: string;
  /** print where each element comes from */
  readonly explain?: boolean;
}

/** One record of the file, and where it stands. */
interface Given {
  /** `records.ndjson:3`, or the file's name alone */
  readonly place: string;
  readonly record: Checked<unknown>;
}

/**
 * Runs a map on a JSON document, or on each line of NDJSON. The record of a group with several sources is an array of them.
 * Issues go to standard error; no value of a record is in them.
 * @returns 0 all mapped, 2 the map has faults or some records gave errors, 1 a file could not be read
 */
export function runMapFile(
  mapFile: string,
  recordFile: string,
  options: RunMapOptions,
  streams: Streams,
): number {
  const map = compileMapFile(mapFile, options.group, streams);
  if (typeof map === 'number') return map;
  let text: string;
  try {
    text = readFileSync(recordFile, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    streams.stderr.write(`Cannot read ${recordFile}: ${(error as NodeJS.ErrnoException).code}.\n`);
    return 1;
  }
  const isLines = /^\.(?:ndjson|jsonl)$/i.test(extname(recordFile));
  let failed = false;
  for (const given of isLines ? linesIn(text, recordFile) : [{ place: recordFile, record: parseJson(text) }])
    failed = !runOne(map, given, isLines, options, streams) || failed;
  return failed ? 2 : 0;
}

function linesIn(text: string, file: string): Given[] {
  return text.split('\n').flatMap((line, index): Given[] => {
    return line.trim() === '' ? [] : [{ place: `${file}:${index + 1}`, record: parseJson(line) }];
  });
}

/** @returns true when the record gave no errors */
function runOne(
  map: CompiledMap,
  { place, record }: Given,
  isLine: boolean,
  { explain = false }: RunMapOptions,
  { stdout, stderr }: Streams,
): boolean {
  const result = record.ok
    ? { lineage: [], ...(explain ? map.explain(record.value) : map.run(record.value)) }
    : { value: undefined, lineage: [], issues: record.outcome.issue };
  for (const line of linesOf(result.issues)) stderr.write(`${place}: ${line}`);
  const { value, lineage } = result;
  if (explain && value !== undefined) {
    const element = isBundle(value) ? inBundle(value) : (path: string) => path;
    stdout.write(
      `${[...(isLine ? [place] : []), ...lineageLines(lineage, { element, source: quoted })].join('\n')}\n`,
    );
  } else if (value !== undefined || isLine)
    stdout.write(`${JSON.stringify(value ?? null, undefined, isLine ? undefined : 2)}\n`);
  return value !== undefined && !hasErrors(result.issues);
}

function isBundle(value: unknown): value is Parameters<typeof inBundle>[0] {
  return (
    typeof value === 'object' && value !== null && 'resourceType' in value && value.resourceType === 'Bundle'
  );
}
