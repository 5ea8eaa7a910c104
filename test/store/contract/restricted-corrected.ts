/** What every engine must do about whoever has a number of a restricted person by mistake: hidden while they have it, and whole again by the record that corrects it. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { FORMER_NHS_NUMBER_SYSTEM } from '../../../src/fhir/identifiers.ts';
import type { CommitRecord, Identified, Store } from '../../../src/store/store.ts';
import { commit, idOf, NHS_NUMBER, NOW_MS, organization, recordOf, withNhsNumber } from '../samples.ts';
import { at, expectHidden, LINE, pds, restricted, told } from './whereabouts.ts';

const OWN_NUMBER = '9990000026';
const NEW_NUMBER = '9990000034';

/** @returns somebody with an address, and a practice of their own */
function stranger(number: string, status: string): Identified {
  const { identifier } = withNhsNumber('b', number, status) as Patient;
  const generalPractitioner = [{ reference: `Organization/${idOf('gp')}` }];
  return { ...at('b'), identifier, generalPractitioner } as Identified;
}

function said(number: string, status: string, later: number, more: Partial<CommitRecord> = {}): CommitRecord {
  const resources = [stranger(number, status), organization('gp')];
  const payload = { street: LINE, number, later };
  return recordOf(resources, {
    ...{ source: 'platform', key: 'b', payload, sourceTimeMs: NOW_MS + later },
    ...more,
  });
}

async function marked(store: Store, name: string): Promise<boolean> {
  return (await store.restricted(await store.personOf(idOf(name)))).includes(idOf(name));
}

async function practiceOf(store: Store): Promise<unknown> {
  const { resource } = (await store.read('Patient', idOf('b')))!;
  return (resource as Patient).generalPractitioner?.[0]?.reference;
}

/** Somebody who had another number before is restricted. */
async function restrict(store: Store): Promise<void> {
  await commit(store, recordOf([at('a')], { key: 'a' }));
  const old = { system: FORMER_NHS_NUMBER_SYSTEM, value: NHS_NUMBER, use: 'old' as const };
  const now = (withNhsNumber('a', NEW_NUMBER) as Patient).identifier!;
  await commit(store, pds('a', { ...restricted('a'), identifier: [...now, old] } as Identified));
}

export function restrictedCorrectedContract(open: () => Promise<Store>): void {
  test.each([
    ['the number that was given up, not verified', NHS_NUMBER, '02', false],
    ['the number that was given up, verified', NHS_NUMBER, '01', false],
    ['their number, not verified', NEW_NUMBER, '02', false],
    ['their number, verified, and is one person with them', NEW_NUMBER, '01', true],
  ])(
    'whoever has %s, leads nowhere until a record corrects it, which is kept whole',
    async (_what, number, status, isJoined) => {
      for (const isEarly of [true, false]) {
        const store = await open();
        if (!isEarly) await restrict(store);
        await commit(store, said(number, status, 1));
        if (isEarly) {
          expect(await told(store, 'b')).toContain(LINE);
          await restrict(store);
        }
        expect((await store.personOf(idOf('b'))) === (await store.personOf(idOf('a')))).toBe(isJoined);
        expect(await marked(store, 'b')).toBe(true);
        await expectHidden(store, 'b');
        expect(await practiceOf(store)).toBeUndefined();
        const right = said(OWN_NUMBER, status, 2);
        expect(await commit(store, right)).toMatchObject([{ state: 'committed' }]);
        expect(await marked(store, 'b')).toBe(false);
        expect(await store.personOf(idOf('b'))).toBe(idOf('b'));
        const now = (await store.read('Patient', idOf('b')))?.resource as Patient;
        expect(now.address?.[0]?.line).toEqual([LINE]);
        expect(await practiceOf(store)).toBe(`Organization/${idOf('gp')}`);
        expect(await store.read('Organization', idOf('gp'))).toBeDefined();
        expect((await store.sourceRecord('platform', 'referral', 'b'))?.payload).toEqual(right.payload);
        expect(await commit(store, right)).toEqual([{ state: 'unchanged' }]);
        expect(await marked(store, 'a')).toBe(true);
        await expectHidden(store, 'a');
      }
    },
  );

  test('keeps what a record says of whoever is restricted no longer by it, and nothing of whom else it speaks', async () => {
    const store = await open();
    await commit(store, pds('a', { ...withNhsNumber('a', NHS_NUMBER), ...restricted('a') } as Identified));
    await commit(store, recordOf([at('a'), stranger(NHS_NUMBER, '02')], { key: '1' }));
    await expectHidden(store, 'b');
    const later = { key: '1', payload: { street: LINE }, sourceTimeMs: NOW_MS + 1 };
    await commit(store, recordOf([at('a'), stranger(OWN_NUMBER, '02')], later));
    const now = (await store.read('Patient', idOf('b')))?.resource as Patient;
    expect(now.address?.[0]?.line).toEqual([LINE]);
    await expectHidden(store, 'a');
    expect((await store.sourceRecord('demo', 'referral', '1'))?.payload).toBeUndefined();
  });
}
