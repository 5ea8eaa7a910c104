/** Adds what is served of writes to the capability statement. */
import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';
import { PATCH_MEDIA_TYPES } from '../patch.ts';
import { isStored } from '../search/served.ts';

const WRITES = ['create', 'update', 'patch', 'delete'] as const;
const OF_SYSTEM = ['batch', 'transaction'] as const;

/**
 * @param conditionalDeletes so many resources may one conditional delete delete
 * @returns the statement, with the writes of every stored type
 */
export function withWrites(statement: CapabilityStatement, conditionalDeletes = 1): CapabilityStatement {
  return {
    ...statement,
    patchFormat: [...PATCH_MEDIA_TYPES],
    rest: (statement.rest ?? []).map((rest) => ({
      ...rest,
      resource: (rest.resource ?? []).map((one) =>
        isStored(one.type) ? written(one, conditionalDeletes) : one,
      ),
      interaction: [...(rest.interaction ?? []), ...OF_SYSTEM.map((code) => ({ code }))],
    })),
  };
}

function written(
  resource: CapabilityStatementRestResource,
  conditionalDeletes: number,
): CapabilityStatementRestResource {
  return {
    ...resource,
    interaction: [...(resource.interaction ?? []), ...WRITES.map((code) => ({ code }))],
    versioning: 'versioned-update',
    updateCreate: true,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalDelete: conditionalDeletes > 1 ? 'multiple' : 'single',
    referencePolicy: ['literal', 'logical', 'enforced', 'local'],
  };
}
