/** What every engine must do with resources that several records speak of: merge, hold back, check. */
import { expect, test } from 'vitest';
import { issueOf } from '../../../src/fhir/outcome.ts';
import type { CommitRules, Store } from '../../../src/store/store.ts';
import {
  commit,
  contact,
  idOf,
  NOW_MS,
  organization,
  partial,
  patient,
  RULES,
  recordOf,
  writtenOf,
} from '../samples.ts';

/** Objects to a merged resource with a gender. */
const NO_GENDER: CommitRules = {
  ...RULES,
  check: (resource) =>
    'gender' in resource ? [issueOf({ rule: 'hr-9', diagnostics: 'no', expression: 'Patient' })] : [],
};

export function sharedContract(open: () => Promise<Store>): void {
  test('merges what several records say of a shared resource, by source time and not by arrival', async () => {
    const store = await open();
    const full = patient('p', {
      birthDate: '1950-01-01',
      telecom: [{ system: 'phone', use: 'home', value: '0113 496 0001' }],
    });
    const thin = patient('p', {
      gender: 'female',
      telecom: [{ system: 'phone', use: 'home', value: '0113 496 0009' }],
    });
    await commit(store, recordOf([full], { key: 'new', sourceTimeMs: 200 }));
    const [older] = await commit(store, recordOf([thin], { key: 'old', sourceTimeMs: 100 }));
    expect(writtenOf(older)).toEqual(['Patient/2']);
    const merged = (await store.read('Patient', idOf('p')))?.resource;
    expect(merged).toMatchObject({
      birthDate: '1950-01-01',
      gender: 'female',
      telecom: [{ value: '0113 496 0001' }],
    });
  });

  test('lets a record correct what it said itself, and nothing that others said', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p', { birthDate: '1950-01-01' })], { key: 'a', sourceTimeMs: 1 }));
    await commit(store, recordOf([patient('p', { gender: 'male' })], { key: 'b', sourceTimeMs: 2 }));
    await commit(store, recordOf([patient('p', { birthDate: '1951-01-01' })], { key: 'a', sourceTimeMs: 1 }));
    expect((await store.read('Patient', idOf('p')))?.resource).toMatchObject({
      birthDate: '1951-01-01',
      gender: 'male',
    });
  });

  test('merges many records that say the same once, and finds its way when one of them changes', async () => {
    const store = await open();
    for (let i = 0; i < 20; i++)
      await commit(store, recordOf([organization('o')], { key: `R${i}`, sourceTimeMs: i }));
    expect((await store.read('Organization', idOf('o')))?.version).toBe(1);
    await commit(store, recordOf([organization('o', 'Renamed')], { key: 'R5', sourceTimeMs: 30 }));
    expect((await store.read('Organization', idOf('o')))?.resource).toMatchObject({ name: 'Renamed' });
    await commit(store, recordOf([organization('o', 'Older name')], { key: 'R6', sourceTimeMs: 6 }));
    expect((await store.read('Organization', idOf('o')))?.resource).toMatchObject({ name: 'Renamed' });
    await commit(store, recordOf([organization('o')], { key: 'R5', sourceTimeMs: 40 }));
    expect((await store.read('Organization', idOf('o')))?.resource).toMatchObject({
      name: 'Example Link Workers',
    });
  });

  test('holds a partial resource back until a record supplies it in full, and says so', async () => {
    const store = await open();
    const [first] = await commit(
      store,
      recordOf([partial(patient('p', { gender: 'male' })), contact('e', 'p')], { key: 'C1' }),
    );
    expect(writtenOf(first)).toEqual(['Encounter/1']);
    expect(await store.read('Patient', idOf('p'))).toBeUndefined();
    expect(await store.worklist({ kind: 'incomplete', open: true, count: 9 })).toMatchObject([
      { resource: `Patient/${idOf('p')}`, recordKey: 'C1' },
    ]);
    await commit(store, recordOf([patient('p', { birthDate: '1950-01-01' })], { key: 'R1' }));
    expect((await store.read('Patient', idOf('p')))?.resource).toMatchObject({
      gender: 'male',
      birthDate: '1950-01-01',
    });
    expect(await store.worklist({ kind: 'incomplete', open: true, count: 9 })).toEqual([]);
    expect(await store.worklist({ kind: 'incomplete', open: false, count: 9 })).toHaveLength(1);
  });

  test('refuses a partial resource of a type that belongs to one record', async () => {
    const store = await open();
    const [result] = await commit(store, recordOf([partial(contact('e', 'p'))]));
    expect(result).toMatchObject({
      state: 'refused',
      outcome: { issue: [{ details: { coding: [{ code: 'store-partial-unshared' }] } }] },
    });
  });

  test('checks merged resources only, and refuses one record without stopping the others', async () => {
    const store = await open();
    const checked: string[] = [];
    const rules: CommitRules = {
      ...RULES,
      check: (resource) => {
        checked.push(resource.id);
        return 'gender' in resource
          ? [issueOf({ rule: 'hr-9', diagnostics: 'no', expression: 'Patient' })]
          : [];
      },
    };
    const results = await store.commit(
      [
        recordOf([patient('p')], { key: 'a' }),
        recordOf([organization('o'), patient('p', { gender: 'male' })], { key: 'b' }),
        recordOf([patient('q')], { key: 'c' }),
      ],
      rules,
      NOW_MS,
    );
    expect(results.map((one) => one.state)).toEqual(['committed', 'refused', 'committed']);
    expect(checked).toEqual([idOf('p')]);
    expect(await store.read('Organization', idOf('o'))).toBeUndefined();
    expect(await store.sourceRecord('demo', 'referral', 'b')).toBeUndefined();
    const [item] = await store.worklist({ kind: 'rejected', open: true, count: 9 });
    expect(item).toMatchObject({ recordKey: 'b', outcome: { issue: [{ diagnostics: 'no' }] } });
  });

  test('takes a good full record without what an earlier partial record adds that makes it invalid', async () => {
    const store = await open();
    const bad = partial(patient('p', { gender: 'male' }));
    const thin = recordOf([bad], { key: 'C1', file: 'contacts.csv', line: 4 });
    await store.commit([thin], NO_GENDER, NOW_MS);
    const full = recordOf([patient('p', { birthDate: '1950-01-01' })]);
    const [result] = await store.commit([full], NO_GENDER, NOW_MS);
    expect(writtenOf(result)).toEqual(['Patient/1']);
    expect((await store.read('Patient', idOf('p')))?.resource).not.toHaveProperty('gender');
    const items = await store.worklist({ open: true, count: 9 });
    expect(items).toMatchObject([{ kind: 'warning', recordKey: 'C1', file: 'contacts.csv', line: 4 }]);
    const [issue] = items[0]!.outcome.issue;
    expect(issue?.details?.coding?.[0]?.code).toBe('store-partial-refused');
    expect(issue?.diagnostics).toMatch(/^demo\/referral contacts\.csv:4: .*left out/);
    const corrected = partial(patient('p', { active: true }));
    await store.commit([recordOf([corrected], { key: 'C1' })], NO_GENDER, NOW_MS);
    expect((await store.read('Patient', idOf('p')))?.resource).toMatchObject({
      active: true,
      birthDate: '1950-01-01',
    });
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
  });

  test('refuses a full record that other full records make invalid, with or without a partial one', async () => {
    const store = await open();
    const thin = recordOf([partial(patient('p', { active: true }))], { key: 'C1' });
    const first = recordOf([patient('p', { gender: 'male' })], { key: 'R1' });
    await commit(store, thin, first);
    const full = recordOf([patient('p', { birthDate: '1950-01-01' })], { key: 'R2' });
    expect(await store.commit([full], NO_GENDER, NOW_MS)).toMatchObject([{ state: 'refused' }]);
    expect((await store.read('Patient', idOf('p')))?.resource).toMatchObject({
      active: true,
      gender: 'male',
    });
  });
}
