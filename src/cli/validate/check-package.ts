/** Turns an installed package into what cannot be used of it: definitions without a snapshot, invariants that cannot be compiled. */
import { join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadBaseDefinitions } from '../../fhir/definitions.ts';
import { addPackages } from '../../fhir/packages.ts';
import { cachedSnapshots } from '../../validation/snapshot/cache.ts';
import { createValidator } from '../../validation/validator.ts';
import { knownCanonicals, ROOT } from '../load.ts';

/**
 * Compiles every StructureDefinition of a package, as a resource that claims it would.
 * @param id `name#version` of an installed package
 * @returns what is wrong with each; their snapshots are kept in the data folder for the next start
 */
export function packageFaults(id: string, dataDir: string): readonly OperationOutcomeIssue[] {
  const canonicals = knownCanonicals(ROOT);
  const { packages } = addPackages(canonicals, dataDir);
  const entries = packages.find((one) => one.id === id)?.entries ?? [];
  const validator = createValidator({
    canonicals,
    definitions: loadBaseDefinitions(canonicals),
    makeSnapshot: cachedSnapshots(join(dataDir, 'snapshots'), canonicals),
  });
  return entries.flatMap(({ resourceType, url, version }) => {
    if (resourceType !== 'StructureDefinition' || url === undefined) return [];
    const prepared = validator.prepare(version === undefined ? url : `${url}|${version}`);
    return prepared.ok ? [] : prepared.outcome.issue;
  });
}
