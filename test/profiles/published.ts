/** Reads what Hedgerow publishes: every definition in profiles/ and measures/, and the ConceptMaps between the logical models and FHIR. */
import { globSync, readFileSync } from 'node:fs';
import type { Resource, ResourceType, StructureDefinition } from '@medplum/fhirtypes';

export const BASE = 'https://hedgerow.example/fhir';

/** A definition with the members that all of them have. */
export type Published = Resource & {
  readonly id: string;
  readonly url: string;
  readonly version: string;
  readonly name: string;
  readonly title: string;
  readonly status: string;
};

export const files: ReadonlyMap<string, Published> = new Map(
  ['profiles/**/*.json', 'measures/*.json', 'mappings/prsb/*.conceptmap.json']
    .flatMap((pattern) => globSync(pattern).sort())
    .map((file) => [file, JSON.parse(readFileSync(file, 'utf8')) as Published]),
);
export const published: readonly Published[] = [...files.values()];

/** @returns the definitions of a type, in the order of their files */
export function publishedOf<Type extends ResourceType>(
  type: Type,
): (Published & Extract<Resource, { resourceType: Type }>)[] {
  return published.filter(
    (one): one is Published & Extract<Resource, { resourceType: Type }> => one.resourceType === type,
  );
}

/** The profiles of resources: neither extensions nor logical models. */
export const profiles: readonly StructureDefinition[] = publishedOf('StructureDefinition').filter(
  ({ kind }) => kind === 'resource',
);
