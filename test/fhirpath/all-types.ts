/** Type tables of every R4 type, and the constraints of every StructureDefinition that is published with R4 or at hand. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StructureDefinition } from '@medplum/fhirtypes';
import { Definitions, readDefinitionBundle } from '../../src/fhir/definitions.ts';

export const CONFORMANCE = join(import.meta.dirname, '../../../shared/conformance');

/** One `ElementDefinition.constraint` that has an expression. */
export interface StatedInvariant {
  /** name of the StructureDefinition */
  readonly from: string;
  /** path of the element; a profile's root has the path of its type */
  readonly path: string;
  readonly key: string;
  readonly isError: boolean;
  readonly expression: string;
}

/** Every R4 type, also those that Hedgerow does not store. */
export function allTypes(): Definitions {
  const definitions = new Definitions();
  for (const definition of structureDefinitions('profiles-types.json', 'profiles-resources.json'))
    if (definition.derivation !== 'constraint') definitions.add(definition);
  return definitions;
}

export function structureDefinitions(...files: readonly string[]): readonly StructureDefinition[] {
  return files.flatMap((file) =>
    readDefinitionBundle(file).filter((resource) => resource.resourceType === 'StructureDefinition'),
  );
}

/** @returns none where the folder is not there */
export function ukCoreDefinitions(): readonly StructureDefinition[] {
  const folder = join(CONFORMANCE, 'uk-core/structuredefinitions');
  if (!existsSync(folder)) return [];
  return globSync('*.json', { cwd: folder }).map(
    (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as StructureDefinition,
  );
}

export function invariantsOf(definitions: readonly StructureDefinition[]): readonly StatedInvariant[] {
  return definitions.flatMap(({ name, snapshot, differential }) =>
    ((snapshot ?? differential)?.element ?? []).flatMap(({ path = '', constraint = [] }) =>
      constraint.flatMap(({ key = '', severity, expression }) =>
        expression === undefined
          ? []
          : [{ from: name, path, key, isError: severity === 'error', expression }],
      ),
    ),
  );
}
