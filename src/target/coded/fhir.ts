/** Turns a list of coded entries into a FHIR collection fit for a GP record: people, authors, and one resource an entry. */

import type {
  Bundle,
  BundleEntry,
  CodeableConcept,
  Condition,
  Identifier,
  Meta,
  Observation,
  Organization,
  Patient,
  Practitioner,
  PractitionerRole,
  Procedure,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM, ODS_CODE_SYSTEM, SNOMED_SYSTEM } from '../../fhir/identifiers.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { markedInError } from '../../fhir/in-error.ts';
import { VERIFICATION_SYSTEM, VERIFICATION_URL } from '../../fhir/verified-number.ts';
import type { CodedAuthor, CodedPerson } from '../../referral/coded/entry.ts';
import type { CodedBatch, CodedEntry } from '../../store/coded-entries.ts';

const OURS = 'https://hedgerow.example/fhir';
/** Identifier of an entry: what receipts name. */
export const ENTRY_SYSTEM = `${OURS}/Id/coded-entry`;
/** System of the tag that names the list. */
export const BATCH_SYSTEM = `${OURS}/Id/coded-batch`;
const ACTION_SYSTEM = `${OURS}/CodeSystem/coded-entry-action`;
const UKCORE = 'https://fhir.hl7.org.uk/StructureDefinition';
const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const UCUM = 'http://unitsofmeasure.org';

/** @returns a Bundle of type collection; the same batch gives the same bytes */
export function bundleOfBatch(batch: CodedBatch): Bundle {
  const shared = new Map<string, Resource>();
  const entries = batch.entries.map((entry) => resourceOf(entry, batch, shared));
  const all = [...shared.values(), ...entries];
  return {
    resourceType: 'Bundle',
    id: batch.id,
    meta: { profile: [`${UKCORE}/UKCore-Bundle`] },
    identifier: { system: BATCH_SYSTEM, value: batch.id },
    type: 'collection',
    timestamp: new Date(batch.listedMs).toISOString(),
    entry: all.map((resource): BundleEntry => ({ fullUrl: `urn:uuid:${resource.id}`, resource })),
  };
}

function resourceOf(entry: CodedEntry, batch: CodedBatch, shared: Map<string, Resource>): Resource {
  const { content, action } = entry;
  const subject = keep(shared, patientOf(content.person!));
  const author = content.author && authorIn(content.author, shared);
  const made = MADE[content.as](entry, { subject, author });
  const resource = {
    ...made,
    id: uuidV5(PROJECT_NAMESPACE, JSON.stringify(['coded-entry', entry.id, action])),
    meta: metaOf(entry, batch),
  } as Resource;
  // a removal names the entry as it was filed, and says that it should not have been
  return action === 'add' ? resource : markedInError(resource)!;
}

function metaOf({ content, action }: CodedEntry, batch: CodedBatch): Meta {
  return {
    profile: [`${UKCORE}/UKCore-${content.as}`],
    tag: [
      { system: BATCH_SYSTEM, code: batch.id },
      { system: ACTION_SYSTEM, code: action },
    ],
  };
}

interface Named {
  readonly subject: Reference;
  readonly author: Reference | undefined;
}

const MADE: Readonly<
  Record<'Procedure' | 'Observation' | 'Condition', (entry: CodedEntry, named: Named) => Resource>
> = {
  Procedure: (entry, { subject, author }): Procedure => ({
    resourceType: 'Procedure',
    identifier: identifierOf(entry),
    status: 'completed',
    code: conceptOf(entry),
    subject: subject as Procedure['subject'],
    performedDateTime: dateOf(entry),
    ...(author && { recorder: author as Procedure['recorder'], performer: [{ actor: author as never }] }),
  }),
  Observation: (entry, { subject, author }): Observation => ({
    resourceType: 'Observation',
    identifier: identifierOf(entry),
    status: 'final',
    code: conceptOf(entry),
    subject: subject as Observation['subject'],
    effectiveDateTime: dateOf(entry),
    ...(author && { performer: [author as never] }),
    ...quantityOf(entry),
  }),
  Condition: (entry, { subject, author }): Condition => ({
    resourceType: 'Condition',
    identifier: identifierOf(entry),
    clinicalStatus: { coding: [{ system: CLINICAL, code: 'active' }] },
    code: conceptOf(entry),
    subject: subject as Condition['subject'],
    onsetDateTime: dateOf(entry),
    recordedDate: dateOf(entry),
    ...(author && { recorder: author as never }),
  }),
};

function identifierOf({ id }: CodedEntry): Identifier[] {
  return [{ system: ENTRY_SYSTEM, value: id }];
}

function dateOf({ content }: CodedEntry): string {
  return content.date ?? content.day!;
}

function conceptOf({ content }: CodedEntry): CodeableConcept {
  const { code, display } = content.code;
  return { coding: [{ system: SNOMED_SYSTEM, code, ...(display === '' ? {} : { display }) }] };
}

function quantityOf({ content: { value } }: CodedEntry): Pick<Observation, 'valueQuantity'> {
  if (value === undefined) return {};
  const { number, unit, unitCode } = value;
  const coded = unitCode === undefined ? {} : { system: UCUM, code: unitCode };
  return { valueQuantity: { value: number, ...(unit === undefined ? {} : { unit }), ...coded } };
}

/** Each person and author once a list. */
function keep(shared: Map<string, Resource>, resource: Resource): Reference {
  const id = uuidV5(PROJECT_NAMESPACE, JSON.stringify(['coded-entry', resource]));
  shared.set(id, { ...resource, id } as Resource);
  return { reference: `urn:uuid:${id}` };
}

function patientOf({ nhsNumber, family, given, birthDate }: CodedPerson): Patient {
  const status = { coding: [{ system: VERIFICATION_SYSTEM, code: '01' }] };
  const name = {
    ...(family === '' ? {} : { family }),
    ...(given === '' ? {} : { given: given.split(' ') }),
  };
  return {
    resourceType: 'Patient',
    meta: { profile: [`${UKCORE}/UKCore-Patient`] },
    identifier: [
      {
        extension: [{ url: VERIFICATION_URL, valueCodeableConcept: status }],
        system: NHS_NUMBER_SYSTEM,
        value: nhsNumber,
      },
    ],
    ...(Object.keys(name).length === 0 ? {} : { name: [{ use: 'official', ...name }] }),
    ...(birthDate === '' ? {} : { birthDate }),
  };
}

function authorIn({ name, role, ods, organisation }: CodedAuthor, shared: Map<string, Resource>): Reference {
  const organization =
    ods === undefined && organisation === undefined
      ? undefined
      : keep(shared, organizationOf(ods, organisation));
  if (organization && (name === '' || name === organisation)) return organization;
  const practitioner: Practitioner = {
    resourceType: 'Practitioner',
    meta: { profile: [`${UKCORE}/UKCore-Practitioner`] },
    name: [{ text: name }],
  };
  const who = keep(shared, practitioner);
  if (!organization && role === undefined) return who;
  const ofRole: PractitionerRole = {
    resourceType: 'PractitionerRole',
    meta: { profile: [`${UKCORE}/UKCore-PractitionerRole`] },
    practitioner: who as PractitionerRole['practitioner'],
    ...(organization && { organization: organization as PractitionerRole['organization'] }),
    ...(role === undefined ? {} : { code: [{ text: role }] }),
  };
  return keep(shared, ofRole);
}

function organizationOf(ods: string | undefined, name: string | undefined): Organization {
  return {
    resourceType: 'Organization',
    meta: { profile: [`${UKCORE}/UKCore-Organization`] },
    ...(ods === undefined ? {} : { identifier: [{ system: ODS_CODE_SYSTEM, value: ods }] }),
    ...(name === undefined ? {} : { name }),
  };
}
