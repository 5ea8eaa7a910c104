/** Measures the maps: each kind of record end to end against the limit of JSON itself, alone against a map written by hand, and against interpreters. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import { type Definitions, loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { canonicalJson } from '../src/fhir/digest.ts';
import { HAND_MAPS, type HandMap } from './hand/maps.ts';
import { compiledMap, interpretedMap, isReadable, ROWS } from './maps/referral.ts';
import { compare, median, type Result, type Rounds } from './measure.ts';
import { sampleRecords } from './samples.ts';

const GOALS = { limit: 0.8, hand: 0.8, medplum: 50 };

/** Short rounds, many of them: a round that the machine interrupts is an outlier, and the median drops it. */
const LIMIT_ROUNDS: Rounds = { rounds: 151, calls: 400 };
const INTERPRETER_ROUNDS: Rounds = { rounds: 31, calls: 40 };

/**
 * @returns one line a kind and one for the least of all kinds of `map.e2e/limit` and `map.only/hand`; one a kind of
 * `map.e2e/limit hand`, without a goal: how near to the limit a map written by hand comes; and `map.only/medplum`
 */
export async function benchMapping(smoke: boolean): Promise<readonly Result[]> {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const parts = config.ok ? loadParts(config.value, ROOT) : config;
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome.issue));
  const limits: Result[] = [];
  const hands: Result[] = [];
  const handLimits: Result[] = [];
  for (const [name, set] of parts.value.maps) {
    for (const [kind, map] of set.kinds) {
      const samples = await sampleRecords(parts.value.sources.get(name)!, kind, 50);
      const records = samples.map(({ payload }) => payload);
      const rounds = smoke ? { rounds: 1, calls: 20 } : LIMIT_ROUNDS;
      const hand = HAND_MAPS.get(`${name}/${kind}`)!;
      limits.push(againstLimit(`map.e2e/limit ${name}/${kind}`, map.run, records, rounds));
      handLimits.push(againstLimit(`map.e2e/limit hand ${name}/${kind}`, hand, records, rounds));
      hands.push(againstHand(`map.only/hand ${name}/${kind}`, map.run, hand, records, rounds));
    }
  }
  const interpreted = againstInterpreter(
    loadBaseDefinitions(),
    smoke ? { rounds: 1, calls: 2 } : INTERPRETER_ROUNDS,
  );
  return [
    ...limits,
    leastOf('map.e2e/limit', limits, GOALS.limit),
    ...handLimits,
    ...hands,
    leastOf('map.only/hand', hands, GOALS.hand),
    interpreted,
  ];
}

type Row = Readonly<Record<string, unknown>>;
type Run = (record: Row, issues: OperationOutcomeIssue[]) => unknown;

/** Parse, map, stringify one record, against parsing the same input and stringifying the same output. Records take turns. */
function againstLimit(name: string, run: Run, records: readonly Row[], rounds: Rounds): Result {
  const inputs = records.map((record) => JSON.stringify(record));
  const outputs = records.map((record) => run(record, []));
  let ours = 0;
  let limit = 0;
  const result = compare(
    name,
    () => JSON.stringify(run(JSON.parse(inputs[ours++ % inputs.length]!) as Row, [])),
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

/** The mapping alone, on records as JSON.parse gives them. Records take turns. */
function againstHand(name: string, run: Run, hand: HandMap, records: readonly Row[], rounds: Rounds): Result {
  const parsed = records.map((record) => JSON.parse(JSON.stringify(record)) as Row);
  checkSame(name, parsed, (record) => run(record, []), hand);
  let ours = 0;
  let other = 0;
  return compare(
    name,
    () => run(parsed[ours++ % parsed.length]!, []),
    () => hand(parsed[other++ % parsed.length]!),
    rounds,
  );
}

/** @throws when the outputs for any record differ in canonical form */
function checkSame<T>(
  name: string,
  records: readonly T[],
  ours: (record: T) => unknown,
  other: (record: T) => unknown,
): void {
  for (const [at, record] of records.entries())
    if (canonicalJson(ours(record)) !== canonicalJson(other(record)))
      throw new Error(`${name}: the outputs of record ${at + 1} differ`);
}

function leastOf(name: string, results: readonly Result[], goal: number): Result {
  const least = results.reduce((low, one) => (one.ratio < low.ratio ? one : low));
  return { ...least, name, goal, note: `least of all kinds: ${least.name.slice(name.length + 1)}` };
}

/** The mapping alone, on the one map that both can run: the interpreter reads none of the shipped map sets whole. */
function againstInterpreter(definitions: Definitions, rounds: Rounds): Result {
  const compiled = compiledMap(definitions);
  const interpreted = interpretedMap();
  checkSame('map.only/medplum', ROWS, compiled, interpreted);
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
