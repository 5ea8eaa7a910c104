/** Turns a configuration into the loaded parts that every command shares: definitions, sources, maps, validator. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeSystem, OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import type { Config } from '../config.ts';
import { type Definitions, loadBaseDefinitions } from '../fhir/definitions.ts';
import { type Checked, outcomeOf } from '../fhir/outcome.ts';
import { loadMapSet } from '../mapping/load.ts';
import type { MapSet } from '../mapping/map-set.ts';
import { type LoadedSource, loadSource } from '../source/load.ts';
import { createBaseValidator } from '../validation/base-validator.ts';
import type { Validator } from '../validation/validator.ts';

export interface LoadedParts {
  readonly definitions: Definitions;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  readonly maps: ReadonlyMap<string, MapSet>;
  readonly validator: Validator;
  /** source fields that no rule reads, and the like */
  readonly warnings: readonly OperationOutcomeIssue[];
}

/**
 * Loads everything that is data on disk and checks it.
 * @param root folder of the installed adapter
 * @returns the parts, or every fault found in any source's manifest, schema or map
 */
export function loadParts(config: Config, root: string): Checked<LoadedParts> {
  const definitions = loadBaseDefinitions();
  for (const file of globSync('profiles/logical/*.json', { cwd: root }))
    definitions.add(JSON.parse(readFileSync(join(root, file), 'utf8')) as StructureDefinition);
  const codeSystems = codeSystemsIn(root);
  const sources = new Map<string, LoadedSource>();
  const maps = new Map<string, MapSet>();
  const faults: OperationOutcomeIssue[] = [];
  const warnings: OperationOutcomeIssue[] = [];
  for (const { folder } of config.sources) {
    const source = loadSource(folder);
    if (!source.ok) {
      faults.push(...source.outcome.issue);
      continue;
    }
    const set = loadMapSet({
      sourceFolder: folder,
      modelFolder: join(root, 'mappings/prsb'),
      definitions,
      manifest: source.value.manifest,
      codeSystems,
    });
    if (!set.ok) {
      faults.push(...set.outcome.issue);
      continue;
    }
    sources.set(source.value.manifest.name, source.value);
    maps.set(set.value.source, set.value);
    warnings.push(...set.value.warnings);
  }
  if (faults.length > 0) return { ok: false, outcome: outcomeOf(...faults) };
  return {
    ok: true,
    value: {
      definitions,
      sources,
      maps,
      validator: createBaseValidator({ definitions: definitions.structureDefinitions() }),
      warnings,
    },
  };
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
