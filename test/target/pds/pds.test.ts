/** People are checked at PDS before anything of them goes where a verified NHS number is needed. */
import { expect, test } from 'vitest';
import { unlinkJob } from '../../../src/cli/again/unlink.ts';
import { consent } from '../../end-to-end/ehr-referral.ts';
import { BORN, pdsRecord } from '../../servers/pds-records.ts';
import { contact, idOf, NOW_MS } from '../../store/samples.ts';
import { numbersOf, openPdsPlace, record, said } from './place.ts';

const [A, B, C] = ['9990000018', '9990000026', '9990000034'] as const;
const agreed = (name: string) => {
  const one = consent(idOf(name));
  return { ...one, id: idOf(`consent ${name}`), dateTime: '2025-01-01' };
};

test('what needs a verified number waits for PDS, and goes by itself once it is verified', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A, { family: 'EXAMPLE' }));
  await place.say(record('1', [said('a', A), agreed('a'), contact('e', 'a')]));
  expect(await place.settle()).toBe(1);
  expect(numbersOf(await place.patient('a'))).toEqual([`${A} 01`]);
  expect(place.sent.map((one) => one.resourceType).sort()).toEqual(['Consent', 'Encounter', 'Patient']);
  expect(await place.rules()).toEqual([]);
  const [{ headers, path }] = place.pds.seen as [(typeof place.pds.seen)[number]];
  expect([path, headers['nhsd-end-user-organisation-ods']]).toEqual([`/Patient/${A}`, 'X26']);
});

test('a Patient of whom nothing that identifies them has changed is not asked about again, until it is time', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A));
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  const { version } = (await place.store.read('Patient', idOf('a')))!;
  await place.say(record('1', [said('a', A, { telecom: [{ system: 'phone', value: '01632 960111' }] })]));
  expect(await place.settle()).toBe(0);
  expect((await place.store.read('Patient', idOf('a')))?.version).toBe(version + 1);
  place.pass(31 * 86_400_000);
  await place.store.resend('pds', [{ key: `Patient/${idOf('a')}`, how: 'over' }], 'test', NOW_MS);
  expect(await place.settle()).toBe(1);
  expect((await place.store.read('Patient', idOf('a')))?.version).toBe(version + 1);
  await place.say(record('1', [said('a', A, { birthDate: '1961-04-10' })]));
  expect(await place.settle()).toBe(1);
});

test('a source that says less of the number than PDS takes nothing back', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A));
  await place.say(record('1', [said('a', A)], { sourceTimeMs: NOW_MS + 86_400_000, timeOf: 'source' }));
  await place.settle();
  await place.say(
    record('2', [said('a', A, { gender: 'male' }, '03')], {
      sourceTimeMs: NOW_MS + 90_000_000,
      timeOf: 'source',
    }),
  );
  expect(numbersOf(await place.patient('a'))).toEqual([`${A} 01`]);
  expect(await place.settle()).toBe(0);
});

test('a superseded number stays as an old one, and whoever has the new one is the same person, until that is undone', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A));
  place.pds.put(pdsRecord(B));
  for (const [name, number] of [
    ['a', A],
    ['b', B],
  ] as const)
    await place.say(record(name, [said(name, number), agreed(name), contact(`e${name}`, name)]));
  await place.settle();
  expect(await place.store.personOf(idOf('b'))).toBe(idOf('b'));
  place.pds.supersede(A, B);
  place.pass(31 * 86_400_000);
  await place.store.resend('pds', [{ key: `Patient/${idOf('a')}`, how: 'over' }], 'test', NOW_MS);
  await place.settle();
  const now = await place.patient('a');
  expect(numbersOf(now)).toEqual([`${B} 01`, `${A} old`]);
  expect(now.identifier?.find(({ use }) => use === 'old')?.period?.end).toMatch(/^2025-04-0/);
  expect(await place.store.personOf(idOf('a'))).toBe(await place.store.personOf(idOf('b')));
  expect(JSON.stringify(place.sent.filter((one) => one.id === idOf('a')).at(-1))).toContain(B);
  const audit = (await place.store.audit(100)).map(({ action, detail }) => `${action} ${detail}`);
  expect(audit.filter((one) => one.startsWith('link') && one.includes(idOf('a')))).toHaveLength(1);
  expect(audit.join()).not.toContain(B);
  await place.say(record('a', [said('a', A, { gender: 'female' })]));
  await place.settle();
  expect(numbersOf(await place.patient('a'))).toEqual([`${B} 01`, `${A} old`]);
  const shop = { store: place.store, clock: () => NOW_MS, wake: () => {} };
  const told = await Array.fromAsync(unlinkJob(shop, { patient: `Patient/${idOf('a')}` }, 'operator'));
  expect(told).toEqual([{ event: 'unlinked', patient: idOf('a'), from: [idOf('b')] }]);
  const again = await Array.fromAsync(unlinkJob(shop, { patient: idOf('a') }, 'operator'));
  expect(again).toEqual([{ event: 'not-joined', patient: idOf('a') }]);
  const [undone] = (await place.store.audit(100)).filter(({ action }) => action === 'unlink');
  expect(undone?.actor).toBe('operator');
  expect(await place.store.personOf(idOf('a'))).not.toBe(await place.store.personOf(idOf('b')));
  const own = await place.store.readPerson(await place.store.personOf(idOf('a')), 'Encounter');
  expect(own.map(({ id }) => id)).toEqual([idOf('ea')]);
  await place.say(record('a', [said('a', A, { gender: 'other' })]));
  await place.settle();
  expect(await place.store.personOf(idOf('a'))).not.toBe(await place.store.personOf(idOf('b')));
});

test('a number that PDS has withdrawn is verified no longer, and holds what needs it', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A));
  await place.say(record('1', [said('a', A), agreed('a')]));
  await place.settle();
  place.pds.invalidate(A);
  place.pass(31 * 86_400_000);
  await place.store.resend('pds', [{ key: `Patient/${idOf('a')}`, how: 'over' }], 'test', NOW_MS);
  await place.settle();
  expect(numbersOf(await place.patient('a'))).toEqual([`${A} 05`]);
  const before = place.sent.length;
  await place.say(record('2', [contact('e', 'a')]));
  await place.settle();
  expect(place.sent.length).toBe(before);
  expect(await place.rules()).toEqual(expect.arrayContaining(['pds-invalidated', 'hr-8']));
});

test.each([
  ['Patient.name', { family: 'Another' }],
  ['Patient.birthDate', { birthDate: '1961-09-04' }],
])('another %s at PDS verifies nothing, changes nothing and tells no value', async (expression, more) => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A, more));
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  const now = await place.patient('a');
  expect([numbersOf(now), now.name?.[0]?.family, now.birthDate]).toEqual([[`${A} 05`], 'Example', BORN]);
  const [item] = await place.store.worklist({ open: true, count: 9 });
  expect(item?.outcome.issue[0]).toMatchObject({ expression: [expression], severity: 'warning' });
  expect(JSON.stringify(item)).not.toMatch(/Another|1961|999000/);
  place.pds.put(pdsRecord(A));
  await place.say(record('1', [said('a', A, { name: [{ family: 'Example', given: ['Rob'] }] })]));
  await place.settle();
  expect(numbersOf(await place.patient('a'))).toEqual([`${A} 01`]);
  expect(await place.rules()).toEqual(['hr-8']); // no consent: nothing of PDS
});

test('a number that PDS does not know is not verified, and one that nobody could check is not asked about', async () => {
  const place = await openPdsPlace();
  await place.say(record('1', [said('a', A)]));
  await place.say(record('2', [said('b', B, { birthDate: '1961' }, '03')]));
  expect(await place.settle()).toBe(1);
  expect(numbersOf(await place.patient('a'))).toEqual([`${A} 04`]);
  expect(numbersOf(await place.patient('b'))).toEqual([`${B} 03`]);
  expect((await place.rules()).filter((one) => one?.startsWith('pds-')).sort()).toEqual([
    'pds-incomplete',
    'pds-not-found',
  ]);
});

test('a death is written with its day and how it was told, and somebody is told', async () => {
  const place = await openPdsPlace();
  const parts = [
    {
      url: 'deathNotificationStatus',
      valueCodeableConcept: {
        coding: [{ system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus', code: '2' }],
      },
    },
  ];
  const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus';
  place.pds.put(
    pdsRecord(A, { deceasedDateTime: '2025-01-02T00:00:00+00:00', extension: [{ url, extension: parts }] }),
  );
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  const now = await place.patient('a');
  expect([now.deceasedDateTime, numbersOf(now)]).toEqual(['2025-01-02T00:00:00+00:00', [`${A} 01`]]);
  expect(JSON.stringify(now.extension)).toContain('"code":"2"');
  expect(await place.rules()).toContain('pds-deceased');
});

test('who has no number is traced by one match of score 1, and by nothing less', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A, { family: 'Lone', address: [{ use: 'home', postalCode: 'LS1 1AA' }] }));
  place.pds.put(pdsRecord(B, { family: 'Likely' }));
  place.pds.score(B, 0.95);
  for (const number of [C, '9990000042']) place.pds.put(pdsRecord(number, { family: 'Many' }));
  const named = (family: string) => ({ name: [{ family, given: ['Robin'] }] });
  await place.say(
    record('1', [said('lone', undefined, { ...named('Lone'), address: [{ postalCode: 'LS9 9ZZ' }] })]),
  );
  for (const family of ['Likely', 'Many', 'Nobody'])
    await place.say(record(family, [said(family, undefined, named(family))]));
  await place.settle();
  expect(numbersOf(await place.patient('lone'))).toEqual([`${A} 01`]);
  for (const family of ['Likely', 'Many', 'Nobody'])
    expect(numbersOf(await place.patient(family))).toEqual([]);
  expect((await place.rules()).filter((one) => one?.startsWith('pds-')).sort()).toEqual([
    'pds-many-matches',
    'pds-no-match',
    'pds-unsure-match',
  ]);
  await place.say(record('1', [said('lone', undefined, { ...named('Lone'), gender: 'male' })]));
  expect(await place.settle()).toBe(0);
  expect(numbersOf(await place.patient('lone'))).toEqual([`${A} 01`]);
});

test('a question without an answer is asked again under the same id, and 429 lets everybody rest', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A));
  const faults = [
    'cut',
    { status: 500 },
    { status: 429, code: 'TOO_MANY_REQUESTS', headers: { 'retry-after': '120' } },
  ] as const;
  let at = 0;
  place.pds.fail(() => faults[at++]);
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  for (let round = 0; round < 2; round++) {
    place.pass(10_000);
    await place.settle();
  }
  const made = place.pds.seen.length;
  place.pass(60_000);
  await place.say(record('2', [said('b', B)]));
  await place.settle();
  expect(place.pds.seen.length).toBe(made);
  place.pass(121_000);
  await place.settle();
  expect(numbersOf(await place.patient('a'))).toEqual([`${A} 01`]);
  const ids = place.pds.seen
    .filter(({ path }) => path.endsWith(A))
    .map(({ headers }) => headers['x-request-id']);
  expect([ids.length >= 4, new Set(ids).size]).toEqual([true, 1]);
});

test('whom PDS does not let in waits, and nobody is parked for it', async () => {
  const place = await openPdsPlace();
  place.pds.fail(() => ({ status: 401, code: 'ACCESS_DENIED' }));
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  expect((await place.store.counts()).targets.find(({ target }) => target === 'pds')).toMatchObject({
    waiting: 1,
    parked: 0,
  });
});

test('an erased person is known no longer, and PDS is not asked about them', async () => {
  const place = await openPdsPlace();
  place.pds.put(pdsRecord(A));
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  expect(await place.store.answers.get('pds', idOf('a'))).toBeDefined();
  await place.store.erasePerson(idOf('a'), 'test', NOW_MS);
  expect(await place.settle()).toBe(0);
  expect(await place.store.answers.get('pds', idOf('a'))).toBeUndefined();
});

test('one answer keeps nobody from asking for longer than a quarter of an hour, nor does a clock that was wrong', async () => {
  const place = await openPdsPlace();
  const faults = [{ status: 429, code: 'TOO_MANY_REQUESTS', headers: { 'retry-after': '86400' } }] as const;
  let at = 0;
  place.pds.fail(() => faults[at++]);
  await place.say(record('1', [said('a', A)]));
  await place.settle();
  place.pass(16 * 60_000);
  await place.say(record('2', [said('b', B)]));
  await place.settle();
  const isAsked = (number: string): boolean => place.pds.seen.some(({ path }) => path.endsWith(number));
  expect([A, B].map(isAsked)).toEqual([true, true]);
  const untilMs = NOW_MS + 5 * 86_400_000;
  await place.store.answers.keep('pds-rest', 'test', { answer: '', untilMs }, NOW_MS);
  await place.say(record('3', [said('c', C)]));
  await place.settle();
  expect(isAsked(C)).toBe(true);
  expect(place.pds.seen.filter(({ path }) => path.endsWith(A)).length).toBe(2);
});
