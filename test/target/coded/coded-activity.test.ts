/** Coded entries follow what is stored of a person: once each, with their author and day, and taken back when they never were. */
import { expect, test } from 'vitest';
import { codedActivitySchema } from '../../../src/config/coded-activity.ts';
import { NATIONAL_RULES } from '../../../src/referral/coded/rule.ts';
import type { CodedEntry } from '../../../src/store/coded-entries.ts';
import { whyOpen } from '../../../src/store/coded-entries.ts';
import type { Identified, Store } from '../../../src/store/store.ts';
import { idOf, NOW_MS, recordOf } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';
import {
  agreed,
  DAY,
  type Desk,
  declined,
  GP,
  openDesk,
  PLACES,
  PRACTICE,
  referred,
  registered,
} from './harness.ts';

const NUMBER = '9990000018';

/** @returns why each open entry is not in the record */
async function open(store: Store): Promise<string[]> {
  return (await store.codedEntries.open(100)).map((one) => `${one.action} ${whyOpen(one)}`);
}

async function listed(desk: Desk, day = DAY, practice = PRACTICE): Promise<readonly CodedEntry[]> {
  return (await desk.lists.next(practice, day))?.entries ?? [];
}

function said(entries: readonly CodedEntry[]): string[] {
  return entries.map(({ action, content }) => `${action} ${content.code.code} ${content.day}`);
}

async function ready(options: Parameters<typeof openDesk>[1] = {}): Promise<Desk> {
  const desk = openDesk(await temporaryStore(), options);
  await desk.commit([...PLACES, registered('p', NUMBER), agreed('p')], { key: 'P' });
  return desk;
}

test('lists a referral that the person accepted once, with its author, its day and whose it is', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p')], { key: 'R' });
  const [entry, ...more] = await listed(desk);
  expect(more).toEqual([]);
  expect(entry).toMatchObject({
    action: 'add',
    state: 'listed',
    practice: PRACTICE,
    content: {
      rule: 'referral',
      day: DAY,
      code: { code: '871731000000106' },
      person: { nhsNumber: NUMBER, family: 'Example', given: 'Robin', birthDate: '1948-05-17' },
      author: {
        name: 'Dr Sam Example',
        role: 'General practitioner',
        ods: PRACTICE,
        organisation: 'Example Surgery',
      },
      source: { type: 'ServiceRequest', id: idOf('r'), version: 1 },
    },
  });
  expect(await listed(desk)).toEqual([]);
});

test('lists nothing again when the same commit is replayed, changed in passing, or worked off by two', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p')], { key: 'R' });
  expect(await listed(desk)).toHaveLength(1);
  await desk.commit([referred('r', 'p', { priority: 'urgent' })], { key: 'R', sourceTimeMs: NOW_MS + 1 });
  const person = idOf('p');
  await Promise.all([desk.coded.refresh(person), desk.coded.refresh(person), desk.work()]);
  expect(await listed(desk)).toEqual([]);
  expect((await desk.store.codedEntries.ofPerson(person, [])).map(({ state }) => state)).toEqual(['listed']);
});

test('two that list at once share the entries between them', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p'), declined('t', 'p')], { key: 'R' });
  const lists = await Promise.all([listed(desk), listed(desk), listed(desk)]);
  expect(lists.flat()).toHaveLength(2);
  expect(new Set(lists.flat().map(({ id }) => id)).size).toBe(2);
});

test.each([
  ['an offer', referred('r', 'p', { status: 'draft', code: undefined })],
  ['a recommendation', referred('r', 'p', { intent: 'proposal' })],
  ['a hand-over', referred('r', 'p', { basedOn: [{ reference: `ServiceRequest/${idOf('old')}` }] })],
  ['a referral in error', referred('r', 'p', { status: 'entered-in-error' })],
  ['a withdrawal that is no decline', declined('t', 'p', { statusReason: { text: 'moved' } })],
  ['an activity that was declined', declined('t', 'p', { partOf: [{ reference: `Task/${idOf('old')}` }] })],
])('makes no entry of %s', async (_what, resource) => {
  const desk = await ready();
  await desk.commit([resource as Identified], { key: 'R' });
  expect(await desk.store.codedEntries.open(10)).toEqual([]);
});

test.each([
  ['the evening before the clocks go forward', '2025-03-29T23:30:00Z', '2025-03-29'],
  ['the first night of summer time', '2025-03-30T23:30:00Z', '2025-03-31'],
  ['the repeated hour in autumn', '2024-10-27T00:30:00Z', '2024-10-27'],
  ['the last summer midnight', '2024-10-26T23:00:00Z', '2024-10-27'],
  ['a winter midnight', '2024-12-01T00:00:00Z', '2024-12-01'],
  ['a time with a zone of its own', '2025-01-10T23:30:00-05:00', '2025-01-11'],
  ['a day', '2025-02-14', '2025-02-14'],
])('takes %s for its day in London', async (_what, authoredOn, day) => {
  const desk = await ready();
  desk.setNow(Date.UTC(2026, 0, 1));
  await desk.commit([referred('r', 'p', { authoredOn })], { key: 'R' });
  expect(said(await listed(desk, day))).toEqual([`add 871731000000106 ${day}`]);
});

test('waits with what is dated tomorrow until it is that day', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p', { authoredOn: '2025-03-04' })], { key: 'R' });
  expect(await listed(desk, '2025-03-04')).toEqual([]);
  desk.setNow(NOW_MS + 86_400_000);
  expect(await listed(desk, '2025-03-04')).toHaveLength(1);
});

test.each<[string, Identified[], object, string]>([
  [
    'whose NHS number is not verified',
    [registered('p', NUMBER, { status: '02' }), agreed('p')],
    {},
    'not-verified',
  ],
  ['without an NHS number', [registered('p', undefined), agreed('p')], {}, 'not-verified'],
  ['without a consent', [registered('p', NUMBER)], {}, 'no-consent'],
  ['who refused', [registered('p', NUMBER), agreed('p', { status: 'rejected' })], {}, 'no-consent'],
  [
    'without a practice',
    [registered('p', NUMBER, { generalPractitioner: undefined }), agreed('p')],
    {},
    'no-practice',
  ],
  [
    'of a practice without lists',
    [registered('p', NUMBER), agreed('p')],
    { practices: ['Y77777'] },
    'not-served',
  ],
  [
    'who is restricted',
    [
      registered('p', NUMBER, {
        meta: {
          security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
        },
      }),
      agreed('p'),
    ],
    {},
    'restricted',
  ],
])(
  'keeps what is said of a person %s, and says why it is not listed',
  async (_who, person, options, reason) => {
    const desk = openDesk(await temporaryStore(), options);
    await desk.commit([...PLACES, ...person, referred('r', 'p')], { key: 'P' });
    expect(await listed(desk)).toEqual([]);
    expect(await open(desk.store)).toEqual([`add ${reason}`]);
  },
);

test('no configuration lists restricted people: their practice is not known here', () => {
  const read = codedActivitySchema.safeParse({ allowRestricted: true });
  expect(read.error?.issues[0]?.message).toContain('allowRestricted');
});

test('names no author that is nobody: a referral by the person, or by software, waits for one', async () => {
  const desk = await ready();
  const own = { reference: `Patient/${idOf('p')}` };
  await desk.commit([referred('r', 'p', { requester: own })], { key: 'R' });
  expect(await open(desk.store)).toEqual(['add no-author']);
  await desk.commit([referred('r', 'p', { requester: own, performer: [GP] })], {
    key: 'R',
    sourceTimeMs: NOW_MS + 1,
  });
  expect((await listed(desk))[0]?.content.author?.name).toBe('Dr Sam Example');
});

test('finds the author in the Provenance of the record, where the resource names none; never the adapter', async () => {
  const desk = await ready();
  const target = [{ reference: `ServiceRequest/${idOf('r')}/_history/1` }];
  const agent = (code: string, who: object): object => ({ type: { coding: [{ code }] }, who });
  const provenance = {
    resourceType: 'Provenance',
    id: idOf('v'),
    target,
    recorded: '2025-03-01T10:00:00Z',
    agent: [agent('transmitter', { identifier: { value: 'hedgerow' } }), agent('author', GP)],
  } as unknown as Identified;
  await desk.commit([referred('r', 'p', { requester: undefined }), provenance], { key: 'R' });
  expect((await listed(desk))[0]?.content.author?.ods).toBe(PRACTICE);
});

test('says of a date without a day that it has none', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p', { authoredOn: '2025-03' })], { key: 'R' });
  expect(await open(desk.store)).toEqual(['add no-date']);
});

test('a consent that is taken back before the list lists nothing; given again, it lists', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p')], { key: 'R' });
  await desk.commit([agreed('p', { status: 'inactive', dateTime: '2025-03-02' })], {
    key: 'C',
    sourceTimeMs: NOW_MS + 1,
  });
  expect(await listed(desk)).toEqual([]);
  expect(await open(desk.store)).toEqual(['add no-consent']);
  await desk.commit([agreed('p', { dateTime: '2025-03-03' })], { key: 'C', sourceTimeMs: NOW_MS + 2 });
  expect(await listed(desk)).toHaveLength(1);
});

test('a consent that is taken back after the list takes nothing out of the record', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p')], { key: 'R' });
  await listed(desk);
  await desk.commit([agreed('p', { status: 'inactive', dateTime: '2025-03-02' })], {
    key: 'C',
    sourceTimeMs: NOW_MS + 1,
  });
  expect(await listed(desk)).toEqual([]);
  expect(await open(desk.store)).toEqual(['add not-filed']);
});

test('what ran out by the time of the list is not listed, though nothing was committed', async () => {
  const desk = openDesk(await temporaryStore());
  const consent = agreed('p') as Identified & { provision: object };
  const limited = {
    ...consent,
    provision: { ...consent.provision, period: { end: '2025-03-05' } },
  } as Identified;
  await desk.commit([...PLACES, registered('p', NUMBER), limited, referred('r', 'p')], { key: 'P' });
  expect(await open(desk.store)).toEqual(['add not-listed']);
  desk.setNow(Date.UTC(2025, 2, 10));
  expect(await listed(desk)).toEqual([]);
});

test('takes out of the record what was entered in error after it was listed, once', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p')], { key: 'R' });
  const [added] = await listed(desk);
  await desk.commit([referred('r', 'p', { status: 'entered-in-error' })], {
    key: 'R',
    sourceTimeMs: NOW_MS + 1,
  });
  const removals = await listed(desk);
  expect(said(removals)).toEqual([`remove 871731000000106 ${DAY}`]);
  expect(removals[0]?.id).toBe(added?.id);
  expect(await listed(desk)).toEqual([]);
});

test('what was in error before it was listed is in no list at all', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p')], { key: 'R' });
  await desk.commit([referred('r', 'p', { status: 'entered-in-error' })], {
    key: 'R',
    sourceTimeMs: NOW_MS + 1,
  });
  expect(await listed(desk)).toEqual([]);
  expect(await open(desk.store)).toEqual([]);
});

test('a referral that ends stays in the record; a decline that was none is taken out', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p'), declined('t', 'p')], { key: 'R' });
  expect(await listed(desk)).toHaveLength(2);
  const ended = referred('r', 'p', { status: 'revoked', code: undefined, authoredOn: '2025-02-28' });
  const other = declined('t', 'p', { statusReason: { coding: [{ code: 'moved' }] } });
  await desk.commit([ended, other], { key: 'R', sourceTimeMs: NOW_MS + 1 });
  expect(said(await listed(desk))).toEqual([`remove 871711000000103 ${DAY}`]);
  expect(await listed(desk, '2025-02-28')).toEqual([]);
});

test('a decline that is stamped anew on a later day stays on its day, listed or not; a decline after that was taken out is another', async () => {
  const desk = await ready();
  const at = (day: string, more: object = {}): Identified =>
    declined('t', 'p', { lastModified: `${day}T10:00:00Z`, ...more });
  const commit = (task: Identified, ms: number): Promise<void> =>
    desk.commit([task], { key: 'R', sourceTimeMs: NOW_MS + ms });
  await commit(at(DAY), 0);
  await commit(at('2025-03-02'), 1);
  expect(said(await listed(desk))).toEqual([`add 871711000000103 ${DAY}`]);
  await commit(at('2025-03-03'), 2);
  for (const day of [DAY, '2025-03-02', '2025-03-03']) expect(await listed(desk, day)).toEqual([]);
  await commit(at('2025-03-03', { statusReason: { text: 'moved' } }), 3);
  expect(said(await listed(desk))).toEqual([`remove 871711000000103 ${DAY}`]);
  await commit(at('2025-03-03'), 4);
  expect(said(await listed(desk, '2025-03-03'))).toEqual(['add 871711000000103 2025-03-03']);
});

test('a day that is put right is a removal and an addition, and a later stamp moves neither', async () => {
  const desk = await ready();
  await desk.commit([declined('t', 'p')], { key: 'R' });
  await listed(desk);
  const moved = declined('t', 'p', { lastModified: '2025-02-28T10:00:00Z' });
  await desk.commit([moved], { key: 'R', sourceTimeMs: NOW_MS + 1 });
  expect(said(await listed(desk))).toEqual([`remove 871711000000103 ${DAY}`]);
  expect(said(await listed(desk, '2025-02-28'))).toEqual(['add 871711000000103 2025-02-28']);
  const stamped = declined('t', 'p', { lastModified: '2025-03-03T10:00:00Z' });
  await desk.commit([stamped], { key: 'R', sourceTimeMs: NOW_MS + 2 });
  expect(await open(desk.store)).not.toContain('add again');
  expect(await listed(desk, '2025-03-03')).toEqual([]);
});

test('another time of the same day is the same event: nothing is taken out nor added', async () => {
  const desk = await ready();
  await desk.commit([declined('t', 'p')], { key: 'R' });
  const [first] = await listed(desk);
  const moved = declined('t', 'p', { lastModified: `${DAY}T10:05:00Z` });
  await desk.commit([moved], { key: 'R', sourceTimeMs: NOW_MS + 1 });
  expect(await listed(desk)).toEqual([]);
  expect((await desk.store.codedEntries.ofPerson(idOf('p'), [])).map(({ id }) => id)).toEqual([first?.id]);
});

test('what holds good again after its removal was listed is for a person, and in no further list', async () => {
  const desk = await ready();
  const at = (ms: number): object => ({ key: 'R', sourceTimeMs: NOW_MS + ms });
  await desk.commit([declined('t', 'p')], at(0));
  await listed(desk);
  await desk.commit([declined('t', 'p', { statusReason: { text: 'moved' } })], at(1));
  expect(await listed(desk)).toHaveLength(1);
  await desk.commit([declined('t', 'p')], at(2));
  expect(await listed(desk)).toEqual([]);
  expect(await open(desk.store)).toContain('add again');
  const [item] = await desk.store.worklist({ open: true, count: 10 });
  expect(item?.rule).toBe('coded-again');
});

test('who moves to another practice is listed there, unless the first has it already', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p')], { key: 'R' });
  await listed(desk);
  await desk.commit([declined('t', 'p')], { key: 'T' });
  await desk.commit([registered('p', NUMBER, { practice: 'other-practice' })], {
    key: 'P2',
    sourceTimeMs: NOW_MS + 1,
  });
  expect(await listed(desk)).toEqual([]);
  expect(said(await listed(desk, DAY, 'Y99999'))).toEqual([`add 871711000000103 ${DAY}`]);
});

test('what went into the record of another person is taken out there, and filed where it belongs', async () => {
  const desk = openDesk(await temporaryStore());
  await desk.commit([...PLACES, registered('p', NUMBER), agreed('p'), referred('r', 'p')], { key: 'P' });
  await listed(desk);
  await desk.commit([registered('p', '9990000026')], { key: 'P', sourceTimeMs: NOW_MS + 1 });
  const second = await listed(desk);
  expect(second.map(({ action, content }) => `${action} ${content.person?.nhsNumber}`).sort()).toEqual([
    'add 9990000026',
    `remove ${NUMBER}`,
  ]);
  expect(await listed(desk)).toEqual([]);
});

test('a number that was superseded is the same person: nothing is filed anew', async () => {
  const desk = openDesk(await temporaryStore());
  const person = registered('p', '9990000026') as Identified & { identifier: object[] };
  await desk.commit([...PLACES, registered('p', NUMBER), agreed('p'), referred('r', 'p')], { key: 'P' });
  await listed(desk);
  const old = { system: 'https://hedgerow.example/fhir/Id/former-nhs-number', value: NUMBER, use: 'old' };
  await desk.commit([{ ...person, identifier: [...person.identifier, old] } as unknown as Identified], {
    key: 'P',
    sourceTimeMs: NOW_MS + 1,
  });
  expect(await listed(desk)).toEqual([]);
});

test('a referral of the wrong person moves to the right one', async () => {
  const desk = await ready();
  await desk.commit([registered('q', '9990000034'), agreed('q')], { key: 'Q' });
  await desk.commit([referred('r', 'p')], { key: 'R' });
  await listed(desk);
  await desk.commit([referred('r', 'q')], { key: 'R', sourceTimeMs: NOW_MS + 1 });
  await desk.coded.refresh(idOf('p'));
  expect(
    (await listed(desk)).map(({ action, content }) => `${action} ${content.person?.nhsNumber}`).sort(),
  ).toEqual(['add 9990000034', `remove ${NUMBER}`]);
});

test('a rule that is taken out of the configuration takes nothing out of a record', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p'), declined('t', 'p')], { key: 'R' });
  await listed(desk);
  const later = openDesk(desk.store, { rules: NATIONAL_RULES.slice(0, 1) });
  await later.coded.refresh(idOf('p'));
  expect(await listed(later)).toEqual([]);
  const after = openDesk(desk.store, { since: '2025-03-02' });
  await after.coded.refresh(idOf('p'));
  expect(await listed(after)).toEqual([]);
});

test('an erased person is in no list any more, also not in one that was made', async () => {
  const desk = await ready();
  await desk.commit([referred('r', 'p')], { key: 'R' });
  const batch = await desk.lists.next(PRACTICE, DAY);
  await desk.store.erasePerson(idOf('p'), 'operator', NOW_MS);
  await desk.work();
  expect(await desk.store.codedEntries.batch(batch!.id)).toBeUndefined();
  expect(await desk.store.codedEntries.open(10)).toEqual([]);
});

test('a process that dies between its work and its settlement leaves nothing to be listed twice', async () => {
  const desk = await ready();
  const lease = { nowMs: NOW_MS, leaseMs: 60_000, maxEntries: 100 };
  const { store, coded } = desk;
  const resource = { resource: referred('r', 'p'), partial: false };
  const rules = { check: () => [], provenanceId: () => undefined, provenance: () => undefined };
  await store.commit(
    [recordOf([resource], { key: 'R' })],
    { ...rules, route: () => ['coded-activity'] },
    NOW_MS,
  );
  const group = await store.claim('coded-activity', lease);
  await coded.deliver(group!, new AbortController().signal);
  expect(await listed(desk)).toHaveLength(1);
  await store.recoverClaims(NOW_MS, true);
  expect(await desk.work()).toBe(1);
  expect(await listed(desk)).toEqual([]);
  expect(await open(store)).toEqual(['add not-filed']);
});

test('what only waited for the code of its practice is due once that is known', async () => {
  const desk = openDesk(await temporaryStore());
  const [practice, ...places] = PLACES as [Identified, ...Identified[]];
  await desk.commit([{ ...practice, identifier: undefined } as Identified, ...places], { key: 'places' });
  await desk.commit([registered('p', NUMBER), agreed('p'), referred('r', 'p')], { key: 'P' });
  expect(await open(desk.store)).toEqual(['add no-practice']);
  await desk.commit([practice], { key: 'places', sourceTimeMs: NOW_MS + 1 });
  await desk.lists.recheck(new AbortController().signal);
  expect(await listed(desk)).toHaveLength(1);
});
