/** What every engine must hide from who reads from outside: by labels, and by what people have not agreed to. */
import type { Consent } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { CONFIDENTIALITY_SYSTEM } from '../../../src/fhir/identifiers.ts';
import type { Identified, Store, Viewer } from '../../../src/store/store.ts';
import { commit, contact, idOf, NHS_NUMBER, NOW_MS, patient, recordOf, withNhsNumber } from '../samples.ts';

const VIEWER: Viewer = { organisations: undefined, types: undefined, purpose: undefined, breaksGlass: false };
const REFERRER: Viewer = { ...VIEWER, purpose: 'refer' };
const SYSTEM = 'https://hedgerow.example/fhir/CodeSystem';

function labelled(resource: Identified, code: string): Identified {
  return { ...resource, meta: { security: [{ system: CONFIDENTIALITY_SYSTEM, code }] } };
}

export function consentOf(name: string, person: string, more: Partial<Consent> = {}): Identified {
  return {
    resourceType: 'Consent',
    id: idOf(name),
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: `${SYSTEM}/consent-purpose`, code: 'refer' }] }],
    patient: { reference: `Patient/${idOf(person)}` },
    dateTime: '2025-01-10',
    provision: { type: 'permit', code: [{ coding: [{ system: `${SYSTEM}/consent-extent`, code: 'full' }] }] },
    ...more,
  };
}

/** @returns whether a viewer sees a referral, the same by each way there is to it */
export async function sees(store: Store, viewer: Viewer, name: string): Promise<boolean> {
  const seen = store.seenBy(viewer);
  const id = idOf(name);
  const page = await seen.search({ type: 'Encounter', clauses: [{ kind: 'id', ids: [id] }], count: 5 });
  const ways = [
    (await seen.read('Encounter', id)) !== undefined,
    (await seen.readMany([`Encounter/${id}`])).length === 1,
    page.versions.length === 1,
  ];
  expect(new Set(ways).size, JSON.stringify(ways)).toBe(1);
  return ways[0]!;
}

async function seenVersions(store: Store, viewer: Viewer, name: string): Promise<number[]> {
  const seen = store.seenBy(viewer);
  const found = await seen.history('Encounter', idOf(name), 9);
  const read = await Promise.all([1, 2, 3].map((one) => seen.readVersion('Encounter', idOf(name), one)));
  expect(read.flatMap((one) => one?.version ?? []).reverse()).toEqual(found.map(({ version }) => version));
  return found.map(({ version }) => version);
}

export function sealedContract(open: () => Promise<Store>): void {
  test('hides what has a label of its own, and its earlier versions, but not from who breaks the glass or may see it', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('r', 'p')]));
    expect(await sees(store, VIEWER, 'r')).toBe(true);
    await commit(store, recordOf([patient('p'), labelled(contact('r', 'p'), 'R')]));
    expect(await sees(store, VIEWER, 'r')).toBe(false);
    expect(await seenVersions(store, VIEWER, 'r')).toEqual([]);
    for (const viewer of [
      { ...VIEWER, breaksGlass: true },
      { ...VIEWER, seesRestricted: true },
    ]) {
      expect(await sees(store, viewer, 'r')).toBe(true);
      expect(await seenVersions(store, viewer, 'r')).toEqual([2, 1]);
    }
    await commit(store, recordOf([patient('p'), contact('r', 'p', { status: 'in-progress' })]));
    expect(await sees(store, VIEWER, 'r')).toBe(true);
    const seen = store.seenBy(VIEWER); // a version with the label is among the earlier ones
    expect(await seen.history('Encounter', idOf('r'), 9)).toEqual([]);
    expect(await seen.readVersion('Encounter', idOf('r'), 1)).toBeUndefined();
  });

  test('shows what has the label of everybody', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), labelled(contact('r', 'p'), 'N')]));
    expect(await sees(store, VIEWER, 'r')).toBe(true);
  });

  test('hides everything of a person whose Patient has a label, of whoever is one person with them, and shows it again', async () => {
    const store = await open();
    await commit(store, recordOf([withNhsNumber('p', NHS_NUMBER), contact('r', 'p')], { key: '1' }));
    await commit(store, recordOf([withNhsNumber('q', NHS_NUMBER), contact('s', 'q')], { key: '2' }));
    await commit(
      store,
      recordOf([labelled(withNhsNumber('q', NHS_NUMBER), 'V'), contact('s', 'q')], { key: '2' }),
    );
    expect([await sees(store, VIEWER, 'r'), await sees(store, VIEWER, 's')]).toEqual([false, false]);
    await store.unlinkPerson(idOf('q'), NOW_MS);
    expect(await sees(store, { ...VIEWER, seesRestricted: true }, 's')).toBe(true);
    expect(await sees(store, VIEWER, 's')).toBe(false);
  });

  test('shows for a purpose what the person agrees to now: no consent, refusal, withdrawal and codes alone are nothing', async () => {
    const store = await open();
    const person = [patient('p'), contact('r', 'p')];
    const deny = { provision: { type: 'deny' as const } };
    const steps: [Identified[], boolean][] = [
      [[], false],
      [[consentOf('c', 'p')], true],
      [[consentOf('d', 'p', { status: 'rejected', dateTime: '2025-02-01', ...deny })], false],
      [[consentOf('d', 'p', { status: 'entered-in-error', ...deny })], true],
      [[consentOf('c', 'p', { status: 'inactive', ...deny })], false],
    ];
    for (const [at, [consents, isSeen]] of steps.entries()) {
      await commit(store, recordOf([...person, ...consents], { sourceTimeMs: NOW_MS + at }));
      expect([at, await sees(store, REFERRER, 'r')]).toEqual([at, isSeen]);
    }
    const codes = {
      type: 'permit' as const,
      code: [{ coding: [{ system: `${SYSTEM}/consent-extent`, code: 'coded-only' }] }],
    };
    await commit(
      store,
      recordOf([patient('q'), contact('s', 'q'), consentOf('e', 'q', { provision: codes })], {
        key: 'codes',
      }),
      recordOf([patient('z'), contact('t', 'z'), consentOf('f', 'z')], { key: 'full' }),
    );
    expect([await sees(store, REFERRER, 's'), await sees(store, REFERRER, 't')]).toEqual([false, true]);
    expect(await sees(store, { ...VIEWER, purpose: 'research' }, 't')).toBe(false);
    expect(await sees(store, VIEWER, 'r')).toBe(true); // the organisation's own work
    expect(await sees(store, { ...REFERRER, breaksGlass: true }, 'r')).toBe(true);
  });

  test('goes by all Consents of the person, as patients become one and part again', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('r', 'p'), consentOf('c', 'p')], { key: '1' }));
    const denied = consentOf('d', 'q', {
      status: 'rejected',
      dateTime: '2025-02-01',
      provision: { type: 'deny' },
    });
    await commit(store, recordOf([patient('q'), denied], { key: '2' }));
    expect(await sees(store, REFERRER, 'r')).toBe(true);
    await store.linkPerson(idOf('q'), idOf('p'), 'by hand', NOW_MS);
    expect(await sees(store, REFERRER, 'r')).toBe(false);
    await store.unlinkPerson(idOf('q'), NOW_MS);
    expect(await sees(store, REFERRER, 'r')).toBe(true);
  });

  test('still knows what a person agreed to once they are restricted, and nothing once they are erased', async () => {
    const store = await open();
    const mine = [contact('r', 'p'), consentOf('c', 'p')];
    await commit(store, recordOf([patient('p'), ...mine], { key: '1' }));
    await commit(store, recordOf([labelled(patient('p'), 'R'), ...mine], { key: '1' }));
    const trusted = { ...REFERRER, seesRestricted: true };
    expect([await sees(store, REFERRER, 'r'), await sees(store, trusted, 'r')]).toEqual([false, true]);
    await store.erasePerson(idOf('p'), 'dpo', NOW_MS);
    expect((await store.seenBy(trusted).read('Encounter', idOf('r')))?.resource).toBeUndefined();
  });
}
