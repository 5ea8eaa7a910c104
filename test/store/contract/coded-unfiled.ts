/** Contract of coded entries that practices have and nobody says are filed: raised once, and only what is out. */
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { idOf, NOW_MS } from '../samples.ts';
import { content, DAY, entry, PRACTICE, put, receipt } from './coded-entries.ts';

export function codedUnfiledContract(open: () => Promise<Store>): void {
  const person = idOf('p');

  test('raises what was listed and never filed, once, and takes it off when it is filed', async () => {
    const store = await open();
    const { codedEntries } = store;
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    const again = entry('b', { content: { ...content('a'), rule: 'other' } });
    await codedEntries.change(person, [put(again)], NOW_MS);
    const { id } = (await codedEntries.list(PRACTICE, DAY, NOW_MS))!;
    // nobody has it yet
    expect(await codedEntries.raiseUnfiled(NOW_MS, NOW_MS)).toBe(0);
    await codedEntries.put(id, NOW_MS);
    expect(await codedEntries.raiseUnfiled(NOW_MS - 1, NOW_MS)).toBe(0);
    expect(await codedEntries.raiseUnfiled(NOW_MS, NOW_MS)).toBe(2);
    expect(await codedEntries.raiseUnfiled(NOW_MS, NOW_MS)).toBe(0);
    const rules = async (): Promise<(string | undefined)[]> =>
      (await store.worklist({ open: true, count: 10 })).map(({ rule }) => rule);
    expect(await rules()).toEqual(['coded-unfiled', 'coded-unfiled']);
    await codedEntries.receive([receipt('b', 'filed')], NOW_MS);
    // two entries of one resource: what settles one leaves the other
    expect(await rules()).toEqual(['coded-unfiled']);
    await codedEntries.receive([receipt('a', 'filed')], NOW_MS);
    expect(await store.worklist({ open: true, count: 10 })).toEqual([]);
  });

  test('asks after what one way may have taken, and no longer once that is taken back', async () => {
    const store = await open();
    const { codedEntries } = store;
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    const batch = (await codedEntries.list(PRACTICE, DAY, NOW_MS))!;
    await codedEntries.begin(batch.id, 'one');
    expect(await codedEntries.raiseUnfiled(NOW_MS, NOW_MS)).toBe(1);
    await codedEntries.notBegun(batch.id, 'one');
    expect(await codedEntries.release(batch.id, [idOf('fact a')])).toBe(1);
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
    const again = (await codedEntries.list(PRACTICE, DAY, NOW_MS + 2))!;
    await codedEntries.put(again.id, NOW_MS + 2);
    expect(await codedEntries.raiseUnfiled(NOW_MS + 2, NOW_MS + 3)).toBe(1);
    const items = await store.worklist({ open: true, count: 9 });
    expect(items.map(({ rule }) => rule)).toEqual(['coded-unfiled']);
  });

  test('knows what is in a list that nobody has, and keeps one item a way that takes none', async () => {
    const store = await open();
    const { codedEntries } = store;
    await codedEntries.change(person, [put(entry('a'))], NOW_MS);
    const { id } = (await codedEntries.list(PRACTICE, DAY, NOW_MS))!;
    const isOut = async (): Promise<unknown> => (await codedEntries.open(9)).map((one) => one.isOut);
    const items = async (): Promise<unknown> =>
      (await store.worklist({ open: true, count: 9 })).map(({ rule, outcome }) => [
        rule,
        outcome.issue[0]?.diagnostics?.replace(/^.*: /, ''),
      ]);
    expect(await isOut()).toEqual([false]);
    await codedEntries.raiseNotOut('one', 'no room', NOW_MS);
    await codedEntries.raiseNotOut('one', 'no folder', NOW_MS);
    await codedEntries.raiseNotOut('two', 'no room', NOW_MS);
    expect(await items()).toEqual([
      ['coded-not-out', 'no folder'],
      ['coded-not-out', 'no room'],
    ]);
    await codedEntries.outAgain('one');
    expect(await items()).toEqual([['coded-not-out', 'no room']]);
    await codedEntries.begin(id, 'one');
    expect(await isOut()).toEqual([true]);
    await codedEntries.notBegun(id, 'one');
    expect(await isOut()).toEqual([false]);
    await codedEntries.putBy(id, ['one']);
    expect(await isOut()).toEqual([true]);
  });
}
