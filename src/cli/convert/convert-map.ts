/** Turns a map file's text into a StructureMap on standard output, and a StructureMap into text. */
import { readFileSync } from 'node:fs';
import type { Checked } from '../../fhir/outcome.ts';
import { parseMap } from '../../mapping/parser.ts';
import { readStructureMap } from '../../mapping/structure-map-read.ts';
import { writeStructureMap } from '../../mapping/structure-map-write.ts';
import type { MapFile } from '../../mapping/tree.ts';
import { writeText } from '../../mapping/write-text.ts';
import { parseJson } from '../../source/json.ts';
import type { Streams } from '../streams.ts';

export interface ConvertMapOptions {
  /** default: the form that the file is not in */
  readonly to?: 'json' | 'text';
  /** of the JSON that is written; default R4. What is read may be of either */
  readonly fhir?: 'R4' | 'R5';
}

/** @returns 0 converted, 2 the map has faults (an OperationOutcome on standard error), 1 the file could not be read */
export function convertMap(file: string, options: ConvertMapOptions, { stdout, stderr }: Streams): number {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    stderr.write(`Cannot read ${file}: ${(error as NodeJS.ErrnoException).code}.\n`);
    return 1;
  }
  const isJson = /^\s*\{/.test(text);
  const map = isJson ? fromJson(file, text) : parseMap(file, text);
  if (!map.ok) {
    stderr.write(`${JSON.stringify(map.outcome, undefined, 2)}\n`);
    return 2;
  }
  const { to = isJson ? 'text' : 'json', fhir: version = 'R4' } = options;
  if (to === 'text') stdout.write(writeText(map.value));
  else stdout.write(`${JSON.stringify(writeStructureMap(map.value, { version }), undefined, 2)}\n`);
  return 0;
}

function fromJson(file: string, text: string): Checked<MapFile> {
  const json = parseJson(text);
  return json.ok ? readStructureMap(file, json.value) : json;
}
