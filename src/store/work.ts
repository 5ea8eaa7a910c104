/** What needs a person. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { ResourceKey } from './resources.ts';

/**
 * `safety`: a warning that calls for a look at the person, not at the record.
 * `conflict`: two sides changed the same, and not alike; the payload is a `Conflict`.
 */
export type WorkKind = 'safety' | 'rejected' | 'conflict' | 'warning' | 'incomplete' | 'parked' | 'held';

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
  /** id of the rule of its first error, else of its first issue, where it names one */
  readonly rule: string | undefined;
  /** who is to see to it; undefined: anyone of the owner */
  readonly assignee: string | undefined;
}

/** Which items of the worklist; what is absent holds for all. */
export interface WorkFilter {
  readonly kind?: WorkKind;
  readonly rule?: string;
  readonly target?: string;
  readonly source?: string;
  readonly ownerOrg?: string;
  readonly assignee?: string;
  /** opened at this time or later, epoch ms */
  readonly fromMs?: number;
  /** opened before this time */
  readonly untilMs?: number;
  /** `Type/id` of the resource that it is about */
  readonly resource?: ResourceKey;
}

/** An item as it is opened. Its id follows from its cause, so that the same cause never makes two. */
export type NewWork = Omit<WorkItem, 'createdMs' | 'resolvedMs' | 'rule' | 'assignee'>;
