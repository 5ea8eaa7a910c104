/** Contract of coded entries: one row a fact and action, compare-and-set, one list an entry, receipts, what is open. */
import { expect, test } from 'vitest';
import type { CodedContent, PlannedEntry } from '../../../src/referral/coded/entry.ts';
import type { EntryChange, Store } from '../../../src/store/store.ts';
import { commit, contact, idOf, NOW_MS, patient, recordOf } from '../samples.ts';

export const DAY = '2025-03-01';
export const PRACTICE = 'Y01234';

export function content(name: string): CodedContent {
  return {
    rule: 'referral',
    as: 'Procedure',
    code: { code: '871731000000106', display: 'Referral to social prescribing service' },
    ...{ date: DAY, day: DAY, subject: `Patient/${idOf('p')}`, ownerOrg: 'X26' },
    source: { type: 'ServiceRequest', id: idOf(name), version: 1 },
    person: { nhsNumber: '9990000018', family: 'Example', given: 'Robin', birthDate: '1948-05-17' },
    author: { name: 'Dr Sam Example', ods: PRACTICE },
  };
}

export function entry(name: string, more: Partial<PlannedEntry> = {}): PlannedEntry {
  return {
    ...{
      fact: idOf(`fact ${name}`),
      action: 'add',
      id: idOf(`entry ${name}`),
      state: 'due',
      blocked: undefined,
    },
    ...{ practice: PRACTICE, content: content(name), ...more },
  };
}

export function put(given: PlannedEntry, from: 'none' | 'due' | 'withdrawn' = 'none'): EntryChange {
  return { kind: 'put', entry: given, from };
}

export function receipt(name: string, outcome: 'filed' | 'rejected', more: object = {}) {
  return {
    id: idOf(`entry ${name}`),
    action: 'add' as const,
    outcome,
    atMs: NOW_MS + 5,
    by: 'A. Clerk',
    ...more,
  };
}

export function codedEntryContract(open: () => Promise<Store>): void {
  const person = idOf('p');
  const states = async (store: Store): Promise<string[]> =>
    (await store.codedEntries.ofPerson(person, [])).map(({ action, state }) => `${action} ${state}`).sort();

  test('keeps a fact once, and tells whoever planned from another state', async () => {
    const { codedEntries } = await open();
    expect(await codedEntries.change(person, [put(entry('a'))], NOW_MS)).toBe(true);
    expect(await codedEntries.change(person, [put(entry('a', { practice: 'Y99999' }))], NOW_MS)).toBe(false);
    expect(
      await codedEntries.change(person, [put(entry('a', { blocked: 'no-consent' }), 'due')], NOW_MS),
    ).toBe(true);
    const [kept, ...more] = await codedEntries.ofPerson(person, []);
    expect(more).toEqual([]);
    expect(kept).toMatchObject({ ...entry('a', { blocked: 'no-consent' }), personId: person, dueMs: NOW_MS });
  });

  test('finds entries of resources that are somebody else’s by now, each once', async () => {
    const { codedEntries } = await open();
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    const key = `ServiceRequest/${idOf('a')}` as const;
    expect(await codedEntries.ofPerson(idOf('q'), [key])).toHaveLength(1);
    expect(await codedEntries.ofPerson(person, [key])).toHaveLength(1);
    expect(await codedEntries.ofPerson(idOf('q'), [])).toEqual([]);
  });

  test('lists what is due of a practice and day, in one list each, and again as it was made', async () => {
    const { codedEntries } = await open();
    const blocked = entry('c', { blocked: 'no-consent' });
    await codedEntries.change(person, [put(entry('a')), put(entry('b')), put(blocked)], NOW_MS);
    expect(await codedEntries.due({ untilDay: DAY })).toEqual([{ practice: PRACTICE, day: DAY, entries: 2 }]);
    expect(await codedEntries.due({ untilDay: '2025-02-28' })).toEqual([]);
    expect(await codedEntries.due({ practice: 'Y99999', untilDay: DAY })).toEqual([]);
    const both = await Promise.all([
      codedEntries.list(PRACTICE, DAY, NOW_MS),
      codedEntries.list(PRACTICE, DAY, NOW_MS + 1),
    ]);
    const entries = both.flatMap((batch) => batch?.entries ?? []);
    expect(entries.map(({ id }) => id).sort()).toEqual([idOf('entry a'), idOf('entry b')].sort());
    expect(await codedEntries.list(PRACTICE, DAY, NOW_MS + 2)).toBeUndefined();
    const batch = both.find((one) => one !== undefined)!;
    expect(await codedEntries.batch(batch.id)).toEqual(batch);
    expect(await codedEntries.batch(idOf('none'))).toBeUndefined();
    const [first] = await codedEntries.batches(PRACTICE, DAY);
    expect(first).toMatchObject({ practice: PRACTICE, day: DAY });
    expect(await codedEntries.change(person, [put(entry('a', { practice: 'Y99999' }), 'due')], NOW_MS)).toBe(
      false,
    );
  });

  test('tells lists that were not put out, until they are', async () => {
    const { codedEntries } = await open();
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    const batch = await codedEntries.list(PRACTICE, DAY, NOW_MS);
    expect(await codedEntries.unput(10)).toEqual([{ id: batch!.id, listedMs: NOW_MS }]);
    expect(await codedEntries.waysOf(batch!.id)).toEqual([]);
    await codedEntries.putBy(batch!.id, ['one']);
    expect(await codedEntries.waysOf(batch!.id)).toEqual(['one']);
    await codedEntries.put(batch!.id, NOW_MS + 1);
    expect(await codedEntries.unput(10)).toEqual([]);
    const out = batch!.entries.map((one) => ({ ...one, isOut: true }));
    expect(await codedEntries.batch(batch!.id)).toEqual({ ...batch, entries: out });
  });

  test('pages lists that were not put out, however many were made in one moment', async () => {
    const { codedEntries } = await open();
    for (const [at, name] of ['a', 'b', 'c'].entries()) {
      const practice = `Y0000${at}`;
      await codedEntries.change(person, [put(entry(name, { practice }))], NOW_MS);
      await codedEntries.list(practice, DAY, NOW_MS + Math.min(at, 1));
    }
    const all = await codedEntries.unput(10);
    expect(all).toHaveLength(3);
    const paged = [];
    for (let page = await codedEntries.unput(1); page[0]; page = await codedEntries.unput(1, page[0]))
      paged.push(...page);
    expect(paged).toEqual(all);
  });

  test('takes back what nobody has got yet, and nothing of a list that one way took', async () => {
    const store = await open();
    const { codedEntries } = store;
    await codedEntries.change(person, [put(entry('a')), put(entry('b'))], NOW_MS);
    const batch = (await codedEntries.list(PRACTICE, DAY, NOW_MS))!;
    const removal = entry('a', { action: 'remove' });
    await codedEntries.change(person, [put(removal)], NOW_MS);
    expect(await codedEntries.release(batch.id, [idOf('fact a')])).toBe(1);
    expect(await states(store)).toEqual(['add due', 'add listed', 'remove withdrawn']);
    expect((await codedEntries.batch(batch.id))?.entries.map(({ id }) => id)).toEqual([idOf('entry b')]);
    await codedEntries.putBy(batch.id, ['one']);
    expect(await codedEntries.release(batch.id, [idOf('fact b')])).toBe(0);
  });

  test('takes nothing back of a list that a way has begun, until it is known that the way has it not', async () => {
    const store = await open();
    const { codedEntries } = store;
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    const { id } = (await codedEntries.list(PRACTICE, DAY, NOW_MS))!;
    expect(await codedEntries.begin(id, 'one')).toBe(true);
    expect(await codedEntries.begin(id, 'one')).toBe(false);
    expect(await codedEntries.begin(id, 'two')).toBe(true);
    expect(await codedEntries.waysOf(id)).toEqual([]);
    await codedEntries.notBegun(id, 'one');
    expect(await codedEntries.release(id, [idOf('fact a')])).toBe(0);
    expect(await states(store)).toEqual(['add listed']);
    await codedEntries.notBegun(id, 'two');
    expect(await codedEntries.release(id, [idOf('fact a')])).toBe(1);
    // the next list is begun by nobody
    const next = (await codedEntries.list(PRACTICE, DAY, NOW_MS + 1))!;
    expect(await codedEntries.begin(next.id, 'one')).toBe(true);
  });

  test('a list that was fetched is out with that: it is not put out, and nothing of it is taken back', async () => {
    const { codedEntries } = await open();
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    const { id } = (await codedEntries.list(PRACTICE, DAY, NOW_MS, { isFetched: true }))!;
    expect(await codedEntries.unput(10)).toEqual([]);
    expect(await codedEntries.release(id, [idOf('fact a')])).toBe(0);
  });

  test('puts what holds good again on the worklist with its mark, though another change of the plan is not written', async () => {
    const store = await open();
    const { codedEntries } = store;
    await codedEntries.change(person, [put(entry('a')), put(entry('b'))], NOW_MS);
    await codedEntries.list(PRACTICE, DAY, NOW_MS);
    const [kept] = (await codedEntries.ofPerson(person, [])).filter(({ id }) => id === idOf('entry a'));
    const mark = { kind: 'mark', from: 'listed', state: 'listed', blocked: 'again' } as const;
    const plan = [{ ...mark, entry: kept! }, put(entry('b'))];
    expect(await codedEntries.change(person, plan, NOW_MS)).toBe(false);
    const items = await store.worklist({ open: true, count: 10 });
    expect(items.map(({ rule, resource }) => [rule, resource])).toEqual([
      ['coded-again', `ServiceRequest/${idOf('a')}`],
    ]);
  });

  test('leaves people out of a list who are to be in a later one', async () => {
    const { codedEntries } = await open();
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    await codedEntries.change(idOf('q'), [put(entry('b'))], NOW_MS);
    const batch = await codedEntries.list(PRACTICE, DAY, NOW_MS, { without: [person] });
    expect(batch?.entries.map(({ personId }) => personId)).toEqual([idOf('q')]);
    expect((await codedEntries.list(PRACTICE, DAY, NOW_MS + 1))?.entries).toHaveLength(1);
  });

  test('writes nothing of somebody who was erased after it was planned', async () => {
    const store = await open();
    const { codedEntries } = store;
    await commit(store, recordOf([patient('p'), contact('a', 'p')]));
    const source = { type: 'Encounter', id: idOf('a'), version: 1 };
    const planned = put(entry('a', { content: { ...content('a'), source } }));
    expect(await codedEntries.change(person, [planned], NOW_MS)).toBe(true);
    await store.erasePerson(person, 'tester', NOW_MS + 1);
    expect(await codedEntries.change(person, [planned], NOW_MS + 2)).toBe(false);
    const removal = entry('b', { action: 'remove' });
    expect(await codedEntries.change(person, [put(removal)], NOW_MS + 2)).toBe(false);
    expect(await codedEntries.ofPerson(person, [])).toEqual([]);
  });

  test('keeps of what was settled long ago the fact and the number, and no names nor words', async () => {
    const store = await open();
    const { codedEntries } = store;
    const all = ['filed', 'listed', 'never listed', 'rejected'].map((one) => put(entry(one)));
    await codedEntries.change(person, all, NOW_MS);
    const ofId = async (name: string) =>
      (await codedEntries.ofPerson(person, [])).find(({ id }) => id === idOf(`entry ${name}`));
    const withdraw = async (name: string, from: 'due' | 'rejected'): Promise<void> => {
      const mark = { kind: 'mark', from, state: 'withdrawn', blocked: undefined } as const;
      expect(await codedEntries.change(person, [{ ...mark, entry: (await ofId(name))! }], NOW_MS)).toBe(true);
    };
    await withdraw('never listed', 'due');
    await codedEntries.list(PRACTICE, DAY, NOW_MS);
    for (const outcome of ['filed', 'rejected'] as const)
      await codedEntries.receive([receipt(outcome, outcome, { reason: 'Told by Robin' })], NOW_MS);
    await withdraw('rejected', 'rejected');
    const limits = { versions: 1, mapDigests: [], after: 0, count: 10 };
    expect(await store.prune('entries', { ...limits, beforeMs: NOW_MS })).toEqual({
      removed: 0,
      after: undefined,
    });
    expect((await store.prune('entries', { ...limits, beforeMs: NOW_MS + 10 })).removed).toBe(3);
    expect((await store.prune('entries', { ...limits, beforeMs: NOW_MS + 10 })).removed).toBe(0);
    for (const name of ['filed', 'rejected']) {
      const kept = await ofId(name);
      const nobody = { nhsNumber: '9990000018', family: '', given: '', birthDate: '' };
      expect(kept?.content.person).toEqual(nobody);
      expect(JSON.stringify(kept)).not.toMatch(/Robin|Example|Clerk/);
    }
    expect((await ofId('listed'))?.content.person?.family).toBe('Example');
    expect(await ofId('never listed')).toBe(undefined);
  });

  test('keeps receipts: what is filed stays so, what was rejected is on the worklist until it is filed', async () => {
    const store = await open();
    const { codedEntries } = store;
    await codedEntries.change(person, [put(entry('a')), put(entry('b'))], NOW_MS);
    expect(await codedEntries.receive([receipt('a', 'filed')], NOW_MS)).toEqual(['unknown']);
    await codedEntries.list(PRACTICE, DAY, NOW_MS);
    const rejected = receipt('a', 'rejected', { reason: 'Not registered here' });
    const given = [
      rejected,
      rejected,
      receipt('b', 'filed'),
      receipt('b', 'rejected'),
      receipt('c', 'filed'),
    ];
    expect(await codedEntries.receive(given, NOW_MS)).toEqual(['taken', 'same', 'taken', 'final', 'unknown']);
    expect(await states(store)).toEqual(['add filed', 'add rejected']);
    const [item, ...more] = await store.worklist({ open: true, count: 10 });
    expect([item?.rule, item?.resource, more]).toEqual(['coded-rejected', `ServiceRequest/${idOf('a')}`, []]);
    expect(JSON.stringify(item)).not.toContain('Not registered');
    const [row] = await codedEntries.open(10);
    expect(row).toMatchObject({
      state: 'rejected',
      reason: 'Not registered here',
      saidBy: 'A. Clerk',
      settledMs: NOW_MS + 5,
    });
    expect(await codedEntries.receive([receipt('a', 'filed')], NOW_MS)).toEqual(['taken']);
    expect(await store.worklist({ open: true, count: 10 })).toEqual([]);
    expect(await codedEntries.open(10)).toEqual([]);
    expect(await codedEntries.peopleOf([idOf('entry a'), idOf('entry c')])).toEqual([person]);
  });

  test('pages what is open from the oldest on', async () => {
    const { codedEntries } = await open();
    for (const [at, name] of ['a', 'b', 'c'].entries())
      await codedEntries.change(person, [put(entry(name))], NOW_MS + at);
    const [first] = await codedEntries.open(1);
    expect(first?.id).toBe(idOf('entry a'));
    expect((await codedEntries.open(10, first)).map(({ id }) => id)).toEqual([
      idOf('entry b'),
      idOf('entry c'),
    ]);
    await codedEntries.change(
      person,
      [{ kind: 'mark', entry: first!, from: 'due', state: 'withdrawn', blocked: undefined }],
      NOW_MS,
    );
    expect(await codedEntries.open(10)).toHaveLength(2);
  });
}
