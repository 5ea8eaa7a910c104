/** A number that PDS replaces by another goes, for all of the person and for good. */
import { expect, test } from 'vitest';
import { pdsRecord } from '../../servers/pds-records.ts';
import { contact, idOf } from '../../store/samples.ts';
import { numbersOf, openPdsPlace, record, said } from './place.ts';

const [A, B] = ['9990000018', '9990000026'] as const;
const RENAMED = [{ family: 'Example', given: ['Robyn'] }];

test('whoever else has a superseded number verified is asked about at once, and all of the person go on to the new one', async () => {
  for (const [first, second] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const place = await openPdsPlace();
    place.pds.put(pdsRecord(A));
    await place.say(record('1', [said('a', A)]));
    await place.settle();
    await place.say(record('2', [said('b', A), contact('e', 'b')], { source: 'platform' }));
    await place.settle();
    const { store } = place;
    expect(await store.personOf(idOf('b'))).toBe(await store.personOf(idOf('a')));
    place.pds.put(pdsRecord(B));
    place.pds.supersede(A, B);
    await place.say(record('3', [said(first, A, { name: RENAMED })]));
    expect(await place.settle()).toBe(2);
    for (const name of [first, second])
      expect(numbersOf(await place.patient(name))).toEqual([`${B} 01`, `${A} old`]);
    expect(await store.personOf(idOf('b'))).toBe(await store.personOf(idOf('a')));
    expect(await place.settle()).toBe(0);
  }
});

test('a superseded number does not come back where a source drops the birth date: the new one is to be traced', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A));
  place.pds.put(pdsRecord(B));
  place.pds.supersede(A, B);
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  expect(numbersOf(await place.patient('a'))).toEqual([`${B} 01`, `${A} old`]);
  await place.say(record('1', [said('a', A, { birthDate: '1960' })]));
  expect(await place.settle()).toBe(0);
  expect(numbersOf(await place.patient('a'))).toEqual([`${B} 03`, `${A} old`]);
  expect(await place.rules()).toContain('pds-incomplete');
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  expect(numbersOf(await place.patient('a'))).toEqual([`${B} 01`, `${A} old`]);
});
