/** What PDS says of a restriction is laid over the Patient for certain, and taken back by PDS alone. */
import { expect, test } from 'vitest';
import { issueOf, outcomeOf } from '../../../src/fhir/outcome.ts';
import { pdsRecord } from '../../servers/pds-records.ts';
import { idOf, NOW_MS } from '../../store/samples.ts';
import { openPdsPlace, type PdsPlace, record, said } from './place.ts';

const [A, B] = ['9990000018', '9990000026'] as const;

/** @returns whether the Patient is restricted once PDS was asked about them again */
async function restrictedAfterAsking(place: PdsPlace): Promise<boolean> {
  place.pass(31 * 86_400_000);
  await place.store.resend('pds', [{ key: `Patient/${idOf('a')}`, how: 'over' }], 'test', NOW_MS);
  await place.settle();
  return (await place.patient('a')).meta?.security?.some(({ code }) => code === 'V') ?? false;
}

test('a restriction is taken back by a record that says so, and by nothing else', async () => {
  const place = await openPdsPlace();
  const put = (more: object): void => place.pds.put({ ...pdsRecord(A), ...more });
  place.pds.put(pdsRecord(A, { security: 'V', version: '1' }));
  await place.say(record('1', [said('a', A)]));
  expect(await restrictedAfterAsking(place)).toBe(true);
  put({ meta: { versionId: '2' } });
  expect(await restrictedAfterAsking(place)).toBe(true);
  place.pds.put(pdsRecord(A, { family: 'Somebody', version: '3' }));
  expect(await restrictedAfterAsking(place)).toBe(true);
  await place.say(record('1', [said('a', B)]));
  expect(await restrictedAfterAsking(place)).toBe(true); // nobody has that number
  await place.say(record('1', [said('a', B, { birthDate: '1961' })]));
  expect(await restrictedAfterAsking(place)).toBe(true); // nobody can be asked about
  place.pds.invalidate(A);
  await place.say(record('1', [said('a', A)]));
  expect(await restrictedAfterAsking(place)).toBe(true);
  place.pds.put(pdsRecord(B, { version: '4' }));
  await place.say(record('1', [said('a', B)]));
  expect(await restrictedAfterAsking(place)).toBe(false);
});

test('what the store does not take is not counted as said, and is asked for again', async () => {
  let isRefused = true;
  const outcome = outcomeOf(issueOf({ rule: 'test', diagnostics: 'It does not go with what is here.' }));
  const place: PdsPlace = await openPdsPlace({
    take: async ([first]) => (isRefused ? [{ state: 'refused', outcome }] : [await place.say(first!)]),
  });
  place.pds.put(pdsRecord(A, { security: 'R' }));
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  const waiting = async (): Promise<number | undefined> =>
    (await place.store.counts()).targets.find(({ target }) => target === 'pds')?.waiting;
  expect(await waiting()).toBe(1);
  isRefused = false;
  place.pass(3_600_000);
  await place.settle();
  expect(await waiting()).toBe(0);
  expect((await place.patient('a')).meta?.security?.[0]?.code).toBe('R');
});
