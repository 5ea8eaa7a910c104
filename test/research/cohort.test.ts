/** Who may be in research data: who agreed, did not opt out, and is not restricted; everybody else is counted by reason. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Consent, Patient, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cohort, type CohortSettings, readCohort, withinCohort } from '../../src/research/cohort.ts';
import type { Held } from '../../src/research/held.ts';
import { loadOptOuts, type OptOutSettings } from '../../src/research/opt-outs.ts';

const NOW_MS = Date.parse('2026-06-01T12:00:00Z');
const NONE: OptOutSettings = { notApplicable: 'approved by a test' };
const NUMBERS = ['9990000018', '9990000050', '9990000077', '9990000115'] as const;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cohort-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function listOf(text: string, ageDays = 1): Promise<string> {
  const path = join(folder, `${Math.random()}.csv`);
  await writeFile(path, text);
  await utimes(path, NOW_MS / 1000, NOW_MS / 1000 - ageDays * 86_400);
  return path;
}

function patient(id: string, number?: string, more: Partial<Patient> = {}, personId = id): Held {
  const identifier =
    number === undefined ? [] : [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: number }];
  return held({ resourceType: 'Patient', id, identifier, ...more }, personId);
}

function consent(personId: string, more: Partial<Consent> = {}, extent = 'full', purpose = 'research'): Held {
  const system = 'https://hedgerow.example/fhir/CodeSystem/consent-purpose';
  const code = [
    { coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/consent-extent', code: extent }] },
  ];
  const resource: Consent = {
    resourceType: 'Consent',
    id: `c-${personId}-${purpose}`,
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'research' }] },
    category: [{ coding: [{ system, code: purpose }] }],
    dateTime: '2026-01-01',
    patient: { reference: `Patient/${personId}` },
    provision: { type: 'permit', code },
    ...more,
  };
  return held(resource, personId);
}

function held(resource: Resource, personId: string | undefined): Held {
  return { resource, personId } as Held;
}

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

async function cohortOf(all: readonly Held[], settings: Partial<CohortSettings> = {}): Promise<Cohort> {
  const of = (type: string) => each(all.filter(({ resource }) => resource.resourceType === type));
  return readCohort(
    { optOut: NONE, withoutNumber: 'in', ...settings },
    { patients: of('Patient'), consents: of('Consent') },
    NOW_MS,
  );
}

/** @returns reasons that anybody was left out by */
function reasons({ leftOut }: Cohort): Record<string, number> {
  return Object.fromEntries(Object.entries(leftOut).filter(([, count]) => count > 0));
}

describe('consent', () => {
  test('only who agreed to research, in full and now, is in', async () => {
    const denied = { provision: { type: 'deny' as const } };
    const over = {
      provision: { ...(consent('x').resource as Consent).provision, period: { end: '2026-05-31' } },
    };
    const limited = {
      provision: { ...(consent('x').resource as Consent).provision, dataPeriod: { end: '2026-05-31' } },
    };
    const people = ['agreed', 'silent', 'other', 'refused', 'withdrawn', 'over', 'limited', 'codes'];
    const cohort = await cohortOf([
      ...people.map((id) => patient(id)),
      consent('agreed'),
      consent('other', {}, 'full', 'refer'),
      consent('refused', { status: 'rejected', ...denied }),
      consent('withdrawn'),
      consent('withdrawn', { status: 'inactive', dateTime: '2026-02-01', ...denied }),
      consent('over', over),
      consent('limited', limited),
      consent('codes', {}, 'coded-only'),
      consent('nobody'),
    ]);
    expect(people.filter((id) => cohort.has(id))).toEqual(['agreed']);
    expect(cohort.size).toBe(1);
    expect(reasons(cohort)).toEqual({
      'no-consent': 2,
      'consent-refused': 2,
      'consent-period': 1,
      'consent-unclear': 1,
      'consent-coded-only': 1,
    });
    expect(cohort.has('nobody')).toBe(false);
  });

  test('who agreed to codes is in where the rules let nothing else out', async () => {
    const cohort = await cohortOf([patient('a'), consent('a', {}, 'coded-only')], { codedOnly: 'in' });
    expect(cohort.has('a')).toBe(true);
  });

  test('counts about everybody need no consent, and still leave restricted people out', async () => {
    const meta = {
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'V' }],
    };
    const cohort = await cohortOf([patient('a'), patient('b', undefined, { meta })], {
      needsConsent: false,
      optOut: undefined,
    });
    expect([cohort.has('a'), cohort.has('b'), cohort.leftOut.restricted]).toEqual([true, false, 1]);
  });
});

describe('people', () => {
  const meta = {
    security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
  };

  test('who is restricted in one record is restricted in all', async () => {
    const cohort = await cohortOf([patient('a'), patient('a2', undefined, { meta }, 'a'), consent('a')]);
    expect(reasons(cohort)).toEqual({ restricted: 1 });
  });

  test('of joined patients one stands for the person, the one that has its id where it is there', async () => {
    const joined = [
      patient('z', undefined, {}, 'b'),
      patient('b'),
      patient('d', undefined, {}, 'gone'),
      patient('c', undefined, {}, 'gone'),
    ];
    for (const order of [joined, joined.toReversed()]) {
      const cohort = await cohortOf([...order, consent('b'), consent('gone')]);
      expect(cohort.size).toBe(2);
      expect(['z', 'b', 'd', 'c'].filter((id) => cohort.isMain(id))).toEqual(['b', 'c']);
      expect(['z', 'b', 'd', 'unheard'].map((id) => cohort.personOf(id))).toEqual([
        'b',
        'b',
        'gone',
        undefined,
      ]);
    }
  });

  test('what goes on is of people in the cohort, or of nobody; not homes, nor what has a label of its own', async () => {
    const all = [
      held({ resourceType: 'Task', id: 't', status: 'draft', intent: 'order' }, 'in'),
      held({ resourceType: 'Task', id: 'u', status: 'draft', intent: 'order' }, 'out'),
      held({ resourceType: 'Task', id: 'v', status: 'draft', intent: 'order', meta }, 'in'),
      held({ resourceType: 'Organization', id: 'o' }, undefined),
      held({ resourceType: 'Location', id: 'h', physicalType: { coding: [{ code: 'ho' }] } }, undefined),
    ];
    const left = await Array.fromAsync(withinCohort({ has: (id) => id === 'in' }, each(all)));
    expect(left.map(({ resource }) => resource.id)).toEqual(['t', 'o']);
  });
});

describe('national data opt-outs', () => {
  const [ada, bob, cyd, dee] = NUMBERS;
  const everybody = [
    patient('ada', ada),
    patient('bob', bob),
    patient('cyd', cyd),
    patient('none'),
    ...['ada', 'bob', 'cyd', 'none'].map((id) => consent(id)),
  ];
  const isIn = (cohort: Cohort): string[] => ['ada', 'bob', 'cyd', 'none'].filter((id) => cohort.has(id));

  test('whose number is on a list of opt-outs is out; so is who has no number, unless they are let in', async () => {
    const optOut = { list: await listOf(`NHS number\n${bob}\n`), holds: 'opted-out' as const };
    const cohort = await cohortOf(everybody, { optOut, withoutNumber: 'out' });
    expect(isIn(cohort)).toEqual(['ada', 'cyd']);
    expect(reasons(cohort)).toEqual({ 'opted-out': 1, 'no-nhs-number': 1 });
    expect(isIn(await cohortOf(everybody, { optOut, withoutNumber: 'in' }))).toEqual(['ada', 'cyd', 'none']);
  });

  test('whose number the service did not return is out', async () => {
    const list = await listOf(
      `"${ada.slice(0, 3)} ${ada.slice(3, 6)} ${ada.slice(6)}",,,\r\n\r\n${cyd},,,\r\n`,
    );
    expect(isIn(await cohortOf(everybody, { optOut: { list }, withoutNumber: 'out' }))).toEqual([
      'ada',
      'cyd',
    ]);
  });

  test('a number of before counts, and so does one of another record of the person', async () => {
    const former = { system: 'https://hedgerow.example/fhir/Id/former-nhs-number', value: dee };
    const current = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: ada };
    const people = [
      patient('ada', undefined, { identifier: [current, former] }),
      patient('bob', bob),
      patient('bob2', cyd, {}, 'bob'),
      consent('ada'),
      consent('bob'),
    ];
    const optedOut = { list: await listOf(`${dee}\n${cyd}\n`), holds: 'opted-out' as const };
    expect((await cohortOf(people, { optOut: optedOut })).leftOut['opted-out']).toBe(2);
    const permitted = { list: await listOf(`${ada}\n${bob}\n`) };
    const cohort = await cohortOf(people, { optOut: permitted });
    expect([cohort.has('ada'), cohort.has('bob')]).toEqual([true, false]);
  });

  test.each([
    ['nothing is configured', undefined, /research\.optOut\.list/],
    ['the file is not there', { list: '/nowhere/list.csv' }, /is not there/],
    ['a reason is empty', { notApplicable: ' ' }, /No list/],
  ])('where %s, nothing is exported', async (_, optOut, message) => {
    await expect(cohortOf(everybody, { optOut })).rejects.toThrow(message);
  });

  test('a list that is too old is refused, with its age', async () => {
    const list = await listOf(`${ada}\n`, 22);
    await expect(loadOptOuts({ list }, NOW_MS)).rejects.toThrow(/22 days old, and may be 21/);
    expect((await loadOptOuts({ list, oldestDays: 30 }, NOW_MS)).basis).toContain('22 days');
  });

  test('a line that is no NHS number is refused by its place alone', async () => {
    const list = await listOf(`${ada}\n9990000019\n`);
    await expect(loadOptOuts({ list }, NOW_MS)).rejects.toThrow(/line 2/);
    await expect(loadOptOuts({ list }, NOW_MS)).rejects.not.toThrow(/9990000019/);
  });

  test.each([
    ['empty', ''],
    ['a head alone', 'NHS number\n'],
    ['a page of a proxy, in place of the list', 'Forbidden'],
  ])('a list without a number is refused, whatever it is said to hold: %s', async (_, text) => {
    const list = await listOf(text);
    for (const holds of ['opted-out', 'permitted'] as const)
      await expect(cohortOf(everybody, { optOut: { list, holds } })).rejects.toThrow(/holds no NHS number/);
  });

  test('a list that is dated in the future is refused: it would never grow old', async () => {
    const list = await listOf(`${ada}\n`, -2);
    await expect(loadOptOuts({ list }, NOW_MS)).rejects.toThrow(/in the future/);
  });

  test('why opt-outs do not apply stands in what is exported', async () => {
    expect((await cohortOf([], { optOut: NONE })).optOuts).toBe('not applied: approved by a test');
  });
});
