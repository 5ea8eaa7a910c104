/** Turns a referral that is withdrawn, or should never have been, into the small message that tells its service so. */

import type { BundleEntry, ServiceRequest } from '@medplum/fhirtypes';
import { ODS_CODE_SYSTEM } from '../../fhir/identifiers.ts';
import { type Checked, outcomeOf } from '../../fhir/outcome.ts';
import { BARS_PROFILES } from './codes.ts';
import { entriesOf, keyOf } from './entries.ts';
import { codeIn, partAt, type Referral, receiverOf, senderOf } from './parts.ts';
import { byNumber, NO_PATIENT } from './person-parts.ts';
import { categoryOf, type MessageContent, type MessageSettings } from './request-message.ts';
import { asInstant } from './times.ts';

/**
 * Makes what a cancellation says: who, which referral, and between whom. What the service holds it knows already.
 * @param status revoked: it was meant, and is withdrawn; entered-in-error: it was never meant
 * @param isBare the person may no longer be spoken of: they are named by their NHS number alone
 */
export function cancelContent(
  referral: Referral,
  status: 'revoked' | 'entered-in-error',
  settings: Pick<MessageSettings, 'service' | 'useCase'>,
  isBare = false,
): Checked<MessageContent> {
  const { request, parts } = referral;
  const patient = partAt(parts, request.subject, 'Patient');
  if (!patient) return { ok: false, outcome: outcomeOf(NO_PATIENT.issue) };
  const sender = senderOf(referral);
  if ('issue' in sender) return { ok: false, outcome: outcomeOf(sender.issue) };
  const receiver = receiverOf(parts, settings.service);
  const cancelled = [
    requestOf(request, status, settings, { sender: keyOf(sender.value), receiver: keyOf(receiver) }),
    isBare ? byNumber(patient) : patient,
    sender.value,
    receiver,
  ];
  const time = request.meta?.lastUpdated ?? asInstant(request.authoredOn) ?? '';
  const entries: BundleEntry[] = entriesOf(cancelled, time, { ServiceRequest: BARS_PROFILES.referral });
  const [focus, , senderUrl, receiverUrl] = entries.map(({ fullUrl }) => fullUrl!);
  return {
    ok: true,
    value: {
      entries,
      focus: focus!,
      sender: senderUrl!,
      receiver: receiverUrl!,
      organisation: { odsCode: codeIn(sender.value, ODS_CODE_SYSTEM)!, name: sender.value.name ?? '' },
    },
  };
}

function requestOf(
  request: ServiceRequest & { id: string },
  status: 'revoked' | 'entered-in-error',
  settings: Pick<MessageSettings, 'useCase'>,
  { sender, receiver }: { readonly sender: string; readonly receiver: string },
): ServiceRequest & { id: string } {
  const { id, meta, identifier, subject, authoredOn } = request;
  const authored = asInstant(authoredOn);
  return {
    resourceType: 'ServiceRequest',
    id,
    ...(meta ? { meta } : {}),
    ...(identifier ? { identifier } : {}),
    status,
    intent: 'plan',
    category: categoryOf(settings.useCase),
    subject,
    ...(authored === undefined ? {} : { authoredOn: authored }),
    requester: { reference: sender },
    performer: [{ reference: receiver }],
  };
}
