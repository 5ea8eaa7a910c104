/** Turns the expected results of the maps' examples into resources for the benchmarks of the validator. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { ROOT } from '../src/cli/load.ts';
import { STORED_TYPES } from '../src/fhir/definitions.ts';

/** Our profile of a referral: the one that is measured. */
export const REFERRAL_PROFILE =
  'https://hedgerow.example/fhir/StructureDefinition/social-prescribing-service-request';

/** Length of the JSON text of a referral that counts as 1 kB, its claim included. */
const KILOBYTE = [850, 1350] as const;

/** @returns every resource of a stored type that the examples and `profiles/` hold, in the order of their files */
export function storedResources(): readonly Resource[] {
  const bundles = read<Bundle>('mappings/*/examples/*/*/expected.fhir.json');
  const mapped = bundles.flatMap(({ entry = [] }) =>
    entry.flatMap(({ resource }) => (resource ? [resource] : [])),
  );
  const types: readonly string[] = STORED_TYPES;
  return [...mapped, ...read<Resource>('profiles/questionnaires/*.json')].filter(({ resourceType }) =>
    types.includes(resourceType),
  );
}

/**
 * Turns resources into JSON texts of referrals of about 1 kB that claim our profile.
 * @param isGood what is left out says false
 */
export function claimingReferrals(
  resources: readonly Resource[],
  isGood: (resource: Resource) => boolean,
): string[] {
  const texts = resources
    .filter(({ resourceType }) => resourceType === 'ServiceRequest')
    .map((one) => ({ ...one, meta: { ...one.meta, profile: [REFERRAL_PROFILE] } }))
    .filter(isGood)
    .map((one) => JSON.stringify(one));
  return [...new Set(texts)].filter((text) => text.length >= KILOBYTE[0] && text.length <= KILOBYTE[1]);
}

/** @returns the resource as its type alone is asked of it */
export function unclaimed({ meta, ...rest }: Resource): Resource {
  const { profile: _profile, ...others } = meta ?? {};
  return (Object.keys(others).length === 0 ? rest : { ...rest, meta: others }) as Resource;
}

/** @returns fresh objects, as JSON.parse gives them */
export function parsed(texts: readonly string[]): Resource[] {
  return texts.map((text) => JSON.parse(text) as Resource);
}

function read<T>(pattern: string): T[] {
  return globSync(pattern, { cwd: ROOT })
    .sort()
    .map((file) => JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as T);
}
