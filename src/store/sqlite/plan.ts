/** Turns a source record into what must be written of it, by reading only: merged content, digests, refusals. */

import type { DatabaseSync } from 'node:sqlite';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Checked } from '../../fhir/outcome.ts';
import { hasErrors, outcomeOf, refuse } from '../../fhir/outcome.ts';
import { SHARED_TYPES } from '../merge-table.ts';
import { addSaying, type SaidAfter, type SaidBefore, type Saying } from '../sayings.ts';
import type { CommitRecord, CommitRules, Identified } from '../store.ts';
import { contentDigest, contentOf } from '../versions.ts';
import { type SayingRow, selectLatestOf, selectOwnSaying, selectSayings } from './contribution-rows.ts';
import { type ResourceRow, selectResource } from './resource-rows.ts';

/** No row has this number. */
const NO_RECORD = 0;

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
  readonly dropped: readonly SayingRow[];
  /** was incomplete, and is whole now */
  readonly completes: boolean;
}

/** @param recordId of the record's kept row, where it has one @returns a plan a resource, or why the record is refused */
export function planRecord(
  context: { readonly db: DatabaseSync; readonly rules: CommitRules },
  record: CommitRecord,
  recordId: number | undefined,
): Checked<ResourcePlan[]> {
  const plans: ResourcePlan[] = [];
  for (const { resource, partial } of lastOfEach(record.resources)) {
    const plan = SHARED_TYPES.has(resource.resourceType)
      ? planShared(context, record, recordId, resource, partial)
      : planOwn(context.db, resource, partial);
    if (!plan.ok) return plan;
    plans.push(plan.value);
  }
  return { ok: true, value: plans };
}

/** A record names a resource once; should it do so twice, the later holds. */
function lastOfEach(resources: CommitRecord['resources']): Iterable<CommitRecord['resources'][number]> {
  return new Map(resources.map((one) => [`${one.resource.resourceType}/${one.resource.id}`, one])).values();
}

function planOwn(db: DatabaseSync, resource: Identified, partial: boolean): Checked<ResourcePlan> {
  const type = resource.resourceType;
  if (partial)
    return refuse({
      code: 'not-supported',
      rule: 'store-partial-unshared',
      diagnostics: `${type}/${resource.id} is marked as partial, but a ${type} belongs to one record; the map must give it in full`,
      expression: type,
    });
  const current = selectResource(db, type, resource.id);
  const digest = contentDigest(resource);
  const content = current?.digest === digest ? undefined : contentOf(resource);
  return {
    ok: true,
    value: { incoming: resource, current, content, digest, said: undefined, dropped: [], completes: false },
  };
}

function planShared(
  context: { readonly db: DatabaseSync; readonly rules: CommitRules },
  record: CommitRecord,
  recordId: number | undefined,
  incoming: Identified,
  partial: boolean,
): Checked<ResourcePlan> {
  const { resourceType: type, id } = incoming;
  const current = selectResource(context.db, type, id);
  const rows = selectSayings(context.db, type, id);
  const { source, kind, key, sourceTimeMs } = record;
  const now = { source, kind, key, sourceTimeMs, partial, resource: contentOf(incoming) };
  const say = (kept: readonly SayingRow[]): SaidAfter =>
    addSaying(saidBefore(context.db, incoming, current, kept.map(sayingOf), recordId), now);
  const valid = validSaid(rows, partial, say, (said) => issuesOf(context.rules, said, current));
  if (!valid.ok) return valid;
  const { said, dropped } = valid.value;
  const completes =
    said.outcome.kind !== 'incomplete' && rows.length > 0 && rows.every((row) => row.partial === 1);
  const plan = { incoming, current, said, dropped, completes };
  if (!('resource' in said.outcome) || said.outcome.digest === current?.digest)
    return { ok: true, value: { ...plan, content: undefined, digest: '' } };
  const { resource, digest } = said.outcome;
  return { ok: true, value: { ...plan, content: resource, digest } };
}

/** What partial records said must not stop a record that gives the resource in full: where only without it all is well, it goes. */
function validSaid(
  rows: readonly SayingRow[],
  partial: boolean,
  say: (kept: readonly SayingRow[]) => SaidAfter,
  check: (said: SaidAfter) => readonly OperationOutcomeIssue[],
): Checked<{ said: SaidAfter; dropped: readonly SayingRow[] }> {
  const said = say(rows);
  const issues = check(said);
  if (!hasErrors(issues)) return { ok: true, value: { said, dropped: [] } };
  const dropped = rows.filter((row) => row.partial === 1);
  if (!partial && dropped.length > 0) {
    const without = say(rows.filter((row) => row.partial === 0));
    const isNew = without.outcome.kind !== 'same'; // else nothing would take what is dropped out of the resource
    if (isNew && !hasErrors(check(without))) return { ok: true, value: { said: without, dropped } };
  }
  return { ok: false, outcome: outcomeOf(...issues) };
}

/** Issues of what the resource becomes: a sole contribution was checked before, and so was what is current. */
function issuesOf(
  rules: CommitRules,
  { outcome }: SaidAfter,
  current: ResourceRow | undefined,
): readonly OperationOutcomeIssue[] {
  return outcome.kind === 'merged' && outcome.digest !== current?.digest ? rules.check(outcome.resource) : [];
}

function saidBefore(
  db: DatabaseSync,
  { resourceType: type, id }: Identified,
  current: ResourceRow | undefined,
  sayings: readonly Saying[],
  recordId: number | undefined,
): SaidBefore {
  const text = current?.content ?? undefined;
  return {
    sayings,
    current:
      current && text
        ? { digest: current.digest, resource: () => contentOf(JSON.parse(text) as Identified) }
        : undefined,
    own: recordId === undefined ? undefined : selectOwnSaying(db, type, id, recordId),
    latestOfOthers: (saying) => selectLatestOf(db, type, id, saying, recordId ?? NO_RECORD),
  };
}

function sayingOf(row: SayingRow): Saying {
  const { content, partial, ...rest } = row;
  return { ...rest, partial: partial === 1, resource: JSON.parse(content) as Identified };
}
