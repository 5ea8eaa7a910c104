/** Turns the client of a referral of the platform into a Patient and the resources around it. */
import type { Address, ContactPoint, HumanName, Identifier, Patient } from '@medplum/fhirtypes';
import { type Draft, type Entries, toOrganization } from './parts.ts';
import { accommodationOf, adminFlag, alertOf, nhsNumber, personExtensions } from './people.ts';
import { addOrganisation, telecomOf } from './platform-parts.ts';
import type { Client } from './platform-records.ts';
import { codeOf, codes } from './tables.ts';

const TRACE = codes('platform/trace');
const NO_NUMBER = codes('platform/no-number');
const GENDER = codes<NonNullable<Patient['gender']>>('platform/gender');
const METHOD = codes('platform/contact-method');
const ALERT_TYPE = codes('platform/alert-type');

export function addPerson(client: Client, entries: Entries): void {
  entries.push({ resource: patientOf(client) });
  addOrganisation(client.practice, entries);
  const { adjustments, accommodation, preferences } = client;
  if (adjustments && adjustments.length > 0) {
    const text = adjustments.join('; ');
    entries.push({
      resource: adminFlag(client.id, 'adjustment', 'reasonable-adjustment', 'Reasonable adjustment', text),
    });
  }
  const need = preferences?.communication;
  if (need !== undefined)
    entries.push({
      resource: adminFlag(client.id, 'communication', 'communication-need', 'Communication need', need),
    });
  for (const { id, type, detail } of client.alerts ?? [])
    entries.push({ resource: alertOf(client.id, id, ALERT_TYPE.get(type), detail) });
  if (accommodation !== undefined) entries.push({ resource: accommodationOf(client.id, accommodation) });
}

function patientOf(client: Client): Draft<Patient> {
  const { preferences } = client;
  const patient: Draft<Patient> = {
    resourceType: 'Patient',
    id: `Patient:person:${client.id}`,
    identifier: identifiersOf(client),
  };
  const extension = personExtensions({
    noNumber: codeOf(NO_NUMBER, client.noNhsNumberReason),
    ethnicity: client.ethnicity,
    method: codeOf(METHOD, preferences?.method),
    times: preferences?.times,
    interpreter: preferences?.interpreter,
  });
  if (extension.length > 0) patient.extension = extension;
  const name = namesOf(client);
  if (name.length > 0) patient.name = name;
  const telecom: ContactPoint[] = client.contact ? telecomOf(client.contact, 'home', undefined) : [];
  if (telecom.length > 0) patient.telecom = telecom;
  const gender = codeOf(GENDER, client.gender);
  if (gender !== undefined) patient.gender = gender;
  if (client.birthDate !== undefined) patient.birthDate = client.birthDate;
  if (client.deceasedOn !== undefined) patient.deceasedDateTime = client.deceasedOn;
  else if (client.deceased !== undefined) patient.deceasedBoolean = client.deceased;
  if (client.address) patient.address = [addressOf(client.address)];
  if (preferences?.language !== undefined)
    patient.communication = [
      { language: { coding: [{ system: 'urn:ietf:bcp:47', code: preferences.language }] }, preferred: true },
    ];
  if (client.practice) patient.generalPractitioner = [toOrganization(client.practice.id)];
  return patient;
}

function identifiersOf(client: Client): Identifier[] {
  const own: Identifier = { system: 'https://hedgerow.example/fhir/Id/platform/person', value: client.id };
  const identifiers =
    client.nhsNumber === undefined
      ? [own]
      : [nhsNumber(client.nhsNumber, codeOf(TRACE, client.nhsNumberTrace)), own];
  for (const { system, value } of client.otherIds ?? []) identifiers.push({ system, value });
  return identifiers;
}

function namesOf(client: Client): HumanName[] {
  const names: HumanName[] = [];
  const { firstName, middleNames, lastName, title, knownAs } = client;
  if (firstName !== undefined || lastName !== undefined) {
    const name: HumanName = { use: 'usual' };
    if (lastName !== undefined) name.family = lastName;
    if (firstName !== undefined)
      name.given = middleNames === undefined ? [firstName] : [firstName, middleNames];
    else if (middleNames !== undefined) name.given = [middleNames];
    if (title !== undefined) name.prefix = [title];
    names.push(name);
  }
  if (knownAs !== undefined) names.push({ use: 'nickname', given: [knownAs] });
  return names;
}

function addressOf({ lines, town, county, postcode }: NonNullable<Client['address']>): Address {
  const address: Address = { use: 'home' };
  if (lines && lines.length > 0) address.line = [...lines];
  if (town !== undefined) address.city = town;
  if (county !== undefined) address.district = county;
  if (postcode !== undefined) address.postalCode = postcode.toUpperCase();
  return address;
}
