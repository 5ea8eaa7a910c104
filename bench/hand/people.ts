/** Turns facts about the person and those around them into extensions, flags and small resources. */
import type {
  Extension,
  Flag,
  Identifier,
  Observation,
  Organization,
  RelatedPerson,
} from '@medplum/fhirtypes';
import { concept, type Draft, toPerson } from './parts.ts';
import { codingOf, codings, conceptOf } from './tables.ts';

const ALERT_CATEGORY = codings('prsb/alert-kind-to-category');
const ALERT = codings('prsb/alert-kind-coding');
const RELATIONSHIP = codings('prsb/relationship-coding');
const ORGANIZATION_KIND = codings('prsb/organization-kind-coding');
const FLAG = 'https://hedgerow.example/fhir/CodeSystem/flag';

function codedExtension(url: string, system: string, code: string): Extension {
  return { url, valueCodeableConcept: { coding: [{ system, code }] } };
}

export function nhsNumber(number: string, status: string | undefined): Identifier {
  const identifier: Identifier = {
    system: 'https://fhir.nhs.uk/Id/nhs-number',
    value: number.replaceAll(/[ -]/g, ''),
  };
  if (status !== undefined) {
    const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
    const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland';
    identifier.extension = [codedExtension(url, system, status)];
  }
  return identifier;
}

/** What of a person is said by extensions. */
export interface PersonExtensions {
  readonly noNumber: string | undefined;
  readonly ethnicity: string | undefined;
  readonly method: string | undefined;
  readonly times: string | undefined;
  readonly interpreter: boolean | undefined;
}

export function personExtensions(facts: PersonExtensions): Extension[] {
  const list: Extension[] = [];
  if (facts.noNumber !== undefined) {
    const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberUnavailableReason';
    const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberUnavailableReason';
    list.push(codedExtension(url, system, facts.noNumber));
  }
  if (facts.ethnicity !== undefined) {
    const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory';
    const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland';
    list.push(codedExtension(url, system, facts.ethnicity));
  }
  if (facts.method !== undefined || facts.times !== undefined)
    list.push(contactPreference(facts.method, facts.times));
  if (facts.interpreter !== undefined)
    list.push({
      url: 'http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired',
      valueBoolean: facts.interpreter,
    });
  return list;
}

function contactPreference(method: string | undefined, times: string | undefined): Extension {
  const extension: Extension[] = [];
  const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredContactMethod';
  if (method !== undefined) extension.push(codedExtension('PreferredContactMethod', system, method));
  if (times !== undefined) extension.push({ url: 'PreferredContactTimes', valueString: times });
  return { url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactPreference', extension };
}

/** @param role with the person's key and a colon, what the flag's id ends in: `adjustment` */
export function adminFlag(
  personKey: string,
  role: string,
  code: string,
  display: string,
  text: string,
): Draft<Flag> {
  return {
    resourceType: 'Flag',
    id: `Flag:${role}:${personKey}`,
    status: 'active',
    category: [concept('http://terminology.hl7.org/CodeSystem/flag-category', 'admin', 'Administrative')],
    code: { coding: [{ system: FLAG, code, display }], text },
    subject: toPerson(personKey),
  };
}

export function alertOf(
  personKey: string,
  key: string,
  kind: string | undefined,
  text: string | undefined,
): Draft<Flag> {
  const flag: Draft<Flag> = {
    resourceType: 'Flag',
    id: `Flag:alert:${personKey}:${key}`,
    status: 'active',
    subject: toPerson(personKey),
  };
  const category = conceptOf(ALERT_CATEGORY, kind);
  if (category) flag.category = [category];
  const coding = codingOf(ALERT, kind);
  if (coding || text !== undefined) flag.code = {};
  if (coding) flag.code!.coding = [coding];
  if (text !== undefined) flag.code!.text = text;
  return flag;
}

export function accommodationOf(personKey: string, text: string): Draft<Observation> {
  return {
    resourceType: 'Observation',
    id: `Observation:accommodation:${personKey}`,
    status: 'final',
    category: [
      concept(
        'http://terminology.hl7.org/CodeSystem/observation-category',
        'social-history',
        'Social History',
      ),
    ],
    code: concept('https://hedgerow.example/fhir/CodeSystem/observation', 'accommodation', 'Accommodation'),
    subject: toPerson(personKey),
    valueCodeableConcept: { text },
  };
}

/** @param relation code of the logical model */
export function relatedPersonOf(
  key: string,
  personKey: string,
  relation: string | undefined,
  text: string | undefined,
): Draft<RelatedPerson> {
  const related: Draft<RelatedPerson> = {
    resourceType: 'RelatedPerson',
    id: `RelatedPerson:relative:${key}`,
    patient: toPerson(personKey),
  };
  const coding = codingOf(RELATIONSHIP, relation);
  if (coding || text !== undefined) {
    const relationship = coding ? { coding: [coding] } : {};
    related.relationship = [text === undefined ? relationship : { ...relationship, text }];
  }
  return related;
}

/** @param kind code of the logical model */
export function organizationOf(
  key: string,
  name: string | undefined,
  odsCode: string | undefined,
  kind: string | undefined,
): Draft<Organization> {
  const organization: Draft<Organization> = { resourceType: 'Organization', id: `Organization:org:${key}` };
  if (odsCode !== undefined)
    organization.identifier = [
      { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: odsCode.toUpperCase() },
    ];
  const type = conceptOf(ORGANIZATION_KIND, kind);
  if (type) organization.type = [type];
  if (name !== undefined) organization.name = name;
  return organization;
}
