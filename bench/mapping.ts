/** Measures the maps: each kind of record against the limit of JSON itself, a map written by hand, and interpreters of maps. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import { type Definitions, loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { canonicalJson } from '../src/fhir/digest.ts';
import { HAND_MAPS, type HandMap } from './hand/maps.ts';
import { type JsonataMap, jsonataMap } from './jsonata/maps.ts';
import { compiledMap, interpretedMap, isReadable, ROWS } from './maps/referral.ts';
import { compare, compareBatches, median, type Result, type Rounds, withLeast } from './measure.ts';
import { hasDemo, sampleRecords } from './samples.ts';

const GOALS = { limit: 0.85, hand: 0.8, medplum: 100, jsonata: 20 };

/** Short rounds, many of them: a round that the machine interrupts is an outlier, and the median drops it. */
const LIMIT_ROUNDS: Rounds = { rounds: 151, calls: 400 };
const INTERPRETER_ROUNDS: Rounds = { rounds: 31, calls: 40 };
/** `calls` are passes over the records, of ours to one of JSONata's. */
const JSONATA_ROUNDS: Rounds = { rounds: 15, calls: 20 };

type Row = Readonly<Record<string, unknown>>;
type Run = (record: Row, issues: OperationOutcomeIssue[]) => unknown;

/** What is measured of one kind of record. */
interface KindResults {
  readonly limit: Result;
  readonly handLimit: Result;
  readonly hand: Result;
  readonly jsonata: Result;
}

/**
 * @returns one line a kind and one for the least of all kinds of `map.e2e/limit`, `map.only/hand` and `map.e2e/jsonata`;
 * one a kind of `map.e2e/limit hand`, without a goal: how near a map written by hand comes; and `map.only/medplum`
 */
export async function benchMapping(smoke: boolean): Promise<readonly Result[]> {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const parts = config.ok ? loadParts(config.value, ROOT) : config;
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome.issue));
  const kinds: KindResults[] = [];
  for (const [name, set] of parts.value.maps) {
    for (const [kind, { run }] of set.kinds) {
      const source = parts.value.sources.get(name)!;
      if (!(await hasDemo(source, kind))) continue; // such as what speaks of referrals that an EHR made
      const samples = await sampleRecords(source, kind, 50);
      const records = samples.map(({ payload }) => payload);
      kinds.push(await benchKind(`${name}/${kind}`, run, records, smoke));
    }
  }
  const interpreted = againstInterpreter(
    loadBaseDefinitions(),
    smoke ? { rounds: 1, calls: 2 } : INTERPRETER_ROUNDS,
  );
  return [
    ...withLeast(
      'map.e2e/limit',
      kinds.map(({ limit }) => limit),
      GOALS.limit,
    ),
    ...kinds.map(({ handLimit }) => handLimit),
    ...withLeast(
      'map.only/hand',
      kinds.map(({ hand }) => hand),
      GOALS.hand,
    ),
    ...withLeast(
      'map.e2e/jsonata',
      kinds.map(({ jsonata }) => jsonata),
      GOALS.jsonata,
    ),
    interpreted,
  ];
}

async function benchKind(
  kind: string,
  run: Run,
  records: readonly Row[],
  smoke: boolean,
): Promise<KindResults> {
  const rounds = smoke ? { rounds: 1, calls: 20 } : LIMIT_ROUNDS;
  const hand = HAND_MAPS.get(kind)!;
  const jsonata = await jsonataMap(kind);
  return {
    limit: againstLimit(`map.e2e/limit ${kind}`, run, records, rounds),
    handLimit: againstLimit(`map.e2e/limit hand ${kind}`, hand, records, rounds),
    hand: againstHand(`map.only/hand ${kind}`, run, hand, records, rounds),
    jsonata: await againstJsonata(
      `map.e2e/jsonata ${kind}`,
      run,
      jsonata,
      smoke ? records.slice(0, 3) : records,
      smoke ? { rounds: 1, calls: 1 } : JSONATA_ROUNDS,
    ),
  };
}

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
  checkSame(
    name,
    parsed.map((record) => run(record, [])),
    parsed.map(hand),
  );
  let ours = 0;
  let other = 0;
  return compare(
    name,
    () => run(parsed[ours++ % parsed.length]!, []),
    () => hand(parsed[other++ % parsed.length]!),
    rounds,
  );
}

/** Parse, map, stringify on both sides; JSONata's evaluation is asynchronous, ours is not. */
async function againstJsonata(
  name: string,
  run: Run,
  jsonata: JsonataMap,
  records: readonly Row[],
  { rounds, calls }: Rounds,
): Promise<Result> {
  const inputs = records.map((record) => JSON.stringify(record));
  const given: unknown[] = [];
  for (const record of records) given.push(await jsonata(record));
  checkSame(
    name,
    records.map((record) => run(record, [])),
    given,
  );
  const ours = async (): Promise<number> => {
    for (let pass = 0; pass < calls; pass++)
      for (const input of inputs) JSON.stringify(run(JSON.parse(input) as Row, []));
    return calls * inputs.length;
  };
  const other = async (): Promise<number> => {
    for (const input of inputs) JSON.stringify(await jsonata(JSON.parse(input) as Row));
    return inputs.length;
  };
  await ours();
  await other();
  return compareBatches(name, ours, other, rounds, 'operations/s');
}

/** @throws when the outputs for any record differ in canonical form */
function checkSame(name: string, ours: readonly unknown[], others: readonly unknown[]): void {
  for (const [at, output] of ours.entries())
    if (canonicalJson(output) !== canonicalJson(others[at]))
      throw new Error(`${name}: the outputs of record ${at + 1} differ`);
}

/** The mapping alone, on the one map that both can run: the interpreter reads none of the shipped map sets whole. */
function againstInterpreter(definitions: Definitions, rounds: Rounds): Result {
  const compiled = compiledMap(definitions);
  const interpreted = interpretedMap();
  checkSame('map.only/medplum', ROWS.map(compiled), ROWS.map(interpreted));
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
