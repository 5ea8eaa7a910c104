/** What $viewdefinition-run takes and gives here, as an OperationDefinition: all of the published one but other sources. */
import type { OperationDefinition, OperationDefinitionParameter } from '@medplum/fhirtypes';

function taken(
  name: string,
  max: string,
  type: OperationDefinitionParameter['type'],
  documentation: string,
): OperationDefinitionParameter {
  return { name, use: 'in', min: 0, max, documentation, ...(type === undefined ? {} : { type }) };
}

const ID = 'hedgerow-viewdefinition-run';

/** ViewDefinition is no resource of R4, so that the definition speaks of the server; the addresses of the type are served as well. */
export const RUN_DEFINITION: OperationDefinition & { readonly id: string } = {
  resourceType: 'OperationDefinition',
  id: ID,
  url: `https://hedgerow.example/fhir/OperationDefinition/${ID}`,
  base: 'http://hl7.org/fhir/uv/sql-on-fhir/OperationDefinition/ViewDefinitionRun',
  name: 'HedgerowViewdefinitionRun',
  title: 'Run a view',
  status: 'active',
  kind: 'operation',
  affectsState: false,
  description:
    'Gives the rows of a ViewDefinition over what the client may see, or over resources that are sent along. Also at ViewDefinition/$viewdefinition-run and, for the views of this adapter, at ViewDefinition/{id}/$viewdefinition-run.',
  code: 'viewdefinition-run',
  system: true,
  type: false,
  instance: false,
  parameter: [
    taken('_format', '1', 'code', 'csv, json, ndjson (default), parquet or fhir'),
    taken('header', '1', 'boolean', 'Whether CSV begins with the names of the columns; default true'),
    taken('viewCanonical', '1', 'canonical', 'Canonical address of a view of this adapter'),
    taken('viewReference', '1', 'Reference', 'A view of this adapter: ViewDefinition/{id}'),
    taken('viewResource', '1', 'Resource', 'The view itself'),
    taken('patient', '*', 'Reference', 'Only what belongs to these patients'),
    taken('group', '*', 'Reference', 'Only what belongs to the members of these groups'),
    taken('resource', '*', 'Resource', 'Resources, or Bundles of them, in place of what is stored'),
    taken('_limit', '1', 'integer', 'Rows at most'),
    taken('_since', '1', 'instant', 'Only what was changed after this'),
    {
      ...{ name: 'return', use: 'out', min: 1, max: '1', type: 'Binary' },
      documentation: 'The rows, as they are; within a Binary where FHIR alone is accepted',
    },
  ],
};
