/** Turns one source record into rows: versions, search rows, deliveries, Provenance, audit. First it is decided whole, then written whole, so that a refusal has nothing to take back. */
import { spelledJson } from '../../../fhir/spelling.ts';
import { patientOf } from '../../people.ts';
import type { SaidAfter } from '../../sayings.ts';
import type { CommitRecord, CommitResult, Identified, ResourceKey, WrittenVersion } from '../../store.ts';
import { contentDigest, stampVersion } from '../../versions.ts';
import { droppedItem, incompleteId, incompleteItem, olderItem } from '../../work-items.ts';
import { deleteSaying, forgetSaying } from '../contribution-rows.ts';
import { releaseStuck } from '../delivery.ts';
import { indexChange } from '../index-rows.ts';
import { personOf } from '../join.ts';
import { selectHeldOfPerson } from '../link-rows.ts';
import { type KeptRecord, recordRow } from '../record-rows.ts';
import type { ResourceRow } from '../resource-rows.ts';
import type { Step } from '../statement.ts';
import { resolveWorkItem } from '../work-rows.ts';
import { addresseesOf } from './addressees.ts';
import { auditOf } from './audit.ts';
import type { Batch } from './batch.ts';
import { deleteAsked, madeBy, refusedEarly, standsAfter } from './client.ts';
import { keepStanding } from './course.ts';
import { followPatient } from './follow.ts';
import { inTime, isOlder } from './in-time.ts';
import { markReceived, noteTask, refuseConflict, settleOrigin } from './origin.ts';
import { planRecord } from './plan.ts';
import { patientsIn, patientsOf, type ResourcePlan } from './planned.ts';
import { openWarnings, refuseRecord, settleRefused } from './refused.ts';
import {
  followRestrictions,
  keepRestriction,
  type Lifted,
  patientsHidden,
  planLifted,
  withheld,
  withoutHidden,
} from './restricted.ts';
import { recordKeyOf, type Said } from './view.ts';

/** Commits one record of a batch. */
export function* commitRecord(batch: Batch, given: CommitRecord): Step<CommitResult> {
  const early = yield* refusedEarly(batch, given);
  if (early) return early;
  const kept = batch.view.kept.get(recordKeyOf(given));
  const whole = kept ? inTime(given, kept) : given;
  const before = patientsHidden(batch.view, whole);
  const record = withheld(batch.view, whole);
  const same = kept?.digest === record.digest;
  if (kept && same && (kept.map_digest === record.mapDigest || kept.erased)) {
    yield* settleRefused(batch, record, false);
    return { state: 'unchanged' };
  }
  if (kept && !same && isOlder(record, kept)) {
    yield* batch.pending.openWork(olderItem(record));
    batch.view.openWork.add(recordKeyOf(record));
    return { state: 'unchanged' };
  }
  const plan = yield* planRecord(batch, record, kept?.record_id);
  const isHidden =
    !plan.ok &&
    (yield* keepRestriction(batch, record, kept?.record_id, (one, plans) =>
      writeRecord(batch, one, plans, kept),
    ));
  if (!plan.ok && plan.conflict) return yield* refuseConflict(batch, record, plan.conflict, isHidden);
  if (!plan.ok) {
    if (!record.decision && !record.client) yield* refuseRecord(batch, { ...record, outcome: plan.outcome });
    return { state: 'refused', outcome: plan.outcome };
  }
  const warned = { ...record, warnings: [...record.warnings, ...plan.course.warnings] };
  const plans = withoutHidden(batch, plan.value);
  const done = yield* writeRecord(batch, warned, plans, kept);
  yield* followRestrictions(batch, plans);
  const lifted = yield* planLifted(batch, { ...whole, warnings: warned.warnings }, before);
  const all = lifted ? yield* writeLifted(batch, lifted, done) : done;
  yield* keepStanding(batch, record, plan.course);
  if (record.client)
    return { state: 'committed', ...all, warnings: warned.warnings, stands: standsAfter(batch, given) };
  return same && all.written.length === 0 ? { state: 'unchanged' } : { state: 'committed', ...all };
}

interface Done {
  readonly written: readonly WrittenVersion[];
  readonly deliveries: number;
}

function* writeLifted(batch: Batch, { record, plan }: Lifted, done: Done): Step<Done> {
  if (plan.ok)
    return yield* writeRecord(batch, record, plan.value, batch.view.kept.get(recordKeyOf(record)), done);
  if (!record.client) yield* refuseRecord(batch, { ...record, outcome: plan.outcome });
  return done;
}

/** @param before what was written of it before in this commit */
function* writeRecord(
  batch: Batch,
  record: CommitRecord,
  plans: readonly ResourcePlan[],
  kept: KeptRecord | undefined,
  before: Done = { written: [], deliveries: 0 },
): Step<Done> {
  const recordId = kept?.record_id ?? batch.takeRecordId();
  keepRecord(batch, record, recordId, kept);
  for (const plan of plans) yield* followPatient(batch, plan);
  const people = new Set<string>();
  const gone = (record.client?.deletes ?? []).map((key) => batch.view.resources.get(key));
  for (const id of new Set([...patientsIn(plans), ...patientsOf(gone)])) {
    batch.pending.recordPatients.push([id, recordId]);
    people.add(batch.view.personOf(id) ?? (yield* personOf(id)));
  }
  const writer: Writer = {
    batch,
    record,
    recordId,
    people: [...people],
    ...before,
    written: [...before.written],
  };
  const deleted = yield* deleteAsked(batch, record);
  writer.written.push(...deleted.written);
  writer.deliveries += deleted.deliveries;
  for (const plan of plans) yield* writePlanned(writer, plan);
  yield* writeProvenance(writer);
  yield* settleRefused(batch, record, kept !== undefined);
  if (!record.client) yield* openWarnings(batch, record); // a client is told of them in its answer
  yield* releaseHeld(writer);
  batch.pending.audit.push(...auditOf(record, writer.written, batch.context.nowMs));
  return { written: writer.written, deliveries: writer.deliveries };
}

function keepRecord(
  { view, pending, context }: Batch,
  record: CommitRecord,
  recordId: number,
  kept: KeptRecord | undefined,
): void {
  const named = record.timeOf === 'source' ? record.sourceTimeMs : null;
  const ownTimeMs = named ?? kept?.own_time_ms ?? null;
  pending.records.set(recordKeyOf(record), recordRow(recordId, record, ownTimeMs, context.nowMs));
  view.kept.set(recordKeyOf(record), {
    record_id: recordId,
    digest: record.digest,
    map_digest: record.mapDigest,
    source_time_ms: record.sourceTimeMs,
    own_time_ms: ownTimeMs,
    erased: record.isWithheld ? 1 : 0,
  });
}

/** What one record has written so far. */
interface Writer {
  readonly batch: Batch;
  readonly record: CommitRecord;
  readonly recordId: number;
  /** persons it speaks of */
  readonly people: readonly string[];
  readonly written: WrittenVersion[];
  deliveries: number;
}

function* writePlanned(writer: Writer, plan: ResourcePlan): Step<void> {
  const { batch, record, recordId } = writer;
  const { resourceType: type, id } = plan.incoming;
  for (const said of plan.dropped) {
    yield* batch.pending.flush();
    yield* forgetSaying(type, id, said.saying);
    yield* batch.pending.openWork(droppedItem(said, type, id));
  }
  if (plan.said) yield* writeSaid(writer, plan.incoming, plan.said, plan.dropped);
  if (plan.said?.outcome.kind === 'incomplete')
    yield* batch.pending.openWork(incompleteItem(record, type, id));
  if (plan.completes) {
    yield* batch.pending.flush();
    yield* resolveWorkItem(incompleteId(type, id), batch.context.nowMs);
  }
  const { origin } = plan;
  for (const one of plan.between ?? []) yield* writeVersion(writer, contentDigest(one), one, EVERYWHERE);
  if (plan.content)
    yield* writeVersion(
      writer,
      plan.digest,
      plan.content,
      origin?.isInStep ? origin.received.target : undefined,
    );
  if (record.client) markReceived(batch, record, recordId, plan.incoming);
  if (origin) {
    markReceived(batch, record, recordId, plan.incoming);
    writer.deliveries += yield* settleOrigin(batch, record, plan.incoming, origin);
  }
}

function* writeSaid(
  writer: Writer,
  resource: Identified,
  said: SaidAfter,
  dropped: readonly Said[],
): Step<void> {
  const { batch, record, recordId } = writer;
  const { view, pending } = batch;
  const { resourceType: type, id } = resource;
  const key = `${type}/${id}`;
  const { sourceTimeMs, ownerOrg } = record;
  pending.contributions.set(`${key}/${recordId}`, [type, id, recordId, said.own, sourceTimeMs, ownerOrg]);
  view.setOwnSaying(type, id, recordId, said.own);
  if (said.put.length === 0 && said.gone.length === 0 && dropped.length === 0) return;
  const gone = new Set([...said.gone, ...dropped.map((one) => one.saying)]);
  const now = new Map((view.sayings.get(key) ?? []).map((one) => [one.saying, one]));
  for (const saying of gone) now.delete(saying);
  if (said.gone.length > 0) yield* pending.flush();
  for (const saying of said.gone) yield* deleteSaying(type, id, saying);
  for (const one of said.put) {
    const full = { ...one, recordId: one.recordId ?? recordId };
    now.set(one.saying, full);
    pending.putSaying(type, id, full);
  }
  view.sayings.set(
    key,
    [...now.values()].sort((a, b) => a.saying - b.saying),
  );
}

/** Stands for every target: what is past is not sent. */
const EVERYWHERE = Symbol('every target');

/** @param origin target that holds it already */
function* writeVersion(
  writer: Writer,
  digest: string,
  content: Identified,
  origin: string | typeof EVERYWHERE | undefined,
): Step<void> {
  const { batch, record } = writer;
  const { index, nowMs } = batch.context;
  const { resourceType: type, id } = content;
  const key: ResourceKey = `${type}/${id}`;
  const current = batch.view.resources.get(key);
  const version = (current?.version ?? 0) + 1;
  const stamped = stampVersion(content, version, nowMs);
  const personId = yield* personIn(writer, content);
  const row: ResourceRow = {
    rid: current?.rid ?? batch.takeRid(),
    type,
    id,
    version,
    last_updated_ms: nowMs,
    state: 'current',
    owner_org: (record.client && current?.owner_org) || record.ownerOrg, // to write over is not to take over
    person_id: personId ?? null,
    digest,
    made: madeBy(record, key, current),
    content: spelledJson(stamped),
  };
  const before = current?.content ? index(JSON.parse(current.content) as Identified) : [];
  yield* batch.pending.putResource(row, current, indexChange(before, index(stamped)));
  batch.view.resources.set(key, row);
  if (personId !== undefined) batch.view.owners.add(personId);
  writer.written.push({ type, id, version });
  batch.view.addTask(content);
  yield* noteTask(batch, record, content);
  if (origin === EVERYWHERE) return;
  const delivery = { deliveryKey: personId ?? key, ownerOrg: record.ownerOrg, type, id, version };
  for (const target of addresseesOf(batch, { row, content: stamped, record, origin })) {
    batch.pending.deliveries.push({ ...delivery, target, action: 'put' });
    writer.deliveries += 1;
  }
}

function* personIn({ batch, people }: Writer, content: Identified): Step<string | undefined> {
  const patient = patientOf(content);
  if (patient !== undefined) return batch.view.personOf(patient) ?? (yield* personOf(patient));
  return content.resourceType === 'Provenance' ? people[0] : undefined;
}

/** The Provenance is a resource like any other; where it names no patient it belongs to the record's. */
function* writeProvenance(writer: Writer): Step<void> {
  const { rules, view, context } = writer.batch;
  if (writer.written.length === 0) return;
  const provenance = rules.provenance(writer.record, writer.written, context.nowMs);
  if (!provenance) return;
  const digest = contentDigest(provenance);
  if (view.resources.get(`Provenance/${provenance.id}`)?.digest !== digest)
    yield* writeVersion(writer, digest, provenance, writer.record.received?.target);
}

/** Deliveries held for want of consent or identity are looked at again when either may have changed. */
function* releaseHeld({ batch, written, people }: Writer): Step<void> {
  if (!written.some(({ type }) => type === 'Patient' || type === 'Consent')) return;
  for (const personId of people) {
    if (!batch.view.held.delete(personId)) continue;
    yield* batch.pending.flush();
    yield* releaseStuck(yield* selectHeldOfPerson(personId), batch.context.nowMs, false);
  }
}
