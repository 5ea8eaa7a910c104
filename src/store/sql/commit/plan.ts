/** Turns a source record into what must be written of it, by reading only: merged content, digests, refusals. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Checked, hasErrors, outcomeOf, refuse } from '../../../fhir/outcome.ts';
import { SHARED_TYPES } from '../../merge-table.ts';
import { isRegister } from '../../registers.ts';
import { addSaying, askedLatest, mineOf, type SaidAfter, type SaidBefore } from '../../sayings.ts';
import type { CommitRecord, CommitRules, Identified } from '../../store.ts';
import { contentDigest, contentOf } from '../../versions.ts';
import type { ResourceRow } from '../resource-rows.ts';
import type { Step } from '../statement.ts';
import { judgeCourse, meantBy, type PlannedRecord } from './course.ts';
import { NO_RECORD, type Planned, type Planning, type ResourcePlan } from './planned.ts';
import { planBeside, planReceived, planWritten } from './reconciled.ts';
import type { CommitView, Said } from './view.ts';

/** @param recordId of the record's kept row, where it has one @returns a plan a resource, or why the record is refused */
export function* planRecord(
  planning: Planning,
  record: CommitRecord,
  recordId: number | undefined,
): Step<PlannedRecord> {
  const plans: ResourcePlan[] = [];
  for (const { resource, partial } of lastOfEach(record.resources)) {
    const meant = meantBy(planning, record, resource);
    const plan = yield* planOne(planning, record, recordId, meant, partial);
    if (!plan.ok) return plan;
    plans.push(plan.value);
  }
  return judgeCourse(planning, record, plans);
}

function* planOne(
  planning: Planning,
  record: CommitRecord,
  recordId: number | undefined,
  resource: Identified,
  partial: boolean,
): Step<Planned> {
  const { resourceType: type, id } = resource;
  const { received, client } = record;
  if (client) return yield* planWritten(planning, record, resource);
  if (received) return yield* planReceived(planning, { ...record, received }, resource);
  if (planning.view.received.has(`${type}/${id}`) && (!partial || SHARED_TYPES.has(type)))
    return yield* planBeside(planning, record, recordId, resource, partial);
  return SHARED_TYPES.has(type)
    ? yield* planShared(planning, record, recordId, resource, partial)
    : planOwn(planning.view, resource, partial);
}

/** A record names a resource once; should it do so twice, the later holds. */
function lastOfEach(resources: CommitRecord['resources']): Iterable<CommitRecord['resources'][number]> {
  return new Map(resources.map((one) => [`${one.resource.resourceType}/${one.resource.id}`, one])).values();
}

function planOwn(view: CommitView, resource: Identified, partial: boolean): Planned {
  const type = resource.resourceType;
  if (partial)
    return refuse({
      code: 'not-supported',
      rule: 'store-partial-unshared',
      diagnostics: `${type}/${resource.id} is marked as partial, but a ${type} belongs to one record; the map must give it in full`,
      expression: type,
    });
  const current = view.resources.get(`${type}/${resource.id}`);
  const digest = contentDigest(resource);
  const content = current?.digest === digest ? undefined : contentOf(resource);
  return {
    ok: true,
    value: { incoming: resource, current, content, digest, said: undefined, dropped: [], completes: false },
  };
}

function* planShared(
  planning: Planning,
  record: CommitRecord,
  recordId: number | undefined,
  incoming: Identified,
  partial: boolean,
): Step<Planned> {
  const { resourceType: type, id } = incoming;
  const current = planning.view.resources.get(`${type}/${id}`);
  const kept = planning.view.sayings.get(`${type}/${id}`) ?? [];
  const { source, kind, key, sourceTimeMs, ownerOrg, file = null, line = null } = record;
  const now = {
    ...{ source, kind, key, sourceTimeMs, ownerOrg, file, line },
    partial,
    resource: contentOf(incoming),
  };
  const say = function* (sayings: readonly Said[]): Step<SaidAfter> {
    const before = saidBefore(planning.view, incoming, current, sayings, recordId);
    const mine = mineOf(before, now);
    const asked = askedLatest(before, mine);
    const latest =
      asked === undefined ? undefined : yield* planning.latestOf(type, id, asked, recordId ?? NO_RECORD);
    return addSaying(before, mine, latest);
  };
  const valid = yield* validSaid(kept, partial, say, (said) => issuesOf(planning.rules, said, current));
  if (!valid.ok) return valid;
  const { said, dropped } = valid.value;
  const completes = said.outcome.kind !== 'incomplete' && kept.length > 0 && kept.every((one) => one.partial);
  const plan = { incoming, current, said, dropped, completes };
  if (!('resource' in said.outcome) || said.outcome.digest === current?.digest)
    return { ok: true, value: { ...plan, content: undefined, digest: '' } };
  const { resource, digest } = said.outcome;
  return { ok: true, value: { ...plan, content: resource, digest } };
}

/** What partial records said must not stop a record that gives the resource in full: where only without it all is well, it goes. */
function* validSaid(
  kept: readonly Said[],
  partial: boolean,
  say: (sayings: readonly Said[]) => Step<SaidAfter>,
  check: (said: SaidAfter) => readonly OperationOutcomeIssue[],
): Step<Checked<{ said: SaidAfter; dropped: readonly Said[] }>> {
  const said = yield* say(kept);
  const issues = check(said);
  if (!hasErrors(issues)) return { ok: true, value: { said, dropped: [] } };
  // what a register says is never dropped: a restriction could be in it
  const isDropped = (one: Said): boolean => one.partial && !isRegister(one.source);
  const dropped = kept.filter(isDropped);
  if (!partial && dropped.length > 0) {
    const without = yield* say(kept.filter((one) => !isDropped(one)));
    const isNew = without.outcome.kind !== 'same'; // else nothing would take what is dropped out of the resource
    if (isNew && !hasErrors(check(without))) return { ok: true, value: { said: without, dropped } };
  }
  return { ok: false, outcome: outcomeOf(...issues) };
}

/** Issues of what the resource becomes: a sole contribution was checked before, and so was what is current. */
function issuesOf(
  rules: Pick<CommitRules, 'check'>,
  { outcome }: SaidAfter,
  current: ResourceRow | undefined,
): readonly OperationOutcomeIssue[] {
  return outcome.kind === 'merged' && outcome.digest !== current?.digest ? rules.check(outcome.resource) : [];
}

function saidBefore(
  view: CommitView,
  { resourceType: type, id }: Identified,
  current: ResourceRow | undefined,
  sayings: readonly Said[],
  recordId: number | undefined,
): SaidBefore {
  const text = current?.content ?? undefined;
  return {
    sayings,
    current:
      current && text
        ? { digest: current.digest, resource: () => contentOf(JSON.parse(text) as Identified) }
        : undefined,
    own: recordId === undefined ? undefined : view.ownSaying(type, id, recordId),
  };
}
