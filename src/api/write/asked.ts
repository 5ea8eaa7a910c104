/** What a write is asked to be, by a request or by an entry of a Bundle, and what can come of it. */
import type { OperationOutcome, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { Definitions, StoredType } from '../../fhir/definitions.ts';
import { type Checked, type Fault, issueAt, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { SearchClause, Store, StoredVersion } from '../../store/store.ts';
import type { Access } from '../access.ts';
import type { Pairs } from '../address.ts';
import type { EntryPatch } from '../patch.ts';

/** What writes are done with. */
export interface WriteParts {
  readonly store: Pick<Store, 'seenBy'>;
  readonly pipeline: Pick<Pipeline, 'write'>;
  readonly definitions: Definitions;
  /** reads the criteria of a conditional write as a search of the type reads them */
  readonly conditions: (type: StoredType, criteria: Pairs, base: string) => Checked<readonly SearchClause[]>;
  readonly clock: () => number;
  /** so many resources may one conditional delete delete, all or none */
  readonly conditionalDeletes: number;
}

/** Who writes, and by which name they know this server. */
export interface Writer {
  readonly access: Access;
  /** URL of the FHIR base */
  readonly base: string;
}

export interface AskedWrite {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly type: StoredType;
  readonly id: string | undefined;
  /** of a conditional write */
  readonly criteria: Pairs | undefined;
  /** the header as it came */
  readonly ifMatch: string | undefined;
  /** only where there is nothing yet: `If-None-Match: *` of PUT */
  readonly isNew?: boolean;
  /** of POST and PUT */
  readonly body: Resource | undefined;
  /** of PATCH */
  readonly patch: EntryPatch | undefined;
  /** `Bundle.entry[3]`; empty for a request of its own */
  readonly place: string;
  /** by which other entries refer to it */
  readonly fullUrl: string | undefined;
}

/** What became of a write that was done, or did not have to be. */
export interface Written {
  readonly status: 200 | 201 | 204;
  /** how the resource stands; undefined where there is none */
  readonly version: StoredVersion | undefined;
  readonly interaction: 'create' | 'update' | 'patch' | 'delete';
  readonly warnings: readonly OperationOutcomeIssue[];
  /** what a conditional delete deleted beside `version` */
  readonly others?: readonly StoredVersion[];
}

/** A value, or the status and outcome that the client is answered with. */
export type Attempt<T> = { readonly ok: true; readonly value: T } | Refusal;
export interface Refusal {
  readonly ok: false;
  readonly status: number;
  readonly outcome: OperationOutcome;
}

/** @param place of the entry that is at fault; empty for a request of its own */
export function refuseWith(status: number, fault: Fault, place = ''): Refusal {
  return placed({ ok: false, status, outcome: outcomeOf(issueOf(fault)) }, place);
}

/** Says of which entry a refusal speaks. */
export function placed<T extends Refusal>(refusal: T, place: string): T {
  if (place === '') return refusal;
  return {
    ...refusal,
    outcome: { ...refusal.outcome, issue: refusal.outcome.issue.map((one) => issueAt(one, place)) },
  };
}
