/** Turns a message into the headers that it is sent with: all of them stand in it, but for its ids and the software. */

import type {
  Bundle,
  MessageHeader,
  Organization,
  PractitionerRole,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { ODS_CODE_SYSTEM } from '../../fhir/identifiers.ts';
import { DOS_SERVICE_ID, MESSAGE_CATEGORIES, SDS_ROLE_PROFILE_ID, USE_CASES } from './codes.ts';
import type { BarsHeaders, HeaderPractitioner } from './headers.ts';
import { codeIn } from './parts.ts';

/** @param message one of ours: its header first */
export function headersIn(
  message: Bundle,
  ids: Pick<BarsHeaders, 'software' | 'requestId' | 'correlationId'>,
): BarsHeaders {
  const at = new Map((message.entry ?? []).map(({ fullUrl, resource }) => [fullUrl, resource]));
  const header = message.entry?.[0]?.resource as MessageHeader;
  const focus = at.get(header.focus?.[0]?.reference) as ServiceRequest;
  const sender = at.get(header.sender?.reference) as Organization;
  const odsCode = codeIn(sender, ODS_CODE_SYSTEM) ?? '';
  const practitioner = practitionerOf(
    [...at.values()].find((one): one is PractitionerRole => one?.resourceType === 'PractitionerRole'),
  );
  return {
    ...ids,
    target: {
      system: DOS_SERVICE_ID,
      value: header.destination?.[0]?.endpoint?.split('|')[1] ?? '',
    },
    organisation: { odsCode, name: sender.name ?? odsCode },
    ...(practitioner ? { practitioner } : {}),
    version: message.meta?.versionId ?? '',
    useContext: useContextOf(header, focus),
  };
}

/** @returns `useCase|category|event|reason` */
function useContextOf({ eventCoding, reason }: MessageHeader, { category }: ServiceRequest): string {
  const codings = category?.[0]?.coding ?? [];
  const codeOf = (system: string): string => codings.find((one) => one.system === system)?.code ?? '';
  const parts = [codeOf(USE_CASES), codeOf(MESSAGE_CATEGORIES), eventCoding?.code, reason?.coding?.[0]?.code];
  return parts.join('|');
}

/** The requester's role comes first of the roles. */
function practitionerOf(role: PractitionerRole | undefined): HeaderPractitioner | undefined {
  const sdsRoleProfileId = codeIn(role, SDS_ROLE_PROFILE_ID);
  if (sdsRoleProfileId === undefined) return undefined;
  const { system, code, display } = role?.code?.[0]?.coding?.[0] ?? {};
  const named = display === undefined ? {} : { display };
  return { sdsRoleProfileId, ...(system && code ? { role: { system, code, ...named } } : {}) };
}
