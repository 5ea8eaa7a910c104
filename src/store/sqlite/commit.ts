/** Turns one source record into rows: versions, search rows, deliveries, Provenance, audit. First it is decided whole, then written whole, so that a refusal has nothing to take back. */
import type { DatabaseSync } from 'node:sqlite';
import type { Patient } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { patientOf } from '../people.ts';
import type { SaidAfter } from '../sayings.ts';
import type { SearchIndex } from '../search-index.ts';
import type {
  CommitRecord,
  CommitResult,
  CommitRules,
  Identified,
  RefusedRecord,
  WrittenVersion,
} from '../store.ts';
import { contentDigest, stampVersion } from '../versions.ts';
import {
  droppedItem,
  incompleteId,
  incompleteItem,
  olderItem,
  rejectedItem,
  safetyItems,
  warningItems,
} from '../work-items.ts';
import { appendAudit } from './audit-rows.ts';
import { deleteSaying, forgetSaying, upsertContribution, upsertSaying } from './contribution-rows.ts';
import { enqueue, releaseStuck } from './delivery.ts';
import { insertIndexRow, type Names, replaceIndexRows } from './index-rows.ts';
import { followNumber, personOf } from './join.ts';
import { selectHeldOfPerson } from './link-rows.ts';
import { planRecord, type ResourcePlan } from './plan.ts';
import {
  insertRecord,
  insertRecordPatient,
  type KeptRecord,
  selectKept,
  updateRecord,
} from './record-rows.ts';
import { insertResource, keepSuperseded, selectResource, updateResource } from './resource-rows.ts';
import {
  insertRefusedPayload,
  putWork,
  resolveRejected,
  resolveWorkItem,
  withdrawWarnings,
} from './work-rows.ts';

/** What every step of a commit needs. */
export interface CommitContext {
  readonly db: DatabaseSync;
  readonly names: Names;
  readonly index: SearchIndex;
  readonly rules: CommitRules;
  readonly nowMs: number;
}

/** Commits one record within the open transaction. */
export function commitRecord(context: CommitContext, given: CommitRecord): CommitResult {
  const { db, nowMs } = context;
  const kept = selectKept(db, given.source, given.kind, given.key);
  const record = kept ? inTime(given, kept) : given;
  const same = kept?.digest === record.digest;
  if (kept && same && (kept.map_digest === record.mapDigest || kept.erased)) {
    if (resolveRejected(db, record.source, record.kind, record.key, nowMs)) withdrawOld(db, record);
    return { state: 'unchanged' };
  }
  if (kept && !same && isOlder(record, kept)) {
    putWork(db, olderItem(record), nowMs);
    return { state: 'unchanged' };
  }
  const plan = planRecord(context, record, kept?.record_id);
  if (!plan.ok) {
    refuseRecord(db, { ...record, outcome: plan.outcome }, nowMs);
    return { state: 'refused', outcome: plan.outcome };
  }
  const done = writeRecord(context, record, plan.value, kept);
  return same && done.written.length === 0 ? { state: 'unchanged' } : { state: 'committed', ...done };
}

/** Only what the source itself says of time makes a version older: a time of reading says when it came here, not when it was so. */
function isOlder({ timeOf, sourceTimeMs }: CommitRecord, { own_time_ms: ownTimeMs }: KeptRecord): boolean {
  return timeOf === 'source' && ownTimeMs !== null && sourceTimeMs < ownTimeMs;
}

/** A record that names no time is as late as what it follows, should that have named a time that is yet to come. */
function inTime(record: CommitRecord, { source_time_ms: keptTimeMs }: KeptRecord): CommitRecord {
  const isBefore = record.timeOf === 'reading' && record.sourceTimeMs < keptTimeMs;
  return isBefore ? { ...record, sourceTimeMs: keptTimeMs } : record;
}

/** Keeps a refused record for amendment; the same one again makes no second item. */
export function refuseRecord(db: DatabaseSync, record: RefusedRecord, nowMs: number): void {
  const item = rejectedItem(record);
  putWork(db, item, nowMs);
  for (const safety of safetyItems(record)) putWork(db, safety, nowMs);
  insertRefusedPayload(db, item.id, record);
}

function writeRecord(
  context: CommitContext,
  record: CommitRecord,
  plans: readonly ResourcePlan[],
  kept: KeptRecord | undefined,
): { written: WrittenVersion[]; deliveries: number } {
  const { db, nowMs } = context;
  const recordId = kept?.record_id ?? insertRecord(db, record, nowMs);
  if (kept) updateRecord(db, recordId, record, nowMs);
  const patients = new Set(plans.flatMap(({ incoming }) => patientOf(incoming) ?? []));
  for (const plan of plans) followPatient(context, plan);
  const people = new Map([...patients].map((id) => [id, personOf(db, id)]));
  for (const id of patients) insertRecordPatient(db, recordId, id);

  const writer: Writer = { context, record, people, written: [], deliveries: 0 };
  for (const plan of plans) writePlanned(writer, plan, recordId);
  writeProvenance(writer);
  writeWork(context, record, kept !== undefined);
  releaseHeld(writer);
  writeAudit(writer);
  return { written: writer.written, deliveries: writer.deliveries };
}

/** Before anything is written, so that it is written under the right person. */
function followPatient(context: CommitContext, { content, current }: ResourcePlan): void {
  if (content?.resourceType !== 'Patient') return;
  const before = current?.content ? (JSON.parse(current.content) as Patient) : undefined;
  followNumber(context.db, context.names, content, before, context.nowMs);
}

/** What one record has written so far. */
interface Writer {
  readonly context: CommitContext;
  readonly record: CommitRecord;
  /** person by patient */
  readonly people: ReadonlyMap<string, string>;
  readonly written: WrittenVersion[];
  deliveries: number;
}

function writePlanned(writer: Writer, plan: ResourcePlan, recordId: number): void {
  const { db, nowMs } = writer.context;
  const { resourceType: type, id } = plan.incoming;
  for (const said of plan.dropped) {
    forgetSaying(db, type, id, said.saying);
    putWork(db, droppedItem(said, type, id), nowMs);
  }
  if (plan.said) writeSaid(writer, plan.incoming, plan.said, recordId);
  if (plan.said?.outcome.kind === 'incomplete') putWork(db, incompleteItem(writer.record, type, id), nowMs);
  if (plan.completes) resolveWorkItem(db, incompleteId(type, id), nowMs);
  if (plan.content) writeVersion(writer, plan, plan.content);
}

function writeSaid(writer: Writer, resource: Identified, said: SaidAfter, recordId: number): void {
  const { db } = writer.context;
  const { resourceType: type, id } = resource;
  const { sourceTimeMs, ownerOrg } = writer.record;
  upsertContribution(db, { type, id, recordId, saying: said.own, sourceTimeMs, ownerOrg });
  for (const saying of said.gone) deleteSaying(db, type, id, saying);
  for (const one of said.put)
    upsertSaying(db, type, id, {
      ...one,
      partial: one.partial ? 1 : 0,
      recordId: one.recordId ?? recordId,
      content: JSON.stringify(one.resource),
    });
}

function writeVersion(
  writer: Writer,
  plan: Pick<ResourcePlan, 'current' | 'digest'>,
  content: Identified,
): void {
  const { db, index, names, nowMs, rules } = writer.context;
  const { resourceType: type, id } = content;
  const { ownerOrg } = writer.record;
  const { current, digest } = plan;
  const version = (current?.version ?? 0) + 1;
  const stamped = stampVersion(content, version, nowMs);
  const personId = personIn(writer, content);
  const row = { type, id, version, nowMs, ownerOrg, personId, digest, content: JSON.stringify(stamped) };
  if (current) {
    keepSuperseded(db, current.rid);
    updateResource(db, current.rid, row);
    const before = current.content === null ? [] : index(JSON.parse(current.content) as Identified);
    replaceIndexRows(db, names, current.rid, before, index(stamped));
  } else {
    const rid = insertResource(db, row);
    for (const indexRow of index(stamped)) insertIndexRow(db, names, rid, indexRow);
  }
  writer.written.push({ type, id, version });
  const deliveryKey = personId ?? `${type}/${id}`;
  for (const target of rules.route(stamped)) {
    enqueue(db, { target, deliveryKey, ownerOrg, type, id, version, action: 'put' }, nowMs);
    writer.deliveries += 1;
  }
}

function personIn(writer: Writer, content: Identified): string | undefined {
  const patient = patientOf(content);
  if (patient !== undefined) return writer.people.get(patient) ?? personOf(writer.context.db, patient);
  return content.resourceType === 'Provenance' ? [...writer.people.values()][0] : undefined;
}

/** The Provenance is a resource like any other; where it names no patient it belongs to the record's. */
function writeProvenance(writer: Writer): void {
  const { db, nowMs, rules } = writer.context;
  if (writer.written.length === 0) return;
  const provenance = rules.provenance(writer.record, writer.written, nowMs);
  if (!provenance) return;
  const current = selectResource(db, provenance.resourceType, provenance.id);
  const digest = contentDigest(provenance);
  if (current?.digest !== digest) writeVersion(writer, { current, digest }, provenance);
}

function writeWork(context: CommitContext, record: CommitRecord, known: boolean): void {
  const { db, nowMs } = context;
  const { source, kind, key } = record;
  const wasRefused = resolveRejected(db, source, kind, key, nowMs);
  if (known || wasRefused) withdrawOld(db, record);
  for (const item of warningItems(record)) putWork(db, item, nowMs);
}

/** Takes back what an earlier version warned of and this one does not. */
function withdrawOld(db: DatabaseSync, record: CommitRecord): void {
  const ids = warningItems(record).map((item) => item.id);
  withdrawWarnings(db, record.source, record.kind, record.key, ids);
}

/** Deliveries held for want of consent or identity are looked at again when either may have changed. */
function releaseHeld(writer: Writer): void {
  const { db, nowMs } = writer.context;
  if (!writer.written.some(({ type }) => type === 'Patient' || type === 'Consent')) return;
  for (const personId of new Set(writer.people.values()))
    releaseStuck(db, selectHeldOfPerson(db, personId), nowMs, false);
}

/** Source keys may name people, so the record is named by a digest of its key. */
function writeAudit(writer: Writer): void {
  const { source, kind, key, ownerOrg } = writer.record;
  const record = uuidV5(PROJECT_NAMESPACE, JSON.stringify(['record', source, kind, key]));
  const written = writer.written.map((one) => `${one.type}/${one.id}/${one.version}`);
  const detail = JSON.stringify({ record, kind, written });
  appendAudit(writer.context.db, {
    atMs: writer.context.nowMs,
    ownerOrg,
    actor: source,
    action: 'commit',
    detail,
  });
}
