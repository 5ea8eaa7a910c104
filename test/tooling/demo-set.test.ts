/** The demo set: the files on disk are what the seed makes, every number is of the test range, every journey makes sense. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseNhsNumber } from '../../src/fhir/identifiers.ts';
import { loadSource } from '../../src/source/load.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import { ageOn, daysBetween, TODAY } from '../../tooling/demo/calendar.ts';
import { INSTRUMENTS } from '../../tooling/demo/instruments.ts';
import type { Determinant, Referral } from '../../tooling/demo/journey-types.ts';
import { NEEDS } from '../../tooling/demo/menu.ts';
import { demoFiles, demoJourneys } from '../../tooling/demo-set.ts';
import { exampleWorkbooks } from '../../tooling/example-workbooks.ts';

const ROOT = join(import.meta.dirname, '../..');
const { workbook, platform } = demoJourneys();
const all = [...workbook, ...platform];
const people = [...new Map(all.map((referral) => [referral.person.number, referral.person])).values()];

test('making the demo set again gives the committed files byte for byte', async () => {
  const files = await demoFiles();
  expect(files.size).toBe(11);
  for (const [path, content] of files) {
    const made = Buffer.from(content);
    expect(made.equals(readFileSync(join(ROOT, path))), `${path} differs: npm run demo:generate`).toBe(true);
  }
});

test('making the example workbooks again gives the committed files byte for byte', async () => {
  for (const [path, bytes] of await exampleWorkbooks())
    expect(
      bytes.equals(readFileSync(join(ROOT, path))),
      `${path} differs: node tooling/example-workbooks.ts`,
    ).toBe(true);
});

test('the demo files together stay below 3 MB', async () => {
  const sizes = [...(await demoFiles()).values()].map((content) => Buffer.byteLength(content));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(3_000_000);
});

test('there are 200 people: 120 in the workbook, 80 of the platform, and five of the 120 known to both under one verified NHS number', () => {
  const inWorkbook = new Set(workbook.map((referral) => referral.person));
  const inPlatform = new Set(platform.map((referral) => referral.person));
  expect(people).toHaveLength(200);
  expect(inWorkbook.size).toBe(120);
  const shared = [...inPlatform].filter((person) =>
    [...inWorkbook].some(({ number }) => number === person.number),
  );
  expect(shared).toHaveLength(5);
  expect(inPlatform.size).toBe(85);
  for (const person of shared)
    expect(person).toMatchObject({ nhsNumberVerified: true, nhsNumber: expect.stringMatching(/^999/) });
});

test('every NHS number is of the 999 range, valid, and of one person', () => {
  const numbers = people.flatMap((person) => person.nhsNumber ?? []);
  expect(numbers.filter((number) => !number.startsWith('999') || parseNhsNumber(number) !== number)).toEqual(
    [],
  );
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.length).toBeLessThan(people.length);
});

test('telephone numbers are of the ranges kept free for drama, and mail goes to example.org', () => {
  const phones = people.flatMap((person) => person.phone ?? []);
  expect(phones.filter((phone) => !/^(07700 900|01632 960)\d{3}$/.test(phone))).toEqual([]);
  expect(
    people.filter((person) => person.email !== undefined && !/^[a-z]+\.\d+@example\.org$/.test(person.email)),
  ).toEqual([]);
});

test('every journey is in order', () => {
  expect(all.flatMap(disordersOf)).toEqual([]);
});

/** @returns what is out of order in a journey, each with the number of its person */
function disordersOf(referral: Referral): string[] {
  const { person, contacts, follows } = referral;
  const events = eventsOf(referral);
  const starts = contacts.map(({ start }) => start);
  const checks: readonly (readonly [boolean, string])[] = [
    [events.join() === events.toSorted().join(), 'an event comes before its cause'],
    [starts.join() === starts.toSorted().join(), 'contacts are not in order of time'],
    [lastDay(referral) <= TODAY, 'something happens after the last day'],
    [person.birthDate < referral.referredOn, 'referred before birth'],
    [contacts.length === 0 || referral.acceptedOn !== undefined, 'met, though never accepted'],
    [
      !follows || referral.acceptedOn === follows.closure?.on,
      'accepted on another day than the hospital closed',
    ],
    [!follows || person === follows.person, 'handed over as another person'],
    [referral.service !== 'young-people' || ageOn(person.birthDate, TODAY) < 18, 'too old for the service'],
    [!lacksBaseline(referral), 'a follow-up without an earlier baseline'],
  ];
  return checks.filter(([holds]) => !holds).map(([, disorder]) => `${person.number}: ${disorder}`);
}

/** Days in the order in which they must come: referral, acceptance, contacts, closure. */
function eventsOf({ referredOn, acceptedOn, contacts, closure }: Referral): string[] {
  const days = contacts.map((contact) => contact.start.slice(0, 10));
  return [referredOn, ...(acceptedOn ? [acceptedOn] : []), ...days, ...(closure ? [closure.on] : [])];
}

function lastDay({ statusOn, consents, forms, support, onward, ...referral }: Referral): string {
  const others = [...forms, ...support, ...onward].map(({ on }) => on);
  return [
    statusOn,
    consents.withdrawnOn ?? consents.on,
    ...others,
    ...eventsOf({ ...referral, statusOn, consents, forms, support, onward }),
  ]
    .toSorted()
    .at(-1)!;
}

function lacksBaseline({ forms }: Referral): boolean {
  return forms
    .filter((form) => form.point === 'follow-up')
    .some((form) => {
      const baseline = forms.find(
        (other) => other.instrument === form.instrument && other.point === 'baseline',
      );
      return !baseline || daysBetween(baseline.on, form.on) <= 0;
    });
}

test('the set holds every instrument with a follow-up, every determinant, and every kind of consent, contact and ending', () => {
  const seen = <T>(of: (referral: Referral) => readonly T[]): Set<T> => new Set(all.flatMap(of));
  const followed = seen(({ forms }) =>
    forms.filter(({ point }) => point === 'follow-up').map(({ instrument }) => instrument),
  );
  expect([...followed].sort()).toEqual([...INSTRUMENTS].sort());
  const determinants = seen<Determinant>(({ needs }) => needs.map((need) => NEEDS[need].determinant));
  expect(determinants.size).toBe(8);
  expect(seen(({ consents }) => [consents.share])).toEqual(
    new Set(['given', 'coded', 'refused', 'withdrawn']),
  );
  expect(seen(({ consents }) => [consents.refer])).toEqual(new Set(['given', 'refused', 'withdrawn']));
  expect(seen(({ consents }) => [consents.research])).toEqual(
    new Set(['given', 'refused', 'withdrawn', undefined]),
  );
  expect(seen(({ contacts }) => contacts.map(({ attended }) => attended))).toEqual(
    new Set(['attended', 'missed', 'cancelled']),
  );
  expect(seen(({ contacts }) => contacts.map(({ session }) => session !== undefined))).toEqual(
    new Set([true, false]),
  );
  expect(seen(({ status }) => [status]).size).toBe(13);
  expect(seen(({ intent }) => [intent])).toEqual(new Set(['referred', 'recommended']));
  expect(seen(({ service }) => [service]).size).toBe(3);
});

test('at most one record in a hundred is refused when read, and each refusal says where', async () => {
  let read = 0;
  const refused: string[] = [];
  for (const path of (await demoFiles()).keys()) {
    const source = loadSource(join(ROOT, path, '../..'));
    if (!source.ok) throw new Error(JSON.stringify(source.outcome));
    for await (const record of readFileRecords(source.value, join(ROOT, path), { nowMs: 0 })) {
      read++;
      if (!record.ok) refused.push(`${record.file}:${record.line}`);
    }
  }
  expect(refused).toEqual([
    'referrals.csv:16',
    'contacts.csv:43',
    'contacts.csv:205',
    'outcomes.csv:11',
    'contact.ndjson:78',
  ]);
  expect(refused.length / read).toBeLessThan(0.01);
});
