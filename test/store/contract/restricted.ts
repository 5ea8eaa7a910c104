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
  patient,
  recordOf,
  refusedOf,
  withNhsNumber,
} from '../samples.ts';
import {
  at,
  expectHidden,
  LINE,
  PHONE,
  PRACTICE,
  pds,
  relative,
  restricted,
  SECURITY,
  told,
} from './whereabouts.ts';

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
