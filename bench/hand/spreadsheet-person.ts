/** Turns what a row of the Referrals sheet says of the person into a Patient and the resources around it. */
import type { Address, ContactPoint, HumanName, Patient } from '@medplum/fhirtypes';
import { type Draft, type Entries, toOrganization } from './parts.ts';
import {
  accommodationOf,
  adminFlag,
  alertOf,
  nhsNumber,
  organizationOf,
  personExtensions,
} from './people.ts';
import type { ReferralRow } from './spreadsheet-rows.ts';
import { codeOf, codes } from './tables.ts';

const NUMBER_STATUS = codes('spreadsheet/nhs-number-status');
const NO_NUMBER = codes('spreadsheet/nhs-number-unavailable');
const GENDER = codes<NonNullable<Patient['gender']>>('spreadsheet/gender');
const ETHNICITY = codes('spreadsheet/ethnicity');
const LANGUAGE = codes('spreadsheet/language');
const CONTACT_BY = codes('spreadsheet/contact-by');
const ALERT = codes('spreadsheet/alert');

/** @returns key of the practice: its ODS code, else its name */
export function addPerson(row: ReferralRow, personKey: string, entries: Entries): string | undefined {
  const practiceName = row['GP practice'];
  const practiceCode = row['Practice code'];
  const practice = practiceCode?.toUpperCase() ?? practiceName;
  entries.push({ resource: patientOf(row, personKey, practice) });
  if (practice !== undefined)
    entries.push({ resource: organizationOf(practice, practiceName, practiceCode, 'gp-practice') });
  const needs = row['Access needs'];
  if (needs !== undefined && needs.length > 0)
    entries.push({
      resource: adminFlag(
        personKey,
        'adjustment',
        'reasonable-adjustment',
        'Reasonable adjustment',
        needs.join('; '),
      ),
    });
  const kind = row['Be aware'];
  const text = row['Be aware of'];
  if (kind !== undefined) entries.push({ resource: alertOf(personKey, kind, ALERT.get(kind), text) });
  else if (text !== undefined) entries.push({ resource: alertOf(personKey, 'in-words', 'other', text) });
  const home = row.Home;
  if (home !== undefined) entries.push({ resource: accommodationOf(personKey, home) });
  return practice;
}

function patientOf(row: ReferralRow, personKey: string, practice: string | undefined): Draft<Patient> {
  const number = row['NHS No'];
  const patient: Draft<Patient> = {
    resourceType: 'Patient',
    id: `Patient:person:${personKey}`,
    name: namesOf(row),
  };
  if (number !== undefined)
    patient.identifier = [nhsNumber(number, codeOf(NUMBER_STATUS, row['NHS No checked']))];
  const extension = personExtensions({
    noNumber: number === undefined ? codeOf(NO_NUMBER, row['No NHS No because']) : undefined,
    ethnicity: codeOf(ETHNICITY, row.Ethnicity),
    method: codeOf(CONTACT_BY, row['Contact by']),
    times: undefined,
    interpreter: interpreterOf(row.Interpreter),
  });
  if (extension.length > 0) patient.extension = extension;
  const telecom = telecomOf(row);
  if (telecom.length > 0) patient.telecom = telecom;
  const gender = codeOf(GENDER, row.Gender);
  if (gender !== undefined) patient.gender = gender;
  const born = row['Date of Birth'];
  if (born !== undefined) patient.birthDate = born;
  const status = row.Status;
  if (status === 'died' || status === 'deceased' || status === 'rip') patient.deceasedBoolean = true;
  const address = addressOf(row);
  if (address) patient.address = [address];
  const language = codeOf(LANGUAGE, row.Language);
  if (language !== undefined)
    patient.communication = [
      { language: { coding: [{ system: 'urn:ietf:bcp:47', code: language }] }, preferred: true },
    ];
  if (practice !== undefined) patient.generalPractitioner = [toOrganization(practice)];
  return patient;
}

function interpreterOf(word: string | undefined): boolean | undefined {
  if (word === 'yes' || word === 'y') return true;
  return word === 'no' || word === 'n' ? false : undefined;
}

function namesOf(row: ReferralRow): HumanName[] {
  const name: HumanName = { use: 'usual', family: row.Surname };
  const title = row.Title;
  if (title !== undefined) name.prefix = [title];
  const first = row['First name'];
  if (first !== undefined) name.given = [first];
  const known = row['Known as'];
  return known === undefined ? [name] : [name, { use: 'nickname', given: [known] }];
}

function telecomOf({ Phone, Email }: ReferralRow): ContactPoint[] {
  const telecom: ContactPoint[] = [];
  if (Phone !== undefined)
    telecom.push({ system: 'phone', value: Phone, use: Phone.startsWith('07') ? 'mobile' : 'home' });
  if (Email !== undefined) telecom.push({ system: 'email', value: Email });
  return telecom;
}

function addressOf({ Address: line, Town: town, Postcode: postcode }: ReferralRow): Address | undefined {
  if (line === undefined && town === undefined && postcode === undefined) return undefined;
  const address: Address = { use: 'home' };
  if (line !== undefined) address.line = [line.replaceAll(/,?\n/g, ', ')];
  if (town !== undefined) address.city = town;
  if (postcode !== undefined) address.postalCode = postcode.toUpperCase();
  return address;
}
