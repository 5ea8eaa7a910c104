/** What every engine must do once a person is restricted: nothing that leads to them stays, and nothing comes in again. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type { Identified, Store } from '../../../src/store/store.ts';
import {
  commit,
  contact,
  idOf,
  NHS_NUMBER,
  NOW_MS,
  organization,
  partial,
  patient,
  recordOf,
  refusedOf,
  withNhsNumber,
} from '../samples.ts';

const SECURITY = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' };
/** Each of them stands nowhere else. */
const WHEREABOUTS = ['17 Quarry Steps', 'ZZ99 4QQ', '01632 960111', 'robin@hidden.example', 'Y98765'];
const [LINE, POSTCODE, PHONE, EMAIL, PRACTICE] = WHEREABOUTS as [string, string, string, string, string];

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

function at(name: string, number = NHS_NUMBER): Identified {
  return { ...withNhsNumber(name, number), ...whereabouts } as Identified;
}

function restricted(name: string): Identified {
  return { resourceType: 'Patient', id: idOf(name), meta: { security: [SECURITY] } };
}

function relative(name: string, person: string): Identified {
  const { address, telecom } = whereabouts;
  const about = { patient: { reference: `Patient/${idOf(person)}` }, address, telecom };
  return { resourceType: 'RelatedPerson', id: idOf(name), ...about } as unknown as Identified;
}

const pds = (name: string, said: Identified, more = {}): ReturnType<typeof recordOf> =>
  recordOf([partial(said)], { source: 'pds', kind: 'Patient', key: idOf(name), timeOf: 'reading', ...more });

/** All that the store tells of a person, by every way in which it tells something. */
async function told(store: Store, name: string): Promise<string> {
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

async function expectHidden(store: Store, name: string): Promise<void> {
  const text = await told(store, name);
  expect(WHEREABOUTS.filter((one) => text.includes(one))).toEqual([]);
  expect(await store.verifyAudit()).toBeUndefined();
}

export function restrictedContract(open: () => Promise<Store>): void {
  test('takes out of versions, sayings, payloads, refusals and messages what would lead to a person, once they are restricted', async () => {
    const store = await open();
    const payload = { street: LINE, gp: PRACTICE };
    await commit(store, recordOf([at('a'), relative('r', 'a')], { key: '1', payload }));
    await commit(
      store,
      recordOf([at('a'), contact('e', 'a')], {
        key: '2',
        source: 'platform',
        payload: { ...payload, more: PHONE },
      }),
    );
    await commit(store, refusedOf({ key: '3', payload: { number: '999 000 0018', street: LINE } }));
    const message = {
      channel: 'bars',
      direction: 'out',
      id: 'm',
      conversation: 'c',
      ownerOrg: 'X26',
      state: 'sent',
    } as const;
    await store.messages.keep(
      { ...message, personId: idOf('a'), about: `Patient/${idOf('a')}`, body: JSON.stringify(at('a')) },
      NOW_MS,
    );
    expect(await told(store, 'a')).toContain(LINE);
    const [result] = await commit(store, pds('a', restricted('a')));
    expect(result).toMatchObject({ state: 'committed' });
    await expectHidden(store, 'a');
    expect((await store.read('Patient', idOf('a')))?.resource).toMatchObject({
      name: [{ family: 'Example' }],
      meta: { security: [{ code: 'R' }] },
    });
  });

  test('lets nothing in again that would lead to a restricted person, and still knows the same record', async () => {
    const store = await open();
    await commit(store, recordOf([at('a')], { key: '1', payload: { street: LINE } }));
    await commit(store, pds('a', restricted('a')));
    const again = recordOf([at('a')], { key: '1', payload: { street: LINE } });
    expect(await commit(store, again)).toEqual([{ state: 'unchanged' }]);
    const changed = recordOf([at('a'), organization('gp')], {
      key: '1',
      payload: { street: LINE, x: 2 },
      sourceTimeMs: NOW_MS + 9,
    });
    await commit(store, changed, recordOf([relative('r', 'a')], { key: '5', payload: { street: LINE } }));
    await commit(store, refusedOf({ key: '1', payload: { street: LINE } }));
    await commit(store, refusedOf({ key: '7', payload: { number: '999-000-0018', street: LINE } }));
    await commit(store, refusedOf({ key: '8', payload: { number: '9990000026', street: 'Elsewhere 1' } }));
    await expectHidden(store, 'a');
    const kept = await Promise.all(
      (await store.worklist({ open: true, count: 9 })).map(({ id }) => store.refusedRecord(id)),
    );
    expect(JSON.stringify(kept)).toContain('Elsewhere 1');
  });

  test('keeps out a restricted person who is so in the very record that says where they are', async () => {
    const store = await open();
    const said = { ...at('a'), meta: { security: [SECURITY] } } as Identified;
    await commit(store, recordOf([said, contact('e', 'a')], { payload: { street: LINE } }));
    await expectHidden(store, 'a');
    expect((await store.read('Encounter', idOf('e')))?.personId).toBe(idOf('a'));
  });

  test('leaves out a practice that a record names for a restricted person alone', async () => {
    const store = await open();
    const said = patient('a', { generalPractitioner: [{ reference: `Organization/${idOf('gp')}` }] });
    await commit(
      store,
      pds('a', restricted('a')),
      recordOf([{ ...said, meta: { security: [SECURITY] } } as Identified, organization('gp')]),
    );
    expect(await store.read('Organization', idOf('gp'))).toBeUndefined();
  });

  test('restricts everybody who is one person with them, whenever they are joined', async () => {
    const store = await open();
    await commit(store, recordOf([at('a')], { key: '1', payload: { street: LINE } }));
    await commit(store, pds('a', restricted('a')));
    await commit(store, recordOf([at('b')], { key: '2', source: 'platform', payload: { street: LINE } }));
    expect(await store.personOf(idOf('b'))).toBe(idOf('a'));
    await expectHidden(store, 'b');
    await commit(store, recordOf([at('c', '9990000026')], { key: '3', payload: { street: LINE } }));
    expect(await told(store, 'c')).toContain(LINE);
    await store.linkPerson(idOf('c'), idOf('a'), 'by hand', NOW_MS);
    await expectHidden(store, 'c');
  });

  test('takes whereabouts in again once the register no longer restricts the person', async () => {
    const store = await open();
    await commit(store, recordOf([at('a')], { key: '1' }));
    await commit(store, pds('a', { ...withNhsNumber('a', NHS_NUMBER), ...restricted('a') } as Identified));
    await expectHidden(store, 'a');
    await commit(store, pds('a', withNhsNumber('a', NHS_NUMBER)));
    const now = (await store.read('Patient', idOf('a')))?.resource as Patient;
    expect(now.meta?.security).toBeUndefined();
    await commit(store, recordOf([at('a')], { key: '1', sourceTimeMs: NOW_MS + 1 }));
    expect(await told(store, 'a')).toContain(LINE);
  });
}
