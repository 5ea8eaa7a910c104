/** Measures the maps: each kind of record end to end against the limit of JSON itself, and each hop against an interpreter. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import { type Definitions, loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { canonicalJson } from '../src/fhir/digest.ts';
import { compiledMap, interpretedMap, isReadable, ROWS } from './maps/referral.ts';
import { compare, median, type Result, type Rounds } from './measure.ts';
import { sampleRecords } from './samples.ts';

const GOALS = { limit: 0.8, medplum: 50 };

/** Short rounds, many of them: a round that the machine interrupts is an outlier, and the median drops it. */
const LIMIT_ROUNDS: Rounds = { rounds: 151, calls: 400 };
const INTERPRETER_ROUNDS: Rounds = { rounds: 31, calls: 40 };

/** @returns `map.e2e/limit`, one line a kind and one for the least of all kinds, and `map.only/medplum` */
export async function benchMapping(smoke: boolean): Promise<readonly Result[]> {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const parts = config.ok ? loadParts(config.value, ROOT) : config;
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome.issue));
  const limits: Result[] = [];
  for (const [name, set] of parts.value.maps) {
    for (const [kind, map] of set.kinds) {
      const samples = await sampleRecords(parts.value.sources.get(name)!, kind, 50);
      const records = samples.map(({ payload }) => payload);
      const rounds = smoke ? { rounds: 1, calls: 20 } : LIMIT_ROUNDS;
      limits.push(againstLimit(`map.e2e/limit ${name}/${kind}`, map.run, records, rounds));
    }
  }
  const interpreted = againstInterpreter(
    loadBaseDefinitions(),
    smoke ? { rounds: 1, calls: 2 } : INTERPRETER_ROUNDS,
  );
  return [...limits, leastOf('map.e2e/limit', limits, GOALS.limit), interpreted];
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

/** The mapping alone, on the one map that both can run: the interpreter reads none of the shipped map sets whole. */
function againstInterpreter(definitions: Definitions, rounds: Rounds): Result {
  const compiled = compiledMap(definitions);
  const interpreted = interpretedMap();
  for (const row of ROWS) {
    if (canonicalJson(compiled(row)) !== canonicalJson(interpreted(row)))
      throw new Error(`map.only/medplum: the outputs of ${row.id} differ`);
  }
  let ours = 0;
  let other = 0;
  const result = compare(
    'map.only/medplum',
    () => compiled(ROWS[ours++ % ROWS.length]!),
    () => interpreted(ROWS[other++ % ROWS.length]!),
    rounds,
  );
  return { ...result, goal: GOALS.medplum, note: `same output checked; ${unreadableMaps()}` };
}

/** Names the shipped maps that the interpreter cannot even parse: for one, several groups called after a `then`. */
function unreadableMaps(): string {
  const files = globSync('mappings/*/*.map', { cwd: ROOT }).sort();
  const unreadable = files.filter((file) => !isReadable(readFileSync(join(ROOT, file), 'utf8')));
  const names = unreadable.map((file) => `${file.split('/')[1]}/${basename(file, '.map')}`);
  return `it cannot parse ${unreadable.length} of ${files.length} shipped maps: ${names.join(', ')}`;
}
