/** What needs a person. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { ResourceKey } from './resources.ts';

/** `safety`: a warning that calls for a look at the person, not at the record. */
export type WorkKind = 'safety' | 'rejected' | 'warning' | 'incomplete' | 'parked' | 'held';

/** Something that needs a person. */
export interface WorkItem {
  readonly id: string;
  readonly kind: WorkKind;
  readonly createdMs: number;
  readonly resolvedMs: number | undefined;
  readonly ownerOrg: string;
  readonly source: string | undefined;
  readonly recordKind: string | undefined;
  readonly recordKey: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** the resource, for deliveries */
  readonly resource: ResourceKey | undefined;
  readonly target: string | undefined;
  readonly outcome: OperationOutcome;
}
