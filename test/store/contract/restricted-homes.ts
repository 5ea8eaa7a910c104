/** What every engine must do about the home and the practice of a restricted person that come apart from their Patient, or beside it. */
import { expect, test } from 'vitest';
import type { CommitRecord, Identified, Store } from '../../../src/store/store.ts';
import {
  commit,
  contact,
  deliverAll,
  idOf,
  NOW_MS,
  organization,
  patient,
  recordOf,
  refusedOf,
} from '../samples.ts';
import { at, LINE, pds, restricted, SECURITY, unverified } from './whereabouts.ts';

function place(name: string, code: string, more: object = {}): Identified {
  const address = { line: [name === 'home' ? LINE : 'Town Hall'] };
  const physicalType = { coding: [{ code }] };
  return { resourceType: 'Location', id: idOf(name), physicalType, address, ...more } as Identified;
}

/** As an EHR sends them: each resource is a record of its own. */
function alone(resource: Identified, more: Partial<CommitRecord> = {}): CommitRecord {
  const { resourceType, id } = resource;
  return recordOf([resource], { source: 'ehr', kind: resourceType, key: id, payload: resource, ...more });
}

function visit(person: string, ...places: string[]): CommitRecord {
  const location = places.map((name) => ({ location: { reference: `Location/${idOf(name)}` } }));
  return alone(contact(`visit ${person}`, person, { location }));
}

/** All that the store tells of a place. */
async function toldOf(store: Store, name: string): Promise<string> {
  const kept = await store.sourceRecord('ehr', 'Location', idOf(name));
  const items = await store.worklist({ open: true, count: 9 });
  const refused = await Promise.all(items.map(({ id }) => store.refusedRecord(id)));
  return JSON.stringify([await store.history('Location', idOf(name), 9), kept, refused]);
}

export function restrictedHomesContract(open: () => Promise<Store>): void {
  const commits: readonly (readonly [string, readonly (() => CommitRecord)[]])[] = [
    ['restricted last', [() => alone(place('home', 'ho')), () => visit('a', 'home', 'hall'), () => label()]],
    ['visited last', [() => alone(place('home', 'ho')), () => label(), () => visit('a', 'home', 'hall')]],
    ['its home last', [() => label(), () => visit('a', 'home', 'hall'), () => alone(place('home', 'ho'))]],
  ];
  const label = (): CommitRecord => pds('a', restricted('a'));

  test.each(commits)(
    'takes the place out of a home that a restricted person was visited in: %s',
    async (_when, rest) => {
      const store = await open();
      await commit(store, alone(at('a')), alone(place('hall', 'bu')));
      for (const one of rest) await commit(store, one());
      expect(await toldOf(store, 'home')).not.toContain(LINE);
      expect(await toldOf(store, 'hall')).toContain('Town Hall');
      const moved = place('home', 'ho', { address: { line: [LINE, 'Top floor'] } });
      await commit(store, alone(moved, { sourceTimeMs: NOW_MS + 1 }));
      const { source, kind, key, payload } = alone(moved);
      await commit(store, refusedOf({ source, kind, key, payload }));
      expect(await toldOf(store, 'home')).not.toContain(LINE);
      expect(await toldOf(store, 'home')).toContain(idOf('home'));
    },
  );

  test('in one batch, too, the place of a home goes', async () => {
    const store = await open();
    await commit(store, alone(at('a')), pds('a', restricted('a')));
    await commit(store, alone(place('home', 'ho')), visit('a', 'home'));
    expect(await toldOf(store, 'home')).not.toContain(LINE);
    await commit(store, alone(at('b', '9990000026')), pds('b', restricted('b')));
    await commit(store, visit('b', 'house'), alone(place('house', 'ho')));
    expect(await toldOf(store, 'house')).not.toContain('Town Hall');
  });

  test('keeps the place of a home again once nobody restricted was visited in it', async () => {
    const store = await open();
    for (const [name, number] of [
      ['a', '9990000018'],
      ['b', '9990000026'],
    ] as const) {
      await commit(store, alone(at(name, number)), pds(name, restricted(name)));
      await commit(store, visit(name, 'home'));
    }
    const say = (later: number): CommitRecord =>
      alone(place('home', 'ho', { status: 'active', name: `Flat ${later}` }), {
        sourceTimeMs: NOW_MS + later,
      });
    const lift = (name: string): CommitRecord => pds(name, patient(name, { birthDate: '1950-01-01' }));
    await commit(store, say(1), lift('a'), say(2));
    expect(await toldOf(store, 'home')).not.toContain(LINE);
    await commit(store, lift('b'));
    await commit(store, say(3));
    expect(await toldOf(store, 'home')).toContain(LINE);
  });

  test('an erased person leaves no restriction behind: not of their home, and not of whoever was said to have their number', async () => {
    const store = await open();
    await commit(store, alone(at('a')), alone(unverified('b')), label());
    await commit(store, alone(at('c', '9990000026')), pds('c', restricted('c')));
    await commit(store, alone(place('home', 'ho')), visit('a', 'home'));
    expect(await toldOf(store, 'home')).not.toContain(LINE);
    expect(await store.restricted(idOf('b'))).toEqual([idOf('b')]);
    await store.erasePerson(await store.personOf(idOf('a')), 'operator', NOW_MS);
    expect([await store.restricted(idOf('a')), await store.restricted(idOf('b'))]).toEqual([[], []]);
    expect(await store.restricted(idOf('c'))).toEqual([idOf('c')]);
    const next = place('home', 'ho', { status: 'active' });
    await commit(store, alone(next, { sourceTimeMs: NOW_MS + 1 }));
    expect(await toldOf(store, 'home')).toContain(LINE);
    expect(await store.verifyAudit()).toBeUndefined();
  });

  test('sends a home without its place to whoever got it from here, and not to the EHR whose own it is', async () => {
    const received = {
      target: 'ehr',
      remoteId: 'r',
      remoteVersion: '1',
      base: undefined,
      heldDigest: undefined,
    };
    for (const more of [{ source: 'platform' }, { received }]) {
      const store = await open();
      await commit(store, alone(at('a')), alone(place('home', 'ho'), more), visit('a', 'home'));
      await deliverAll(store);
      await commit(store, label());
      expect(JSON.stringify(await store.read('Location', idOf('home')))).not.toContain(LINE);
      expect((await deliverAll(store)).includes(`Location/${idOf('home')}`)).toBe(!('received' in more));
    }
  });

  /** A record with what its practice consists of, and what nothing but that leads to. */
  const surgery = (isNamed: boolean, labelled: boolean): CommitRecord => {
    const gp = { reference: `Organization/${idOf('gp')}` };
    const said = patient('a', {
      generalPractitioner: [gp],
      ...(labelled ? { meta: { security: [SECURITY] } } : {}),
    });
    const parts = [
      { resourceType: 'Location', id: idOf('building'), managingOrganization: gp },
      { resourceType: 'HealthcareService', id: idOf('service'), providedBy: gp },
      { resourceType: 'PractitionerRole', id: idOf('role'), organization: gp, practitioner: doctor },
      { resourceType: 'Practitioner', id: idOf('doctor') },
    ] as Identified[];
    const clinic = { resourceType: 'HealthcareService', id: idOf('clinic') } as Identified;
    const asked = contact('e', 'a', isNamed ? { serviceProvider: gp } : { participant: [] });
    return recordOf([said, organization('gp'), ...parts, clinic, asked], {
      key: 'surgery',
    });
  };
  const doctor = { reference: `Practitioner/${idOf('doctor')}` };
  const keys = [`Organization/${idOf('gp')}`, ...PARTS.map(([type, name]) => `${type}/${idOf(name)}`)];

  test.each([
    ['and was named before', true],
    ['and is named with them', false],
  ])(
    'leaves out what belongs to a practice that a restricted person is registered with %s',
    async (_when, isBefore) => {
      const store = await open();
      await commit(store, surgery(false, !isBefore));
      if (isBefore) {
        expect(await resourcesOf(store)).toEqual(expect.arrayContaining(keys));
        await commit(store, pds('a', restricted('a')));
      }
      const left = await resourcesOf(store);
      expect(keys.filter((key) => left.includes(key))).toEqual([]);
      expect(left).toContain(`HealthcareService/${idOf('clinic')}`);
      expect(left).toContain(`Encounter/${idOf('e')}`);
    },
  );

  test('keeps a practice that something else names, with what belongs to it', async () => {
    const store = await open();
    await commit(store, surgery(true, true));
    expect(await resourcesOf(store)).toEqual(expect.arrayContaining(keys));
  });
}

const PARTS = [
  ['Location', 'building'],
  ['HealthcareService', 'service'],
  ['PractitionerRole', 'role'],
  ['Practitioner', 'doctor'],
] as const;

async function resourcesOf(store: Store): Promise<readonly string[]> {
  return (await store.sourceRecord('demo', 'referral', 'surgery'))?.resources ?? [];
}
