/** Turns a contact of the platform into a Bundle. */
import type { Bundle } from '@medplum/fhirtypes';
import { attemptOf, contactEntries } from './contact.ts';
import { collection } from './parts.ts';
import { addConsents, addWorker } from './platform-parts.ts';
import type { ContactRecord } from './platform-records.ts';
import { codeOf, codes } from './tables.ts';

const CHANNEL = codes('platform/contact-channel');
const ATTENDANCE = codes('platform/attendance');
const REASON = codes('platform/reason');

export function platformContact({ contact, worker, consents }: ContactRecord): Bundle {
  const { referralId, attempt } = contact;
  const entries = contactEntries({
    key: contact.id,
    personKey: contact.clientId,
    referralKey: referralId,
    onwardKey: contact.onwardId,
    start: contact.start ?? contact.day,
    end: contact.end,
    minutes: contact.minutes,
    mode: codeOf(CHANNEL, contact.channel),
    type: contact.kind,
    attendance: codeOf(ATTENDANCE, contact.outcome),
    missedReason: codeOf(REASON, contact.outcomeReason),
    missedReasonText: contact.outcomeReasonText,
    workerKey: worker?.id,
    sessionKey: contact.sessionId === undefined ? undefined : `platform/${contact.sessionId}`,
    place: contact.place,
    note: contact.remarks,
  });
  addWorker(worker, entries);
  addConsents(consents, contact.clientId, entries);
  if (attempt !== undefined && referralId !== undefined)
    entries.push({ resource: attemptOf(referralId, attempt) });
  return collection(entries);
}
