/** People with an address, restricted ones, and all that a store tells of them. */
import type { Patient } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import type { Identified, Store } from '../../../src/store/store.ts';
import { idOf, NHS_NUMBER, partial, recordOf, withNhsNumber } from '../samples.ts';

export const SECURITY = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' };
/** Each of them stands nowhere else. */
const WHEREABOUTS = ['17 Quarry Steps', 'ZZ99 4QQ', '01632 960111', 'robin@hidden.example', 'Y98765'];
export const [LINE, POSTCODE, PHONE, EMAIL, PRACTICE] = WHEREABOUTS as [
  string,
  string,
  string,
  string,
  string,
];

const whereabouts = {
  address: [{ use: 'home', line: [LINE], postalCode: POSTCODE }],
  telecom: [
    { system: 'phone', value: PHONE },
    { system: 'email', value: EMAIL },
  ],
  generalPractitioner: [
    { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: PRACTICE } },
  ],
} as const satisfies Partial<Patient>;

export function at(name: string, number = NHS_NUMBER): Identified {
  return { ...withNhsNumber(name, number), ...whereabouts } as Identified;
}

export function unverified(name: string): Identified {
  return { ...withNhsNumber(name, NHS_NUMBER, '02'), ...whereabouts } as Identified;
}

export function restricted(name: string): Identified {
  return { resourceType: 'Patient', id: idOf(name), meta: { security: [SECURITY] } };
}

export function relative(name: string, person: string): Identified {
  const { address, telecom } = whereabouts;
  const about = { patient: { reference: `Patient/${idOf(person)}` }, address, telecom };
  return { resourceType: 'RelatedPerson', id: idOf(name), ...about } as unknown as Identified;
}

export const pds = (name: string, said: Identified, more = {}): ReturnType<typeof recordOf> =>
  recordOf([partial(said)], { source: 'pds', kind: 'Patient', key: idOf(name), timeOf: 'reading', ...more });

/** All that the store tells of a person, by every way in which it tells something. */
export async function told(store: Store, name: string): Promise<string> {
  const personId = await store.personOf(idOf(name));
  const parts: unknown[] = [];
  for (const type of ['Patient', 'RelatedPerson', 'Encounter', 'Provenance'])
    for (const { id } of await store.readPerson(personId, type))
      parts.push(await store.history(type, id, 100));
  parts.push(await store.storedRecords({ by: 'patient', patientId: idOf(name) }, 100));
  for (const open of [true, false])
    for (const item of await store.worklist({ open, count: 100 }))
      parts.push(item, await store.refusedRecord(item.id));
  parts.push(await store.messages.about(`Patient/${idOf(name)}`));
  return JSON.stringify(parts);
}

export async function expectHidden(store: Store, name: string): Promise<void> {
  const text = await told(store, name);
  expect(WHEREABOUTS.filter((one) => text.includes(one))).toEqual([]);
  expect(await store.verifyAudit()).toBeUndefined();
}
