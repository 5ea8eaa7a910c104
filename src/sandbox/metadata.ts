/** Turns what the sandbox EHR can do into its CapabilityStatement. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { INDEXED_PARAMS, REFERENCE_PARAMS } from './index-values.ts';
import { SANDBOX_TYPES } from './records.ts';

const INTERACTIONS = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'create',
  'search-type',
] as const;

export function capabilityStatement(base: string, startedMs: number): CapabilityStatement {
  const searchParam = [
    { name: '_id', type: 'token' as const },
    { name: '_lastUpdated', type: 'date' as const },
    ...[...INDEXED_PARAMS].map((name) => ({
      name,
      type: REFERENCE_PARAMS.has(name) ? ('reference' as const) : ('token' as const),
    })),
  ];
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date(startedMs).toISOString(),
    kind: 'instance',
    software: { name: 'Hedgerow sandbox EHR' },
    implementation: {
      description: 'A FHIR server for demonstrations and tests; not for real records',
      url: base,
    },
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [
      {
        mode: 'server',
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
        resource: [...SANDBOX_TYPES].map((type) => ({
          type: type as never,
          interaction: INTERACTIONS.map((code) => ({ code })),
          versioning: 'versioned-update' as const,
          readHistory: true,
          updateCreate: true,
          conditionalCreate: true,
          conditionalUpdate: true,
          conditionalDelete: 'single' as const,
          searchParam,
        })),
      },
    ],
  };
}
