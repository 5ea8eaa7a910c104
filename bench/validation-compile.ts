/** Measures what compiling costs: every resource type of base R4 and each of our profiles, in time and in memory. */
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Resource, StructureDefinition } from '@medplum/fhirtypes';
import { knownCanonicals, ROOT } from '../src/cli/load.ts';
import { baseCanonicals, type Canonicals } from '../src/fhir/canonicals.ts';
import { loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { createValidator, type Validator } from '../src/validation/validator.ts';
import { median, type Result, rounded } from './measure.ts';
import { minimalInstance } from './validation-minimal.ts';

/** Milliseconds that one type may take in the median. */
const LONGEST_COMPILE_MS = 100;
const SMOKE_TYPES = 3;
const OWN = 'https://hedgerow.example/fhir/StructureDefinition/';

/** @returns `validate.compile`, and `validate.compile memory` of base types and of our profiles */
export async function benchCompile(smoke: boolean): Promise<readonly Result[]> {
  const canonicals = baseCanonicals();
  const types = resourceTypes(canonicals).slice(0, smoke ? SMOKE_TYPES : undefined);
  return [compiling(canonicals, types), ...(await memory(canonicals, types))];
}

/** @returns the definitions of all types that a resource may have */
function resourceTypes(canonicals: Canonicals): StructureDefinition[] {
  return [...canonicals.all('StructureDefinition')]
    .filter((one) => one.kind === 'resource' && one.derivation === 'specialization' && !one.abstract)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Each type in a validator of its own, so that none finds data types compiled before it; then all of them in one. */
function compiling(canonicals: Canonicals, types: readonly StructureDefinition[]): Result {
  const apart = types.map((type) => ({
    type: type.name,
    ms: timeOf(fresh(canonicals), type, minimalInstance(type, canonicals)),
  }));
  const one = fresh(canonicals);
  const together = types.map((type) => timeOf(one, type, minimalInstance(type, canonicals)));
  const all = apart.map(({ ms }) => ms);
  const slowest = apart.reduce((most, each) => (each.ms > most.ms ? each : most));
  const sum = (times: readonly number[]): number =>
    rounded(
      times.reduce((total, ms) => total + ms, 0),
      0,
    );
  return {
    name: 'validate.compile',
    ratio: rounded(LONGEST_COMPILE_MS / median(all), 2),
    ours: rounded(median(all), 1),
    other: LONGEST_COMPILE_MS,
    unit: 'ms',
    goal: 1,
    note: `${types.length} types, each in a new validator to the end of its first check: at most ${rounded(slowest.ms, 0)} ms (${slowest.type}), ${sum(all)} ms in all; in one validator ${rounded(median(together), 1)} ms in the median, at most ${rounded(Math.max(...together), 0)} ms, ${sum(together)} ms in all`,
  };
}

function fresh(canonicals: Canonicals): Validator {
  return createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });
}

function timeOf(validator: Validator, { url, name }: StructureDefinition, instance: Resource): number {
  const started = performance.now();
  const prepared = validator.prepare(url);
  validator.accepts(instance);
  const ms = performance.now() - started;
  if (!prepared.ok) throw new Error(`${name}: ${JSON.stringify(prepared.outcome.issue)}`);
  return ms;
}

/** Bytes of heap that stay in use, by type and by profile; those that come later find what they share already there. */
async function memory(canonicals: Canonicals, types: readonly StructureDefinition[]): Promise<Result[]> {
  const validator = fresh(canonicals);
  const base = await heapOf(() => {
    for (const type of types) timeOf(validator, type, minimalInstance(type, canonicals));
  });
  const known = knownCanonicals(ROOT);
  const own = createValidator({ canonicals: known, definitions: loadBaseDefinitions(known) });
  const profiles = globSync('profiles/StructureDefinition-*.json', { cwd: ROOT }).map((file) =>
    basename(file, '.json').replace('StructureDefinition-', OWN),
  );
  const ours = await heapOf(() => {
    for (const profile of profiles) own.prepare(profile);
  });
  return [
    reported('validate.compile memory/type', base, types.length, 'base types'),
    reported('validate.compile memory/profile', ours, profiles.length, 'profiles of ours with all they need'),
  ];
}

function reported(name: string, bytes: number, count: number, what: string): Result {
  const kilobytes = rounded(bytes / 1024 / count, 0);
  const note = `kB of heap each, of ${count} ${what} in one validator: ${rounded(bytes / 2 ** 20, 1)} MB in all`;
  return { name, ratio: 1, ours: kilobytes, other: kilobytes, unit: 'kB', note };
}

/** @returns by how many bytes the heap in use grows */
async function heapOf(work: () => void): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = async (): Promise<number> => {
    await setImmediate(); // what was reached through a WeakRef stays until the turn ends
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await used();
  work();
  return (await used()) - before;
}
