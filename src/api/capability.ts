/** Turns what is served into the CapabilityStatement that says so. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import type { ServedSearch } from './served-search.ts';

/** @returns the statement at `/metadata`, made from the same table that the routes serve from */
export function capabilityStatement(
  served: ServedSearch,
  { url, version, startedMs }: { url: string; version: string; startedMs: number },
): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date(startedMs).toISOString(),
    kind: 'instance',
    software: { name: 'Hedgerow', version },
    implementation: {
      description: 'FHIR R4 adapter for social prescribing; read side. Records come in through /intake.',
      url,
    },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        resource: [...served].map(([type, parameters]) => ({
          type: type as 'Patient',
          versioning: 'versioned',
          readHistory: true,
          updateCreate: false,
          interaction: (['read', 'vread', 'history-instance', 'search-type'] as const).map((code) => ({
            code,
          })),
          searchInclude: [...parameters.values()]
            .filter((one) => one.type === 'reference')
            .map((one) => `${type}:${one.code}`),
          searchParam: [
            { name: '_id', type: 'token' },
            { name: '_lastUpdated', type: 'date' },
            ...[...parameters.values()].map((one) => ({
              name: one.code,
              type: one.type,
              definition: one.url,
            })),
          ],
        })),
      },
    ],
  };
}
