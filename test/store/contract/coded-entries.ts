/** Contract of coded entries: one row a fact and action, compare-and-set, one list an entry, receipts, what is open. */
import { expect, test } from 'vitest';
import type { CodedContent, PlannedEntry } from '../../../src/referral/coded/entry.ts';
import type { EntryChange, Store } from '../../../src/store/store.ts';
import { idOf, NOW_MS } from '../samples.ts';

const DAY = '2025-03-01';
const PRACTICE = 'Y01234';

function content(name: string): CodedContent {
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

function entry(name: string, more: Partial<PlannedEntry> = {}): PlannedEntry {
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

function put(given: PlannedEntry, from: 'none' | 'due' | 'withdrawn' = 'none'): EntryChange {
  return { kind: 'put', entry: given, from };
}

function receipt(name: string, outcome: 'filed' | 'rejected', more: object = {}) {
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
    expect(await codedEntries.unput(10)).toEqual([batch!.id]);
    await codedEntries.put(batch!.id, NOW_MS + 1);
    expect(await codedEntries.unput(10)).toEqual([]);
    expect(await codedEntries.batch(batch!.id)).toEqual(batch);
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
    expect([item?.rule, item?.resource, more]).toEqual([
      'activity-rejected',
      `ServiceRequest/${idOf('a')}`,
      [],
    ]);
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

  test('raises what was listed and never filed, once, and takes it off when it is filed', async () => {
    const store = await open();
    const { codedEntries } = store;
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    await codedEntries.list(PRACTICE, DAY, NOW_MS);
    expect(await codedEntries.raiseUnfiled(NOW_MS - 1, NOW_MS)).toBe(0);
    expect(await codedEntries.raiseUnfiled(NOW_MS, NOW_MS)).toBe(1);
    expect(await codedEntries.raiseUnfiled(NOW_MS, NOW_MS)).toBe(0);
    expect((await store.worklist({ open: true, count: 10 })).map(({ rule }) => rule)).toEqual([
      'activity-unfiled',
    ]);
    await codedEntries.receive([receipt('a', 'filed')], NOW_MS);
    expect(await store.worklist({ open: true, count: 10 })).toEqual([]);
  });
}
