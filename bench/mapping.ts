/** Measures the maps: each kind of record end to end against the limit of JSON itself, and each hop against an interpreter. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexStructureDefinitionBundle, parseMappingLanguage, structureMapTransform } from '@medplum/core';
import type { Bundle, ConceptMap, OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import { loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import { canonicalJson } from '../src/fhir/digest.ts';
import { compare, median, type Result, type Rounds, rounded } from './measure.ts';
import { sampleRecords } from './samples.ts';

const GOALS = { limit: 0.8, medplum: 50 };

/** @returns `map.e2e/limit` and `map.only/medplum`, one line a kind and one for the least of all kinds */
export async function benchMapping(smoke: boolean): Promise<readonly Result[]> {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const parts = config.ok ? loadParts(config.value, ROOT) : config;
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome.issue));
  const rounds: Rounds = smoke ? { rounds: 1, calls: 20 } : { rounds: 15, calls: 3000 };
  const limits: Result[] = [];
  for (const [name, set] of parts.value.maps) {
    for (const [kind, map] of set.kinds) {
      const samples = await sampleRecords(parts.value.sources.get(name)!, kind, 50);
      limits.push(againstLimit(`map.e2e/limit ${name}/${kind}`, map.run, samples, rounds));
    }
  }
  const interpreted = againstInterpreter(smoke ? { rounds: 1, calls: 2 } : { rounds: 9, calls: 60 });
  return [...limits, leastOf('map.e2e/limit', limits, GOALS.limit), ...interpreted];
}

type Run = (record: Readonly<Record<string, unknown>>, issues: OperationOutcomeIssue[]) => unknown;

/** Parse, map, stringify one record, against parsing the same input and stringifying the same output. Records take turns. */
function againstLimit(
  name: string,
  run: Run,
  records: readonly Readonly<Record<string, unknown>>[],
  rounds: Rounds,
): Result {
  const inputs = records.map((record) => JSON.stringify(record));
  const outputs = records.map((record) => run(record, []));
  let ours = 0;
  let limit = 0;
  const result = compare(
    name,
    () => JSON.stringify(run(JSON.parse(inputs[ours++ % inputs.length]!) as Record<string, unknown>, [])),
    () => {
      const at = limit++ % inputs.length;
      JSON.parse(inputs[at]!);
      return JSON.stringify(outputs[at]);
    },
    rounds,
  );
  const bytes = (texts: readonly string[]): number => Math.round(median(texts.map((text) => text.length)));
  return {
    ...result,
    note: `${bytes(inputs)} bytes in, ${bytes(outputs.map((output) => JSON.stringify(output)))} bytes out`,
  };
}

function leastOf(name: string, results: readonly Result[], goal: number): Result {
  const least = results.reduce((low, one) => (one.ratio < low.ratio ? one : low));
  return { ...least, name, goal, note: `least of all kinds: ${least.name.slice(name.length + 1)}` };
}
