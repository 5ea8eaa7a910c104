/** Keeps a patient who is committed joined to whoever has the same verified NHS number. */
import type { Patient } from '@medplum/fhirtypes';
import { verifiedNhsNumber } from '../../../fhir/verified-number.ts';
import { followNumber, linkDetail, UNLINKED, VERIFIED_NUMBER } from '../join.ts';
import type { Step } from '../statement.ts';
import type { Batch } from './batch.ts';
import type { ResourcePlan } from './planned.ts';

/**
 * Before anything of the patient is written, so that it is written under the right person. A patient who owns nothing yet
 * is joined by one row; whatever else has to move is moved in the tables.
 */
export function* followPatient(batch: Batch, { content, current }: ResourcePlan): Step<void> {
  if (content?.resourceType !== 'Patient') return;
  const { view } = batch;
  if (view.links.get(content.id)?.reason === UNLINKED) return;
  const before = current?.content ? (JSON.parse(current.content) as Patient) : undefined;
  const number = verifiedNhsNumber(content);
  const old = before && verifiedNhsNumber(before);
  const twin = number === undefined ? undefined : twinOf(batch, number, content.id);
  const from = view.personOf(content.id);
  const to = twin === undefined ? from : view.personOf(twin);
  const parts = old !== undefined && old !== number;
  if (parts || (from !== to && (from !== content.id || view.owners.has(from) || to === undefined)))
    yield* batch.directly(() => followNumber(batch.context.names, content, before, batch.context.nowMs));
  else if (from !== undefined && to !== undefined && from !== to) joinNew(batch, from, to);
  if (number !== undefined) batch.view.addHolder(number, content.id);
  if (twin !== undefined && batch.view.restricted.has(twin)) batch.view.restricted.add(content.id);
}

function twinOf({ view }: Batch, number: string, patientId: string): string | undefined {
  for (const id of view.holdersOf(number))
    if (id !== patientId && view.links.get(id)?.reason !== UNLINKED) return id;
  return undefined;
}

function joinNew({ view, pending, context }: Batch, patientId: string, personId: string): void {
  const { nowMs } = context;
  const link = { patient_id: patientId, person_id: personId, reason: VERIFIED_NUMBER };
  view.links.set(patientId, link);
  pending.links.set(patientId, [patientId, personId, VERIFIED_NUMBER, nowMs]);
  const detail = linkDetail({ patient: patientId, from: patientId, to: personId, reason: VERIFIED_NUMBER });
  pending.audit.push({ atMs: nowMs, ownerOrg: '', actor: 'store', action: 'link', detail });
}
