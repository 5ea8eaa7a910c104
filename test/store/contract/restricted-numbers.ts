/** What every engine must do about whoever has the number of a restricted person, and about a restriction that the rest of a word would be refused with. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { FORMER_NHS_NUMBER_SYSTEM } from '../../../src/fhir/identifiers.ts';
import { issueOf, outcomeOf } from '../../../src/fhir/outcome.ts';
import { basisOf } from '../../../src/store/deliveries.ts';
import type { CommitRules, Identified, Store } from '../../../src/store/store.ts';
import { commit, contact, idOf, NHS_NUMBER, NOW_MS, RULES, recordOf, withNhsNumber } from '../samples.ts';
import { at, expectHidden, LINE, pds, restricted, SECURITY, told, unverified } from './whereabouts.ts';

const OTHER_NUMBER = '9990000026';

/** @returns a word of the register: the number, and a restriction where it is one */
function word(name: string, number: string, isRestricted: boolean): Identified {
  const { meta } = restricted(name) as Patient;
  return { ...withNhsNumber(name, number), ...(isRestricted ? { meta } : {}) } as Identified;
}

async function isRestricted(store: Store, name: string): Promise<boolean> {
  return (await store.restricted(await store.personOf(idOf(name)))).includes(idOf(name));
}

export function restrictedNumbersContract(open: () => Promise<Store>): void {
  test('tells of whoever is restricted by the number of somebody else, and sends what was held for it once they are not', async () => {
    const store = await open();
    await commit(store, recordOf([at('a')], { key: '1' }));
    await commit(store, recordOf([unverified('b'), contact('e', 'b')], { key: '2', source: 'platform' }));
    expect(await isRestricted(store, 'b')).toBe(false);
    await commit(store, pds('a', word('a', NHS_NUMBER, true)));
    expect([await isRestricted(store, 'a'), await isRestricted(store, 'b')]).toEqual([true, true]);
    expect((await store.read('Patient', idOf('b')))?.resource?.meta?.security).toBeUndefined();
    const options = { nowMs: NOW_MS, leaseMs: 60_000, maxEntries: 9 };
    const groups = [(await store.claim('ehr', options))!, (await store.claim('ehr', options))!];
    const ofB = groups.find(({ deliveryKey }) => deliveryKey === idOf('b'))!;
    const outcome = outcomeOf(issueOf({ rule: 'hr-8', diagnostics: 'Not sent.' }));
    const hold = (basis?: string) =>
      ofB.entries.map(({ seq }) => ({ kind: 'hold' as const, seq, outcome, basis }));
    const versions = await store.readPerson(idOf('b'), 'Patient');
    await store.settle('ehr', idOf('b'), hold(basisOf(versions, [idOf('b')])), NOW_MS);
    expect((await store.blocked('ehr', [`Patient/${idOf('b')}`])).map(({ state }) => state)).toEqual([
      'held',
    ]);
    await commit(store, pds('a', word('a', NHS_NUMBER, false)));
    expect(await isRestricted(store, 'b')).toBe(false);
    expect(await store.blocked('ehr', [`Patient/${idOf('b')}`])).toEqual([]);
    const again = (await store.claim('ehr', options))!;
    expect(again.deliveryKey).toBe(idOf('b'));
    // decided while it was restricted, and no longer so when it is settled
    await store.settle(
      'ehr',
      idOf('b'),
      again.entries.map(({ seq }) => ({ ...hold(basisOf(versions, [idOf('b')]))[0]!, seq })),
      NOW_MS,
    );
    expect(await store.blocked('ehr', [`Patient/${idOf('b')}`])).toEqual([]);
  });

  test('a restriction goes with the number: on to whoever has the new one, and away from whoever has the one given up', async () => {
    const store = await open();
    await commit(store, recordOf([at('a')], { key: '1' }));
    await commit(store, recordOf([unverified('early')], { key: '2', source: 'platform' }));
    const { identifier } = withNhsNumber('late', OTHER_NUMBER, '02') as Patient;
    const late = { ...unverified('late'), identifier } as Identified;
    await commit(store, recordOf([late], { key: '3', source: 'platform' }));
    await commit(store, pds('a', word('a', NHS_NUMBER, true)));
    expect([await isRestricted(store, 'early'), await isRestricted(store, 'late')]).toEqual([true, false]);
    await commit(store, recordOf([withNhsNumber('a', OTHER_NUMBER)], { key: '1', sourceTimeMs: NOW_MS + 1 }));
    await commit(store, pds('a', word('a', OTHER_NUMBER, true)));
    expect(await isRestricted(store, 'late')).toBe(true);
    await expectHidden(store, 'late');
    expect(await isRestricted(store, 'early')).toBe(false);
    expect(await store.personOf(idOf('late'))).toBe(idOf('late'));
  });

  test('joins whoever has the new number of a restricted person, and hides them', async () => {
    const store = await open();
    await commit(store, recordOf([at('b', OTHER_NUMBER)], { key: '1', payload: { street: LINE } }));
    await commit(store, recordOf([at('a')], { key: '2', source: 'platform' }));
    await commit(store, pds('a', word('a', NHS_NUMBER, true)));
    expect(await told(store, 'b')).toContain(LINE);
    const old = { system: FORMER_NHS_NUMBER_SYSTEM, value: NHS_NUMBER, use: 'old' as const };
    const now = word('a', OTHER_NUMBER, true) as Patient & { id: string };
    await commit(store, pds('a', { ...now, identifier: [...now.identifier!, old] }));
    expect(await store.personOf(idOf('a'))).toBe(await store.personOf(idOf('b')));
    await expectHidden(store, 'b');
  });

  test('whoever was restricted as one person with somebody alone is so no longer once they are parted', async () => {
    const store = await open();
    await commit(store, recordOf([at('a')], { key: '1' }), recordOf([at('b', OTHER_NUMBER)], { key: '2' }));
    await commit(store, pds('a', word('a', NHS_NUMBER, true)));
    await store.linkPerson(idOf('b'), idOf('a'), 'by hand', NOW_MS);
    expect(await isRestricted(store, 'b')).toBe(true);
    await store.unlinkPerson(idOf('b'), NOW_MS);
    expect([await isRestricted(store, 'a'), await isRestricted(store, 'b')]).toEqual([true, false]);
  });

  test.each([
    ['what it becomes is not valid', false],
    ['it is one that a target has changed, and conflicts', true],
  ])('keeps a restriction of a word that is refused otherwise, since %s', async (_why, isReceived) => {
    const store = await open();
    const outcome = outcomeOf(issueOf({ rule: 'test', diagnostics: 'Somebody who has died has no number.' }));
    const rules: CommitRules = {
      ...RULES,
      check: (one) => ((one as Patient).deceasedDateTime && !isReceived ? outcome.issue : []),
    };
    await store.commit([recordOf([at('a')], { key: '1', payload: { street: LINE } })], rules, NOW_MS);
    await store.commit([pds('a', word('a', NHS_NUMBER, false))], rules, NOW_MS);
    if (isReceived) {
      const { resource, digest } = (await store.read('Patient', idOf('a')))!;
      const theirs = { ...resource, deceasedDateTime: '2025-01-03' } as Identified;
      const received = {
        ...{ target: 'ehr', remoteId: 'r', remoteVersion: '2', base: resource, heldDigest: digest },
      };
      await store.commit([recordOf([theirs], { source: 'ehr', key: 'r', received })], rules, NOW_MS);
    }
    const full = { ...word('a', NHS_NUMBER, true), deceasedDateTime: '2025-01-02' } as Identified;
    const said = pds('a', full, { sourceTimeMs: NOW_MS + 1 });
    for (let time = 0; time < 2; time++) {
      const [result] = await store.commit([said], rules, NOW_MS + time);
      expect(result?.state).toBe('refused');
      await expectHidden(store, 'a');
      const now = (await store.read('Patient', idOf('a')))?.resource as Patient;
      expect(now.meta?.security).toEqual([SECURITY]);
      expect(now.deceasedDateTime).toBe(isReceived ? '2025-01-03' : undefined);
      expect(JSON.stringify(now.identifier)).toContain('"code":"01"');
      const items = await store.worklist({ open: true, source: 'pds', count: 9 });
      expect(items.map(({ kind }) => kind)).toEqual([isReceived ? 'conflict' : 'rejected']);
    }
    expect(await isRestricted(store, 'a')).toBe(true);
  });
}
