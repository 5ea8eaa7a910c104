/** Asks how a planned record may go on from what is stored: whether at all, through which versions, and what it leaves at odds. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { hasErrors, outcomeOf } from '../../../fhir/outcome.ts';
import type { Change, CommitRecord, Identified, Judgement } from '../../store.ts';
import { contentOf } from '../../versions.ts';
import { standingItem, standingItemId } from '../../work-items.ts';
import type { ResourceRow } from '../resource-rows.ts';
import type { Step } from '../statement.ts';
import { resolveWorkItem } from '../work-rows.ts';
import type { Batch } from './batch.ts';
import type { Planned, Planning, ResourcePlan } from './planned.ts';

/** What becomes of a record beside its resources. */
export interface Course {
  readonly warnings: readonly OperationOutcomeIssue[];
  readonly standing: Judgement['standing'];
}

/** What is to be written of a record, or why it is refused. */
export type PlannedRecord =
  | Exclude<Planned, { ok: true }>
  | { readonly ok: true; readonly value: readonly ResourcePlan[]; readonly course: Course };

const FREE: Course = { warnings: [], standing: new Map() };

/** @returns a resource as its source means it; what was changed at a target, or by a client, is meant as it stands there */
export function meantBy(
  { rules, view }: Planning,
  { received, client }: CommitRecord,
  resource: Identified,
): Identified {
  const { resourceType: type, id } = resource;
  if (received || client || !rules.course?.types.has(type)) return resource;
  return rules.course.read(resource, contentIn(view.resources.get(`${type}/${id}`)));
}

/** @returns the plans, with the versions between; or the refusal of the record */
export function judgeCourse(
  { rules: { course }, view }: Planning,
  record: CommitRecord,
  plans: readonly ResourcePlan[],
): PlannedRecord {
  const looked = course ? plans.filter(({ incoming }) => course.types.has(incoming.resourceType)) : [];
  if (!course || looked.length === 0) return { ok: true, value: plans, course: FREE };
  const stored = {
    resource: (key: string) => contentIn(view.resources.get(key)),
    tasksOn: (key: string) =>
      [...view.tasksOn(key)].flatMap((one) => contentIn(view.resources.get(one)) ?? []),
  };
  const { issues, between, standing } = course.judge(looked.map(changeOf), stored, record);
  if (hasErrors(issues)) return { ok: false, outcome: outcomeOf(...record.warnings, ...issues) };
  const value = plans.map((plan): ResourcePlan => {
    const passed = between.get(`${plan.incoming.resourceType}/${plan.incoming.id}`);
    return passed && plan.content ? { ...plan, between: passed } : plan;
  });
  return { ok: true, value, course: { warnings: issues, standing } };
}

/** Opens what is at odds in the store, and settles what was. */
export function* keepStanding(batch: Batch, record: CommitRecord, { standing }: Course): Step<void> {
  for (const [key, issue] of standing) {
    if (issue) {
      yield* batch.pending.openWork(standingItem(record, key, issue));
      continue;
    }
    yield* batch.pending.flush();
    yield* resolveWorkItem(standingItemId(key), batch.context.nowMs);
  }
}

function changeOf({ incoming, current, content }: ResourcePlan): Change {
  const before = contentIn(current);
  return { incoming, before, after: content ?? before };
}

function contentIn(row: ResourceRow | undefined): Identified | undefined {
  return row?.content ? contentOf(JSON.parse(row.content) as Identified) : undefined;
}
