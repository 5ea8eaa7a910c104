/** A document for an organisation that has closed is addressed to the one that works in its place. */
import { expect, test } from 'vitest';
import { keepSuccessors } from '../../../src/nhs/ods/successors.ts';
import { openLine } from './line.ts';
import { MADE_MS } from './samples.ts';
import { testWay } from './world.ts';

async function addressedTo(successors: ReadonlyMap<string, string>): Promise<string[]> {
  const mesh = testWay('mesh', 'sent');
  const here = await openLine(() => [mesh]);
  await keepSuccessors(here.store, successors, MADE_MS);
  await here.deliver();
  await here.sweep();
  return [...mesh.held.values()].map(
    (text) => (JSON.parse(text) as { addressee: { odsCode: string } }).addressee.odsCode,
  );
}

test('a practice that has closed is not written to where another works in its place', async () => {
  const [practice, ...more] = await addressedTo(new Map());
  expect([practice, more]).toEqual([expect.stringMatching(/^\w{5,6}$/), []]);
  expect(await addressedTo(new Map([[practice!, 'Y99999']]))).toEqual(['Y99999']);
  expect(await addressedTo(new Map([['Y00000', 'Y99999']]))).toEqual([practice]);
});
