/** What PDS says of a restriction is laid over the Patient for certain, and taken back by PDS alone. */
import type { Identifier, Patient, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { FORMER_NHS_NUMBER_SYSTEM } from '../../../src/fhir/identifiers.ts';
import { issueOf, outcomeOf } from '../../../src/fhir/outcome.ts';
import { consent } from '../../end-to-end/ehr-referral.ts';
import { pdsRecord } from '../../servers/pds-records.ts';
import { contact, idOf, NOW_MS } from '../../store/samples.ts';
import { numbersOf, openPdsPlace, type PdsPlace, record, said } from './place.ts';

const SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
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

async function waiting(place: PdsPlace): Promise<number | undefined> {
  return (await place.store.counts()).targets.find(({ target }) => target === 'pds')?.waiting;
}

test('of an answer that does not go with what is here the restriction is kept, somebody is told, and it is asked for again', async () => {
  let isRefused = true;
  const outcome = outcomeOf(issueOf({ rule: 'test', diagnostics: 'It does not go with what is here.' }));
  const check = (one: Resource) => (isRefused && JSON.stringify(one).includes('"01"') ? outcome.issue : []);
  const place = await openPdsPlace({}, { check });
  place.pds.put(pdsRecord(A, { security: 'V' }));
  await place.say(record('1', [said('a', A, { address: [{ line: ['17 Quarry Steps'] }] })]));
  await place.settle();
  const now = await place.patient('a');
  expect([now.address, now.meta?.security?.[0]?.code, numbersOf(now)]).toEqual([undefined, 'V', [`${A} 02`]]);
  expect(await waiting(place)).toBeGreaterThan(0);
  expect(await place.rules()).toContain('test');
  // neither a restart nor an answer about nobody takes the restriction back
  place.pds.invalidate(A);
  expect(await restrictedAfterAsking(place)).toBe(true);
  isRefused = false;
  place.pds.put(pdsRecord(B, { version: '2' }));
  await place.say(record('1', [said('a', B)]));
  expect(await restrictedAfterAsking(place)).toBe(false);
  expect(numbersOf(await place.patient('a'))).toEqual([`${B} 01`]);
  expect(await waiting(place)).toBe(0);
  expect(await place.rules()).not.toContain('test');
});

test('an answer older than the one before it changes nothing, and is asked for again', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A, { security: 'V', version: '10' }));
  await place.say(record('1', [said('a', A)]));
  expect(await restrictedAfterAsking(place)).toBe(true);
  const { version } = (await place.store.read('Patient', idOf('a')))!;
  place.pds.put(pdsRecord(A, { version: '9' }));
  expect(await restrictedAfterAsking(place)).toBe(true);
  expect((await place.store.read('Patient', idOf('a')))?.version).toBe(version);
  expect(await waiting(place)).toBe(1);
  place.pds.put(pdsRecord(A, { version: '11' }));
  expect(await restrictedAfterAsking(place)).toBe(false);
  expect(await waiting(place)).toBe(0);
});

test('an answer of the version that is known writes nothing', async () => {
  let taken = 0;
  const place: PdsPlace = await openPdsPlace({
    take: async ([first]) => {
      taken += 1;
      return [await place.say(first!)];
    },
  });
  place.pds.put(pdsRecord(A, { version: '3' }));
  await place.say(record('1', [said('a', A)]));
  await restrictedAfterAsking(place);
  const asked = place.pds.seen.length;
  await restrictedAfterAsking(place);
  expect([taken, place.pds.seen.length]).toEqual([1, asked + 1]);
  place.pds.put(pdsRecord(A, { version: '4', security: 'V' }));
  expect(await restrictedAfterAsking(place)).toBe(true);
  expect(taken).toBe(2);
});

test('whoever is said to have the number of a restricted person goes to no target that takes none, until that is over', async () => {
  const place = await openPdsPlace();
  const agreed = { ...consent(idOf('b')), id: idOf('consent b'), dateTime: '2025-01-01' };
  const isSent = (): boolean => place.sent.some(({ id }) => id === idOf('e'));
  place.pds.put(pdsRecord(A, { security: 'R', version: '1' }));
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  // another surname: PDS says nothing of them but that the number is not theirs
  const stranger = said('b', B, { identifier: [...old(A), ...identifierOf(B)], name: [{ family: 'Other' }] });
  place.pds.put(pdsRecord(B, { family: 'Other', version: '1' }));
  await place.say(record('2', [stranger, agreed, contact('e', 'b')], { source: 'platform' }));
  await place.settle();
  expect(await place.store.restricted(idOf('b'))).toEqual([idOf('b')]);
  expect((await place.patient('b')).meta?.security).toBeUndefined();
  expect(numbersOf(await place.patient('b'))).toContain(`${B} 01`);
  expect(isSent()).toBe(false);
  expect(await place.rules()).toContain('hr-8');
  place.pds.put(pdsRecord(A, { version: '2' }));
  await restrictedAfterAsking(place);
  expect(isSent()).toBe(true);
});

test('one person of whom an answer cannot be used says nothing against PDS, and is asked about ever more seldom', async () => {
  const outcome = outcomeOf(issueOf({ rule: 'test', diagnostics: 'It does not go with what is here.' }));
  let isRefused = true;
  const place = await openPdsPlace(
    {},
    { check: (one) => (isRefused && JSON.stringify(one).includes('"01"') ? outcome.issue : []) },
  );
  place.pds.put(pdsRecord(A, { version: '10' }));
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  const [item] = await place.store.worklist({ open: true, count: 9 });
  for (let time = 0; time < 8; time++) {
    place.pass(3_600_000);
    await place.settle();
  }
  expect(place.evidence.map((one) => one.of)).toEqual(Array.from({ length: 9 }, () => 'up'));
  const waits = place.evidence.map((one) => one.waitMs);
  expect(waits.at(-1)).toBeGreaterThan(10 * waits[0]!);
  expect(waits.at(-1)).toBeLessThanOrEqual(3_600_000);
  // somebody is told once of what is to be settled, and after six times of the delivery that waits for it
  expect(await place.store.worklist({ open: true, count: 9 })).toContainEqual(item);
  expect(await place.rules()).toEqual(['test', 'hr-8', 'delivery-still-locked']);
  const told = (await place.store.worklist({ open: true, count: 9 })).at(-1)!;
  expect(told.outcome.issue[0]?.diagnostics).toContain('Settle the item of the source "pds"');
  isRefused = false;
  place.pass(3_600_000);
  await place.settle();
  expect(await place.rules()).toEqual(['hr-8']); // nobody has said that it may be shared
  place.pds.put(pdsRecord(A, { version: '9' }));
  await restrictedAfterAsking(place);
  expect(await waiting(place)).toBe(1);
  expect(place.evidence.at(-1)?.of).toBe('up');
});

test.each([
  ['was not kept any more, since the process ended', false],
  ['was not kept any more, and PDS knows another number now', true],
])('a restriction stays though the answer that brought it %s', async (_why, isOther) => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A, { security: 'V' }));
  await place.say(record('1', [said('a', A)]));
  expect(await restrictedAfterAsking(place)).toBe(true);
  await place.store.answers.keep('pds', idOf('a'), { answer: '', untilMs: 0 }, NOW_MS);
  await place.store.answers.forget('pds', 1);
  if (isOther) place.pds.put(pdsRecord(A, { family: 'Other', version: '2' }));
  else place.pds.invalidate(A);
  expect(await restrictedAfterAsking(place)).toBe(true);
  expect((await place.patient('a')).meta?.security?.[0]?.code).toBe('V');
  place.pds.put(pdsRecord(B, { version: '3' }));
  await place.say(record('1', [said('a', B)]));
  expect(await restrictedAfterAsking(place)).toBe(false);
});

test('what a source restricts is not taken for a word of PDS', async () => {
  const place = await openPdsPlace();
  await place.say(record('1', [said('a', A, { meta: { security: [{ system: SYSTEM, code: 'V' }] } })]));
  expect(await restrictedAfterAsking(place)).toBe(true); // nobody has the number
  const word = async (): Promise<unknown> =>
    place.store.saidBy({ source: 'pds', kind: 'Patient', key: idOf('a') }, 'Patient', idOf('a'));
  expect(await word()).not.toHaveProperty('meta.security');
  place.pds.put(pdsRecord(A, { security: 'R' }));
  expect(await restrictedAfterAsking(place)).toBe(true);
  expect(await word()).toHaveProperty('meta.security.0.code', 'R');
});

function identifierOf(number: string): Identifier[] {
  return (said('x', number) as Patient).identifier ?? [];
}

function old(number: string): Identifier[] {
  return identifierOf(number).map(({ value }) => ({
    use: 'old',
    system: FORMER_NHS_NUMBER_SYSTEM,
    value: value!,
  }));
}
