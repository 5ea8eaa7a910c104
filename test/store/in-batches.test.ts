/** What is asked for at the same time goes together, and each is told its own. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { InBatches } from '../../src/store/in-batches.ts';

test('what comes while a batch is on its way goes in the next, in order, no more than may go at once', async () => {
  const batches: number[][] = [];
  const doubled = new InBatches<number, number>(3, async (all) => {
    batches.push([...all]);
    await nextTurn();
    return all.map((one) => one * 2);
  });
  const first = doubled.add(1);
  await nextTurn();
  const others = [2, 3, 4, 5].map((one) => doubled.add(one));
  expect(await Promise.all([first, ...others])).toEqual([2, 4, 6, 8, 10]);
  expect(batches).toEqual([[1], [2, 3, 4], [5]]);
});

test('a batch that fails is told to all of it, and the next goes its way', async () => {
  const careful = new InBatches<string, string>(2, async (all) => {
    if (all.includes('bad')) throw new Error('no');
    return all;
  });
  const told = await Promise.allSettled(['a', 'bad', 'c'].map((one) => careful.add(one)));
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(await careful.add('d')).toBe('d');
});
