/** Turns a document of R4 into the STU3 message that GP Connect Send Document asks for: an ITK3 message around an ITK document. */
import type { Bundle, Composition, Organization, Patient, Reference, Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM, ODS_CODE_SYSTEM, SDS_USER_SYSTEM } from '../../fhir/identifiers.ts';
import { uuidV5 } from '../../fhir/ids.ts';
import type { Stu3Resource } from './stu3-shape.ts';

/** Names and codes of the specifications; those that could not be checked are configuration. */
export interface ItkNames {
  readonly event: { readonly system: string; readonly code: string; readonly display: string };
  readonly handlingExtension: string;
  readonly recipientTypeSystem: string;
  readonly recipientType: string;
  readonly messageDefinition: string;
  readonly localExtension: string;
  readonly messageBundleProfile: string;
  readonly documentBundleProfile: string;
  readonly headerProfile: string;
  readonly compositionProfile: string;
}

export interface SendDocumentInput {
  /** R4, as `documentBundle` makes it */
  readonly document: Bundle;
  /** the same for a document, whichever way it goes */
  readonly senderReference: string;
  /** which of several ways it goes, from 0, so that answers to copies are told apart; default 0 */
  readonly way?: number;
  /** who sends, as ODS knows them */
  readonly sender: { readonly odsCode: string; readonly name: string; readonly phone?: string | undefined };
  /** software and address that the message names as its source */
  readonly source: { readonly name: string; readonly endpoint: string };
  readonly names: ItkNames;
  readonly businessAcknowledgement: boolean;
}

/** @returns the message, and the id by which its receiver answers it */
export function sendDocumentMessage(input: SendDocumentInput): {
  readonly message: Stu3Resource;
  readonly headerId: string;
} {
  const { document, senderReference, sender, names, way = 0 } = input;
  const name = (part: string): string => uuidV5(senderReference, part);
  const ofCopy = (part: string): string => name(way === 0 ? part : `${part} ${way}`);
  const headerId = ofCopy('MessageHeader');
  const innerId = name('ITK-Document-Bundle');
  const senderId = name('sender');
  const header: Stu3Resource = {
    resourceType: 'MessageHeader',
    id: headerId,
    meta: { profile: [names.headerProfile] },
    extension: [handlingOf(input)],
    event: names.event,
    sender: { reference: `urn:uuid:${senderId}` },
    timestamp: document.timestamp,
    source: input.source,
    focus: [{ reference: `urn:uuid:${innerId}` }],
  };
  const organization: Stu3Resource = {
    resourceType: 'Organization',
    id: senderId,
    identifier: [{ system: ODS_CODE_SYSTEM, value: sender.odsCode }],
    name: sender.name,
    ...(sender.phone === undefined
      ? {}
      : { telecom: [{ system: 'phone', value: sender.phone, use: 'work' }] }),
  };
  const inner = { ...documentIn(input), id: innerId };
  const message: Stu3Resource = {
    resourceType: 'Bundle',
    id: ofCopy('ITK-Message-Bundle'),
    meta: { profile: [names.messageBundleProfile] },
    type: 'message',
    entry: [header, organization, inner].map(entryOf),
  };
  return { message, headerId };
}

/** @source NHS Digital, ITK3 Message Distribution 2.5.0 */
function handlingOf({ names, senderReference, businessAcknowledgement }: SendDocumentInput): unknown {
  const coding = { system: names.recipientTypeSystem, code: names.recipientType, display: 'For Action' };
  return {
    url: names.handlingExtension,
    extension: [
      { url: 'BusAckRequested', valueBoolean: businessAcknowledgement },
      { url: 'InfAckRequested', valueBoolean: true },
      { url: 'RecipientType', valueCoding: coding },
      { url: 'MessageDefinition', valueReference: { reference: names.messageDefinition } },
      { url: 'SenderReference', valueString: senderReference },
      { url: 'LocalExtension', valueString: names.localExtension },
    ],
  };
}

/** Only whom the document is about, who wrote it and keeps it, and its readable form: the coded entries are of R4. */
function documentIn({ document, names }: SendDocumentInput): Stu3Resource {
  const byUrn = new Map((document.entry ?? []).map(({ fullUrl, resource }) => [fullUrl, resource]));
  const composition = document.entry?.[0]?.resource as Composition;
  const pdf = document.entry?.[1]?.resource as Extract<Resource, { resourceType: 'Binary' }>;
  const kept = new Map<string, Resource>();
  const keep = (reference: { readonly reference?: string } | undefined): void => {
    const urn = reference?.reference;
    const found = byUrn.get(urn);
    if (urn === undefined || found === undefined || kept.has(urn)) return;
    kept.set(urn, found);
    if (found.resourceType === 'PractitionerRole') {
      keep(found.practitioner);
      keep(found.organization);
    }
    if (found.resourceType === 'Patient') for (const one of found.generalPractitioner ?? []) keep(one);
  };
  for (const one of [composition.subject, ...composition.author, composition.custodian]) keep(one);
  const parts = [...kept].map(([urn, resource]) => ({ fullUrl: urn, resource: stu3Of(resource, kept) }));
  return {
    resourceType: 'Bundle',
    meta: { profile: [names.documentBundleProfile] },
    identifier: document.identifier,
    type: 'document',
    entry: [
      entryOf(compositionIn(composition, pdf.id!, { names, kept })),
      entryOf({ resourceType: 'Binary', id: pdf.id, contentType: pdf.contentType, content: pdf.data }),
      ...parts,
    ],
  };
}

/** In STU3 an attester has several modes, and the readable form is the first entry of the first section. */
function compositionIn(
  composition: Composition,
  pdfId: string,
  { names, kept }: { readonly names: ItkNames; readonly kept: ReadonlyMap<string, Resource> },
): Stu3Resource {
  const known = (one: Reference | undefined): Reference | undefined => referenceIn(one, kept);
  const { id, identifier, status, type, subject, date, author, title, confidentiality } = composition;
  const { attester, custodian, relatesTo, section = [] } = composition;
  const [, ...told] = section;
  return {
    resourceType: 'Composition',
    id,
    meta: { profile: [names.compositionProfile] },
    identifier,
    status,
    type,
    ...(subject ? { subject: known(subject) } : {}),
    date,
    author: author.flatMap((one) => known(one) ?? []),
    title,
    confidentiality,
    ...(attester
      ? { attester: attester.map(({ mode, time, party }) => ({ mode: [mode], time, party: known(party) })) }
      : {}),
    ...(custodian ? { custodian: known(custodian) } : {}),
    ...(relatesTo ? { relatesTo } : {}),
    section: [
      { title: 'Document', entry: [{ reference: `urn:uuid:${pdfId}` }] },
      ...told.map(({ title, text }) => ({ title, text })),
    ],
  };
}

/** What is not carried along is named by its words alone; a Reference of STU3 says no type. */
function referenceIn(one: Reference | undefined, kept: ReadonlyMap<string, Resource>): Reference | undefined {
  const { reference, display } = one ?? {};
  const isKept = reference !== undefined && kept.has(reference);
  if (!isKept && display === undefined) return undefined;
  return { ...(isKept ? { reference } : {}), ...(display === undefined ? {} : { display }) };
}

function stu3Of(resource: Resource, kept: ReadonlyMap<string, Resource>): Stu3Resource {
  const known = (one: Reference | undefined): Reference | undefined => referenceIn(one, kept);
  switch (resource.resourceType) {
    case 'Patient':
      return patientOf(resource, known);
    case 'PractitionerRole':
      return trimmed({
        resourceType: 'PractitionerRole',
        id: resource.id,
        practitioner: known(resource.practitioner),
        organization: known(resource.organization),
        code: resource.code?.map(({ coding = [] }) => ({ coding: coding.map(plainCoding) })),
        telecom: resource.telecom?.map(plainContact),
      });
    case 'Practitioner':
      return trimmed({
        resourceType: 'Practitioner',
        id: resource.id,
        identifier: identifiersOf(resource.identifier, SDS_USER_SYSTEM),
        name: resource.name?.map(plainName),
        telecom: resource.telecom?.map(plainContact),
      });
    default:
      return organizationOf(resource as Organization);
  }
}

function organizationOf({ id, identifier, name, telecom }: Organization): Stu3Resource {
  return trimmed({
    resourceType: 'Organization',
    id,
    identifier: identifiersOf(identifier, ODS_CODE_SYSTEM),
    name,
    telecom: telecom?.map(plainContact),
  });
}

function patientOf(
  { id, identifier, name, gender, birthDate, deceasedDateTime, generalPractitioner }: Patient,
  known: (one: Reference) => Reference | undefined,
): Stu3Resource {
  return trimmed({
    resourceType: 'Patient',
    id,
    identifier: identifiersOf(identifier, NHS_NUMBER_SYSTEM),
    name: name?.map(plainName),
    gender,
    birthDate,
    deceasedDateTime,
    generalPractitioner: generalPractitioner?.flatMap((one) => known(one) ?? []),
  });
}

function identifiersOf(
  identifiers: Organization['identifier'],
  wanted: string,
): readonly { system: string; value: string }[] {
  return (identifiers ?? []).flatMap(({ system, value }) =>
    system === wanted && value !== undefined ? [{ system, value }] : [],
  );
}

function plainName({
  use,
  text,
  family,
  given,
  prefix,
  suffix,
}: NonNullable<Patient['name']>[number]): object {
  return { use, text, family, given, prefix, suffix };
}

function plainContact({ system, value, use }: NonNullable<Organization['telecom']>[number]): object {
  return { system, value, use };
}

function plainCoding({
  system,
  code,
  display,
}: {
  system?: string;
  code?: string;
  display?: string;
}): object {
  return { system, code, display };
}

/** Without members that say nothing, empty lists among them. */
function trimmed(resource: Stu3Resource): Stu3Resource {
  return Object.fromEntries(
    Object.entries(resource).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  ) as Stu3Resource;
}

function entryOf(resource: Stu3Resource): { fullUrl: string; resource: Stu3Resource } {
  return { fullUrl: `urn:uuid:${String(resource.id)}`, resource };
}
