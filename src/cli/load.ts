/** Turns a configuration into the loaded parts that every command shares: definitions, sources, maps, validator. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeSystem, OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import type { Config } from '../config.ts';
import { baseCanonicals, type Canonicals } from '../fhir/canonicals.ts';
import { type Definitions, loadBaseDefinitions, STORED_TYPES } from '../fhir/definitions.ts';
import { type Checked, hasErrors, outcomeOf } from '../fhir/outcome.ts';
import { addPackages } from '../fhir/packages.ts';
import { compileKeptMapSet, loadMapSet, type MapSetOptions } from '../mapping/load.ts';
import type { MapSet } from '../mapping/map-set.ts';
import { CASE_SYSTEM, type Voice } from '../referral/judge-task.ts';
import { type LoadedSource, loadSource } from '../source/load.ts';
import { type Claims, claimsFor } from '../validation/claims.ts';
import { cachedSnapshots } from '../validation/snapshot/cache.ts';
import { createValidator, type Validator } from '../validation/validator.ts';
import { byPlace } from './by-place.ts';

export interface LoadedParts {
  readonly definitions: Definitions;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  readonly maps: ReadonlyMap<string, MapSet>;
  readonly validator: Validator;
  /** profiles that mapped resources say they conform to */
  readonly claims: Claims;
  /** how each source, and each target whose changes come back, tells of referrals */
  readonly voices: ReadonlyMap<string, Voice>;
  /** compiles an earlier version of a source's maps, from the text that the store kept */
  readonly compileKept: (source: string, text: string) => Checked<MapSet>;
  /** source fields that no rule reads, and the like; by file, line and column */
  readonly warnings: readonly OperationOutcomeIssue[];
}

/**
 * Loads everything that is data on disk and checks it.
 * @param root folder of the installed adapter
 * @returns the parts, or every fault found in any source's manifest, schema or map
 */
export function loadParts(config: Config, root: string): Checked<LoadedParts> {
  const { canonicals, definitions, validator, faults: found } = loadValidator(config, root);
  for (const file of globSync('profiles/logical/*.json', { cwd: root }))
    definitions.add(JSON.parse(readFileSync(join(root, file), 'utf8')) as StructureDefinition);
  const { sources, maps, mapOptions, ...said } = loadSources(config, { definitions, root });
  const faults = [...found.filter((issue) => hasErrors([issue])), ...said.faults];
  const warnings = [...found.filter((issue) => !hasErrors([issue])), ...said.warnings];
  if (faults.length > 0) return { ok: false, outcome: outcomeOf(...byPlace(faults)) };
  return {
    ok: true,
    value: {
      definitions,
      sources,
      maps,
      claims: claimsFor(STORED_TYPES, canonicals),
      voices: voicesOf(config, sources),
      validator,
      compileKept: (source, text) => compileKeptMapSet(text, mapOptions.get(source)!),
      warnings: byPlace(warnings),
    },
  };
}

/** @returns the sources whose maps can be used, and what is to be said of all of them */
function loadSources(config: Config, about: { readonly definitions: Definitions; readonly root: string }) {
  const { definitions, root } = about;
  const codeSystems = codeSystemsIn(root);
  const sources = new Map<string, LoadedSource>();
  const maps = new Map<string, MapSet>();
  const mapOptions = new Map<string, MapSetOptions>();
  const faults: OperationOutcomeIssue[] = [];
  const warnings: OperationOutcomeIssue[] = [];
  for (const { folder } of config.sources) {
    const source = loadSource(folder);
    if (!source.ok) {
      faults.push(...source.outcome.issue);
      continue;
    }
    const { manifest } = source.value;
    const modelFolder = join(root, 'mappings/prsb');
    const options = { sourceFolder: folder, modelFolder, definitions, manifest, codeSystems };
    const set = loadMapSet(options);
    if (!set.ok) {
      faults.push(...set.outcome.issue);
      continue;
    }
    warnings.push(...set.value.warnings);
    sources.set(manifest.name, source.value);
    maps.set(set.value.source, set.value);
    mapOptions.set(set.value.source, options);
  }
  return { sources, maps, mapOptions, faults, warnings };
}

/** Changes that were made at a target are seen as they stand when it is asked: steps between them are missing. */
function voicesOf(
  config: Pick<Config, 'sources' | 'targets'>,
  sources: ReadonlyMap<string, LoadedSource>,
): ReadonlyMap<string, Voice> {
  const told = config.sources.flatMap(({ folder, speaksFor }) => {
    const source = [...sources.values()].find((one) => one.folder === folder);
    return source
      ? [{ name: source.manifest.name, speaksFor, backload: source.manifest.backload ?? false }]
      : [];
  });
  const changed = config.targets.map(({ name, speaksFor }) => ({ name, speaksFor, backload: true }));
  return new Map(
    [...changed, ...told].map(({ name, speaksFor = CASE_SYSTEM.speaksFor, backload }) => [
      name,
      { ...CASE_SYSTEM, speaksFor, backload },
    ]),
  );
}

/** What resources are checked by, and what is wrong with the packages that it stands on. */
export interface LoadedValidator {
  readonly canonicals: Canonicals;
  readonly definitions: Definitions;
  readonly validator: Validator;
  readonly faults: readonly OperationOutcomeIssue[];
}

/** Base R4, what is in `profiles/`, and the packages of the data folder; nothing of them is read before it is needed. */
export function loadValidator({ dataDir }: Pick<Config, 'dataDir'>, root: string): LoadedValidator {
  const canonicals = knownCanonicals(root);
  const { faults } = addPackages(canonicals, dataDir);
  const definitions = loadBaseDefinitions(canonicals);
  const validator = createValidator({
    canonicals,
    definitions,
    // commands that only read leave no folder behind
    ...(existsSync(dataDir) && { makeSnapshot: cachedSnapshots(join(dataDir, 'snapshots'), canonicals) }),
  });
  return { canonicals, definitions, validator, faults };
}

/** @returns base R4 and what is in `profiles/` */
export function knownCanonicals(root: string): Canonicals {
  const canonicals = baseCanonicals();
  for (const file of globSync('profiles/{*,questionnaires/*}.json', { cwd: root }))
    canonicals.add(JSON.parse(readFileSync(join(root, file), 'utf8')) as StructureDefinition);
  return canonicals;
}

/** @returns the codes of the CodeSystems of ours, by their URL */
function codeSystemsIn(root: string): ReadonlyMap<string, readonly string[]> {
  const all = globSync('profiles/CodeSystem-*.json', { cwd: root }).map((file) => {
    return JSON.parse(readFileSync(join(root, file), 'utf8')) as CodeSystem;
  });
  const whole = all.filter(({ content }) => content === 'complete');
  return new Map(whole.map(({ url = '', concept = [] }) => [url, concept.map(({ code = '' }) => code)]));
}

/** Folder of the installed adapter: where package.json, mappings and profiles are. */
export const ROOT = join(import.meta.dirname, '../..');

/** Version of the installed adapter, as its package says. */
export const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string })
  .version;
