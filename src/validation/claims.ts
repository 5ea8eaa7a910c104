/** Writes into resources which profiles they are made to: ours, and UK Core's where that package is here. */
import type { Resource } from '@medplum/fhirtypes';
import type { Canonicals } from '../fhir/canonicals.ts';

/** Canonicals by resource type. */
export type Claims = ReadonlyMap<string, readonly string[]>;

const OURS = 'https://hedgerow.example/fhir/StructureDefinition';
const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition';

/** @returns for each type the profiles on it that are known here */
export function claimsFor(types: readonly string[], canonicals: Canonicals): Claims {
  return new Map(
    types.map((type) => {
      const all = [`${OURS}/social-prescribing-${kebab(type)}`, `${UK_CORE}/UKCore-${type}`];
      return [type, all.filter((url) => canonicals.find('StructureDefinition', url) !== undefined)] as const;
    }),
  );
}

/** Adds the profiles of its type to a resource's `meta.profile`; those that it claims already stay. */
export function claimProfiles(resource: Resource, claims: Claims): void {
  const own = claims.get(resource.resourceType);
  if (own === undefined || own.length === 0) return;
  const before = resource.meta?.profile ?? [];
  resource.meta = {
    ...resource.meta,
    profile: before.length === 0 ? [...own] : [...new Set([...before, ...own])],
  };
}

/** `ServiceRequest` is `service-request`. */
function kebab(type: string): string {
  return type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
