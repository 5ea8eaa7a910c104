/** Adds bulk exports to the capability statement: of the system, of patients, of Groups. */
import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';

const BULK_DATA = 'http://hl7.org/fhir/uv/bulkdata';

const OF_TYPE: Readonly<Record<string, string>> = {
  Patient: `${BULK_DATA}/OperationDefinition/patient-export`,
  Group: `${BULK_DATA}/OperationDefinition/group-export`,
};

/** @source Bulk Data Access 2.0, CapabilityStatement bulk-data */
export function saysExports(statement: CapabilityStatement): CapabilityStatement {
  return {
    ...statement,
    instantiates: [...(statement.instantiates ?? []), `${BULK_DATA}/CapabilityStatement/bulk-data`],
    rest: statement.rest?.map((rest) => ({
      ...rest,
      resource: (rest.resource ?? []).map(withExport),
      operation: [
        ...(rest.operation ?? []),
        { name: 'export', definition: `${BULK_DATA}/OperationDefinition/export` },
      ],
    })),
  };
}

function withExport(resource: CapabilityStatementRestResource): CapabilityStatementRestResource {
  const definition = OF_TYPE[resource.type ?? ''];
  if (definition === undefined) return resource;
  return { ...resource, operation: [...(resource.operation ?? []), { name: 'export', definition }] };
}
