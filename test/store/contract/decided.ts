/** What every engine must do with what a person decided of a conflict: commit it once, by whom, and only while it stands. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { issueOf, outcomeOf, ruleOf } from '../../../src/fhir/outcome.ts';
import type {
  CommitRecord,
  CommitResult,
  Conflict,
  Decision,
  Identified,
  Store,
} from '../../../src/store/store.ts';
import { contentDigest } from '../../../src/store/versions.ts';
import { commit, deliverAll, idOf, NOW_MS, patient, RULES, recordOf } from '../samples.ts';

const KEY = `Patient/${idOf('p')}` as const;
const ROUTED = {
  ...RULES,
  route: (_one: Identified, origin?: string) => ['ehr', 'other'].filter((name) => name !== origin),
};

export function decidedContract(open: () => Promise<Store>): void {
  const held = async (store: Store): Promise<Patient> =>
    (await store.read('Patient', idOf('p')))!.resource as Patient;
  const openConflicts = (store: Store) => store.worklist({ kind: 'conflict', open: true, count: 9 });
  const waiting = async (store: Store, target: string): Promise<string[]> => {
    const group = await store.claim(target, { nowMs: NOW_MS, leaseMs: 1, maxEntries: 9 });
    return (group?.entries ?? []).map((entry) => `${entry.type}/${entry.version}`);
  };
  /** Ours says male and a birth date, theirs female and a language; both come from one that said neither. */
  const conflicting = async (store: Store): Promise<{ work: string; conflict: Conflict }> => {
    await store.commit([recordOf([patient('p', { gender: 'unknown' })])], ROUTED, NOW_MS);
    await deliverAll(store);
    const base = (await held(store)) as Identified;
    const ours = recordOf([patient('p', { gender: 'male', birthDate: '1950' })]);
    await store.commit([ours], ROUTED, NOW_MS);
    const theirs = recordOf([patient('p', { gender: 'female', language: 'cy' })], {
      ...{ source: 'ehr', kind: 'Patient', key: 'r1', timeOf: 'reading' as const },
      received: {
        ...{ target: 'ehr', remoteId: 'r1', remoteVersion: '2', base, heldDigest: undefined },
      },
    });
    await store.commit([theirs], ROUTED, NOW_MS);
    const [item] = await openConflicts(store);
    return { work: item!.id, conflict: (await store.refusedRecord(item!.id))!.payload as Conflict };
  };
  const decide = async (
    store: Store,
    { work, conflict }: { work: string; conflict: Conflict },
    content: Identified,
    choice: Decision['choice'] = 'merge',
  ): Promise<CommitResult> => {
    const made = [{ resource: conflict.resource, content, against: contentDigest(conflict.ours) }];
    const decision = { work, actor: 'Sam', choice, made };
    const record: CommitRecord = { ...conflict.held!, decision };
    return (await store.commit([record], ROUTED, NOW_MS + 5))[0]!;
  };

  test('a decision is a new version, goes to every target that lacks it, and closes its item', async () => {
    const store = await open();
    const shown = await conflicting(store);
    const content = { ...shown.conflict.proposed, gender: 'other' } as Identified;
    expect(await decide(store, shown, content)).toMatchObject({ state: 'committed' });
    expect(await held(store)).toMatchObject({
      gender: 'other',
      birthDate: '1950',
      language: 'cy',
      meta: { versionId: '3' },
    });
    expect(await openConflicts(store)).toEqual([]);
    expect((await waiting(store, 'ehr')).at(-1)).toBe('Patient/3');
    expect((await waiting(store, 'other')).at(-1)).toBe('Patient/3');
    expect(await store.links('ehr', [KEY])).toMatchObject([
      { remoteId: 'r1', remoteVersion: '2', digest: '' },
    ]);
    const row = (await store.audit(100)).at(-1)!;
    expect(row).toMatchObject({ actor: 'Sam', action: 'decide' });
    expect(JSON.parse(row.detail)).toMatchObject({
      work: shown.work,
      choice: 'merge',
      written: [`${KEY}/3`],
    });
    expect(await store.verifyAudit()).toBeUndefined();
  });

  test('what the target holds already is not sent back to it', async () => {
    const store = await open();
    const shown = await conflicting(store);
    await decide(store, shown, shown.conflict.theirs!, 'theirs');
    expect((await held(store)).gender).toBe('female');
    expect(await waiting(store, 'ehr')).toEqual([]);
    expect((await waiting(store, 'other')).at(-1)).toBe('Patient/3');
    expect(await store.links('ehr', [KEY])).toMatchObject([{ remoteVersion: '2', version: 3 }]);
  });

  test('what stays as it is here makes no version, and is sent where it differs', async () => {
    const store = await open();
    const shown = await conflicting(store);
    await decide(store, shown, shown.conflict.ours, 'ours');
    expect((await held(store)).meta?.versionId).toBe('2');
    expect(await waiting(store, 'ehr')).toEqual(['Patient/2']);
    expect(await openConflicts(store)).toEqual([]);
  });

  test('a second decision changes nothing, nor does one of a version that is past', async () => {
    const store = await open();
    const shown = await conflicting(store);
    const { ours, theirs } = shown.conflict;
    await commit(store, recordOf([patient('p', { gender: 'male', birthDate: '1951' })]));
    const rules = (result: CommitResult) =>
      result.state === 'refused' ? result.outcome.issue.map((issue) => ruleOf(issue)) : [result.state];
    expect(rules(await decide(store, shown, theirs!, 'theirs'))).toEqual(['conflict-moved']);
    expect(await held(store)).toMatchObject({ gender: 'male', birthDate: '1951' });
    expect(await openConflicts(store)).toHaveLength(1);
    const now = contentDigest((await held(store)) as Identified);
    const made = [{ resource: KEY, content: ours, against: now }];
    const decision = { work: shown.work, actor: 'Sam', choice: 'ours', made } as const;
    const again = { ...shown.conflict.held!, decision };
    const results = await Promise.all([again, again].map((one) => store.commit([one], ROUTED, NOW_MS)));
    expect(results.flat().flatMap(rules).sort()).toEqual(['committed', 'conflict-settled']);
  });

  test('a decision that is not valid is refused, and the item stays with both versions', async () => {
    const store = await open();
    const shown = await conflicting(store);
    const strict = { ...ROUTED, check: () => [{ severity: 'error', code: 'invalid' } as const] };
    const content = { ...shown.conflict.ours, gender: 'x' } as unknown as Identified;
    const made = [{ resource: KEY, content, against: contentDigest(shown.conflict.ours) }];
    const decision = { work: shown.work, actor: 'Sam', choice: 'merge', made } as const;
    const [result] = await store.commit([{ ...shown.conflict.held!, decision }], strict, NOW_MS);
    expect(result?.state).toBe('refused');
    expect((await held(store)).gender).toBe('male');
    expect((await openConflicts(store)).map(({ id }) => id)).toEqual([shown.work]);
    expect(await store.worklist({ kind: 'rejected', open: true, count: 9 })).toEqual([]);
    expect(await store.refusedRecord(shown.work)).toBeDefined();
  });

  test('of a record that conflicts in two resources each is decided, and both decisions stand', async () => {
    const store = await open();
    const both = (more: object): Identified[] => [
      patient('p', { gender: 'unknown', ...more }),
      patient('q', { gender: 'unknown', ...more }),
    ];
    await commit(store, recordOf(both({})));
    for (const name of ['p', 'q']) {
      const base = (await store.read('Patient', idOf(name)))!.resource!;
      const theirs = recordOf([patient(name, { gender: 'female' })], {
        ...{ source: 'ehr', kind: 'Patient', key: name, timeOf: 'reading' as const },
        received: {
          ...{ target: 'ehr', remoteId: name, remoteVersion: '2', base, heldDigest: undefined },
        },
      });
      await store.commit([theirs], ROUTED, NOW_MS);
    }
    await commit(store, recordOf(both({ gender: 'male' })));
    for (let left = 2; left > 0; left--) {
      const [item] = await openConflicts(store);
      const conflict = (await store.refusedRecord(item!.id))!.payload as Conflict;
      const made = [
        ...(conflict.held!.decision?.made ?? []),
        { resource: conflict.resource, content: conflict.theirs!, against: contentDigest(conflict.ours) },
      ];
      const decision = { work: item!.id, actor: 'Sam', choice: 'theirs', made } as const;
      const [result] = await store.commit([{ ...conflict.held!, decision }], ROUTED, NOW_MS + left);
      expect(result?.state).toBe(left > 1 ? 'refused' : 'committed');
    }
    expect(await openConflicts(store)).toEqual([]);
    for (const name of ['p', 'q'])
      expect((await store.read('Patient', idOf(name)))!.resource).toMatchObject({ gender: 'male' });
  });

  test('what a target has deleted is put in line anew by one decision, with what stood still there', async () => {
    const store = await open();
    await store.commit([recordOf([patient('p')])], ROUTED, NOW_MS);
    await deliverAll(store);
    await store.commit([recordOf([patient('p', { gender: 'female' })])], ROUTED, NOW_MS);
    const group = (await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 }))!;
    const outcome = outcomeOf(
      issueOf({ code: 'conflict', rule: 'delivery-deleted-at-target', diagnostics: 'It is gone.' }),
    );
    const { seq } = group.entries[0]!;
    await store.settle('ehr', group.deliveryKey, [{ kind: 'park', seq, outcome }], NOW_MS);
    const [item] = await store.worklist({ kind: 'parked', open: true, count: 9 });
    expect(await store.links('ehr', [KEY])).toHaveLength(1);
    expect(await waiting(store, 'ehr')).toEqual([]);
    const both = await Promise.all([1, 2].map(() => store.restoreDeleted(item!.id, NOW_MS, 'Sam')));
    expect(both.sort()).toEqual([false, true]);
    expect(await store.links('ehr', [KEY])).toEqual([]);
    expect(await waiting(store, 'ehr')).toEqual(['Patient/2']);
    expect(await store.worklist({ kind: 'parked', open: true, count: 9 })).toEqual([]);
    expect((await store.audit(100)).at(-1)).toMatchObject({ actor: 'Sam', action: 'decide' });
    expect(await store.restoreDeleted('none', NOW_MS, 'Sam')).toBe(false);
  });
}
