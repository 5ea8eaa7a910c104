/** What planning a record reads, and what it says is to be written. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { patientOf } from '../../people.ts';
import type { Latest, SaidAfter } from '../../sayings.ts';
import type { CommitRules, Conflict, Identified, Received } from '../../store.ts';
import type { ResourceRow } from '../resource-rows.ts';
import type { Step } from '../statement.ts';
import type { CommitView, Said } from './view.ts';

/** What planning reads. */
export interface Planning {
  readonly view: CommitView;
  readonly rules: Pick<CommitRules, 'check' | 'course'>;
  /** what is said is laid over the resource whatever it does not go with: nothing conflicts */
  readonly isForced?: boolean;
  /** the latest record of a saying but for one; what the batch wrote so far is counted */
  latestOf(type: string, id: string, saying: number, exceptRecordId: number): Step<Latest | undefined>;
}

/** No row has this number. */
export const NO_RECORD = 0;

/** What is to be written of one resource. */
export interface ResourcePlan {
  readonly incoming: Identified;
  readonly current: ResourceRow | undefined;
  /** new content, with its digest; undefined when nothing changes or nothing can be written yet */
  readonly content: Identified | undefined;
  readonly digest: string;
  /** undefined for types that only one record speaks of */
  readonly said: SaidAfter | undefined;
  /** what partial records said, that must go: with it, what this record says in full would be invalid */
  readonly dropped: readonly Said[];
  /** was incomplete, and is whole now */
  readonly completes: boolean;
  /** content that it had between its current version and the new one */
  readonly between?: readonly Identified[];
  /** where it was changed at a target: whether that holds now what it may hold of it */
  readonly origin?: { readonly received: Received; readonly isInStep: boolean } | undefined;
}

/** What is to be written of one resource, or why the record is refused. */
export type Planned =
  | { readonly ok: true; readonly value: ResourcePlan }
  | { readonly ok: false; readonly outcome: OperationOutcome; readonly conflict?: Conflict };

/** @returns patients whom a record speaks of: a part of a resource need not say whose it is, the whole does */
export function patientsIn(plans: readonly ResourcePlan[]): ReadonlySet<string> {
  return new Set(plans.flatMap((plan) => patientOf(plan.incoming) ?? patientOfWhole(plan) ?? []));
}

/** @returns patients whom rows speak of */
export function patientsOf(rows: readonly (ResourceRow | undefined)[]): readonly string[] {
  return rows.flatMap((row) =>
    row?.content ? (patientOf(JSON.parse(row.content) as Identified) ?? []) : [],
  );
}

function patientOfWhole({ content, current }: ResourcePlan): string | undefined {
  if (content) return patientOf(content);
  const isOfPerson = current?.content && current.person_id !== null;
  return isOfPerson ? patientOf(JSON.parse(current.content!) as Identified) : undefined;
}
